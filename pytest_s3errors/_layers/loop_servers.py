"""The loopback S3 inside event loops: one server to a loop, so that async clients are answered by their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from .server import Server

if TYPE_CHECKING:
    from pytest_s3errors._core.simulator import Simulator
    from pytest_s3errors._run import Run


class LoopServers:
    """The servers of one test. `origins` tells by a client's port which ``scheme://host`` it believes to talk to."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._starting: dict[asyncio.AbstractEventLoop, asyncio.Task[int]] = {}
        self._served: set[asyncio.AbstractEventLoop] = set()
        self.origins: dict[int, str] = {} if run.remote is None else run.remote.origins

    async def port(self) -> int:
        """The port of the server in the running loop, which the first connection of the loop starts."""
        loop = asyncio.get_running_loop()
        if self._run.remote is not None:
            if loop not in self._served:
                self._served.add(loop)
                self._run.before_close(loop, _nothing)  # the clients of the loop end with it, here too
            return self._run.remote.port
        starting = self._starting.get(loop)
        if starting is None:
            simulator = cast("Simulator", self._run.simulator)  # it is in this process
            server = Server(simulator, endpoints=self._run.endpoints, origin_of=self.origins.get)
            starting = self._starting[loop] = loop.create_task(server.start())
            self._run.before_close(loop, server.stop)
        port = await asyncio.shield(starting)
        self._run.ports.add(port)
        return port


async def _nothing() -> None:
    """No server to close."""
