"""HTTP/1.1, the server's half, without I/O: bytes in, requests out; an answer in, bytes out.

h11 does the same more generally and takes some 45 µs for one of S3's requests, as much as the rest of an exchange
together; this parser reads what S3 itself would accept (RFC 9112, no obsolete line folding, no request with two
framings) and refuses the rest. h11 judges it in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_s3errors._core.body import SPOOLED_BYTES, Body, Sink

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Response

MAX_HEAD = 8192
"""Bytes of a request's head, its line and its headers, that S3 takes (fact 67)."""

_MAX_CHUNK_LINE = 1024
_MAX_DIGITS = 18
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rf"({_NAME}) ([!-~\x80-\xff]+) HTTP/1\.([01])")
_FIELDS = re.compile(rf"(?:{_NAME}:[\t\x20-\x7e\x80-\xff]*\r\n)*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class BadRequest(Exception):
    """The bytes are no request that S3 takes, by error *code*; the connection is of no more use."""

    def __init__(self, why: str, code: str = "BadRequest") -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request without its body. Header names in lower case; repeated ones joined with a comma."""

    method: str
    target: str
    headers: dict[str, str]
    keep_alive: bool
    chunks: bool = True
    """Whether the client can read an answer in chunks, which HTTP/1.0 does not have."""

    @property
    def is_unsized(self) -> bool:
        """Whether it says nothing of a body where it should: a PUT with neither length nor chunks."""
        return self.method == "PUT" and "content-length" not in self.headers and "transfer-encoding" not in self.headers

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"


class RequestParser:
    """Feed it what arrived; it yields a `Head`, then the whole body, request by request.

    *spool* makes the sink that takes a body of more than `SPOOLED_BYTES`; without it all stays in memory.
    """

    __slots__ = ("_body", "_buffer", "_left", "_sink", "_spool", "_spooled", "_state")

    def __init__(self, spool: Callable[[], Sink] | None = None) -> None:
        self._spool = spool
        self._buffer = bytearray()
        self._body = bytearray()
        self._sink: Sink | None = None
        self._spooled = 0
        self._left = 0
        self._state = self._read_head

    @property
    def received(self) -> int:
        """How many bytes of the body under way are here."""
        return self._spooled + len(self._body)

    def take_received(self) -> Body:
        """Those bytes, of a request that is not read to its end; nothing more can be fed."""
        return self._take_body()

    def feed(self, data: bytes) -> Iterator[Head | Body]:
        """Yield what *data* completes.

        Raises:
            BadRequest: not HTTP/1.x, an oversized head, broken or contradictory framing.
        """
        self._buffer += data
        while (event := self._state()) is not None:
            if event is not _AGAIN:
                yield event

    def _read_head(self) -> Head | Body | None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: empty lines before a request are ignored
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEAD:
            if len(buffer) > MAX_HEAD:
                raise BadRequest(f"the request's head is longer than {MAX_HEAD} bytes", "RequestHeaderSectionTooLarge")
            return None
        head = parse_head(buffer[: end + 2].decode("latin-1"))
        del buffer[: end + 4]
        self._body.clear()
        self._start_body(head.headers)
        return head

    def _start_body(self, headers: dict[str, str]) -> None:
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise BadRequest(f"transfer-encoding {coding!r} with content-length {length!r}")
            self._state = self._read_chunk_line
        elif length is None:
            self._left, self._state = 0, self._read_body
        elif length.isascii() and length.isdigit() and len(length) <= _MAX_DIGITS:
            self._left, self._state = int(length), self._read_body
        else:
            raise BadRequest(f"content-length {length!r} is not a number")

    def _take(self) -> None:
        size = min(self._left, len(self._buffer))
        self._body += self._buffer[:size]
        del self._buffer[:size]
        self._left -= size
        if len(self._body) > SPOOLED_BYTES and self._spool is not None:
            self._sink = self._sink or self._spool()
            self._spool_on(self._sink)

    def _spool_on(self, sink: Sink) -> None:
        sink.write(self._body)
        self._spooled += len(self._body)
        self._body.clear()

    def _take_body(self) -> Body:
        if self._sink is None:
            body: Body = bytes(self._body)
            self._body.clear()
            return body
        self._spool_on(self._sink)
        body, self._sink, self._spooled = self._sink.finish(), None, 0
        return body

    def _finish(self) -> Body:
        self._state = self._read_head
        return self._take_body()

    def _read_body(self) -> Head | Body | None:
        self._take()
        return None if self._left else self._finish()

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0 or end > _MAX_CHUNK_LINE:
            if len(self._buffer) > _MAX_CHUNK_LINE:
                raise BadRequest("a chunk's first line does not end")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _read_chunk_line(self) -> Head | Body | None:
        line = self._line()
        if line is None:
            return None
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise BadRequest(f"{line[:40]!r} is not the size of a chunk")
        self._left = int(size[1], 16)
        self._state = self._read_chunk if self._left else self._read_trailer
        return _AGAIN

    def _read_chunk(self) -> Head | Body | None:
        self._take()
        if self._left or len(self._buffer) < len(b"\r\n"):
            return None
        if not self._buffer.startswith(b"\r\n"):
            raise BadRequest("a chunk is longer than its first line says")
        del self._buffer[:2]
        self._state = self._read_chunk_line
        return _AGAIN

    def _read_trailer(self) -> Head | Body | None:
        line = self._line()
        if line is None:
            return None
        return self._finish() if not line else _AGAIN


_AGAIN = b"again"


def parse_head(text: str) -> Head:
    """The head in *text*, which ends with one CRLF.

    Raises:
        BadRequest: the request line or a header field is not of RFC 9112's form.
    """
    line, _, fields = text.partition("\r\n")
    parts = _REQUEST_LINE.fullmatch(line)
    if parts is None:
        raise BadRequest(f"{line[:80]!r} is not a request line")
    if _FIELDS.fullmatch(fields) is None:
        raise BadRequest("a header field is not of the form name: value")
    headers: dict[str, str] = {}
    for field in fields.split("\r\n")[:-1]:
        name, _, value = field.partition(":")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    connection = headers.get("connection", "").lower()
    keep = "close" not in connection if parts[3] == "1" else "keep-alive" in connection
    return Head(method=parts[1], target=parts[2], headers=headers, keep_alive=keep, chunks=parts[3] == "1")


class Encoded(NamedTuple):
    """An answer as it goes out: `head` and `tail` stand around `body`, of which there may be less than promised."""

    head: bytes
    body: Body
    tail: bytes = b""


def encode_response(
    response: Response, *, method: str, reason: str, date: str, chunked: bool, sent: int | None = None
) -> Encoded:
    """The answer with Date and framing; only the first *sent* bytes of its body, None: all.

    With *sent*, the framing still promises the whole body.
    """
    body = response.body
    unframed = response.status in (204, 304)
    bodiless = unframed or method == "HEAD"
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append(f"Date: {date}")
    if chunked and not unframed:  # to HEAD too: the framing that the body would have (fact 12)
        lines.append("Transfer-Encoding: chunked")
    elif response.length is not None or not (bodiless and not body):
        lines.append(f"Content-Length: {len(body) if response.length is None else response.length}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    if bodiless:
        return Encoded(head, b"")
    part = body if sent is None else body[:sent]
    if not chunked:
        return Encoded(head, part)
    if body:
        head += b"%x\r\n" % len(body)
    return Encoded(head, part, (b"\r\n0\r\n\r\n" if body else b"0\r\n\r\n") if sent is None else b"")
