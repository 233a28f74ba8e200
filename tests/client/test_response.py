"""S3Response: bodies built in memory, read whole and in pieces, held to length and checksum."""

from __future__ import annotations

import base64
import hashlib
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from s3_asyncio_client import S3ConnectionError, S3IntegrityError, S3Response, S3TimeoutError


async def pieces(*chunks):
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def respond(*chunks, status=200, headers=None, **options):
    fields = CIMultiDictProxy(CIMultiDict(headers or {}))
    return S3Response(status, fields, pieces(*chunks), operation="GetObject", bucket="b", key="k", **options)


def md5(body):
    return hashlib.md5(body).hexdigest()


async def test_reads_the_whole_body_and_keeps_it():
    """`read` joins the pieces, `text` decodes them, and both may be called again."""
    response = respond(b"hel", b"lo \xff", headers={"content-length": "7"})
    assert await response.read() == b"hello \xff"
    assert await response.text() == "hello \ufffd"
    assert [chunk async for chunk in response.iter_chunks(4)] == [b"hell", b"o \xff"]


@given(body=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=5), size=st.integers(1, 50))
async def test_pieces_join_to_the_body_however_they_came(body, cuts, size):
    """Whatever the backend's pieces, `iter_chunks` gives the same bytes in pieces of at most *size*, verified."""
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    parts = [body[a:b] for a, b in itertools.pairwise(edges)]
    response = respond(*parts, headers={"Content-Length": str(len(body)), "ETag": f'"{md5(body)}"'}, verify=True)
    chunks = [chunk async for chunk in response.iter_chunks(size)]
    assert b"".join(chunks) == body
    assert all(0 < len(chunk) <= size for chunk in chunks)


@pytest.mark.parametrize("sent", [0, 4, 6])
async def test_a_body_of_another_length_than_promised_is_a_connection_error(sent):
    """One byte fewer or more than Content-Length raises, and the message has both counts."""
    response = respond(b"x" * sent, headers={"Content-Length": "5"})
    with pytest.raises(S3ConnectionError, match=f"body ended after {sent} of 5 bytes") as caught:
        await response.read()
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("GetObject", "b", "k")


async def test_the_body_of_a_head_is_not_held_to_its_length():
    """HEAD promises the length of an object that it does not send."""
    assert await respond(headers={"Content-Length": "5"}, method="HEAD").read() == b""


async def test_an_empty_body_without_promise_is_fine():
    """No Content-Length, no judgement."""
    assert await respond().read() == b""


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("crc32", lambda body: zlib.crc32(body).to_bytes(4, "big")),
        ("sha1", lambda body: hashlib.sha1(body).digest()),
        ("sha256", lambda body: hashlib.sha256(body).digest()),
    ],
)
@pytest.mark.parametrize("body", [b"good", b"bad!"])
async def test_checksum_headers_are_verified(algorithm, digest, body):
    """The right bytes pass; one wrong byte is an S3IntegrityError with both digests."""
    promised = base64.b64encode(digest(b"good")).decode()
    response = respond(body, headers={f"x-amz-checksum-{algorithm}": promised}, verify=True)
    if body == b"good":
        assert await response.read() == body
        return
    with pytest.raises(S3IntegrityError) as caught:
        await response.read()
    assert promised in str(caught.value)
    assert base64.b64encode(digest(body)).decode() in str(caught.value)


async def test_the_etag_is_verified_where_it_is_an_md5():
    """An ETag of 32 hex digits is the MD5 of the bytes, and wrong bytes raise."""
    with pytest.raises(S3IntegrityError, match=md5(b"good")):
        await respond(b"bad!", headers={"ETag": f'"{md5(b"good")}"'}, verify=True).read()


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": f'"{md5(b"good")}-2"'},
        {"ETag": f'"{md5(b"good")}"', "x-amz-server-side-encryption": "aws:kms"},
        {"ETag": f'"{md5(b"good")}"', "x-amz-server-side-encryption": "aws:kms:dsse"},
        {"ETag": f'"{md5(b"good")}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"},
        {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-type": "COMPOSITE"},
        {"x-amz-checksum-crc32": "AAAAAA==-3"},
    ],
)
async def test_what_is_no_digest_of_the_bytes_is_not_compared(headers):
    """Composite checksums and the ETags of multipart and KMS objects say nothing about the bytes."""
    assert await respond(b"bad!", headers=headers, verify=True).read() == b"bad!"


async def test_an_etag_under_s3s_own_key_is_compared():
    """AES256 (SSE-S3) leaves the ETag an MD5."""
    headers = {"ETag": f'"{md5(b"good")}"', "x-amz-server-side-encryption": "AES256"}
    with pytest.raises(S3IntegrityError):
        await respond(b"bad!", headers=headers, verify=True).read()


@pytest.mark.parametrize("options", [{"verify": False}, {"verify": True, "status": 206}])
async def test_no_checksum_for_parts_or_when_switched_off(options):
    """A range has the ETag of the whole object, so only whole reads are compared."""
    assert await respond(b"bad!", headers={"ETag": f'"{md5(b"good")}"'}, **options).read() == b"bad!"


async def test_pieces_are_handed_out_before_the_verdict():
    """`iter_chunks` raises after the last piece, not before the first."""
    chunks = respond(b"ab", headers={"Content-Length": "5"}).iter_chunks(1)
    assert [await anext(chunks), await anext(chunks)] == [b"a", b"b"]
    with pytest.raises(S3ConnectionError):
        await anext(chunks)


async def test_errors_of_the_backend_pass_unchanged_and_close():
    """An S3Error that the chunks raise reaches the reader, and the connection is dropped."""
    closed, broken = [], S3TimeoutError("stalled")
    response = respond(b"ab", broken, on_close=lambda: closed.append(1))
    with pytest.raises(S3TimeoutError) as caught:
        await response.read()
    assert caught.value is broken
    assert closed == [1]


async def test_close_happens_once():
    """Closing is idempotent, also after the body was read."""
    closed = []
    response = respond(b"ab", on_close=lambda: closed.append(1))
    await response.read()
    response.close()
    response.close()
    assert closed == [1]


async def test_a_body_read_in_pieces_cannot_be_read_again():
    """Half a body must not pass for the whole."""
    response = respond(b"abcd")
    async for _ in response.iter_chunks(2):
        break
    with pytest.raises(RuntimeError, match="already read"):
        await response.read()


async def test_pieces_of_no_size_are_refused():
    """A size of 0 would never end."""
    with pytest.raises(ValueError, match="at least 1"):
        await anext(respond(b"ab").iter_chunks(0))


def test_repr_names_status_and_target():
    """What a debugger shows: status, operation, bucket/key."""
    assert repr(respond(b"")) == "<S3Response 200 GetObject b/k>"


async def test_a_response_that_is_left_leaves_no_generator():
    """Whoever stops half-way has closed all of them at once, not some rounds of the loop later."""
    closed = []

    async def body():
        try:
            while True:
                yield b"data"
        finally:
            closed.append(True)

    response = S3Response(200, {}, body(), operation="GetObject", bucket="b", key="k")
    chunks = response.iter_chunks(2)
    assert await anext(chunks) == b"da"
    await chunks.aclose()
    assert closed == [True]
