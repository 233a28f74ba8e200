"""The sources of a batch, which return the same bytes for each attempt."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from s3_asyncio_client._body import is_file

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSource:
    """Bytes that are created again for each attempt.

    Attributes:
        factory: Called without arguments for each attempt. Returns a new async iterator of the same bytes, which is
            closed after the attempt if it has `aclose`.
        length: The number of bytes.

    Raises:
        TypeError: *factory* is not callable, or *length* is not an int.
        ValueError: *length* is negative.
    """

    factory: Callable[[], AsyncIterator[bytes]]
    length: int

    def __post_init__(self) -> None:
        """Check the values."""
        if not callable(self.factory):
            kind = type(self.factory).__name__
            raise TypeError(f"factory must be callable without arguments, not {kind}; an iterator gives its bytes once")
        if isinstance(self.length, bool) or not isinstance(self.length, int):
            raise TypeError(f"length must be an int, not {type(self.length).__name__}")
        if self.length < 0:
            raise ValueError(f"length must be 0 or more bytes, got {self.length}")


Source = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | StreamSource
"""Bytes, a path (a str is one), a seekable binary file, or a `StreamSource`."""


class ObjectWriter(Protocol):
    """The part of a client that a batch uses."""

    async def put_object(
        self, bucket: str, key: str, data: Any, /, *, content_length: int | None = None
    ) -> dict[str, Any]:
        """Store an object."""
        ...

    async def upload_file(self, bucket: str, key: str, file_source: Any, /) -> dict[str, Any]:
        """Store a file of any size."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file of a batch, checked.

    *start* is the position of an open file at the start of the batch, otherwise None. With a *problem* it is not sent.
    """

    key: str
    source: Source
    start: int | None = None
    problem: Exception | None = None

    async def send(self, client: ObjectWriter, bucket: str) -> dict[str, Any]:
        """Make one attempt. A file is rewound before and after it."""
        if self.problem is not None:
            raise self.problem
        if isinstance(self.source, bytes):
            return await client.put_object(bucket, self.key, self.source)
        if isinstance(self.source, StreamSource):
            return await _send_stream(client, bucket, self.key, self.source)
        self._rewind()
        try:
            return await client.upload_file(bucket, self.key, self.source)
        finally:
            self._rewind()

    def _rewind(self) -> None:
        if self.start is not None:
            self.source.seek(self.start)  # type: ignore[union-attr]


async def _send_stream(client: ObjectWriter, bucket: str, key: str, source: StreamSource) -> dict[str, Any]:
    stream = source.factory()
    try:
        return await client.put_object(bucket, key, stream, content_length=source.length)
    finally:
        if (aclose := getattr(stream, "aclose", None)) is not None:
            # A generator can't be closed while the failed request is still being cancelled, which ends it too. That
            # must not hide the error of the request.
            with contextlib.suppress(RuntimeError):
                await aclose()


def uploads_of(files: Iterable[tuple[str, Source]]) -> list[Upload]:
    """Check the files of a batch. Nothing is read or sent.

    A problem of one file becomes its `problem`: data that is not a `Source`, a file that is closed or cannot be
    rewound. Two files with one key, or with one open file, both have a problem: each would corrupt the other.

    Raises:
        TypeError: An item is not a (key, data) pair.
    """
    uploads = []
    for item in files:
        if not (isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)):  # noqa: PLR2004 - a pair
            raise TypeError(f"files must be (key, data) pairs, not {type(item).__name__}")
        uploads.append(_upload(*item))
    keys = Counter(upload.key for upload in uploads)
    opened = Counter(id(upload.source) for upload in uploads if upload.start is not None)
    return [replace(upload, problem=upload.problem or _clash(upload, keys, opened)) for upload in uploads]


def _clash(upload: Upload, keys: Counter[str], opened: Counter[int]) -> Exception | None:
    if keys[upload.key] > 1:
        return ValueError(f"{upload.key!r} stands {keys[upload.key]} times in the batch; each would replace the other")
    if opened[id(upload.source)] > 1:
        return ValueError(f"the file for {upload.key!r} stands under another key as well; open it once for each")
    return None


def _upload(key: str, data: Source) -> Upload:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return Upload(key=key, source=bytes(data))  # a copy, since the caller could change it between two passes
    if isinstance(data, (str, os.PathLike, StreamSource)):
        return Upload(key=key, source=data)
    if is_file(data):
        try:
            return Upload(key=key, source=data, start=data.tell())
        except (OSError, ValueError) as error:
            problem = ValueError(f"the file for {key!r} cannot be rewound for another attempt: {error}")
            return Upload(key=key, source=data, problem=problem)
    allowed = "bytes, a path, a seekable binary file or a StreamSource"
    return Upload(key=key, source=data, problem=TypeError(f"the data for {key!r} must be {allowed}, not {_kind(data)}"))


def _kind(data: object) -> str:
    hint = "; wrap it: StreamSource(factory=..., length=...)" if callable(data) or hasattr(data, "__anext__") else ""
    return f"{type(data).__name__}{hint}"
