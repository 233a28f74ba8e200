"""The aws-chunked framing."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.s3.aws_chunked import FramingError, TrailerError, unframe
from pytest_s3errors._core.s3.digests import checksum

TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def framed(*chunks, trailers=(), signed=False, end=b"\r\n"):
    """Return *chunks* in aws-chunked framing."""
    mark = b";chunk-signature=" + b"0" * 64 if signed else b""
    pieces = [b"%x%s\r\n%s\r\n" % (len(chunk), mark, chunk) for chunk in chunks if chunk]
    pieces += [b"0" + mark + b"\r\n", *(f"{name}:{value}\r\n".encode() for name, value in trailers), end]
    return b"".join(pieces)


def put(s3, body, /, size, **headers):
    """Put *body* as an aws-chunked upload of *size* bytes."""
    stated = {"x_amz_content_sha256": TRAILER, "x_amz_decoded_content_length": str(size), **headers}
    return s3("PUT", "/bucket/key", body, content_encoding="aws-chunked", **stated)


@given(
    chunks=st.lists(st.integers(8192, 9000), max_size=3),
    last=st.binary(max_size=50),
    signed=st.booleans(),
    trailers=st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,9}", fullmatch=True), st.sampled_from(["", "a", "b c"])),
)
def test_unframing_undoes_framing(chunks, last, signed, trailers):
    """Body and trailers come out as they went in, with signatures and without."""
    bodies = [bytes([number % 251]) * number for number in chunks]
    received = unframe(framed(*bodies, last, trailers=trailers.items(), signed=signed))
    assert received.body == b"".join(bodies) + last
    assert received.trailers == trailers


def test_every_cut_of_a_body_is_noticed():
    """A body that ends early anywhere before its last chunk's size line is complete is a framing error."""
    whole = framed(b"a" * 9000, b"tail", trailers=[("x-a", "b")])
    end = whole.index(b"\r\n0\r\n") + len(b"\r\n0\r\n")
    for cut in (*range(40), *range(8990, end)):
        with pytest.raises(FramingError):
            unframe(whole[:cut])


@pytest.mark.parametrize(
    "body", [b"", b"data", b"g\r\n", b"4\r\ndataXX0\r\n\r\n", b"-1\r\n", b"5\ndata\n", b"\r\n0\r\n"]
)
def test_what_is_no_chunk_is_a_framing_error(body):
    """Bytes without sizes are not taken for data."""
    with pytest.raises(FramingError):
        unframe(body)


@pytest.mark.parametrize("tail", [b"junk", b"\r\njunk", b": value\r\n\r\n"])
def test_what_is_no_trailer_is_a_trailer_error(tail):
    """After the last chunk only trailers may come."""
    with pytest.raises(TrailerError):
        unframe(framed(b"data", end=tail))


@given(body=st.binary(max_size=60))
def test_unframing_raises_its_own_errors_only(body):
    """Any bytes are unframed or refused with an error of ours."""
    with contextlib.suppress(FramingError, TrailerError):
        assert len(unframe(body).body) <= len(body)


def test_a_chunked_upload_is_stored_without_its_framing(s3):
    """The object has the decoded bytes, the trailer's checksum, and no aws-chunked encoding."""
    value = checksum("crc32", b"data")
    body = framed(b"data", trailers=[("x-amz-checksum-crc32", value)])
    answer = put(s3, body, size=4, x_amz_trailer="x-amz-checksum-crc32", x_amz_sdk_checksum_algorithm="CRC32")
    assert (answer.status, answer.headers["x-amz-checksum-crc32"]) == (200, value)
    stored = s3.store.get("bucket", "key")
    assert (stored.body, dict(stored.checksums), dict(stored.headers)) == (b"data", {"crc32": value}, {})


@pytest.mark.parametrize(
    ("trailers", "expected"),
    [
        ([("x-amz-checksum-crc32", checksum("crc32", b"else"))], "BadDigest"),
        ([("x-amz-checksum-crc32", "x")], "InvalidRequest"),
        ([], "MalformedTrailerError"),
        ([("x-amz-checksum-sha1", checksum("sha1", b"data"))], "MalformedTrailerError"),
    ],
)
def test_a_trailer_is_held_to_the_body(s3, code, trailers, expected):
    """A wrong, malformed or missing checksum in the trailer refuses the upload."""
    assert code(put(s3, framed(b"data", trailers=trailers), size=4, x_amz_trailer="x-amz-checksum-crc32")) == expected
    assert s3.store.buckets == []


@pytest.mark.parametrize(("size", "expected"), [(8191, "InvalidChunkSizeError"), (8192, "200"), (8193, "200")])
def test_the_least_size_of_a_chunk(s3, code, size, expected):
    """Chunks other than the last have at least 8192 bytes; the refusal tells how many one has, and the next chunk."""
    reply = put(s3, framed(b"a" * size, b"b"), size=size + 1)
    assert code(reply) == expected
    if expected != "200":
        assert (reply.status, dict(reply.elements)) == (403, {"Chunk": "2", "BadChunkSize": str(size)})


@pytest.mark.parametrize(("size", "expected"), [(3, "IncompleteBody"), (4, "200"), (5, "IncompleteBody")])
def test_the_decoded_length_is_held_to_the_body(s3, code, size, expected):
    """x-amz-decoded-content-length is the length without framing."""
    assert code(put(s3, framed(b"data"), size=size)) == expected


@pytest.mark.parametrize(
    ("body", "expected"), [(b"data", "IncompleteBody"), (framed(b"data", end=b"junk"), "MalformedTrailerError")]
)
def test_bad_framing_is_refused(s3, code, body, expected):
    """A body that is not what its headers announce is not stored."""
    assert code(put(s3, body, size=4)) == expected
    assert s3.store.buckets == []


def test_a_chunked_upload_must_state_its_length(s3, code):
    """Without x-amz-decoded-content-length the upload is MissingContentLength."""
    streamed = {"content_encoding": "aws-chunked", "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    assert code(s3("PUT", "/bucket/key", framed(b"data"), **streamed)) == "MissingContentLength"


def test_the_name_of_the_framing_alone_says_nothing_of_the_body(s3):
    """A Content-Encoding with aws-chunked on a body that is not streamed is taken off, and the body left as it is."""
    s3("PUT", "/bucket/key", b"4;\r\n", content_encoding="gzip, aws-chunked", x_amz_content_sha256="UNSIGNED-PAYLOAD")
    assert s3.store.get("bucket", "key").body == b"4;\r\n"
    assert s3.store.get("bucket", "key").headers["content-encoding"] == "gzip"
