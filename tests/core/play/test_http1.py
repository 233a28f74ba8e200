"""The server's half of HTTP/1.1, judged by h11."""

from __future__ import annotations

import contextlib

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.body import PIECE_BYTES, SPOOLED_BYTES
from pytest_s3errors._core.play.http1 import BadRequest, Head, RequestParser
from s3_asyncio_client._core.limits import MAX_HEADER_SECTION_BYTES

WHOLE = (
    b"PUT /b/k?partNumber=1 HTTP/1.1\r\nHost: s3.example\r\nX-Amz-Meta-A:  one \r\nx-amz-meta-a: two\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"
)


def parsed(*pieces: bytes) -> list[Head | bytes]:
    """All events of the pieces, fed one after another."""
    parser, events = RequestParser(), []
    for piece in pieces:
        parser.receive(piece)
        events += iter(parser.next_event, None)
    return events


@pytest.mark.parametrize("data", [WHOLE, CHUNKED, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"])
def test_the_cut_of_the_input_does_not_matter(data):
    """Whole, byte by byte, and with the next request behind it: the same requests."""
    whole = parsed(data)
    assert len(whole) == 2
    assert parsed(*(data[i : i + 1] for i in range(len(data)))) == whole
    assert parsed(data + data) == whole + whole


def test_a_request_is_read():
    """Method, target, headers in lower case and joined, body."""
    head, body = parsed(WHOLE)
    assert isinstance(head, Head)
    assert (head.method, head.target, body) == ("PUT", "/b/k?partNumber=1", b"hello")
    assert head.headers == {"host": "s3.example", "x-amz-meta-a": "one, two", "content-length": "5"}
    assert head.keep_alive
    assert parsed(CHUNKED)[1] == b"abcde"


@pytest.mark.parametrize(
    ("line", "fields", "keep"),
    [
        ("GET / HTTP/1.1", "Host: h\r\n", True),
        ("GET / HTTP/1.1", "Host: h\r\nConnection: close\r\n", False),
        ("GET / HTTP/1.0", "", False),
        ("GET / HTTP/1.0", "Connection: keep-alive\r\n", True),
    ],
)
def test_keep_alive_follows_version_and_header(line, fields, keep):
    """1.1 keeps the connection unless told otherwise, 1.0 the other way round."""
    head = parsed(f"{line}\r\n{fields}\r\n".encode())[0]
    assert isinstance(head, Head)
    assert head.keep_alive is keep


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nA: x\r\n y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nA : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nA: x\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
    ],
)
def test_what_is_no_request_is_refused(data):
    """Broken lines, no Host or two, two framings, a chunk that lies."""
    with pytest.raises(BadRequest):
        parsed(data)


def test_an_endless_head_is_refused():
    """At the limit it is read, one byte beyond it is not."""
    start = b"GET / HTTP/1.1\r\nHost: h\r\nA: "
    fits = start + b"x" * (MAX_HEADER_SECTION_BYTES - len(start)) + b"\r\n\r\n"
    assert len(parsed(fits)) == 2
    with pytest.raises(BadRequest):
        parsed(start + b"x" * (MAX_HEADER_SECTION_BYTES - len(start) + 1) + b"\r\n\r\n")
    with pytest.raises(BadRequest):
        parsed(start + b"x" * (MAX_HEADER_SECTION_BYTES + 1))


@given(data=st.binary(max_size=200), tail=st.sampled_from([b"", b"\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"]))
def test_any_bytes_are_a_request_or_refused(data, tail):
    """Nothing but BadRequest comes out of noise."""
    with contextlib.suppress(BadRequest):
        parsed(data, tail)


token = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=10)
value = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    path=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=20),
    headers=st.dictionaries(token.map("x-{}".format), value, max_size=6),
    chunks=st.lists(st.binary(min_size=1, max_size=50), max_size=4),
    chunked=st.booleans(),
)
def test_what_h11_sends_is_what_we_read(method, path, headers, chunks, chunked):
    """A client we did not write and this parser agree on every request."""
    framing = ("transfer-encoding", "chunked") if chunked else ("content-length", str(sum(map(len, chunks))))
    sent = [("host", "h"), *headers.items(), framing]
    client = h11.Connection(h11.CLIENT)
    data = client.send(h11.Request(method=method, target="/" + path, headers=sent))
    for chunk in chunks:
        data += client.send(h11.Data(data=chunk))
    data += client.send(h11.EndOfMessage())
    head, body = parsed(data)
    assert isinstance(head, Head)
    assert (head.method, head.target, head.headers) == (method, "/" + path, dict(sent))
    assert body == b"".join(chunks)


class Sink(list):
    def write(self, data):
        self.append(bytes(data))

    def finish(self):
        return b"".join(self)


@pytest.mark.parametrize(("size", "kept"), [(SPOOLED_BYTES, 0), (SPOOLED_BYTES - 1, 2)], ids=["large", "small"])
def test_what_is_known_to_become_large_is_not_kept(size, kept):
    """Piece by piece it goes to the sink, long before it is as large as that."""
    sink = Sink()
    parser = RequestParser(lambda: sink)
    parser.receive(b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
    parser.next_event()
    for _ in range(2):
        parser.receive(bytes(PIECE_BYTES))
        assert parser.next_event() is None
    assert parser.received - sum(map(len, sink)) == kept * PIECE_BYTES
    parser.receive(bytes(size - 2 * PIECE_BYTES))
    assert len(parser.next_event()) == size
