"""The result of `S3Client._make_request`: a response whose body is checked while it is read.

The body comes from an async generator of bytes, closed when the reader leaves it, or from a subclass. Both translate
their own exceptions into S3Error. Nothing here depends on aiohttp, so a test can build a response from memory.
"""

from __future__ import annotations

import contextlib
from math import inf
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.integrity import checksum_for
from s3_asyncio_client.exceptions import S3ConnectionError, S3IntegrityError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from s3_asyncio_client._core.integrity import Checksum

_OK = 200


def _nothing() -> None:
    """Do nothing: the response holds no connection."""


def promised_length(headers: Mapping[str, str]) -> int | None:
    """Return the Content-Length in bytes, or None if it is missing or invalid."""
    return whole_number(headers.get("Content-Length"))


def short_body_message(got: int, promised: int | None) -> str:
    """Describe how a body ended too early. *promised* is its length in bytes. None: it was chunked."""
    return (
        f"body ended after {got} of {promised} bytes" if promised is not None else f"body broke off after {got} bytes"
    )


class S3Response:
    """A response whose status was below 300.

    Args:
        status: HTTP status.
        headers: Response headers, case-insensitive.
        chunks: The body in pieces of any size. The reader gets its errors unchanged. None: a subclass has the body.
        on_close: Called once by the first `close()`. Drops the connection if the body was not read to its end.
        method: HTTP method of the request. The Content-Length of a HEAD is not compared with its body.
        operation: S3 operation, for the attributes of errors; likewise *bucket* and *key*.
        bucket: See *operation*.
        key: See *operation*.
        verify: Whether to compare the body with S3's checksum or ETag if the status is 200.
    """

    __slots__ = ("_body", "_chunks", "_method", "_on_close", "_started", "_verify", "_where", "headers", "status")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        chunks: AsyncGenerator[bytes] | None,
        *,
        on_close: Callable[[], None] = _nothing,
        method: str = "GET",
        operation: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
        verify: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks
        self._on_close: Callable[[], None] | None = on_close
        self._method = method
        self._where = operation, bucket, key
        self._verify = verify and status == _OK and method == "GET"
        self._started = False
        self._body: bytes | None = None

    def __repr__(self) -> str:
        """Show the status and what was asked for."""
        operation, bucket, key = self._where
        return f"<S3Response {self.status} {operation or self._method} {'/'.join(filter(None, (bucket, key)))}>"

    async def read(self) -> bytes:
        """Return the whole body; the second call returns the same bytes again.

        Raises:
            S3ConnectionError: The body ended before its Content-Length or the connection broke.
            S3TimeoutError: The body stalled.
            S3IntegrityError: The bytes are not those that S3's checksum or ETag is of.
            RuntimeError: `iter_chunks` has already taken a part of the body.
        """
        if self._body is None:
            self._body = await self._read_most(inf)
        return self._body

    async def _read_most(self, most: float) -> bytes:
        """Return the whole body, or the first bytes, more than *most*, of a longer one. Raises as `read` does."""
        checksum, pieces, got = self._begin(), [], 0
        try:
            while got <= most and (chunk := await self._next()) is not None:
                got += len(chunk)
                if checksum is not None:
                    checksum.update(chunk)
                pieces.append(chunk)
            if got <= most:
                self._judge(got, checksum)
        finally:
            if self._chunks is not None:
                await self._chunks.aclose()
            self.close()
        return b"".join(pieces)

    async def text(self) -> str:
        """Return the whole body as UTF-8 text, with U+FFFD for what is not; raises as `read` does."""
        return (await self.read()).decode("utf-8", "replace")

    async def iter_chunks(self, size: int = 65536) -> AsyncGenerator[bytes]:
        """Yield the body in pieces of at most *size* bytes, in order.

        The length and checksum are judged when the last piece was taken, so treat the bytes as provisional until the
        loop has ended without an error. Raises as `read` does, and ValueError for a *size* below 1.
        """
        if size < 1:
            raise ValueError(f"size must be at least 1 byte, got {size}")
        async with contextlib.aclosing(self._source()) as source:
            async for chunk in source:
                for start in range(0, len(chunk), size):
                    yield chunk[start : start + size]

    def _source(self) -> AsyncGenerator[bytes]:
        return self._checked() if self._body is None else _once(self._body)

    def _begin(self) -> Checksum | None:
        """Return what the body has to add up to."""
        if self._started:
            raise RuntimeError("the body of this response was already read in pieces; ask for the object again")
        self._started = True
        return checksum_for(self.headers) if self._verify else None

    async def _checked(self) -> AsyncGenerator[bytes]:
        checksum, got = self._begin(), 0
        try:
            while (chunk := await self._next()) is not None:
                got += len(chunk)
                if checksum is not None:
                    checksum.update(chunk)
                yield chunk
            self._judge(got, checksum)
        finally:
            if self._chunks is not None:
                await self._chunks.aclose()
            # At the end the connection is back in its pool and this is a formality; anywhere else it must be dropped.
            self.close()

    async def _next(self) -> bytes | None:
        """Return the next piece of the body, None at its end."""
        return None if self._chunks is None else await anext(self._chunks, None)

    def _judge(self, got: int, checksum: Checksum | None) -> None:
        if self.headers.get("Content-Length") != str(got) and self._method != "HEAD":
            promised = promised_length(self.headers)
            if promised is not None and got != promised:
                raise S3ConnectionError(short_body_message(got, promised), **self._about())
        if checksum is not None and checksum.value != checksum.expected:
            raise S3IntegrityError(
                f"{checksum.algorithm} of the {got} bytes is {checksum.value}, S3 promised {checksum.expected}",
                **self._about(),
            )

    def _about(self) -> dict[str, Any]:
        return dict(zip(("operation", "bucket", "key"), self._where, strict=True))

    def close(self) -> None:
        """Release the connection; the unread rest of the body is lost. Closing twice does nothing."""
        if self._on_close is not None:
            on_close, self._on_close = self._on_close, None
            on_close()


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body
