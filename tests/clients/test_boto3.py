"""boto3 in both of its modes of retrying, rerouted by itself."""

from __future__ import annotations

import contextlib
import io

import pytest
from client_matrix import BIG, BODY, BUCKET, KEYS, SCENARIOS, Client

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed; the extra `clients` has it")


def client():
    """One client, closed where its block ends."""
    return contextlib.closing(
        boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    )


def get(_context):
    with client() as s3:
        return s3.get_object(Bucket=BUCKET, Key="key")["Body"].read()


def put(_context):
    with client() as s3:
        s3.put_object(Bucket=BUCKET, Key="key", Body=BODY)


def upload(_context):
    with client() as s3:
        s3.upload_fileobj(io.BytesIO(BIG), BUCKET, "key")


def delete(_context):
    with client() as s3:
        answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in KEYS]})
        return [deleted["Key"] for deleted in answer.get("Deleted", [])]


CLIENTS = {
    mode: Client(
        name=name,
        packages=("boto3", "botocore"),
        setup=f"`AWS_RETRY_MODE={mode}`, {when}. The object is read with `get_object` and `Body.read()`, uploaded with"
        " `upload_fileobj`.",
        get=get,
        put=put,
        upload=upload,
        delete=delete,
    )
    for mode, name, when in (
        ("legacy", "boto3, legacy retries", "the default of botocore 1.43"),
        ("standard", "boto3, standard retries", "the default of botocore 1.44"),
    )
}


@pytest.fixture(params=CLIENTS)
def boto3_client(request, monkeypatch):
    """boto3 in one of its modes of retrying."""
    monkeypatch.setenv("AWS_RETRY_MODE", request.param)
    return CLIENTS[request.param]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, boto3_client, scenario):
    """It does what the page says of it."""
    observer.scenario(boto3_client, scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "botocore.exceptions.ConnectionClosedError"),
        ("disconnect", "botocore.exceptions.ConnectionClosedError"),
        ("truncated_body", "botocore.exceptions.ResponseStreamingError"),
        ("reset_body", "botocore.exceptions.ResponseStreamingError"),
        ("connection_refused", "botocore.exceptions.EndpointConnectionError"),
        ("dns_failure", "botocore.exceptions.EndpointConnectionError"),
        ("tls_failure", "botocore.exceptions.SSLError"),
    ],
)
def test_broken_connection(observer, boto3_client, fault, error):
    """The exception is botocore's own; what breaks inside StreamingBody.read is not retried."""
    observer.broken(boto3_client, fault, error)


ARN = "arn:aws:s3:us-east-1:123456789012:accesspoint/reports"
ALIAS = "reports-abc123-s3alias"


@pytest.mark.s3_bucket("data", access_points=[ARN, ALIAS])
@pytest.mark.s3_object("data", "a/b", b"report")
@pytest.mark.parametrize("name", [ARN, ALIAS])
def test_an_access_point(s3_store, name):
    """It leads to its bucket by either name, for reads, writes, listings, copies and uploads in parts."""
    with client() as s3:
        assert s3.get_object(Bucket=name, Key="a/b")["Body"].read() == b"report"
        s3.put_object(Bucket=name, Key="new", Body=b"1")
        assert [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]] == ["a/b", "new"]
        s3.copy_object(Bucket=name, Key="copy", CopySource={"Bucket": name, "Key": "a/b"})
        upload = s3.create_multipart_upload(Bucket=name, Key="parts")["UploadId"]
        part = {"Bucket": name, "Key": "parts", "UploadId": upload}
        etag = s3.upload_part(**part, PartNumber=1, Body=b"2")["ETag"]
        s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
        s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "new"}]})
    assert (s3_store.keys("data"), s3_store.buckets) == (["a/b", "copy", "parts"], ["data"])
