"""The shipped S3Client: one attempt to a call, nothing repeated unless it is asked for."""

from __future__ import annotations

import io

import pytest
from client_matrix import BIG, BODY, BROKEN, BUCKET, KEYS, MIB, SCENARIOS, UNCONNECTED, Client

from s3_asyncio_client import S3Client, TransferConfig


async def get(_context):
    async with S3Client("a", "b") as s3:
        return (await s3.get_object(BUCKET, "key"))["body"]


async def put(_context):
    async with S3Client("a", "b") as s3:
        await s3.put_object(BUCKET, "key", BODY)


async def upload(_context):
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    async with S3Client("a", "b") as s3:
        await s3.upload_file(BUCKET, "key", io.BytesIO(BIG), config)


async def delete(_context):
    async with S3Client("a", "b") as s3:
        return [deleted["key"] for deleted in (await s3.delete_objects(BUCKET, KEYS))["deleted"]]


S3CLIENT = Client(
    name="S3Client",
    packages=("pytest-s3errors", "aiohttp"),
    setup="Default settings: one attempt, retries are the caller's. The upload is `upload_file` with parts of 5 MiB.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(S3CLIENT, scenario)


@pytest.mark.parametrize("fault", [*BROKEN, *UNCONNECTED])
def test_broken_connection(observer, fault):
    """However the connection broke, it is one exception, after one attempt."""
    observer.broken(S3CLIENT, fault, "s3_asyncio_client.exceptions.S3ConnectionError")
