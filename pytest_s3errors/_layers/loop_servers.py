"""The loopback S3 inside event loops: one server to a loop, so that async clients are answered by their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .server import Server

if TYPE_CHECKING:
    from pytest_s3errors._run import Run


class LoopServers:
    """The servers of one test. `origins` tells by a client's port which ``scheme://host`` it believes to talk to."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._starting: dict[asyncio.AbstractEventLoop, asyncio.Task[int]] = {}
        self.origins: dict[int, str] = {}

    async def port(self) -> int:
        """The port of the server in the running loop, which the first connection of the loop starts."""
        loop = asyncio.get_running_loop()
        starting = self._starting.get(loop)
        if starting is None:
            server = Server(self._run.simulator, endpoints=self._run.endpoints, origin_of=self.origins.get)
            starting = self._starting[loop] = loop.create_task(server.start())
            self._run.before_close(loop, server.stop)
        return await asyncio.shield(starting)
