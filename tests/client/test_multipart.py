"""The requests of a multipart upload one by one."""

from __future__ import annotations

import time

import pytest
from loopback import Loopback, answer, error

from s3_asyncio_client import S3ClientError, S3InvalidRequestError, S3NotFoundError, S3ResponseError, S3ServerError
from s3_asyncio_client._recovery import find_upload
from s3_asyncio_client.multipart import (
    abort_multipart_upload,
    complete_multipart_upload,
    create_multipart_upload,
    upload_part,
    upload_part_copy,
)

PART = {"part_number": 1, "etag": "e"}


async def test_begins_with_type_metadata_and_extra_headers():
    """The upload id is returned; an underscore in a keyword becomes a dash."""
    document = b"<InitiateMultipartUploadResult><UploadId>id+/=</UploadId></InitiateMultipartUploadResult>"
    async with Loopback([answer(body=document)]) as server, server.client() as client:
        found = await create_multipart_upload(client, "b", "k", "text/plain", {"a": "1"}, x_amz_acl="private")
    sent = server.requests[0]
    assert found == "id+/="
    assert (sent.method, sent.target, sent.body) == ("POST", "/b/k?uploads=", b"")
    assert (sent.headers["content-type"], sent.headers["x-amz-meta-a"], sent.headers["x-amz-acl"]) == (
        "text/plain",
        "1",
        "private",
    )


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"<R><UploadId></UploadId></R>", b"<R"])
async def test_an_answer_without_upload_id_is_not_s3(body):
    """Empty, foreign or broken documents raise S3ResponseError."""
    async with Loopback([answer(body=body)]) as server, server.client() as client:
        with pytest.raises(S3ResponseError):
            await create_multipart_upload(client, "b", "k")


@pytest.mark.parametrize("data", [b"1234", bytearray(b"1234"), memoryview(b"1234")])
async def test_uploads_a_part(data):
    """Number, id and bytes go out; the entry for the completion comes back."""
    async with Loopback([answer(ETag='"e"')]) as server, server.client() as client:
        assert await upload_part(client, "b", "k", "id", 7, data) == {"part_number": 7, "etag": "e", "size": 4}
    assert server.requests[0].params == {"partNumber": "7", "uploadId": "id"}
    assert server.requests[0].body == b"1234"


