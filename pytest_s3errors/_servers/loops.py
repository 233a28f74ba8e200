"""The simulated S3 inside event loops: one server per loop, so each async client is answered in its own loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from .asyncio_server import Server, one_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.simulator import Simulator
    from pytest_s3errors._scene import Scene

    from .memory import Address


class LoopServers:
    """The servers of one test.

    `origins` maps a client's port to the ``scheme://host`` that it dialed. `left` maps it to a function that tells
    whether the client has closed its end: a cancelled client has, while its request is still on its way.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._starting: dict[asyncio.AbstractEventLoop, asyncio.Task[int]] = {}
        self._servers: dict[asyncio.AbstractEventLoop, Server | None] = {}
        self.origins: dict[int, str] = {} if scene.remote is None else scene.remote.origins
        self.left: dict[int, Callable[[], bool]] = {}

    async def connect(self, make: Callable[[], Any], address: Address) -> Any:
        """Return the protocol that *make* returns, connected to the server in the running loop. It sees *address*."""
        loop = asyncio.get_running_loop()
        server = self._server(loop)
        if server is not None:
            await one_round()  # a handshake takes a moment: whose time is over has sent nothing
            return server.connect(make, address)
        _, protocol = await loop.create_connection(make, "127.0.0.1", await self.port())
        return protocol

    async def port(self) -> int:
        """Return the port of the server in the running loop, which accepts whoever connects from now on."""
        loop = asyncio.get_running_loop()
        server = self._server(loop)
        if server is None:
            assert self._scene.remote is not None
            return self._scene.remote.port
        if loop not in self._starting:
            self._scene.ports.add(server.listen().port)
            self._starting[loop] = loop.create_task(server.start())
        return await asyncio.shield(self._starting[loop])

    @property
    def in_memory(self) -> int:
        """The number of open connections that have no socket."""
        return sum(server.in_memory for server in tuple(self._servers.values()) if server is not None)

    def _server(self, loop: asyncio.AbstractEventLoop) -> Server | None:
        """Return the server in *loop*. None: it is in another process."""
        if loop not in self._servers:
            server, close = None, _nothing
            if self._scene.remote is None:
                simulator = cast("Simulator", self._scene.simulator)  # it is in this process
                server = Server(
                    simulator,
                    endpoints=self._scene.endpoints,
                    origin_of=self.origins.get,
                    has_left=self._has_left,
                    gone=self._forget,
                )
                close = server.stop
                self._scene.at_hang(server.break_off)
            self._scene.before_close(loop, close)  # registers the loop, so that its clients are closed with it
            self._servers[loop] = server
        return self._servers[loop]

    def _has_left(self, port: int) -> bool:
        left = self.left.get(port)
        return left is not None and left()

    def _forget(self, port: int) -> None:
        self.origins.pop(port, None)
        self.left.pop(port, None)


async def _nothing() -> None:
    """Do nothing: there is no server to close."""
