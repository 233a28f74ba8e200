"""Operations on buckets: creation, listings page by page, deletions in bulk."""

from __future__ import annotations

import base64
import hashlib

import pytest
from loopback import Loopback, answer, error

from s3_asyncio_client import (
    S3AccessDeniedError,
    S3ClientError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
)


def page(*keys, token=None, truncated=None, extra=""):
    more = token is not None if truncated is None else truncated
    entries = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;e&quot;</ETag><Size>3</Size></Contents>"
        for key in keys
    )
    following = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    content = f"<IsTruncated>{str(more).lower()}</IsTruncated>{entries}{following}{extra}"
    return answer(body=f"<ListBucketResult>{content}</ListBucketResult>".encode())


async def test_creates_a_bucket_with_its_options():
    """Options are headers, the region is in the document unless it is us-east-1."""
    async with Loopback([answer(Location="/buck"), answer(Location="/buck")]) as server:
        async with server.client() as client:
            result = await client.create_bucket("buck", "eu-west-1", "private", object_lock_enabled=True)
        async with server.client(region="us-east-1") as client:
            await client.create_bucket("buck")
    first, second = server.requests
    assert result == {"location": "/buck"}
    assert b"<LocationConstraint>eu-west-1</LocationConstraint>" in first.body
    assert (first.headers["x-amz-acl"], first.headers["x-amz-bucket-object-lock-enabled"]) == ("private", "true")
    assert second.body == b""


async def test_the_clients_region_is_where_a_bucket_goes():
    """S3 refuses a request without a location at the endpoint of another region."""
    async with Loopback([answer()]) as server, server.client(region="eu-west-1") as client:
        await client.create_bucket("buck")
    assert b"eu-west-1" in server.requests[0].body


@pytest.mark.parametrize("name", ["", "ab", "Upper", "a..b", "192.168.0.1"])
async def test_names_that_s3_would_not_create_are_refused(name):
    """The rules for new buckets are checked before anything is sent."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(S3InvalidRequestError) as caught:
            await client.create_bucket(name)
    assert caught.value.error_code == "InvalidBucketName"
    assert server.connections == 0


async def test_a_taken_name_is_a_conflict():
    """409 keeps its code."""
    async with Loopback([error(409, "BucketAlreadyExists")]) as server, server.client() as client:
        with pytest.raises(S3ClientError) as caught:
            await client.create_bucket("buck")
    assert (caught.value.error_code, caught.value.operation) == ("BucketAlreadyExists", "CreateBucket")


async def test_deletes_and_asks_for_buckets():
    """delete_bucket returns nothing, head_bucket the region; a HEAD's 404 and 403 are told apart by status."""
    script = [answer(204), answer(x_amz_bucket_region="eu-west-1"), answer(404), answer(403)]
    async with Loopback(script) as server, server.client() as client:
        assert await client.delete_bucket("b") == {}
        assert await client.head_bucket("b") == {"region": "eu-west-1"}
        with pytest.raises(S3NotFoundError) as caught:
            await client.head_bucket("b")
        with pytest.raises(S3AccessDeniedError):
            await client.head_bucket("b")
    assert (caught.value.error_code, caught.value.operation) == ("NoSuchBucket", "HeadBucket")
    assert server.seen[:2] == ["DELETE /b", "HEAD /b"]


async def test_lists_one_page():
    """The dict of the contract, and common_prefixes where a delimiter rolled keys up."""
    extra = "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
    async with Loopback([page("a", token="t", extra=extra), page()]) as server, server.client() as client:
        found = await client.list_objects("b", "p", 5, "tok", delimiter="/", start_after="a")
        empty = await client.list_objects("b")
    entry = {
        "key": "a",
        "last_modified": "2026-01-01T00:00:00.000Z",
        "etag": "e",
        "size": 3,
        "storage_class": "STANDARD",
    }
    assert found == {
        "objects": [entry],
        "is_truncated": True,
        "next_continuation_token": "t",
        "prefix": "p",
        "max_keys": 5,
        "common_prefixes": ["p/"],
    }
    assert server.requests[0].params == {
        "list-type": "2",
        "max-keys": "5",
        "prefix": "p",
        "continuation-token": "tok",
        "delimiter": "/",
        "start-after": "a",
    }
    assert (empty["objects"], empty["next_continuation_token"]) == ([], None)
    assert "common_prefixes" not in empty


