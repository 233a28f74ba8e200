"""smart_open on boto3, rerouted by itself."""

from __future__ import annotations

import contextlib

import pytest
from client_matrix import BIG, BODY, BUCKET, Client

smart_open = pytest.importorskip("smart_open", reason="smart_open is not installed; the extra `clients` has it")
boto3 = pytest.importorskip("boto3", reason="boto3 is not installed; the extra `clients` has it")


@contextlib.contextmanager
def opened(mode, **options):
    """The object as a file, on a client that is closed where the block ends."""
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with (
        contextlib.closing(s3),
        smart_open.open(f"s3://{BUCKET}/key", mode, transport_params={"client": s3, **options}) as file,
    ):
        yield file


def get(_context):
    with opened("rb") as file:
        return file.read()


def put(_context):
    with opened("wb", multipart_upload=False) as file:
        file.write(BODY)


def upload(_context):
    with opened("wb", min_part_size=5 * 1024 * 1024) as file:
        file.write(BIG)


SMART_OPEN = Client(
    name="smart_open",
    packages=("smart_open", "boto3"),
    setup="`AWS_RETRY_MODE=standard`; writing in one request is `multipart_upload=False`. It deletes nothing.",
    get=get,
    put=put,
    upload=upload,
)

pytestmark = pytest.mark.usefixtures("standard_retries")


@pytest.mark.parametrize("scenario", SMART_OPEN.scenarios, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(SMART_OPEN, scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "botocore.exceptions.ConnectionClosedError"),
        ("disconnect", "botocore.exceptions.ConnectionClosedError"),
        ("truncated_body", "OSError"),
        ("reset_body", "OSError"),
        ("connection_refused", "botocore.exceptions.EndpointConnectionError"),
        ("dns_failure", "botocore.exceptions.EndpointConnectionError"),
        ("tls_failure", "botocore.exceptions.SSLError"),
    ],
)
def test_broken_connection(observer, fault, error):
    """Before the answer botocore's exception; a body that breaks is read on from where it broke, at most five times."""
    observer.broken(SMART_OPEN, fault, error)
