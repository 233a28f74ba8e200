"""How long the sockets of an event loop have to be silent before nothing more is to be expected from them."""

from __future__ import annotations

import contextlib
import math
import os
import select
import selectors
import socket
import stat
import struct

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover - Windows has neither
    pass

STEP_S = 0.001
"""Between the two ends of a connection in one process a byte takes microseconds."""

FOREIGN_S = 0.05
"""Another process on this machine may take its time to answer."""


def silence_s(selector: selectors.BaseSelector, ports: frozenset[int]) -> float:
    """Seconds of silence after which nothing more will come by itself.

    `STEP_S` if all connections are those of servers at *ports*, `FOREIGN_S` if there are others or if sent bytes are
    still on their way, infinite while there is a pipe: a process at its other end may take as long as it likes.
    """
    return max((_silence_s(key.fd, ports) for key in tuple(selector.get_map().values())), default=STEP_S)


def _silence_s(fd: int, ports: frozenset[int]) -> float:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return math.inf
        # The class below socket.socket, which plugins that forbid sockets replace.
        sock = socket.SocketType(fileno=fd)
    except OSError:
        return STEP_S  # closed meanwhile
    try:
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return FOREIGN_S if sock.getsockname() else STEP_S  # a pair without names is how a loop wakes itself
        if sock.getsockname()[1] not in ports and sock.getpeername()[1] not in ports:
            return FOREIGN_S
        _confirm(sock)
        return FOREIGN_S if bytes_on_the_way(fd) else STEP_S
    except OSError:
        return FOREIGN_S  # on its way to be connected, or a listener of somebody else
    finally:
        sock.detach()


def _confirm(sock: socket.SocketType) -> None:
    """Have *sock*'s kernel confirm what was read; left to itself it waits some 40 ms for an answer to go along."""
    with contextlib.suppress(AttributeError, OSError):  # Linux alone has it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def has_news(selector: object) -> bool:
    """Whether *selector*, which another thread may be waiting in, would find something; False if it can't be asked."""
    try:
        poll = select.poll()
        poll.register(selector.fileno(), select.POLLIN)  # type: ignore[attr-defined]  # not every kind has one
        return bool(poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False  # Windows' kind, or closed meanwhile


def is_broken(fd: int) -> bool:
    """Return whether the peer has reset the connection: it confirms nothing any more. False if it can't be asked."""
    try:
        poll = select.poll()
        poll.register(fd, 0)
        return any(news & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, news in poll.poll(0))
    except (AttributeError, OSError):
        return False  # Windows has no poll


def bytes_on_the_way(fd: int) -> int:
    """How many sent bytes the peer has not confirmed; 0 where the system does not tell."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))[0])
    except (NameError, OSError):
        return 0
