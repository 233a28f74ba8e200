"""minio-py on urllib3, rerouted by itself."""

from __future__ import annotations

import io

import pytest
from client_matrix import BIG, BODY, BUCKET, KEYS, MIB, SCENARIOS, Client

minio = pytest.importorskip("minio", reason="minio is not installed; the extra `clients` has it")


def client():
    """A client of Amazon's S3."""
    return minio.Minio(endpoint="s3.amazonaws.com", access_key="a", secret_key="b", region="us-east-1")


def get(_context):
    answer = client().get_object(bucket_name=BUCKET, object_name="key")
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def put(_context):
    client().put_object(bucket_name=BUCKET, object_name="key", data=io.BytesIO(BODY), length=len(BODY))


def upload(_context):
    client().put_object(bucket_name=BUCKET, object_name="key", data=io.BytesIO(BIG), length=len(BIG), part_size=5 * MIB)


def delete(_context):
    from minio.deleteobjects import DeleteObject

    errors = client().remove_objects(bucket_name=BUCKET, delete_object_list=[DeleteObject(key) for key in KEYS])
    return set(KEYS) - {getattr(error, "object_name", None) or error.name for error in errors}


MINIO = Client(
    name="minio-py",
    packages=("minio", "urllib3"),
    setup="Default settings; an upload in parts has `part_size=5 MiB`.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(MINIO, scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "urllib3.exceptions.MaxRetryError"),
        ("disconnect", "urllib3.exceptions.MaxRetryError"),
        ("truncated_body", "urllib3.exceptions.ProtocolError"),
        ("reset_body", "urllib3.exceptions.ProtocolError"),
        ("connection_refused", "urllib3.exceptions.MaxRetryError"),
        ("dns_failure", "urllib3.exceptions.MaxRetryError"),
        ("tls_failure", "urllib3.exceptions.MaxRetryError"),
    ],
)
def test_broken_connection(observer, fault, error):
    """The exceptions are urllib3's; they are not wrapped."""
    observer.broken(MINIO, fault, error)
