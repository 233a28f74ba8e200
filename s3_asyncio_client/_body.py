"""Request bodies: their length, their hash, and the pieces to send.

Bytes and files are hashed first, so that S3 can refuse a body that changed in transit. An async iterator can only be
read once, so it is signed piece by piece (aws-chunked). Files are read in threads and never loaded into memory.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from s3_asyncio_client._core.signing import (
    EMPTY_SHA256,
    STREAMING_PAYLOAD,
    ChunkSigner,
    encoded_length,
    sha256,
    signature_of,
)
from s3_asyncio_client.exceptions import S3ClientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from s3_asyncio_client._core.signing import Credentials

Data = bytes | bytearray | memoryview | BinaryIO | AsyncIterable[bytes]


class OwnSha256(str):
    """The checksum of a body that was hashed for it, so that the signature need not hash it again.

    S3 compares a caller's own checksum with the body, and says so; so that one is not taken for the hash.
    """

    __slots__ = ()


class SeekableFile(Protocol):
    """A file that can be sent."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most *size* bytes."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position."""
        ...

    def tell(self) -> int:
        """Return the position."""
        ...


_PIECE = 64 * 1024
_FILE_PIECE = 256 * 1024
_FILE_BLOCK = 1024 * 1024  # each read is a trip to a thread, so one brings several pieces
# aiohttp warns about more than 1 MiB in one piece, and hashing more than that would block the event loop noticeably.
_MANY_BYTES = 1024 * 1024
_LENGTH = frozenset({"content-length"})
_DECODED_LENGTH = "x-amz-decoded-content-length"


def is_file(data: object) -> bool:
    """Return whether *data* is a file: it has `read`, `seek` and `tell`."""
    return all(callable(getattr(data, name, None)) for name in ("read", "seek", "tell"))


def check_data(data: object) -> None:
    """Refuse a body that cannot be sent.

    Raises:
        TypeError: *data* is text, a text file, or neither bytes-like, nor a seekable file, nor an async iterable.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return
    if isinstance(data, str):
        raise TypeError("data must be bytes, not str; pass text.encode()")
    if hasattr(data, "encoding") and is_file(data):
        raise TypeError('data must be a binary file, not a text file; open it with mode "rb"')
    if not (isinstance(data, AsyncIterable) or is_file(data)):
        kinds = "bytes, bytearray, memoryview, a seekable binary file or an async iterator of bytes"
        raise TypeError(f"data must be {kinds}, not {type(data).__name__}")


def file_size(file: SeekableFile) -> int:
    """Return the number of bytes from the file's position to its end. The position does not change."""
    start = file.tell()
    end = file.seek(0, 2)
    file.seek(start)
    return max(end - start, 0)


class Pieces:
    """Async iterator over a body. It counts bytes and, if it stops early, keeps the reason.

    It is a class, not a generator: aiohttp may drop it halfway, and a suspended generator would be left to the garbage
    collector. aiohttp also hides an exception of the body behind its own; `failure` has the original.
    """

    __slots__ = ("_left", "_read", "failure")

    def __init__(self, read: Callable[[], Awaitable[bytes | memoryview]], length: int) -> None:
        self._read = read
        self._left = length
        self.failure: Exception | None = None

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes | memoryview:
        try:
            piece = await self._read()
            self._count(piece)
        except Exception as error:
            self.failure = error
            raise
        if not piece:
            raise StopAsyncIteration
        return piece

    def _count(self, piece: bytes | memoryview) -> None:
        self._left -= len(piece)
        if self._left < 0 or (self._left > 0 and not piece):
            kind = "more" if self._left < 0 else f"{self._left} bytes fewer"
            raise S3ClientError(f"the body gave {kind} than its Content-Length; it changed while it was sent")


def _nothing() -> None:
    """Close a body that holds nothing."""


class Body(NamedTuple):
    """A body ready to be signed.

    Attributes:
        payload_hash: SHA-256 in hex, or the marker of a body signed in chunks.
        headers: Content-Length, in bytes on the wire, and whatever else is about the body.
        data: The body itself, in one go or in pieces.
        stream: Otherwise, what is signed in chunks.
        replaced: The names, in lower case, of the caller's headers that give way to *headers*.
        close: Rewinds a file to its first position, so a second attempt sends the same bytes.
    """

    payload_hash: str
    headers: dict[str, str]
    data: bytes | Pieces | None = None
    stream: AsyncIterable[bytes] | None = None
    replaced: AbstractSet[str] = _LENGTH
    close: Callable[[], None] = _nothing

    def content(
        self, signed: Mapping[str, str], credentials: Credentials, region: str, now: datetime
    ) -> bytes | Pieces | None:
        """Return the body in the form that aiohttp sends. *signed* are the signed headers."""
        if self.stream is None:
            return self.data
        signer = ChunkSigner(signature_of(signed), credentials=credentials, region=region, now=now)
        reader = _ChunkReader(self.stream, signer, int(self.headers[_DECODED_LENGTH]))
        return Pieces(reader.read, int(self.headers["Content-Length"]))


