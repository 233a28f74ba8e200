"""Questions that only the system's kernel answers quickly. Each has a slower answer that needs no more than Python.

`S3ERRORS_PORTABLE_CLOCK` in the environment, set to anything, switches the quick answers off, as if this was not Linux.
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

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover - Windows has neither
    pass

ASKED: Final = sys.platform == "linux" and "S3ERRORS_PORTABLE_CLOCK" not in os.environ
"""Whether the kernel is asked."""


def asleep(thread: int) -> float | None:
    """Return the processor time that the thread of this native id has had, or None if it is awake or unknown."""
    try:
        with open(f"/proc/self/task/{thread}/stat", "rb", 0) as file:  # noqa: PTH123 - a Path costs as much again
            state = file.read(400).rpartition(b")")[2][1:2]
        # How Linux numbers the clock of a thread; there is no other way to name the clock of another one safely.
        return time.clock_gettime((~thread << 3) | 6) if state == b"S" else None
    except OSError:
        return None


def kept_waiting_s() -> float:
    """Return for how long the threads of this process could have run and got no processor; 0 where nobody tells.

    It tells a busy machine from a wait.
    """
    if not ASKED:
        return 0.0
    return sum(map(_kept_waiting_s, os.listdir("/proc/self/task")))  # noqa: PTH208


def _kept_waiting_s(thread: str) -> float:
    try:
        return int(Path("/proc/self/task", thread, "schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0  # it has ended, or this kernel does not count


def booted() -> float:
    """Return when this machine was started, in whole seconds of the wall clock; no other tool has changed that."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), math.inf)


def bytes_on_the_way(fd: int) -> int:
    """Return how many sent bytes the peer has not confirmed, or 0 where the system does not tell."""
    if not ASKED:
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))[0])
    except (NameError, OSError):
        return 0


def is_broken(fd: int) -> bool:
    """Return whether the peer has reset the connection: it confirms nothing any more. False if it can't be asked."""
    try:
        poll = select.poll()
        poll.register(fd, 0)
        return any(news & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, news in poll.poll(0))
    except (AttributeError, OSError):
        return False  # Windows has no poll


def confirm(sock: socket.SocketType) -> None:
    """Have the kernel confirm what was read from *sock*; left to itself it waits some 40 ms for data to go along."""
    if ASKED:
        with contextlib.suppress(AttributeError, OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def connections(is_ours: Callable[[int], bool]) -> int:
    """Return how many sockets of this process are connected to ports that are ours, or 0 if the system can't tell."""
    return sum(_is_connected(fd, is_ours) for fd in descriptors()) if ASKED else 0


def _is_connected(fd: int, is_ours: Callable[[int], bool]) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        sock = _socket.socket(fileno=os.dup(fd))
    except OSError:
        return False
    try:
        # Not /proc/net/tcp, which takes long where many connections have just ended.
        ours = sock.family == socket.AF_INET and is_ours(sock.getpeername()[1])
        return ours and sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
    except OSError:
        return False
    finally:
        sock.close()


_ESTABLISHED = 1


def descriptors() -> list[int]:
    """Return the open file descriptors of this process, or the numbers that one can have."""
    if ASKED:
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    return list(range(_MAX_DESCRIPTOR))


_MAX_DESCRIPTOR = 1024
