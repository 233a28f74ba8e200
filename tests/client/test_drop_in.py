"""Tests that people wrote against the 0.1 package: `_make_request` replaced by a mock, its arguments compared."""

from __future__ import annotations

from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from s3_asyncio_client import S3Client, S3ClientError, S3NotFoundError, S3ServerError, retry_with_exponential_backoff
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
    client._make_request = AsyncMock(return_value=response({"ETag": '"e"'}))
    assert (await upload_file(client, "b", "k", str(path)))["upload_type"] == "single_part"
    assert client._make_request.await_args.kwargs["data"] == b"data"

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
