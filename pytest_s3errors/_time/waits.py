"""How one thread waits: on a lock that its waker releases, or on files and a bell that its waker rings."""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
from collections.abc import Callable, Collection, Sequence
from typing import Any

from .originals import REAL

READ, WRITE = 1, 2  # the values of `selectors.EVENT_READ` and `EVENT_WRITE`
_EXACT_POLLS = 30
_LAZIEST_S = 3600.0
_MOST_DOUBLINGS = 32  # from a microsecond to more than an hour
_LONGEST_S = 2_000_000.0  # poll takes milliseconds in 31 bits


class Record:
    """What the registry knows about one thread."""

    def __init__(self, born: int, *, stranger: bool = False, outside: bool = False) -> None:
        self.born = born
        self.stranger = stranger  # its start was not announced, and its end will not be
        self.outside = outside  # of a tool or of multiprocessing: it waits in real time and does not stop test time
        self.ident: int | None = None
        self.native: int | None = None
        self.owner: object = None  # its threading.Thread
        self.wait: Wait | None = None  # what it is parked on
        self.observed: Callable[[], bool] | None = None  # whether its wait from before the test is about to end
        self.busy: Callable[[], bool] | None = None  # whether jobs run in other processes
        self.ended = False
        self.guest = False  # it was there when the test began
        self.polls = 0  # looks at its files without result since the last result
        self.joiners: list[Wait] = []
        # See `unseen`: the last sample, since when, at which processor time, the last look, the place at the start.
        self.sample: Any = None
        self.since = self.cpu = self.looked = 0.0
        self.first: Any = None

    def patience_s(self, timeout: float | None) -> float | None:
        """Return how many seconds to wait for files instead of *timeout*. None: without limit.

        A server in a thread of the session wakes up every half second. Each time costs a millisecond, and an hour of
        test time has 7,200 of them. So such a thread wakes up ever less often while nothing arrives. Data ends the
        wait at once.
        """
        if timeout is None or not self.guest or self.polls <= _EXACT_POLLS:
            return timeout
        doublings = min(self.polls - _EXACT_POLLS, _MOST_DOUBLINGS)
        return max(timeout, min(timeout * 2.0**doublings, _LAZIEST_S))


class Wait:
    """One wait of one thread, on a lock. Everything except the lock changes only under the registry's mutex."""

    __slots__ = ("came", "deadline", "done", "lock", "record", "result", "rung", "timed")

    of_files = False

    def __init__(self) -> None:
        self.lock = REAL.allocate_lock()
        self.lock.acquire()
        self.record: Record | None = None
        self.deadline: float | None = None  # test time
        self.timed = False
        self.done = False
        self.result = False
        self.rung = False
        self.came = False  # what it waits for, though the registry was not told

    @property
    def parked(self) -> bool:
        """Whether the registry knows how long the thread waits, and it has not been woken."""
        return not self.done and (self.deadline is not None or not self.timed)

    def release(self) -> None:
        """End the wait. `threading.Condition.notify` treats this object as a lock.

        Raises:
            RuntimeError: The wait has ended already. `notify` then tries the next one.
        """
        REAL.registry.wake(self)

    def ring(self) -> None:
        """Make `pause` return."""
        if not self.rung:
            self.rung = True
            self.lock.release()

    def pause(self, timeout: float | None) -> bool:
        """Block in real time until `ring`, at most *timeout* seconds. Return whether it rang."""
        if self.lock.acquire(timeout=-1 if timeout is None else min(max(timeout, 0.0), _LONGEST_S)):
            self.rung = False
            return True
        return False

    def ready(self) -> bool:
        """Return whether the thread is about to run although the registry was not told."""
        return False

    def silence_s(self) -> float:
        """Return how many real seconds of silence are required before test time may pass."""
        return 0.0

    def ports(self) -> set[int | None]:
        """Return the local ports of the sockets that the thread waits for."""
        return set()

    def close(self) -> None:
        """Release the resources of the wait."""


