"""Operations on objects: what they send and what they make of the answer."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from unittest.mock import AsyncMock, Mock

import pytest
from loopback import Loopback, answer, error

from s3_asyncio_client import S3Client, S3ClientError, S3InvalidRequestError, S3ServerError
from s3_asyncio_client.reads import range_header

COPIED = b"""<CopyObjectResult><LastModified>2026-01-01T00:00:00.000Z</LastModified>
<ETag>&quot;e&quot;</ETag></CopyObjectResult>"""


async def test_put_sends_metadata_type_and_conditions():
    """Every option of put_object is a header, and the results come off the response's headers."""
    response = answer(ETag='"e"', x_amz_version_id="v", x_amz_server_side_encryption="AES256")
    async with Loopback([response]) as server, server.client() as client:
        result = await client.put_object(
            "b",
            "k",
            b"body",
            "text/plain",
            {"owner": "me", "name": "grüße"},
            if_match="abc",
            content_md5=True,
            headers={"x-amz-storage-class": "STANDARD_IA"},
        )
    sent = server.requests[0].headers
    assert result == {"etag": "e", "version_id": "v", "server_side_encryption": "AES256"}
    assert (sent["content-type"], sent["x-amz-meta-owner"], sent["if-match"]) == ("text/plain", "me", '"abc"')
    assert sent["x-amz-meta-name"].startswith("=?UTF-8?B?")
    assert sent["content-md5"] == base64.b64encode(hashlib.md5(b"body").digest()).decode()
    assert sent["x-amz-storage-class"] == "STANDARD_IA"


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("crc32", zlib.crc32(b"body").to_bytes(4, "big")),
        ("sha1", hashlib.sha1(b"body").digest()),
        ("sha256", hashlib.sha256(b"body").digest()),
    ],
)
@pytest.mark.parametrize("source", [bytes, io.BytesIO])
async def test_put_sends_the_checksum_asked_for(algorithm, digest, source):
    """The checksum is of the bytes that are sent, from memory or a file."""
    async with Loopback([answer()]) as server, server.client() as client:
        await client.put_object("b", "k", source(b"body"), checksum=algorithm)
    assert server.requests[0].headers[f"x-amz-checksum-{algorithm}"] == base64.b64encode(digest).decode()
    assert server.requests[0].body == b"body"


class Counted(io.BytesIO):
    """A file that counts the bytes read from it."""

    count = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        return data


async def test_a_body_whose_sha256_is_its_checksum_is_not_hashed_again():
    """It is read once to hash it and once to send it; the signature and the checksum are of the same hash."""
    file = Counted(b"body")
    async with Loopback([answer()]) as server, server.client() as client:
        await client.put_object("b", "k", file, checksum="sha256")
    sent = server.requests[0]
    assert (file.count, sent.body) == (2 * len(b"body"), b"body")
    assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(b"body").hexdigest()


async def test_a_callers_own_checksum_is_not_taken_for_the_hash():
    """If it is wrong, S3 is to refuse the checksum, not the hash in the signature."""
    checksum = base64.b64encode(bytes(32)).decode()
    async with Loopback([answer()]) as server, server.client() as client:
        await client.put_object("b", "k", b"body", headers={"x-amz-checksum-sha256": checksum})
    assert server.requests[0].headers["x-amz-content-sha256"] == hashlib.sha256(b"body").hexdigest()


async def test_put_only_if_absent():
    """if_none_match="*" goes out bare; a 412 is an S3ClientError with its code."""
    async with Loopback([error(412, "PreconditionFailed")]) as server, server.client() as client:
        with pytest.raises(S3ClientError) as caught:
            await client.put_object("b", "k", b"", if_none_match="*")
    assert server.requests[0].headers["if-none-match"] == "*"
    assert caught.value.error_code == "PreconditionFailed"


async def nothing():
    return
    yield b""


