"""Sizes of transfers: when to split, into which parts, and how to read a file in pieces."""

from __future__ import annotations

import asyncio
import math
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, BinaryIO

from s3_asyncio_client._body import file_size, is_file
from s3_asyncio_client._core.limits import MAX_PARTS
from s3_asyncio_client._core.limits import MAX_UPLOAD_BYTES as MAX_PART_SIZE
from s3_asyncio_client._core.limits import MIN_PART_BYTES as MIN_PART_SIZE
from s3_asyncio_client.exceptions import S3ClientError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = [
    "DEFAULT_MAX_CONCURRENCY",
    "DEFAULT_MULTIPART_CHUNKSIZE",
    "DEFAULT_MULTIPART_THRESHOLD",
    "MAX_PARTS",
    "MAX_PART_SIZE",
    "MAX_SINGLE_UPLOAD_SIZE",
    "MIN_PART_SIZE",
    "TransferConfig",
    "adjust_chunk_size",
    "calculate_file_size",
    "read_exactly",
    "read_file_chunks",
    "read_fileobj_chunks",
    "should_use_multipart",
]

_MIB = 1024 * 1024

DEFAULT_MULTIPART_THRESHOLD = 8 * _MIB
DEFAULT_MULTIPART_CHUNKSIZE = 8 * _MIB
DEFAULT_MAX_CONCURRENCY = 10
MAX_SINGLE_UPLOAD_SIZE = MAX_PART_SIZE


@dataclass(frozen=True, slots=True)
class TransferConfig:
    """How files are split. A transfer holds at most multipart_chunksize * max_concurrency bytes in memory.

    Attributes:
        multipart_threshold: Bytes above which a file is split.
        multipart_chunksize: Bytes of a part. Uploads raise it to S3's minimum if needed, see `adjust_chunk_size`.
        max_concurrency: The maximum number of parts in flight.

    Raises:
        TypeError: A value is not an int.
        ValueError: A value is below 1.
    """

    multipart_threshold: int = DEFAULT_MULTIPART_THRESHOLD
    multipart_chunksize: int = DEFAULT_MULTIPART_CHUNKSIZE
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY

    def __post_init__(self) -> None:
        """Check the values."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{field.name} must be an int, not {type(value).__name__}")
            if value < 1:
                raise ValueError(f"{field.name} must be at least 1, got {value}")


def should_use_multipart(file_size: int, threshold: int = DEFAULT_MULTIPART_THRESHOLD) -> bool:
    """Return whether *file_size* is more than *threshold*, both in bytes."""
    return file_size > threshold


def adjust_chunk_size(current_chunksize: int, file_size: int | None = None) -> int:
    """Return the part size in bytes that is nearest to *current_chunksize* and that S3 accepts.

    Args:
        current_chunksize: The desired size in bytes.
        file_size: Bytes of the whole file. If given, the parts are large enough for 10,000 of them to hold it.

    Raises:
        S3ClientError: *file_size* is more than 10,000 parts of 5 GiB.
    """
    size = min(max(current_chunksize, MIN_PART_SIZE), MAX_PART_SIZE)
    if file_size is not None and file_size > size * MAX_PARTS:
        # Whole MiB, so that files of nearly the same size get the same part size.
        size = math.ceil(file_size / MAX_PARTS / _MIB) * _MIB
        if size > MAX_PART_SIZE:
            raise S3ClientError(f"a file of {file_size} bytes is more than {MAX_PARTS} parts of {MAX_PART_SIZE} bytes")
    return size


def calculate_file_size(file_source: str | os.PathLike[str] | BinaryIO) -> int:
    """Return the size of a file in bytes. For an open file: from its position, which does not change, to its end.

    Raises:
        S3ClientError: The file does not exist, or *file_source* is neither a path nor a seekable binary file.
    """
    try:
        if isinstance(file_source, (str, os.PathLike)):
            return os.stat(file_source).st_size  # noqa: PTH116 - takes str and PathLike alike
        if is_file(file_source):
            return file_size(file_source)
    except (OSError, ValueError) as error:  # ValueError: closed, or not seekable
        raise S3ClientError(f"the size of the file cannot be told: {error}") from error
    raise S3ClientError(f"expected a path or a seekable binary file, got {type(file_source).__name__}")


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Read *size* bytes, or fewer at the end of the file. One read of a raw file may return less."""
    data = file.read(size)
    if not isinstance(data, bytes):
        raise TypeError(f'the file must give bytes, not {type(data).__name__}; open it with mode "rb"')
    if len(data) == size or not data:
        return data
    pieces = [data]
    missing = size - len(data)
    while missing and (piece := file.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


async def read_file_chunks(file_path: str | os.PathLike[str], part_size: int) -> AsyncIterator[bytes]:
    """Yield the file at *file_path* in pieces of *part_size* bytes. The last one may be shorter. Read in a thread."""
    file = await asyncio.to_thread(open, file_path, "rb")
    try:
        async for chunk in read_fileobj_chunks(file, part_size):
            yield chunk
    finally:
        file.close()


async def read_fileobj_chunks(fileobj: BinaryIO, part_size: int) -> AsyncIterator[bytes]:
    """Yield an open file from its position to its end, as `read_file_chunks` does. The file stays open."""
    if part_size < 1:
        raise ValueError(f"part_size must be at least 1 byte, got {part_size}")
    while chunk := await asyncio.to_thread(read_exactly, fileobj, part_size):
        yield chunk
