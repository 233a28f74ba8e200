"""The seam between one test and the layers: all that a layer may know about the test.

A layer delivers requests to the `Simulation` and plays what comes back. The `Scene` tells which hosts are S3's, which
connection would leave the machine, and when the test is over. Neither side imports the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.play.exchange import Exchange
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.s3.access import Access
from pytest_s3errors._core.s3.messages import Call


class Simulation(Protocol):
    """The simulator as a layer sees it, in this process or in another."""

    @property
    def problems(self) -> list[str]:
        """Why the test can't go on; append to it."""

    @property
    def connects(self) -> bool:
        """Whether a rule has to be asked before a connection is made."""

    def bucket_region(self, call: Call) -> str | None:
        """Return the region that the bucket of *call* wants it to be signed for. None: it asks for none."""

    def begin(self, call: Call, mark: str | None = None) -> Entry:
        """Decide which rule takes *call*; a server finds the decision by *mark*."""

    def answer(self, entry: Entry, body: Body) -> Exchange:
        """Return the exchange that the layer must play for *entry*."""

    def end(self, entry: Entry) -> None:
        """Record that the answer to *entry* has ended."""

    def promise(self, mark: str, entry: Entry) -> None:
        """Record that the request of *entry* will carry *mark*."""

    def forget(self, mark: str) -> None:
        """Record that no more requests carry *mark*."""


class Player(Protocol):
    """The server's side of a connection, played in the thread of its client."""

    def take(self, data: bytes | memoryview) -> bool:
        """Take what the client sends. Return whether that was done; if not, the client has to send it."""

    def leave(self) -> None:
        """Have another thread play from now on."""

    def look(self) -> None:
        """Look whether the client has closed its end."""


class BlockingServer(Protocol):
    """The server for blocking clients and for clients that take its URL. It runs in its own thread or process."""

    origins: dict[int, str]
    """Maps the port of a rerouted client to the ``scheme://host`` that it asked for."""

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. Reading it starts the server."""

    @property
    def started_port(self) -> int | None:
        """The port, None before the server is started."""

    def meet(self, sock: Any) -> None:
        """Connect the client's *sock*."""

    def player(self, sock: Any) -> Player | None:
        """Return the player of *sock* in this thread. None: another thread or process plays it."""


class Scene(Protocol):
    """One test, as a layer sees it."""

    access: Access
    ports: set[int]
    """Ports of the servers in this process: connections to them are ours."""

    @property
    def simulator(self) -> Simulation:
        """Rules, S3 and journal of the test."""

    @property
    def blocking_server(self) -> BlockingServer:
        """The server for blocking clients."""

    @property
    def remote(self) -> BlockingServer | None:
        """The server in another process, if this test's simulator is there."""

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether the simulator answers requests to *host*."""

    def is_refused(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is another AWS endpoint, which no test may reach."""

    def owns(self, port: int) -> bool:
        """Return whether a server of this test listens on *port* of the loopback."""

    def endpoints(self) -> tuple[str, ...]:
        """Return the endpoint hosts of all open clients."""

    def escape(self, host: str, how: str) -> BaseException:
        """Record that a request was about to leave for *host*, and return the exception to raise."""

    def check_playable(self) -> None:
        """Raise if the test can't go on."""

    def at_end(self, act: Callable[[], object]) -> None:
        """Call *act* when the test is over, in reverse order of registration."""

    def at_hang(self, break_off: Callable[[], object]) -> None:
        """Call *break_off* when the test hangs. It resets a server's connections, from any thread."""

    def before_close(self, loop: asyncio.AbstractEventLoop, closer: Callable[[], Awaitable[object]]) -> None:
        """Run *closer* in *loop* when the test is over or the loop closes, whichever is first."""