@pytest.mark.parametrize(
    ("data", "options", "kind", "words"),
    [
        ("text", {}, TypeError, "encode"),
        (None, {}, TypeError, "NoneType"),
        (nothing(), {}, ValueError, "content_length"),
        (nothing(), {"content_length": -1}, ValueError, "-1"),
        (nothing(), {"content_length": 0, "checksum": "crc32"}, TypeError, "not known beforehand"),
        (b"", {"metadata": {"a": "x\ny"}}, ValueError, "line break"),
        (b"", {"metadata": {"a b": "x"}}, ValueError, "a b"),
        (b"", {"headers": {"x": "x\r\nHost: evil"}}, ValueError, "line break"),
        (b"", {"content_type": "a\r\nb"}, ValueError, "line break"),
    ],
)
async def test_put_refuses_what_cannot_be_sent(data, options, kind, words):
    """Bad data and headers raise before anything is sent."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(kind, match=words):
            await client.put_object("b", "k", data, **options)
    assert server.connections == 0


async def test_get_returns_body_and_description():
    """All keys of the contract, metadata decoded, the ETag without quotes."""
    response = answer(
        body=b"body",
        Content_Type="text/plain",
        ETag='"' + hashlib.md5(b"body").hexdigest() + '"',
        Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT",
        x_amz_version_id="v",
        x_amz_meta_Owner="=?UTF-8?B?Z3LDvMOfZQ==?=",
    )
    async with Loopback([response]) as server, server.client() as client:
        assert await client.get_object("b", "k") == {
            "body": b"body",
            "content_type": "text/plain",
            "content_length": 4,
            "etag": hashlib.md5(b"body").hexdigest(),
            "last_modified": "Thu, 01 Jan 2026 00:00:00 GMT",
            "version_id": "v",
            "server_side_encryption": None,
            "metadata": {"owner": "grüße"},
        }


async def test_get_options_are_headers_and_parameters():
    """Ranges, conditions, versions and parts go out as S3 spells them."""
    response = answer(206, b"dy", Content_Range="bytes 2-3/4", ETag='"' + "0" * 32 + '"')
    async with Loopback([response]) as server, server.client() as client:
        result = await client.get_object(
            "b",
            "k",
            byte_range=(2, 3),
            version_id="v",
            part_number=1,
            if_match="e",
            if_none_match='"f"',
            if_modified_since="Thu, 01 Jan 2026 00:00:00 GMT",
            if_unmodified_since="Fri, 02 Jan 2026 00:00:00 GMT",
        )
    sent = server.requests[0]
    assert (result["body"], result["content_range"]) == (b"dy", "bytes 2-3/4")
    assert sent.params == {"versionId": "v", "partNumber": "1"}
    assert (sent.headers["range"], sent.headers["if-match"], sent.headers["if-none-match"]) == (
        "bytes=2-3",
        '"e"',
        '"f"',
    )
    assert sent.headers["if-modified-since"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert sent.headers["if-unmodified-since"] == "Fri, 02 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "header"),
    [((0, 0), "bytes=0-0"), ((5, None), "bytes=5-"), ((-5, None), "bytes=-5"), ("bytes=1-2", "bytes=1-2")],
)
def test_ranges_are_spelled(asked, header):
    """First and last byte are both included; an open end and a suffix have their own spelling."""
    assert range_header(asked) == header


@pytest.mark.parametrize(
    ("asked", "kind"), [((1, 0), ValueError), ((-1, 3), ValueError), ("1-2", ValueError), (("0", 1), TypeError)]
)
def test_ranges_that_cannot_be_are_refused(asked, kind):
    """A range that ends before it begins would silently be answered with the whole object."""
    with pytest.raises(kind, match="byte_range"):
        range_header(asked)


async def test_objects_can_be_read_piece_by_piece():
    """open_object gives a response whose pieces are the body, and releases it."""
    async with Loopback([answer(body=b"x" * 1000), answer(body=b"y")]) as server, server.client() as client:
        async with client.open_object("b", "k") as response:
            assert [len(chunk) async for chunk in response.iter_chunks(600)] == [600, 400]
        await client.get_object("b", "k")
    assert server.connections == 1


async def test_leaving_an_open_object_early_drops_its_connection():
    """The unread rest of a large body is not waited for."""
    async with Loopback([answer(body=b"x" * 3_000_000), answer(body=b"y")]) as server, server.client() as client:
        async with client.open_object("b", "k") as response:
            assert response.status == 200
        assert (await client.get_object("b", "k"))["body"] == b"y"
    assert server.connections == 2


async def test_head_describes_without_a_body():
    """Content-Length of a HEAD is the object's size."""
    async with Loopback([answer(length=1234, ETag='"e"')]) as server, server.client() as client:
        found = await client.head_object("b", "k", version_id="v")
    assert (found["content_length"], found["etag"], "body" in found) == (1234, "e", False)
    assert server.seen == ["HEAD /b/k?versionId=v"]


