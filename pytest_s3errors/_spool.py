"""Large bodies on disk: a temporary file for each, gone with the body that reads from it."""

from __future__ import annotations

import tempfile
import threading
import weakref

from pytest_s3errors._core.body import LongBody


class Spooled:
    """A body on its way to a temporary file, then the source to read it from. Reads may come from several threads."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the body
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._size = 0

    def write(self, data: bytes | bytearray) -> None:
        """Append *data*.

        Raises:
            OSError: the disk is full.
        """
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._size += len(data)

    def finish(self) -> LongBody:
        """Return everything written, as a body to read from."""
        return LongBody(self, 0, self._size)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end*."""
        with self._lock:
            self._file.seek(start)
            found = bytearray()
            while len(found) < end - start and (more := self._file.read(end - start - len(found))):
                found += more
            return bytes(found)

    def __reduce__(self) -> tuple[type[_Copy], tuple[bytes]]:
        """Pickle the bytes, for another process."""
        return _Copy, (self.read(0, self._size),)


class _Copy:
    """What another process keeps of a spooled body."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, end: int) -> bytes:
        return self._data[start:end]