@pytest.mark.parametrize(("max_keys", "kind"), [(-1, ValueError), ("5", TypeError), (True, TypeError)])
async def test_page_sizes_that_cannot_be(max_keys, kind):
    """Negative and non-integer page sizes are refused; 0 is S3's own way to ask for nothing."""
    async with Loopback([page()]) as server, server.client() as client:
        with pytest.raises(kind, match="max_keys"):
            await client.list_objects("b", max_keys=max_keys)
        assert (await client.list_objects("b", max_keys=0))["objects"] == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<ListBucketResult><Contents>", b"<html/>"])
async def test_listings_that_are_none(body):
    """Empty, cut or foreign documents are S3ResponseError, never an empty listing."""
    async with Loopback([answer(body=body)]) as server, server.client() as client:
        with pytest.raises(S3ResponseError):
            await client.list_objects("b")


async def test_walks_all_pages():
    """iter_objects follows the tokens to the end and asks for encoded keys, which it decodes."""
    last = page("c%00d", extra="<EncodingType>url</EncodingType>")
    async with Loopback([page("a", "b", token="t1"), page(token="t2"), last]) as server, server.client() as client:
        found = [entry["key"] async for entry in client.iter_objects("b", "p", start_after="0", page_size=2)]
    assert found == ["a", "b", "c\0d"]
    assert [request.params.get("continuation-token") for request in server.requests] == [None, "t1", "t2"]
    assert [request.params.get("start-after") for request in server.requests] == ["0", None, None]
    assert server.requests[0].params["encoding-type"] == "url"


async def test_a_listing_that_loses_its_thread_is_an_error():
    """Truncated without a token: the rest cannot be asked for and must not be left out silently."""
    async with Loopback([page("a", truncated=True)]) as server, server.client() as client:
        with pytest.raises(S3ResponseError, match="NextContinuationToken"):
            [entry async for entry in client.iter_objects("b")]


async def test_pages_of_no_size_are_refused():
    """A page size of 0 would never end."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(ValueError, match="page_size"):
            await anext(client.iter_objects("b", page_size=0))


async def test_deletes_many_and_reports_each():
    """A 200 with errors per key is a result, not an exception; the request carries its MD5."""
    body = (
        b"<DeleteResult><Deleted><Key>a</Key><VersionId>v</VersionId><DeleteMarker>true</DeleteMarker></Deleted>"
        b"<Error><Key>b</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>"
    )
    async with Loopback([answer(body=body)]) as server, server.client() as client:
        result = await client.delete_objects("b", ["a", "b"], quiet=True)
    sent = server.requests[0]
    assert result == {
        "deleted": [{"key": "a", "version_id": "v", "delete_marker": True}],
        "errors": [{"key": "b", "code": "AccessDenied", "message": "m", "version_id": None}],
    }
    assert (sent.method, sent.target) == ("POST", "/b?delete=")
    assert sent.headers["content-md5"] == base64.b64encode(hashlib.md5(sent.body).digest()).decode()
    assert b"<Quiet>true</Quiet>" in sent.body


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (999, 1), (1000, 1), (1001, 2)])
async def test_deletes_a_thousand_per_request(count, requests):
    """S3 takes 1000 keys at a time; more go out in several requests."""
    async with Loopback([answer(body=b"<DeleteResult/>")] * 2) as server, server.client() as client:
        assert await client.delete_objects("b", [f"k{i}" for i in range(count)]) == {"deleted": [], "errors": []}
    assert len(server.requests) == requests
    assert sum(request.body.count(b"<Key>") for request in server.requests) == count


@pytest.mark.parametrize(("keys", "kind"), [(["a", ""], S3InvalidRequestError), ("abc", TypeError)])
async def test_deletions_are_checked_before_the_first_request(keys, kind):
    """One bad key deletes nothing; a str is not taken for a list of its letters."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(kind):
            await client.delete_objects("b", keys)
    assert server.connections == 0
