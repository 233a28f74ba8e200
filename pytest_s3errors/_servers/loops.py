"""The loopback S3 inside event loops: one server per loop, so each async client is answered in its own loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from .asyncio_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.simulator import Simulator
    from pytest_s3errors._scene import Scene


class LoopServers:
    """The servers of one test.

    `origins` maps a client's port to the ``scheme://host`` that it dialed. `left` maps it to a function that tells
    whether the client has closed its end: a cancelled client has, while its request is still on its way.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._starting: dict[asyncio.AbstractEventLoop, asyncio.Task[int]] = {}
        self._served: set[asyncio.AbstractEventLoop] = set()
        self.origins: dict[int, str] = {} if scene.remote is None else scene.remote.origins
        self.left: dict[int, Callable[[], bool]] = {}

    async def port(self) -> int:
        """Return the port of the server in the running loop. The loop's first connection starts it."""
        loop = asyncio.get_running_loop()
        if self._scene.remote is not None:
            if loop not in self._served:
                self._served.add(loop)
                self._scene.before_close(loop, _nothing)  # registers the loop, so that its clients are closed with it
            return self._scene.remote.port
        starting = self._starting.get(loop)
        if starting is None:
            simulator = cast("Simulator", self._scene.simulator)  # it is in this process
            server = Server(
                simulator, endpoints=self._scene.endpoints, origin_of=self.origins.get, has_left=self._has_left
            )
            starting = self._starting[loop] = loop.create_task(server.start())
            self._scene.before_close(loop, server.stop)
            self._scene.at_hang(server.break_off)
        port = await asyncio.shield(starting)
        self._scene.ports.add(port)
        return port

    def _has_left(self, port: int) -> bool:
        left = self.left.get(port)
        return left is not None and left()


async def _nothing() -> None:
    """Do nothing: there is no server to close."""
