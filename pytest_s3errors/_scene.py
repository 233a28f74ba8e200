"""The seam between one test and the layers: all that a layer may know of the test, and what a layer is.

A layer delivers requests to the `Simulation` and plays what comes back. Which hosts are S3's, which connection would
leave the machine and when the test is over are questions to the `Scene`. Neither side imports the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.play.exchange import Exchange
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.s3.access import Access
from pytest_s3errors._core.s3.messages import Call

__all__ = ["BlockingServer", "Layer", "Scene", "Simulation"]


class Simulation(Protocol):
    """What a layer asks of a simulator, whether it is in this process or in another."""

    @property
    def problems(self) -> list[str]:
        """Why the test can't go on; append to it."""

    @property
    def connects(self) -> bool:
        """Whether a rule has to be asked before a connection is made."""

    def begin(self, call: Call, mark: str | None = None) -> Entry:
        """Decide who takes *call*; a server finds the decision by *mark*."""

    def answer(self, entry: Entry, body: Body) -> Exchange:
        """Return what the layer has to play for *entry*."""

    def end(self, entry: Entry) -> None:
        """Note that the answer to *entry* is out."""

    def promise(self, mark: str, entry: Entry) -> None:
        """Say that the request of *entry* will bear *mark*."""

    def forget(self, mark: str) -> None:
        """Say that nothing more comes with *mark*."""


class BlockingServer(Protocol):
    """The server of clients that block or that take its URL. It answers from a thread or a process of its own."""

    origins: dict[int, str]
    """``scheme://host`` that a rerouted client believes to talk to, by its port."""

    @property
    def port(self) -> int:
        """The port on 127.0.0.1; asking for it starts the server."""

    @property
    def started_port(self) -> int | None:
        """The port, None before the server is started."""


class Scene(Protocol):
    """One test, as a layer sees it."""

    access: Access
    ports: set[int]
    """Of the servers in this process: connections to them are ours."""

    @property
    def simulator(self) -> Simulation:
        """Rules, S3 and journal of the test."""

    @property
    def blocking_server(self) -> BlockingServer:
        """The server for clients that block."""

    @property
    def remote(self) -> BlockingServer | None:
        """The server in another process, if this test's simulator is there."""

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether a request to *host* is the simulator's to answer."""

    def is_refused(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is another endpoint of Amazon's, which nobody may reach."""

    def owns(self, port: int) -> bool:
        """Return whether *port* of the loopback is a server's of the test."""

    def endpoints(self) -> tuple[str, ...]:
        """Return the hosts that living clients use as endpoints."""

    def escape(self, host: str, how: str) -> BaseException:
        """Note that a request was about to leave for *host*, and return what to raise."""

    def check_playable(self) -> None:
        """Raise if the test can't go on."""

    def at_end(self, act: Callable[[], object]) -> None:
        """Have *act* called when the test is over, the last one first."""

    def at_hang(self, break_off: Callable[[], object]) -> None:
        """Have *break_off* reset the connections of a server, from any thread, when the test hangs."""

    def before_close(self, loop: asyncio.AbstractEventLoop, closer: Callable[[], Awaitable[object]]) -> None:
        """Have *closer* run in *loop* when the test is over or the loop closes, whichever is first."""


class Layer(Protocol):
    """Where the simulated S3 takes the place of the real one."""

    def install(self, patches: pytest.MonkeyPatch) -> None:
        """Serve the requests of the test until *patches* are undone."""
