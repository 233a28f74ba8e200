"""Tests that people wrote against the 0.1 package: `_make_request` replaced by a mock, its arguments compared."""

from __future__ import annotations

from unittest.mock import AsyncMock, MagicMock, Mock
from urllib.parse import urlsplit

import pytest

from s3_asyncio_client import (
    S3Client,
    S3ClientError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ServerError,
    multipart,
    retry_with_exponential_backoff,
)
from s3_asyncio_client.multipart import (
    TransferConfig,
    abort_multipart_upload,
    complete_multipart_upload,
    create_multipart_upload,
    upload_file,
    upload_part,
)

LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
<Contents><Key>k</Key><Size>1</Size><ETag>"e"</ETag></Contents></ListBucketResult>"""


def response(headers=None, text="", body=b""):
    return AsyncMock(headers=headers or {}, text=AsyncMock(return_value=text), read=AsyncMock(return_value=body))


@pytest.fixture
def client():
    return S3Client("access", "secret", "us-east-1")


async def called(client, result, call):
    client._make_request = AsyncMock(return_value=result)
    found = await call
    assert client._make_request.await_count == 1
    return found, client._make_request.await_args.kwargs


async def test_put_object_calls_as_before(client):
    """Headers, data and the length as text; nothing else."""
    found, sent = await called(
        client,
        response({"ETag": '"e"', "x-amz-version-id": "v"}),
        client.put_object("b", "k", b"data", content_type="text/plain", metadata={"author": "me"}),
    )
    assert found == {"etag": "e", "version_id": "v", "server_side_encryption": None}
    assert sent == {
        "method": "PUT",
        "bucket": "b",
        "key": "k",
        "headers": {"Content-Type": "text/plain", "x-amz-meta-author": "me", "Content-Length": "4"},
        "data": b"data",
    }


async def test_get_object_calls_as_before(client):
    """Three arguments and no more, headers read from a plain dict."""
    headers = {"Content-Type": "text/plain", "Content-Length": "4", "ETag": '"e"', "x-amz-meta-author": "me"}
    found, sent = await called(client, response(headers, body=b"data"), client.get_object("b", "k"))
    assert sent == {"method": "GET", "bucket": "b", "key": "k"}
    assert (found["body"], found["content_length"], found["metadata"]) == (b"data", 4, {"author": "me"})


@pytest.mark.parametrize(("operation", "method"), [("head_object", "HEAD"), ("delete_object", "DELETE")])
async def test_head_and_delete_call_as_before(client, operation, method):
    """Method, bucket, key."""
    _, sent = await called(client, response(), getattr(client, operation)("b", "k"))
    assert sent == {"method": method, "bucket": "b", "key": "k"}


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        ({}, {}),
        ({"prefix": "p", "max_keys": 1000, "continuation_token": "t"}, {"prefix": "p", "continuation-token": "t"}),
    ],
)
async def test_list_objects_calls_as_before(client, options, extra):
    """The parameters of ListObjectsV2 as text, the result of the text of the response."""
    found, sent = await called(client, response(text=LISTING), client.list_objects("b", **options))
    assert sent == {"method": "GET", "bucket": "b", "params": {"list-type": "2", "max-keys": "1000", **extra}}
    assert [entry["key"] for entry in found["objects"]] == ["k"]


@pytest.mark.parametrize(("options", "headers"), [({}, None), ({"acl": "private"}, {"x-amz-acl": "private"})])
async def test_create_bucket_calls_as_before(client, options, headers):
    """None where there are no headers and no document."""
    found, sent = await called(client, response({"Location": "/buck"}), client.create_bucket("buck", **options))
    assert sent == {"method": "PUT", "bucket": "buck", "headers": headers, "data": None}
    assert found == {"location": "/buck"}


async def test_delete_bucket_calls_as_before(client):
    """Method and bucket."""
    found, sent = await called(client, response(), client.delete_bucket("b"))
    assert (found, sent) == ({}, {"method": "DELETE", "bucket": "b"})


async def test_multipart_functions_take_a_mock_for_a_client():
    """A MagicMock with an AsyncMock `_make_request` is client enough."""
    client = MagicMock()
    client._make_request = AsyncMock(
        side_effect=[
            response(text="<R><UploadId>id</UploadId></R>"),
            response({"ETag": '"e"'}),
            response(text="<R><Location>loc</Location><ETag>&quot;e-1&quot;</ETag><Key>k</Key></R>"),
            response(),
        ]
    )
    assert await create_multipart_upload(client, "b", "k") == "id"
    part = await upload_part(client, "b", "k", "id", 1, b"data")
    assert (await complete_multipart_upload(client, "b", "k", "id", [part]))["parts_count"] == 1
    await abort_multipart_upload(client, "b", "k", "id")
    methods = [call.kwargs["method"] for call in client._make_request.await_args_list]
    assert methods == ["POST", "PUT", "POST", "DELETE"]


async def test_upload_file_takes_a_mock_for_a_client(tmp_path):
    """Small files are handed over as bytes, large ones part by part."""
    path = tmp_path / "f"
    path.write_bytes(b"data")
    client = MagicMock()
    client.put_object = AsyncMock(return_value={"etag": "e"})
    found = await upload_file(client, "b", "k", str(path))
    assert found == {"etag": "e", "bucket": "b", "key": "k", "size": 4, "upload_type": "single_part"}
    assert client.put_object.await_args.kwargs["data"] == b"data"

    created = response(text="<R><UploadId>id</UploadId></R>")
    done = response(text="<R><ETag>e</ETag></R>")
    client._make_request = AsyncMock(side_effect=[created, response({"ETag": '"p"'}), done])
    found = await upload_file(client, "b", "k", path, TransferConfig(multipart_threshold=3))
    assert (found["upload_type"], found["parts_count"], found["size"]) == ("multipart", 1, 4)


async def test_an_error_as_side_effect_reaches_the_caller(client):
    """The test that everybody has."""
    client._make_request = AsyncMock(side_effect=S3NotFoundError("Object not found"))
    with pytest.raises(S3NotFoundError, match="Object not found"):
        await client.get_object("b", "k")


async def test_a_counting_function_in_place_of_the_request(client, monkeypatch):
    """Two server errors, then a Mock with only headers: the retry succeeds with the third."""
    calls = []

    async def waits(delay):
        calls.append(delay)

    async def counting(**request):
        calls.append(request["method"])
        if calls.count("PUT") < 3:
            raise S3ServerError("Temporary server error", 500)
        return Mock(headers={"ETag": '"success"'})

    monkeypatch.setattr("asyncio.sleep", waits)
    client._make_request = counting
    found = await retry_with_exponential_backoff(lambda: client.put_object("b", "k", b"data"))
    assert (found["etag"], calls.count("PUT")) == ("success", 3)


@pytest.mark.parametrize("kind", [Mock, MagicMock])
async def test_close_may_be_anything(client, kind):
    """`close` of a plain Mock returns something that is no coroutine; it is not awaited."""
    mocked = kind(headers={"ETag": '"e"'}, read=AsyncMock(return_value=b"x"))
    client._make_request = AsyncMock(return_value=mocked)
    assert (await client.get_object("b", "k"))["body"] == b"x"
    mocked.close.assert_called_once_with()


async def test_checks_still_hold_with_a_mock(client):
    """Arguments are checked by the operations, whatever `_make_request` is."""
    client._make_request = AsyncMock()
    with pytest.raises(S3ClientError):
        await client.get_object("", "k")
    client._make_request.assert_not_awaited()


async def test_a_directory_bucket_is_created_as_before(client):
    """Its zone stands in place of a region, and the document has its type."""
    options = {"location_name": "use1-az1", "location_type": "AvailabilityZone", "bucket_type": "Directory"}
    name = "test-bucket--use1-az1--x-s3"
    _, sent = await called(
        client, response(), client.create_bucket(name, data_redundancy="SingleAvailabilityZone", **options)
    )
    assert sent["headers"] == {"Content-Type": "application/xml"}
    assert b"<Location><Name>use1-az1</Name><Type>AvailabilityZone</Type></Location>" in sent["data"]
    assert b"LocationConstraint" not in sent["data"]


@pytest.mark.parametrize("name", ["test-bucket", "--use1-az1--x-s3", "a--zone--x-s3", "a.b--use1-az1--x-s3"])
async def test_a_directory_bucket_needs_its_form_of_name(client, name):
    """Base, zone and ending."""
    client._make_request = AsyncMock()
    with pytest.raises(S3InvalidRequestError, match="--x-s3"):
        await client.create_bucket(name, bucket_type="Directory")
    client._make_request.assert_not_called()


def test_a_bucket_that_begins_the_endpoints_host_is_not_added_again():
    """As with DigitalOcean Spaces; any other bucket goes into the path."""
    client = S3Client("a", "b", "fra1", "https://mybkt.fra1.digitaloceanspaces.com")
    assert client._build_url("mybkt", "k") == "https://mybkt.fra1.digitaloceanspaces.com/k"
    assert client._build_url("mybkt") == "https://mybkt.fra1.digitaloceanspaces.com"
    assert client._build_url("other", "k") == "https://mybkt.fra1.digitaloceanspaces.com/other/k"
    assert client.get_effective_bucket_name("mybkt") == "mybkt"
    for endpoint in ("http://minio.example:9000", "http://127.0.0.1:9000"):
        bucket = urlsplit(endpoint).hostname.partition(".")[0]
        assert S3Client("a", "b", endpoint_url=endpoint)._build_url(bucket) == f"{endpoint}/{bucket}"


async def test_helpers_take_the_same_keywords(tmp_path):
    """Names of arguments are a part of the interface."""
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert multipart.should_use_multipart(file_size=9, threshold=8)
    assert multipart.adjust_chunk_size(current_chunksize=1, file_size=9) == multipart.MIN_PART_SIZE
    assert multipart.calculate_file_size(file_source=path) == 5
    assert [chunk async for chunk in multipart.read_file_chunks(file_path=path, part_size=3)] == [b"123", b"45"]
    assert (multipart.DEFAULT_MAX_CONCURRENCY, multipart.MAX_SINGLE_UPLOAD_SIZE) == (10, 5 * 2**30)


async def test_extra_arguments_are_headers(tmp_path):
    """Of the whole upload, of its beginning, and of an abort."""
    path = tmp_path / "f"
    path.write_bytes(b"data")
    client = MagicMock()
    client.put_object = AsyncMock(return_value={"etag": "e"})
    extra = {"x-amz-storage-class": "STANDARD_IA"}
    await upload_file(client, "b", "k", path, **extra)
    assert client.put_object.await_args.kwargs["headers"] == extra
    client._make_request = AsyncMock(
        side_effect=[
            response(text="<R><UploadId>id</UploadId></R>"),
            response({"ETag": '"p"'}),
            response(text="<R><ETag>e</ETag></R>"),
            response(),
        ]
    )
    await upload_file(client, "b", "k", path, TransferConfig(multipart_threshold=3), **extra)
    await abort_multipart_upload(client, "b", "k", "id", **extra)
    begun, *_, aborted = client._make_request.await_args_list
    assert begun.kwargs["headers"] == aborted.kwargs["headers"] == extra
