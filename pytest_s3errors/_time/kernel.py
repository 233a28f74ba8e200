"""Questions that the Linux kernel answers quickly. Each has a slower answer in plain Python.

Any value of `S3ERRORS_PORTABLE_CLOCK` in the environment turns the quick answers off, as if this were not Linux.
"""

from __future__ import annotations

import _socket
import contextlib
import math
import os
import select
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .originals import REAL

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover - Windows has neither
    pass

ASKED: Final = sys.platform == "linux" and "S3ERRORS_PORTABLE_CLOCK" not in os.environ
"""Whether the kernel is asked."""


def asleep(thread: int) -> float | None:
    """Return the processor time in seconds of the thread with this native id. None: it is awake or unknown."""
    try:
        with open(f"/proc/self/task/{thread}/stat", "rb", 0) as file:  # noqa: PTH123 - a Path costs as much again
            state = file.read(400).rpartition(b")")[2][1:2]
        # The id that Linux gives a thread's clock. There is no other safe way to name the clock of another thread.
        return time.clock_gettime((~thread << 3) | 6) if state == b"S" else None
    except OSError:
        return None


def queued_s() -> dict[int, float]:
    """Return for how many seconds each thread of this process was ready to run but had no processor, by native id.

    This distinguishes a busy machine from a wait. Empty if the system can't tell.
    """
    found = {}
    for thread in os.listdir("/proc/self/task") if ASKED else ():  # noqa: PTH208
        with contextlib.suppress(OSError, IndexError):  # it has ended, or this kernel does not count
            found[int(thread)] = int(Path("/proc/self/task", thread, "schedstat").read_bytes().split()[1]) / 1e9
    return found


def booted() -> float:
    """Return when this machine booted, in whole seconds since the epoch. Unlike `time.time`, no tool can fake it."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), math.inf)


def bytes_on_the_way(fd: int) -> int:
    """Return how many sent bytes the peer has not acknowledged. 0 if the system can't tell."""
    if not ASKED:
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))[0])
    except (NameError, OSError):
        return 0


def is_broken(fd: int) -> bool:
    """Return whether the peer has reset the connection, so that it acknowledges nothing. False if unknown."""
    if REAL.poll is None:
        return False
    with contextlib.suppress(OSError):
        poll = REAL.poll()
        poll.register(fd, 0)
        return any(news & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, news in poll.poll(0))
    return False


def confirm(sock: socket.SocketType) -> None:
    """Make the kernel acknowledge at once what was read from *sock*. It may otherwise wait some 40 ms."""
    if ASKED:
        with contextlib.suppress(AttributeError, OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def connections(is_ours: Callable[[int], bool]) -> int:
    """Return how many sockets of this process are connected to ports of ours. 0 if the system can't tell."""
    return sum(_is_connected(fd, is_ours) for fd in descriptors()) if ASKED else 0


def _is_connected(fd: int, is_ours: Callable[[int], bool]) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        sock = _socket.socket(fileno=os.dup(fd))
    except OSError:
        return False
    try:
        # Not /proc/net/tcp, which is slow when many connections have just ended.
        ours = sock.family == socket.AF_INET and is_ours(sock.getpeername()[1])
        return ours and sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
    except OSError:
        return False
    finally:
        sock.close()


_ESTABLISHED = 1


def descriptors() -> list[int]:
    """Return the open file descriptors of this process, or all possible ones if the system can't tell."""
    if ASKED:
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    return list(range(_MAX_DESCRIPTOR))


_MAX_DESCRIPTOR = 1024
