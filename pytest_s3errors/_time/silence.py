"""How long files must be silent before no more data can be expected from them.

A byte between two sockets of this process takes microseconds; another process on this machine may take longer. So it
matters where the other end is. A pipe to a living process is waited for without limit.
"""

from __future__ import annotations

import math
import os
import selectors
import socket
import stat
from typing import Any

from . import children, kernel
from .waits import port_of

STEP_S = 0.001
"""Between the two ends of a connection in one process a byte takes microseconds."""

FOREIGN_S = 0.05
"""Another process on this machine may take its time to answer."""


def silence_s(selector: selectors.BaseSelector, ports: frozenset[int]) -> float:
    """Return the seconds of silence after which *selector* will get no more data on its own.

    0 if only this process could send. `STEP_S` if all connections belong to servers at *ports* or have both ends in
    this process. `FOREIGN_S` if there are other connections, or if sent bytes are still on their way. Infinite while
    another process may hold the other end of a pipe: it may take any time.
    """
    keys = tuple(selector.get_map().values())
    return max((of_file_s(key.fd, ports) for key in keys if not _wakes_the_loop(key.data)), default=0.0)


def _wakes_the_loop(data: Any) -> bool:
    """Return whether *data* belongs to the socket with which an asyncio loop wakes itself.

    Children get copies of it but never use them. So a server in a child of the session does not delay a jump.
    """
    reader = data[0] if isinstance(data, tuple) else None
    return getattr(getattr(reader, "_callback", None), "__name__", "") == "_read_from_self"


def of_file_s(fd: int, ports: frozenset[int]) -> float:
    """Return the seconds of silence that the file *fd* needs."""
    try:
        status = os.fstat(fd)
    except OSError:
        return 0.0  # it has just been closed
    mode = status.st_mode
    if stat.S_ISSOCK(mode):
        return of_socket_s(fd, ports)
    if stat.S_ISFIFO(mode):
        return 0.0 if not children.alive(status.st_ctime) and _other_end_is_here(fd) else math.inf
    if stat.S_IFMT(mode):
        return math.inf  # a terminal, for example
    return math.inf if children.alive() else 0.0  # a kernel object such as an eventfd; only a child can share it


def of_socket_s(fd: int, ports: frozenset[int]) -> float:
    """Return the seconds of silence that the socket *fd* needs."""
    sock = _borrowed(fd)
    if sock is None:
        return 0.0
    try:
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            # A loop wakes itself with a pair of sockets without names.
            return FOREIGN_S if sock.getsockname() or children.alive() else 0.0
        if not _is_local(sock, ports):
            return FOREIGN_S
        kernel.confirm(sock)
        return FOREIGN_S if kernel.bytes_on_the_way(fd) else STEP_S
    except OSError:
        return FOREIGN_S  # it is not connected yet
    finally:
        sock.detach()


def is_local(sock: socket.SocketType, ports: frozenset[int]) -> bool:
    """Return whether the peer of *sock* is in this process. *ports* are those of its servers."""
    try:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            return _is_local(sock, ports)
        return not sock.getsockname()
    except OSError:
        return False


def is_here(fd: int, ports: frozenset[int]) -> bool:
    """Return whether the file *fd* is a socket whose peer is in this process."""
    sock = _borrowed(fd)
    if sock is None:
        return False
    try:
        return is_local(sock, ports)
    finally:
        sock.detach()


def port_at(fd: int) -> int | None:
    """Return the local port of the socket *fd*. None: it has none."""
    sock = _borrowed(fd)
    if sock is None:
        return None
    try:
        return port_of(sock.getsockname)
    finally:
        sock.detach()


def _is_local(sock: socket.SocketType, ports: frozenset[int]) -> bool:
    own = sock.getsockname()
    if own[1] in ports or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return True  # a listener: a thread of this process that is about to connect to it is running
    peer = sock.getpeername()
    return peer[1] in ports or (peer[0] in _LOOPBACK and _other_socket_is_here(own[:2], peer[:2]))


_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def _other_socket_is_here(own: tuple[str, int], peer: tuple[str, int]) -> bool:
    """Return whether this process has the other end of a connection, or the listener that is yet to accept it."""
    if (own, peer) not in _here and any(_is_other_end(fd, own, peer) for fd in kernel.descriptors()):
        _here.add((own, peer))
    return (own, peer) in _here


_here: set[tuple[tuple[str, int], tuple[str, int]]] = set()


def _is_other_end(fd: int, own: tuple[str, int], peer: tuple[str, int]) -> bool:
    sock = _borrowed(fd)
    if sock is None:
        return False
    try:
        if sock.getsockname()[1] != peer[1]:
            return False
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) or sock.getpeername()[:2] == own
    except (OSError, IndexError, TypeError):
        return False
    finally:
        sock.detach()


def _other_end_is_here(fd: int) -> bool:
    this = os.fstat(fd)
    for other in kernel.descriptors():
        try:
            status = os.fstat(other)
        except OSError:
            continue
        if other != fd and (status.st_dev, status.st_ino) == (this.st_dev, this.st_ino):
            return True
    return False


def _borrowed(fd: int) -> socket.SocketType | None:
    """Return the socket of *fd*; the caller detaches it. None: *fd* is not a socket."""
    try:
        # The base class of socket.socket, since plugins that forbid sockets replace socket.socket.
        return socket.SocketType(fileno=fd)
    except OSError:
        return None
