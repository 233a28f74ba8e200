"""Long bodies are bytes in everything but where they are."""

from __future__ import annotations

import io
import pickle
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.body import SPOOLED_BYTES, LongBody, flipped, hashed, join, opened, pattern, pieces
from pytest_s3errors._core.play.http1 import Head, RequestParser
from pytest_s3errors._core.s3.aws_chunked import FramingError, unframe
from pytest_s3errors._spool import Spooled


class Held:
    """A source whose bytes are known."""

    def __init__(self, data):
        self.data = data

    def read(self, start, end):
        return self.data[start:end]


def held(data):
    """Return a long body of known bytes."""
    return LongBody(Held(data), 0, len(data))


def spooled(data):
    """Return a body that was written to disk in two goes."""
    sink = Spooled()
    sink.write(data[: len(data) // 3])
    sink.write(data[len(data) // 3 :])
    return sink.finish()


def joined(data):
    """Return a body of three, the middle one a view of a longer one."""
    third = len(data) // 3
    return join([data[:third], held(b"-" + data + b"-")[1 + third : 1 + 2 * third], held(data[2 * third :])])


PLACES = st.integers(-250, 250)
KINDS = {"held": held, "spooled": spooled, "joined": joined, "flipped twice": lambda data: flipped(flipped(held(data)))}


@pytest.mark.parametrize("kind", KINDS)
@given(
    data=st.binary(max_size=200), cuts=st.lists(st.tuples(st.integers(-250, 250), st.integers(-250, 250)), max_size=3)
)
def test_a_slice_of_a_slice_is_that_of_the_bytes(kind, data, cuts):
    """Whatever is cut out of it, a long body has the same bytes as bytes would have."""
    body = KINDS[kind](data)
    for first, last in cuts:
        body, data = body[first:last], data[first:last]
    assert (bytes(body), len(body), bool(body)) == (data, len(data), bool(data))
    assert body == data
    assert body != data + b"!"
    assert list(pieces(body, 7)) == list(pieces(data, 7))
    assert hashed(sha256(), body).digest() == sha256(data).digest()


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_byte_is_another_body(kind):
    """Equality looks at every byte, to the last."""
    data = bytes(range(256)) * 8
    assert KINDS[kind](data) != data[:-1] + b"!"
    assert KINDS[kind](data) != "text"


def test_a_step_is_refused():
    """Every second byte of a long body is not something that it can give."""
    with pytest.raises(ValueError, match="no slices with a step"):
        held(b"data")[::2]


def test_a_failed_comparison_shows_size_and_beginning():
    """The name that an assertion prints is short."""
    assert repr(held(b"0123456789abcdefgh")) == "<body of 18 bytes, b'0123456789abcdef'...>"


@given(size=st.integers(0, 300_000), seed=st.integers(0, 5), start=st.integers(0, 300_000))
def test_a_pattern_is_the_same_wherever_it_is_read(size, seed, start):
    """A part of the pattern, and a shorter pattern, are pieces of the longer one; a seed has its own."""
    whole = pattern(SPOOLED_BYTES + 1, seed)
    assert isinstance(whole, LongBody)
    assert whole[:size] == pattern(size, seed)
    assert bytes(whole[start : start + 9]) == bytes(pattern(start + 9, seed))[start:]
    assert bytes(pattern(100, seed)) != bytes(pattern(100, seed + 1))


def test_no_two_places_of_a_pattern_are_alike():
    """Blocks in the wrong order are noticed, so a client that mixes up its ranges is."""
    blocks = list(pieces(pattern(SPOOLED_BYTES, 1), 64 * 1024))
    assert len(set(blocks)) == len(blocks)


def test_bodies_travel_to_another_process():
    """Every kind can be sent through a pipe, one on disk with its bytes."""
    data = bytes(range(256)) * 9
    for body in (
        spooled(data),
        join([spooled(data), spooled(data)]),
        pattern(SPOOLED_BYTES + 5, 3),
        flipped(spooled(data)),
    ):
        assert pickle.loads(pickle.dumps(body)) == body


def test_short_bodies_are_joined_in_memory():
    """What can be held is held."""
    assert join([b"a", b"b"]) == b"ab"
    assert isinstance(join([b"a", b"b"]), bytes)
    assert isinstance(join([bytes(SPOOLED_BYTES), b"b"]), LongBody)
    assert join([]) == b""


@pytest.mark.parametrize("size", [SPOOLED_BYTES - 1, SPOOLED_BYTES, SPOOLED_BYTES + 1, 3 * SPOOLED_BYTES + 7])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_request_body_goes_to_disk(size, chunked):
    """From the limit on a body leaves memory, with the same bytes; the next request starts anew."""
    data = bytes(pattern(size, 1))
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (size, data) if chunked else data
    request = b"PUT /b/k HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\n" + body
    parser, made = RequestParser(Spooled), []
    for piece in pieces(request * 2, 256 * 1024):
        parser.receive(piece)
        made += iter(parser.next_event, None)
    heads, bodies = made[::2], made[1::2]
    assert all(isinstance(head, Head) for head in heads)
    assert [len(one) for one in bodies] == [size, size]
    assert all(one == data for one in bodies)
    assert {isinstance(one, LongBody) for one in bodies} == {size >= SPOOLED_BYTES}


def test_a_large_request_that_breaks_off_keeps_what_came():
    """What arrived before the end counts, in memory and on disk together."""
    parser = RequestParser(Spooled)
    data = bytes(pattern(SPOOLED_BYTES + 1000, 1))
    for piece in (b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (2 * len(data)) + data, b"more"):
        parser.receive(piece)
        assert list(map(type, iter(parser.next_event, None))) == ([Head] if len(piece) > 4 else [])
    assert parser.received == len(data) + 4
    assert parser.take_received() == data + b"more"


@given(sizes=st.lists(st.integers(8192, 9000), max_size=4), last=st.integers(1, 100))
def test_aws_chunks_are_unframed_where_they_lie(sizes, last):
    """A body on disk and the same body in memory are unframed to the same bytes, with the same trailers."""
    chunks = [bytes([n]) * size for n, size in enumerate([*sizes, last])]
    framed = b"".join(b"%x;chunk-signature=%b\r\n%b\r\n" % (len(c), b"0" * 64, c) for c in chunks)
    framed += b"0;chunk-signature=" + b"0" * 64 + b"\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    for body in (framed, spooled(framed)):
        plain = unframe(body)
        assert plain.body == b"".join(chunks)
        assert dict(plain.trailers) == {"x-amz-checksum-crc32": "AAAAAA=="}
    with pytest.raises(FramingError):
        unframe(spooled(framed[: len(framed) // 2]))


@pytest.mark.parametrize("kind", [*KINDS, "bytes"])
@given(
    data=st.binary(max_size=200),
    steps=st.lists(
        st.tuples(st.integers(0, 250), st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]), st.integers(-1, 250)),
        max_size=4,
    ),
)
def test_a_body_reads_as_a_file_of_its_bytes_does(kind, data, steps):
    """Whatever is sought and read, in whichever order."""
    body = data if kind == "bytes" else KINDS[kind](data)
    with opened(body) as file, io.BytesIO(data) as model:
        for offset, whence, size in steps:
            away = -min(offset, len(data)) if whence == io.SEEK_END else offset
            assert file.seek(away, whence) == model.seek(away, whence)
            assert file.read(size) == model.read(size)
        file.seek(0)
        assert file.read() == data
