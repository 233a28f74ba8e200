"""The server side of HTTP/1.1, without I/O: bytes in, requests out.

h11 does this more generally and takes about 45 µs for an S3 request, as much as the rest of an exchange. This parser
reads what S3 accepts (RFC 9112, no obsolete line folding, one framing and one Host per request) and refuses the rest.
The tests compare it with h11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pytest_s3errors._core.body import PIECE_BYTES, SPOOLED_BYTES, Body, Sink
from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.limits import MAX_HEADER_SECTION_BYTES

_MAX_CHUNK_LINE = 1024
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rf"({_NAME}) ([!-~\x80-\xff]+) HTTP/1\.([01])")
_FIELDS = re.compile(rf"(?:{_NAME}:[\t\x20-\x7e\x80-\xff]*\r\n)*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class BadRequest(Exception):
    """The bytes are not a request that S3 accepts; *code* is its error code. The connection can't be used further."""

    def __init__(self, why: str, code: str = "BadRequest") -> None:
        super().__init__(why)
        self.code = code


class Head(NamedTuple):
    """A request without its body. Header names are in lower case; repeated headers are joined with a comma."""

    method: str
    target: str
    headers: dict[str, str]
    keep_alive: bool
    chunks: bool = True
    """Whether the client can read a chunked response. HTTP/1.0 clients can't."""

    @property
    def is_unsized(self) -> bool:
        """Whether it lacks the size that its body needs: a PUT with neither a length nor chunks."""
        return self.method == "PUT" and "content-length" not in self.headers and "transfer-encoding" not in self.headers

    @property
    def body_size(self) -> int | None:
        """The length of the body by the headers. None: chunked framing without a length."""
        return whole_number(self.headers.get("content-length") or self.headers.get("x-amz-decoded-content-length"))

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"


class RequestParser:
    """Parse requests. `receive` takes bytes; `next_event` returns a `Head`, then the whole body, request by request.

    *spool* creates the sink for a body of `SPOOLED_BYTES` or more. Without it everything stays in memory.
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
        """How many bytes of the current body have arrived."""
        return self._spooled + len(self._body)

    @property
    def buffered(self) -> int:
        """How many buffered bytes belong to no event yet, without those of the current body."""
        return len(self._buffer)

    def starts_with(self, prefix: bytes) -> bool:
        """Return whether those bytes begin with *prefix*."""
        return self._buffer.startswith(prefix)

    def take_received(self) -> Body:
        """Return the bytes of the current, incomplete body. No event follows."""
        return self._take_body()

    def receive(self, data: bytes | memoryview) -> None:
        """Take what arrived."""
        self._buffer += data

    def next_event(self) -> Head | Body | None:
        """Return the next head or body. None: more bytes are needed.

        Raises:
            BadRequest: the bytes are not HTTP/1.x, the head is too large, the framing is broken or contradictory, or
                there is no Host or more than one.
        """
        while (event := self._state()) is _AGAIN:
            pass
        return event

    def _read_head(self) -> Head | Body | None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: empty lines before a request are ignored
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEADER_SECTION_BYTES:
            if len(buffer) > MAX_HEADER_SECTION_BYTES:
                raise BadRequest(
                    f"the request's head is longer than {MAX_HEADER_SECTION_BYTES} bytes",
                    "RequestHeaderSectionTooLarge",
                )
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
        elif (left := whole_number(length)) is not None:
            self._left, self._state = left, self._read_body
        else:
            raise BadRequest(f"content-length {length!r} is not a number")

    def _take(self) -> None:
        size = min(self._left, len(self._buffer))
        if size == len(self._buffer):
            self._body += self._buffer
            self._buffer.clear()
        else:
            self._body += self._buffer[:size]
            del self._buffer[:size]
        self._left -= size
        # What is known to become large goes to the sink piece by piece: ten connections at once hold ten pieces.
        large = self._sink is not None or self.received + self._left >= SPOOLED_BYTES
        if large and len(self._body) >= PIECE_BYTES and self._spool is not None:
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
    """Parse the head in *text*, which ends with one CRLF.

    Raises:
        BadRequest: the request line or a header field breaks the syntax of RFC 9112.
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
        if name == "host" and name in headers:
            raise BadRequest("there are two Host headers")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    new = parts[3] == "1"
    if new and "host" not in headers:  # RFC 9112, 3.2; HTTP/1.0 does not need it
        raise BadRequest("there is no Host header")
    connection = headers.get("connection", "").lower()
    keep = "close" not in connection if new else "keep-alive" in connection
    return Head(method=parts[1], target=parts[2], headers=headers, keep_alive=keep, chunks=new)
