"""The parts of a file for an upload. A part of a file on disk is a window that is read in blocks, never as a whole.

Ten parts of 8 MiB in memory would take 80 MiB. A window is read twice, to hash it and to send it; the second read comes
from the system's cache. A file-like object (a BytesIO, a decompressor) is read once from start to end, since seeking
back may be impossible or slow.
"""

from __future__ import annotations

import asyncio
import io
import math
import os
import threading
from typing import TYPE_CHECKING, BinaryIO

from s3_asyncio_client._workers import uninterrupted
from s3_asyncio_client.exceptions import S3ClientError
from s3_asyncio_client.transfer import adjust_chunk_size, read_exactly

if TYPE_CHECKING:
    from s3_asyncio_client.transfer import TransferConfig


def changed(size: int) -> S3ClientError:
    """Return the error for a file that no longer has *size* bytes."""
    return S3ClientError(f"the file had {size} bytes when the upload began and changed its size meanwhile")


class PartReader:
    """Hands out the parts of a file in order, starting at the file's position. Several tasks may ask.

    Close it, so that a thread that outlives the upload does not move the file.
    """

    def __init__(self, file: BinaryIO, size: int, config: TransferConfig) -> None:
        self.size = size
        self.part_size = adjust_chunk_size(config.multipart_chunksize, size)
        self.count = math.ceil(size / self.part_size)
        self.workers = min(config.max_concurrency, self.count)
        self._file = file
        self._start = file.tell()
        self._on_disk = isinstance(getattr(file, "raw", file), io.FileIO)
        self._last = 0
        self._turns = asyncio.Lock()
        self._reading = threading.Lock()
        self._closed = False

    async def next(self) -> tuple[int, int, bytes | FilePart] | None:
        """Return the next part: its number, its size in bytes, and its data. None: there are no more."""
        async with self._turns:
            if self._last == self.count:
                return None
            self._last += 1
            number, begin = self._last, (self._last - 1) * self.part_size
            size = min(self.part_size, self.size - begin)
            # A file that has grown must not be stored truncated.
            last = number == self.count
            if self._on_disk:
                if last and await uninterrupted(asyncio.to_thread(self._end)) != self._start + self.size:
                    raise changed(self.size)
                return number, size, FilePart(self, self._start + begin, size)
            data = await uninterrupted(asyncio.to_thread(read_exactly, self._file, size + last))
            if len(data) != size:
                raise changed(self.size)
            return number, size, data

    def read(self, position: int, size: int) -> bytes:
        """Read at most *size* bytes at *position*, from any thread; b"" at the end of the file."""
        with self._reading:
            if self._closed:
                return b""
            self._file.seek(position)
            return self._file.read(size)

    def _end(self) -> int:
        with self._reading:
            return self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Stop reading."""
        with self._reading:
            self._closed = True


class FilePart:
    """A window of a file on disk that behaves like a file: `read`, `seek`, `tell`."""

    def __init__(self, reader: PartReader, start: int, size: int) -> None:
        self._reader = reader
        self._start = start
        self._size = size
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """Read at most *size* bytes; b"" at the end.

        Raises:
            S3ClientError: The file ends before the window.
        """
        left = self._size - self._position
        wanted = left if size < 0 else min(size, left)
        if not wanted:
            return b""
        data = self._reader.read(self._start + self._position, wanted)
        if not data:
            raise changed(self._reader.size)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Seek to *offset*, relative to the window's start, the current position, or its end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = min(max(base + offset, 0), self._size)
        return self._position

    def tell(self) -> int:
        """Return the position in the window."""
        return self._position