class FileWait(Wait):
    """A wait for files of this process. *files* has pairs: a descriptor, and READ, WRITE or both."""

    __slots__ = ("_bell", "_files", "_silence_s")
    of_files = True

    def __init__(self, files: Sequence[tuple[int, int]], silence_s: Callable[[], float]) -> None:
        super().__init__()
        self._files = files
        self._silence_s = silence_s
        self._bell: Bell | None = None

    def ring(self) -> None:
        """Make `pause` return."""
        self.rung = True
        if self._bell is not None:
            self._bell.ring()

    def pause(self, timeout: float | None) -> bool:
        """Block in real time until a file is ready or `ring`. Return whether either happened."""
        if self._bell is None:
            self._bell = Bell()
        ready = () if self.rung else look((*self._files, (self._bell.fileno, READ)), timeout)
        rung = self.rung or self._bell.fileno in ready
        if rung:
            self._bell.quiet()
            self.rung = False
        self.came = len(ready) > rung
        return rung or self.came

    def ready(self) -> bool:
        """Return whether one of the files is ready. Nothing is consumed."""
        return bool(look(self._files, 0))

    def silence_s(self) -> float:
        """Return how many seconds these files must be silent."""
        return self._silence_s()

    def close(self) -> None:
        """Close the bell. The files stay as they are."""
        if self._bell is not None:
            bell, self._bell = self._bell, None
            bell.close()


class Bell:
    """A descriptor that another thread can make ready."""

    def __init__(self) -> None:
        self._sockets: tuple[socket.SocketType, ...] = ()
        if hasattr(os, "eventfd"):
            self.fileno = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._sockets = socket.socketpair()
            for end in self._sockets:
                end.settimeout(0)
            self.fileno = self._sockets[0].fileno()

    def ring(self) -> None:
        """Make it ready."""
        with contextlib.suppress(BlockingIOError):
            if self._sockets:
                self._sockets[1].send(b"\0")
            else:
                os.eventfd_write(self.fileno, 1)

    def quiet(self) -> None:
        """Make it not ready."""
        with contextlib.suppress(BlockingIOError):
            if self._sockets:
                socket.SocketType.recv(self._sockets[0], 4096)
            else:
                os.eventfd_read(self.fileno)

    def close(self) -> None:
        """Close it."""
        for end in self._sockets:
            end.close()
        if not self._sockets:
            os.close(self.fileno)


def port_of(name: Callable[[], Any]) -> int | None:
    """Return the port in the address that *name* (`getsockname` or `getpeername`) returns. None: there is none."""
    try:
        return int(name()[1])
    except (OSError, IndexError, TypeError, ValueError):
        return None


def readable(fd: int) -> bool:
    """Return whether the file *fd* can be read now. It is a cheap `look`, since each read of a blocking socket asks."""
    if REAL.poll is None:
        return bool(look([(fd, READ)], 0))
    try:
        found = REAL.poll()
        found.register(fd, select.POLLIN)
        return bool(found.poll(0))
    except (OSError, ValueError):
        return True  # as for `look`


def look(files: Sequence[tuple[int, int]], timeout: float | None) -> Collection[int]:
    """Wait at most *timeout* real seconds for one of *files*. Return the descriptors that are ready."""
    try:
        if REAL.poll is not None:
            poll = REAL.poll()
            for fd, events in files:
                poll.register(fd, (select.POLLIN if events & READ else 0) | (select.POLLOUT if events & WRITE else 0))
            found = poll.poll(None if timeout is None else math.ceil(min(timeout, _LONGEST_S) * 1000))
            return [fd for fd, _ in found]
        reads = [fd for fd, events in files if events & READ]
        writes = [fd for fd, events in files if events & WRITE]
        return set().union(*REAL.select(reads, writes, writes, timeout))
    except (OSError, ValueError):
        return [fd for fd, _ in files]  # one was closed; the thread that waits for it will find out