@pytest.mark.parametrize(("number", "fits"), [(0, False), (1, True), (10_000, True), (10_001, False)])
async def test_part_numbers_are_1_to_10000(number, fits):
    """The bounds are inclusive, for parts, copies and completions alike."""
    copied = answer(body=b"<CopyPartResult><ETag>e</ETag></CopyPartResult>")
    done = answer(body=b"<R><ETag>e</ETag></R>")
    async with Loopback([answer(), copied, done]) as server, server.client() as client:
        calls = [
            lambda: upload_part(client, "b", "k", "id", number, b""),
            lambda: upload_part_copy(client, "b", "k", "id", number, "src", "k"),
            lambda: complete_multipart_upload(client, "b", "k", "id", [{"part_number": number, "etag": "e"}]),
        ]
        for call in calls:
            if fits:
                await call()
            else:
                with pytest.raises(S3ClientError, match="Part number must be between 1 and 10000"):
                    await call()
    assert len(server.requests) == (3 if fits else 0)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [(("id", "1", b""), TypeError), (("id", True, b""), TypeError), (("id", 1, "text"), TypeError)],
)
async def test_parts_of_the_wrong_type_are_refused(arguments, kind):
    """Numbers are ints and data is bytes; nothing is sent otherwise."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(kind):
            await upload_part(client, "b", "k", *arguments)
        with pytest.raises(S3InvalidRequestError):
            await upload_part(client, "b", "", "id", 1, b"")
    assert server.connections == 0


async def test_parts_can_be_copied():
    """The source and its range are headers; a failure inside the 200 raises."""
    copied = answer(body=b"<CopyPartResult><ETag>&quot;e&quot;</ETag></CopyPartResult>")
    async with Loopback([copied, error(200, "InternalError")]) as server, server.client() as client:
        result = await upload_part_copy(client, "b", "k", "id", 2, "src", "a b", byte_range=(0, 9))
        with pytest.raises(S3ServerError) as caught:
            await upload_part_copy(client, "b", "k", "id", 2, "src", "a b")
    assert result == {"part_number": 2, "etag": "e"}
    assert server.requests[0].headers["x-amz-copy-source"] == "/src/a%20b"
    assert server.requests[0].headers["x-amz-copy-source-range"] == "bytes=0-9"
    assert caught.value.operation == "UploadPartCopy"


async def test_completes_in_the_order_of_the_numbers():
    """Parts may be given in any order; white space before the root is S3 keeping the connection."""
    document = b'<?xml version="1.0"?>\n  \n<R><Location>loc</Location><ETag>&quot;e-2&quot;</ETag></R>'
    parts = [{"part_number": 2, "etag": "two"}, {"part_number": 1, "etag": "one"}]
    async with Loopback([answer(body=document)]) as server, server.client() as client:
        result = await complete_multipart_upload(client, "b", "k", "id", parts)
    sent = server.requests[0].body.decode()
    assert result == {"location": "loc", "etag": "e-2", "bucket": "b", "key": "k", "parts_count": 2}
    assert sent.index("one") < sent.index("two")


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (error(200, "InternalError"), S3ServerError, "InternalError"),
        (error(404, "NoSuchUpload"), S3NotFoundError, "NoSuchUpload"),
        (answer(), S3ResponseError, None),
    ],
)
async def test_completions_that_fail(response, kind, code):
    """An error document is an error at any status, and an empty 200 is no success."""
    async with Loopback([response]) as server, server.client() as client:
        with pytest.raises(kind) as caught:
            await complete_multipart_upload(client, "b", "k", "id", [PART])
    assert caught.value.error_code == code


async def test_nothing_to_complete():
    """No parts: an error before anything is sent."""
    async with Loopback() as server, server.client() as client:
        with pytest.raises(S3ClientError, match="No parts to complete"):
            await complete_multipart_upload(client, "b", "k", "id", [])
    assert server.connections == 0


async def test_aborts():
    """DELETE with the upload id; an upload that is gone is a 404."""
    async with Loopback([answer(204), error(404, "NoSuchUpload")]) as server, server.client() as client:
        assert await abort_multipart_upload(client, "b", "k", "id") is None
        with pytest.raises(S3NotFoundError, match="NoSuchUpload"):
            await abort_multipart_upload(client, "b", "k", "id")
    assert server.seen[0] == "DELETE /b/k?uploadId=id"


def uploads(key, began, *ids, more=False):
    """A page of ListMultipartUploads whose uploads of *key* began at *began*."""
    shown = "".join(
        f"<Upload><Key>{key}</Key><UploadId>{one}</UploadId><Initiated>{began}</Initiated></Upload>" for one in ids
    )
    rest = f"<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{ids[-1]}</NextUploadIdMarker>" if more else ""
    truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    return answer(body=f"<R>{truncated}{rest}{shown}</R>".encode(), Date="Wed, 01 Jan 2025 12:00:00 GMT")


OLD, NOW = "2025-01-01T11:00:00.000Z", "2025-01-01T12:00:00.000Z"


async def test_an_upload_is_found_on_a_later_page():
    """A key may have more unfinished uploads than a page holds."""
    pages = [uploads("k", OLD, "1", "2", more=True), uploads("k", NOW, "3")]
    async with Loopback(pages) as server, server.client() as client:
        assert await find_upload(client, "b", "k", asked_at=time.monotonic()) == "3"
    assert [request.params for request in server.requests] == [
        {"uploads": "", "prefix": "k"},
        {"uploads": "", "prefix": "k", "key-marker": "k", "upload-id-marker": "2"},
    ]


async def test_uploads_of_longer_keys_are_not_listed_to_their_end():
    """They come after those of the key."""
    async with Loopback([uploads("k/longer", NOW, "1", more=True)]) as server, server.client() as client:
        assert await find_upload(client, "b", "k", asked_at=time.monotonic()) is None
    assert len(server.requests) == 1


async def test_a_listing_of_uploads_that_runs_in_a_circle_ends():
    """Nobody can tell whether there is an upload, and nobody lists for ever."""
    page = uploads("k", OLD, "1", more=True)
    async with Loopback([page, page]) as server, server.client() as client:
        with pytest.raises(ValueError, match="does not say where"):
            await find_upload(client, "b", "k", asked_at=time.monotonic())


async def test_a_part_may_be_a_file(tmp_path):
    """It is sent from where it stands to its end, and put back."""
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")
    async with Loopback([answer(ETag='"e"')]) as server, server.client() as client:
        with path.open("rb") as file:
            file.seek(4)
            part = await upload_part(client, "b", "k", "id", 1, file)
            assert file.tell() == 4
    assert part == {"part_number": 1, "etag": "e", "size": 6}
    assert server.requests[0].body == b"456789"
