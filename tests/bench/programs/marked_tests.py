"""A test: one without a marker, and what a marker adds to it."""

from __future__ import annotations

import asyncio
import os

import pytest
from bare import ANSWERS, BODY, BareServer

from s3_asyncio_client import S3Client, S3ServerError

many = pytest.mark.parametrize("n", range(int(os.environ["BENCH_TESTS"])))


@many
async def test_unmarked(n):
    pass


@many
@pytest.mark.s3_fail(503, optional=True)
async def test_no_request(n):
    pass


# The same request to the bare server, by hand: what of the next two is the client's and the event loop's own.
@many
async def test_one_request_bare_unmarked(n):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BareServer(ANSWERS["503"], len(BODY)), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, S3Client("AKIDEXAMPLE", "secret", endpoint_url=url) as client:
        with pytest.raises(S3ServerError):
            await client.put_object("bucket", "key", BODY)


@many
@pytest.mark.s3_fail(503, layer="client")
async def test_one_request_client(n, s3_client):
    with pytest.raises(S3ServerError):
        await s3_client.put_object("bucket", "key", BODY)


@many
@pytest.mark.s3_fail(503)
async def test_one_request_wire(n, s3_client):
    with pytest.raises(S3ServerError):
        await s3_client.put_object("bucket", "key", BODY)


@pytest.fixture(scope="module")
def boto3_client():
    boto3 = pytest.importorskip("boto3")
    config = pytest.importorskip("botocore.config").Config(retries={"total_max_attempts": 1})
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", config=config)


@many
@pytest.mark.s3_fail(503, optional=True, after=9)
def test_one_request_boto3_wire(n, boto3_client):
    boto3_client.put_object(Bucket="bucket", Key="key", Body=BODY)
