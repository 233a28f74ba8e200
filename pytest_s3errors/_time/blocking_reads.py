"""Blocking sockets: a thread that reads or accepts is parked until data or a connection arrives.

If the peer is in this process, as our servers are, the timeout counts in test time. Any other peer has a clock of its
own: that timeout stays real, and test time stands still meanwhile.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from typing import Any

from . import silence
from .clocks import Test
from .registry import Registry
from .threads import Noted
from .waits import READ, FileWait, port_of, readable

READS = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "accept")


class ReadWait(FileWait):
    """A wait to read from one socket."""

    __slots__ = ("_fd", "_sock")

    def __init__(self, sock: socket.socket, ports: frozenset[int]) -> None:
        self._fd = sock.fileno()
        super().__init__([(self._fd, READ)], functools.partial(silence.of_socket_s, self._fd, ports))
        self._sock = sock

    def ready(self) -> bool:
        """Return whether there is something to read."""
        return _ready(self._sock, self._fd)

    def ports(self) -> set[int | None]:
        """Return the local port."""
        return {port_of(self._sock.getsockname)}


def _ready(sock: socket.socket, fd: int) -> bool:
    """Return whether *sock* can be read. One that was closed under its reader can't: *fd* may be another's now."""
    return sock.fileno() == fd and readable(fd)


def reading(registry: Registry, read: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of `socket.socket` that parks before it reads."""

    @functools.wraps(read)
    def received(sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        timeout = sock.gettimeout()
        if timeout == 0:
            return read(sock, *args, **kwargs)
        while not registry.on:
            with Noted(registry, functools.partial(_ready, sock, sock.fileno())) as between_tests:
                if between_tests:
                    return read(sock, *args, **kwargs)
        test = registry.test
        if test is None:
            return read(sock, *args, **kwargs)
        failed = test.failed()
        if not failed and readable(sock.fileno()):
            return read(sock, *args, **kwargs)  # botocore reads some heads byte by byte
        if not _parked(registry, test, sock, timeout, failed=failed):
            raise TimeoutError("timed out")
        return read(sock, *args, **kwargs)

    return received


def _parked(registry: Registry, test: Test, sock: socket.socket, timeout: float | None, *, failed: bool) -> bool:
    """Wait for something to read or an error, at most *timeout* seconds. Return False if they passed in test time."""
    # Each look at a socket lets another thread have the interpreter, and then this one waits its turn. So few looks.
    peer, ports = port_of(sock.getpeername), test.ports()
    test.check(peer)
    if (failed and readable(sock.fileno())) or registry.me().outside:
        return True
    if timeout is not None and peer not in ports and not silence.is_local(sock, ports):
        return True  # the caller reads as without us: in real time, and it counts as running
    wait = ReadWait(sock, ports)
    if registry.block(wait, timeout) is not False:
        return True
    test.gave_up(peer, port_of(sock.getsockname))
    return False