async def test_delete_tells_of_markers_and_versions():
    """delete_marker is a bool, version_id the header's."""
    response = answer(204, x_amz_delete_marker="true", x_amz_version_id="v")
    async with Loopback([response, answer(204)]) as server, server.client() as client:
        assert await client.delete_object("b", "k") == {"delete_marker": True, "version_id": "v"}
        assert await client.delete_object("b", "k") == {"delete_marker": False, "version_id": None}


async def test_an_error_inside_the_success_of_a_write_is_raised():
    """A 200 whose body is an error document is no success, for writes that have no body of their own either."""
    async with Loopback([error(200, "InternalError"), error(200, "SlowDown")]) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client.put_object("b", "k", b"x")
        assert (caught.value.error_code, caught.value.status_code) == ("InternalError", 200)
        assert caught.value.operation == "PutObject"
        with pytest.raises(S3ServerError, match="SlowDown") as caught:
            await client.delete_object("b", "k")
        assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("DeleteObject", "b", "k")


async def test_copy_names_its_source_and_reads_the_result():
    """The source is encoded; metadata given means REPLACE."""
    async with Loopback([answer(body=COPIED, x_amz_version_id="v")]) as server, server.client() as client:
        result = await client.copy_object(
            "src", "a b/+ü", "b", "k", metadata={"a": "1"}, source_version_id="w", source_if_match="e"
        )
    sent = server.requests[0].headers
    assert result == {"etag": "e", "last_modified": "2026-01-01T00:00:00.000Z", "version_id": "v"}
    assert sent["x-amz-copy-source"] == "/src/a%20b/%2B%C3%BC?versionId=w"
    assert (sent["x-amz-metadata-directive"], sent["x-amz-meta-a"]) == ("REPLACE", "1")
    assert sent["x-amz-copy-source-if-match"] == '"e"'


async def test_a_copy_that_fails_after_its_200_raises():
    """White space to keep the connection, then an error document: the copy failed."""
    body = b'<?xml version="1.0"?>\n   \n<Error><Code>InternalError</Code><Message>m</Message></Error>'
    async with Loopback([answer(body=body)]) as server, server.client() as client:
        with pytest.raises(S3ServerError) as caught:
            await client.copy_object("src", "a", "b", "k")
    assert (caught.value.error_code, caught.value.operation) == ("InternalError", "CopyObject")


async def test_copies_check_both_ends():
    """An empty source is refused before anything is sent."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(S3InvalidRequestError):
            await client.copy_object("src", "", "b", "k")
        with pytest.raises(S3InvalidRequestError):
            await client.copy_object("src", "k", "", "k")
    assert server.connections == 0


@pytest.mark.parametrize("value", ["=?bogus?B?eA==?=", "=?utf-8?B?x?=", "a =? b ?= c"])
async def test_metadata_that_only_looks_encoded_comes_back_as_it_is(value):
    """A foreign writer's metadata is no reason to fail a read."""
    client = S3Client("a", "b")
    client._make_request = AsyncMock(return_value=Mock(headers={"x-amz-meta-note": value}, close=Mock()))
    assert (await client.head_object("bucket", "key"))["metadata"] == {"note": value}


@pytest.mark.parametrize(
    ("option", "near"), [("range", "byte_range"), ("if_matches", "if_match"), ("part", "part_number"), ("x", "")]
)
async def test_an_unknown_option_of_a_read_is_refused(option, near):
    """A misspelled range must not read the whole object: nothing is sent, and the message names the right option."""
    async with Loopback([]) as server, server.client() as client:
        with pytest.raises(TypeError, match=f"no option '{option}'.*{near}"):
            await client.get_object("bucket", "key", **{option: "x"})
    assert server.requests == []
