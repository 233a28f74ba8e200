"""Large bodies on disk: a temporary file for each, gone with the body that reads from it."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING

from pytest_s3errors._core.body import LongBody
from pytest_s3errors._core.s3.digests import ArrivingSums
from pytest_s3errors._time.originals import REAL

if TYPE_CHECKING:
    from collections.abc import Mapping


_WAITING_PIECES = 3


class Spooled:
    """A body on its way to a temporary file, then the source to read it from. Reads may come from several threads.

    With *headers*, those of a request, its digests are computed as well, while further bytes arrive. The thread that
    does so ends when nothing is left to add, after a few milliseconds. No test time passes, since the request is open.
    """

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the body
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._size = 0
        self._sums = None if headers is None else ArrivingSums(headers)
        self._pieces: deque[bytes | bytearray] = deque()
        self._summing = REAL.allocate_lock()  # held by the one who adds the pieces to the sums

    def write(self, data: bytes | bytearray) -> None:
        """Append *data*, which must not change any more.

        Raises:
            OSError: the disk is full.
        """
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self._size += len(data)
        if self._sums is not None:
            self._pieces.append(data)
            if self._summing.acquire(blocking=len(self._pieces) > _WAITING_PIECES):
                REAL.start_new_thread(self._sum, (self._sums,))

    def _sum(self, sums: ArrivingSums) -> None:
        try:
            while self._pieces:
                sums.update(self._pieces.popleft())
        finally:
            self._summing.release()

    def finish(self) -> LongBody:
        """Return everything written, as a body to read from."""
        if self._sums is None:
            return LongBody(self, 0, self._size)
        self._summing.acquire()
        self._sum(self._sums)
        return LongBody(self, 0, self._size, self._sums.sums())

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end*."""
        with self._lock:
            self._file.seek(start)
            found = self._file.read(end - start)
            while len(found) < end - start and (more := self._file.read(end - start - len(found))):
                found += more
            return found

    def __reduce__(self) -> tuple[type[_Copy], tuple[bytes]]:
        """Pickle the bytes, for another process."""
        return _Copy, (self.read(0, self._size),)


class _Copy:
    """What another process keeps of a spooled body."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, end: int) -> bytes:
        return self._data[start:end]
