"""aiobotocore, rerouted by itself: botocore's retries on aiohttp."""

from __future__ import annotations

import pytest
from client_matrix import BIG, BODY, BUCKET, KEYS, MIB, SCENARIOS, Client

session = pytest.importorskip("aiobotocore.session", reason="aiobotocore is not installed; the extra `clients` has it")


def client():
    """One client, an async context manager."""
    return session.get_session().create_client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


async def get(_context):
    async with client() as s3:
        answer = await s3.get_object(Bucket=BUCKET, Key="key")
        async with answer["Body"] as body:
            return await body.read()


async def put(_context):
    async with client() as s3:
        await s3.put_object(Bucket=BUCKET, Key="key", Body=BODY)


async def upload(_context):
    target = {"Bucket": BUCKET, "Key": "key"}
    async with client() as s3:
        upload_id = (await s3.create_multipart_upload(**target))["UploadId"]
        parts = []
        for number, start in enumerate(range(0, len(BIG), 5 * MIB), 1):
            part = BIG[start : start + 5 * MIB]
            sent = await s3.upload_part(**target, UploadId=upload_id, PartNumber=number, Body=part)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        await s3.complete_multipart_upload(**target, UploadId=upload_id, MultipartUpload={"Parts": parts})


async def delete(_context):
    async with client() as s3:
        answer = await s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in KEYS]})
        return [deleted["Key"] for deleted in answer.get("Deleted", [])]


AIOBOTOCORE = Client(
    name="aiobotocore",
    packages=("aiobotocore", "botocore", "aiohttp"),
    setup="`AWS_RETRY_MODE=standard`. The object is read with `get_object` and `Body.read()`, uploaded part by part.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)

pytestmark = pytest.mark.usefixtures("standard_retries")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(AIOBOTOCORE, scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "botocore.exceptions.EndpointConnectionError"),
        ("disconnect", "botocore.exceptions.ConnectionClosedError"),
        ("truncated_body", "aiohttp.client_exceptions.ClientPayloadError"),
        ("reset_body", "aiohttp.client_exceptions.ClientPayloadError"),
        ("connection_refused", "botocore.exceptions.EndpointConnectionError"),
        ("dns_failure", "botocore.exceptions.EndpointConnectionError"),
        ("tls_failure", "botocore.exceptions.SSLError"),
    ],
)
def test_broken_connection(observer, fault, error):
    """Before the answer botocore's exception, inside the body aiohttp's, which no handler for botocore's catches."""
    observer.broken(AIOBOTOCORE, fault, error)
