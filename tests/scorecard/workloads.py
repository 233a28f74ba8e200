"""What people do with S3, by five clients: plain tests that say no word about faults. The scorecard sweeps them."""

import io

import boto3
import pytest
import s3fs
import smart_open
from aiobotocore.session import get_session
from boto3.s3.transfer import TransferConfig

from s3_asyncio_client import TransferConfig as OwnTransferConfig
from s3_asyncio_client import retry_with_exponential_backoff

PART = 5 * 2**20
LARGE = b"x" * PART + b"end"
IN_PARTS = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False)
OWN_IN_PARTS = OwnTransferConfig(multipart_threshold=PART, multipart_chunksize=PART)

pytestmark = [
    pytest.mark.s3_object("data", "old", b"old text"),
    pytest.mark.s3_object("data", "folder/a", b"1"),
    pytest.mark.s3_object("data", "folder/b", b"2"),
    pytest.mark.s3_sweep(["AccessDenied", "lost_response", "partial_delete"], modes="once", budget=900),
]


def test_boto3__write_small(s3_store):
    boto3.client("s3").put_object(Bucket="data", Key="old", Body=b"new")
    assert s3_store.get("data", "old").body == b"new"


def test_boto3__write_large():
    boto3.client("s3").upload_fileobj(io.BytesIO(LARGE), "data", "old", Config=IN_PARTS)


def test_boto3__read():
    assert boto3.client("s3").get_object(Bucket="data", Key="old")["Body"].read() == b"old text"


def test_boto3__download():
    file = io.BytesIO()
    boto3.client("s3").download_fileobj("data", "old", file)
    assert file.getvalue() == b"old text"


def test_boto3__copy():
    boto3.client("s3").copy_object(Bucket="data", Key="new", CopySource="data/old")


def test_boto3__list_and_delete(s3_store):
    boto3.resource("s3").Bucket("data").objects.filter(Prefix="folder/").delete()
    assert s3_store.keys("data") == ["old"]


def test_boto3__move(s3_store):
    client = boto3.client("s3")
    client.copy_object(Bucket="data", Key="new", CopySource="data/old")
    client.delete_object(Bucket="data", Key="old")
    assert not s3_store.exists("data", "old")


async def test_aiobotocore__write_small():
    async with get_session().create_client("s3") as client:
        await client.put_object(Bucket="data", Key="old", Body=b"new")


async def test_aiobotocore__read():
    async with get_session().create_client("s3") as client:
        assert await (await client.get_object(Bucket="data", Key="old"))["Body"].read() == b"old text"


async def test_aiobotocore__list_and_delete(s3_store):
    async with get_session().create_client("s3") as client:
        found = (await client.list_objects_v2(Bucket="data", Prefix="folder/"))["Contents"]
        await client.delete_objects(Bucket="data", Delete={"Objects": [{"Key": one["Key"]} for one in found]})
    assert s3_store.keys("data") == ["old"]


def test_s3fs__write_small():
    with s3fs.S3FileSystem().open("data/old", "wb") as file:
        file.write(b"new")


def test_s3fs__write_large():
    with s3fs.S3FileSystem().open("data/old", "wb", block_size=PART) as file:
        file.write(LARGE[:PART])
        file.write(LARGE[PART:])


def test_s3fs__read():
    assert s3fs.S3FileSystem().cat("data/old") == b"old text"


def test_s3fs__list_and_delete(s3_store):
    s3fs.S3FileSystem().rm("data/folder", recursive=True)
    assert s3_store.keys("data") == ["old"]


def test_s3fs__move():
    s3fs.S3FileSystem().mv("data/old", "data/new")


def test_smart_open__write_small():
    with smart_open.open("s3://data/old", "wb") as file:
        file.write(b"new")


def test_smart_open__write_large():
    with smart_open.open("s3://data/old", "wb", transport_params={"min_part_size": PART}) as file:
        file.write(LARGE)


def test_smart_open__read():
    with smart_open.open("s3://data/old", "rb") as file:
        assert file.read() == b"old text"


async def test_s3client__write_large(s3_client, tmp_path):
    (tmp_path / "file").write_bytes(LARGE)
    await retry_with_exponential_backoff(lambda: s3_client.upload_file("data", "old", tmp_path / "file", OWN_IN_PARTS))


async def test_s3client__read(s3_client):
    found = await retry_with_exponential_backoff(lambda: s3_client.get_object("data", "old"))
    assert found["body"] == b"old text"


async def test_s3client__conditional_write(s3_client):
    await retry_with_exponential_backoff(lambda: s3_client.put_object("data", "new", b"data", if_none_match="*"))


async def test_s3client__move(s3_client):
    await retry_with_exponential_backoff(lambda: s3_client.copy_object("data", "old", "data", "new"))
    await retry_with_exponential_backoff(lambda: s3_client.delete_object("data", "old"))
