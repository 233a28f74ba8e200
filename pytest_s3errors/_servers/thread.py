"""The loopback S3 in its own thread, for blocking clients: it answers while they wait."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

from .asyncio_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.simulator import Simulator

_PATIENCE_S = 10
THREAD = "simulated S3"


class ThreadServer:
    """One loopback listener in one thread. Reading `port` starts it."""

    def __init__(self, simulator: Simulator, *, endpoints: Callable[[], tuple[str, ...]]) -> None:
        # The origins that rerouted clients believe they talk to, by the client's port.
        self.origins: dict[int, str] = {}
        self._server = Server(simulator, endpoints=endpoints, origin_of=self.origins.get)
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start: asyncio.Task[int] | None = None
        self._thread: threading.Thread | None = None
        self.started_port: int | None = None

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. Reading it starts the server."""
        with self._starting:
            if self._loop is None:
                # The kernel keeps whoever connects before the thread runs, so nobody waits for it.
                listener = socket.create_server(("127.0.0.1", 0))
                self.started_port = listener.getsockname()[1]
                self._loop = asyncio.new_event_loop()
                self._start = self._loop.create_task(self._server.start(listener=listener))
                self._thread = threading.Thread(target=self._loop.run_forever, name=THREAD, daemon=True)
                self._thread.start()
            assert self.started_port is not None  # the loop and its server start together
            return self.started_port

    @property
    def runs_here(self) -> bool:
        """Whether the caller is in the server's own thread."""
        return threading.current_thread() is self._thread

    @property
    def parked(self) -> frozenset[int]:
        """The ports of clients that get no data until time has passed."""
        return frozenset(tuple(self._server.parked))

    def give_up(self, port: int) -> None:
        """Record that the client at *port* no longer waits."""
        self._server.give_up(port)

    def call(self, act: Callable[[], object]) -> None:
        """Call *act* in the server's event loop, if that runs. Return when it is done."""
        with self._starting:
            loop = self._loop
        if loop is not None:
            asyncio.run_coroutine_threadsafe(_do(act), loop).result(_PATIENCE_S)

    def break_off(self) -> None:
        """Reset every connection."""
        self._server.break_off()

    def stop(self) -> None:
        """Close every connection and the listener, and end the thread."""
        with self._starting:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        ended = asyncio.run_coroutine_threadsafe(self._end(), loop)
        thread.join(_PATIENCE_S)
        ended.result(0)
        loop.close()

    async def _end(self) -> None:
        assert self._start is not None  # it has a loop and a thread since it was started
        try:
            await self._start
            await self._server.stop()
        finally:  # in the round of the loop that hands on how this ended
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.stop)


async def _do(act: Callable[[], object]) -> None:
    act()
