"""Blocking sockets on virtual time: a client that waits for our server waits as long as the server says.

The server is in another thread, and knows whether an answer is late on purpose: it delays one, sends it piece by piece
or never. Only then may the clock jump, to the server's next piece or to the client's own timeout.
"""

from __future__ import annotations

import functools
import math
import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .silence import STEP_S

if TYPE_CHECKING:
    import pytest


class Waiting(Protocol):
    """The clock that a blocking client waits on."""

    @property
    def now(self) -> float:
        """Test time in seconds."""

    @property
    def check(self) -> Callable[[], object]:
        """Raises if nobody need wait any longer, since the test has failed."""

    def receive(self, port: int, deadline: float, look: Callable[[], Any], parked: Callable[[], bool]) -> Any:
        """Wait at *port* until *look* finds something or it is *deadline*; time passes only while *parked* says so."""


class Answering(Protocol):
    """The server that blocking clients of this process wait for."""

    @property
    def started_port(self) -> int | None:
        """Where it listens, None before it does."""

    @property
    def runs_here(self) -> bool:
        """Whether the caller is in its thread."""

    @property
    def parked(self) -> frozenset[int]:
        """The ports of clients that get nothing before time has passed."""

    def give_up(self, port: int) -> None:
        """Note that the client at *port* waits no longer."""

    def call(self, act: Callable[[], object]) -> None:
        """Have *act* done in its event loop, if that runs, and return when it is."""


def install(patches: pytest.MonkeyPatch, clock: Waiting, server: Callable[[], Answering | None]) -> None:
    """Let every read of a blocking socket that is connected to *server* take test time, until *patches* are undone."""
    for name in ("recv", "recv_into"):
        receive = getattr(socket.socket, name)
        patches.setattr(socket.socket, name, functools.wraps(receive)(_waiting(receive, clock, server)))


def _waiting(receive: Callable[..., Any], clock: Waiting, server: Callable[[], Answering | None]) -> Callable[..., Any]:
    def received(sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        timeout = sock.gettimeout()
        answering = server()
        if timeout != 0 and answering is not None and _peer(sock) == answering.started_port is not None:
            clock.check()
            port = sock.getsockname()[1]
            deadline = math.inf if timeout is None else clock.now + timeout
            look = functools.partial(select.select, [sock], [], [], STEP_S)
            if not clock.receive(port, deadline, lambda: look()[0], lambda: port in answering.parked):
                answering.give_up(port)
                raise TimeoutError("timed out")
        return receive(sock, *args, **kwargs)

    return received


def _peer(sock: socket.socket) -> int | None:
    try:
        return int(sock.getpeername()[1])
    except (OSError, IndexError, TypeError, ValueError):
        return None  # not connected, or not by TCP