NO_BODY = Body(EMPTY_SHA256, {})
EMPTY_BODY = Body(EMPTY_SHA256, {"Content-Length": "0"})


async def open_body(data: Data, headers: Mapping[str, str]) -> Body:
    """Measure and hash a body.

    Args:
        data: The body. A file is sent from its position to its end.
        headers: The request's headers, names in lower case. An async iterator needs a content-length.

    Raises:
        TypeError: See `check_data`.
        ValueError: There is no Content-Length for an async iterator.
        S3ClientError: The Content-Length is not the length of the bytes or the file.
    """
    known = headers.get("x-amz-checksum-sha256")
    hashed = base64.b64decode(known).hex() if isinstance(known, OwnSha256) else None
    if isinstance(data, (bytes, bytearray, memoryview)):
        view = memoryview(data).cast("B")
        sent = _checked_length(len(view), headers)
        many = len(view) > _MANY_BYTES
        if hashed is None:
            hashed = await asyncio.to_thread(sha256, view) if many else sha256(view)
        if many:
            return Body(hashed, sent, Pieces(_view_reader(view), len(view)))
        return Body(hashed, sent, data if isinstance(data, bytes) else bytes(view))
    check_data(data)
    if isinstance(data, AsyncIterable):
        return _stream_body(data, headers)
    reader = _FileReader(data)
    length, measured = await asyncio.to_thread(reader.measure, hashed)
    return Body(measured, _checked_length(length, headers), Pieces(reader.read, length), close=reader.close)


def _checked_length(length: int, headers: Mapping[str, str]) -> dict[str, str]:
    given = headers.get("content-length")
    if given and given != str(length):
        raise S3ClientError(
            f"Content-Length says {given} bytes, the body has {length}; it changed, or the header is wrong"
        )
    return {"Content-Length": str(length)}


def _stream_body(data: AsyncIterable[bytes], headers: Mapping[str, str]) -> Body:
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise ValueError("an async iterator needs its length: pass content_length=, the bytes it will give")
    encoding = headers.get("content-encoding")
    sent = {
        "Content-Length": str(encoded_length(int(length), _PIECE)),
        "Content-Encoding": f"aws-chunked,{encoding}" if encoding else "aws-chunked",
        _DECODED_LENGTH: length,
    }
    return Body(STREAMING_PAYLOAD, sent, stream=data, replaced={name.lower() for name in sent})


def _view_reader(view: memoryview) -> Callable[[], Awaitable[bytes]]:
    starts = iter(range(0, len(view), _PIECE))

    async def read() -> bytes:
        start = next(starts, None)
        return b"" if start is None else bytes(view[start : start + _PIECE])

    return read


class _FileReader:
    """Reads a file in threads. The lock stops a read that outlives its request from moving the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self._lock = threading.Lock()
        self._closed = False
        self._left = memoryview(b"")

    def measure(self, hashed: str | None) -> tuple[int, str]:
        """Return the length, and the SHA-256 in hex unless it is *hashed* already."""
        digest, length = hashlib.sha256(), 0
        with self._lock:
            if hashed is not None:
                return file_size(self._file), hashed
            while piece := self._file.read(_FILE_BLOCK):
                digest.update(piece)
                length += len(piece)
            self._file.seek(self._start)
        return length, digest.hexdigest()

    async def read(self) -> memoryview:
        """Return the next piece of a block."""
        if not self._left:
            self._left = memoryview(await asyncio.to_thread(self._read))
        piece, self._left = self._left[:_FILE_PIECE], self._left[_FILE_PIECE:]
        return piece

    def _read(self) -> bytes:
        with self._lock:
            return b"" if self._closed else self._file.read(_FILE_BLOCK)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._file.seek(self._start)


class _ChunkReader:
    """Splits an async iterator's bytes into signed chunks of equal size."""

    def __init__(self, stream: AsyncIterable[bytes], signer: ChunkSigner, length: int) -> None:
        self._iterator = aiter(stream)
        self._signer = signer
        self._length = length
        self._left = length
        self._buffer = bytearray()
        self._finished = False

    async def read(self) -> bytes:
        if self._finished:
            return b""
        size = min(_PIECE, self._left)
        while len(self._buffer) < max(size, 1):
            piece = await anext(self._iterator, None)
            if piece is None:
                break
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise TypeError(f"an async iterator must give bytes, not {type(piece).__name__}")
            self._buffer += piece
        if len(self._buffer) < size or (size == 0 and self._buffer):
            kind = "more" if self._buffer and size == 0 else "fewer"
            raise S3ClientError(f"the async iterator gave {kind} bytes than the {self._length} promised for it")
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._left -= size
        self._finished = size == 0
        return self._signer.encode(chunk)
