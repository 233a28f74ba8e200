"""How the requests of one test come to its simulator: what its layer replaces, before the test and while it runs.

This imports aiohttp, so it is imported when the first test about S3 starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_s3errors._guard.door import Shut, is_ours
from pytest_s3errors._guard.httpcore import NAMES as HTTPCORES
from pytest_s3errors._layers import client
from pytest_s3errors._layers.wire import aiohttp, certificates, httpx, sockets
from pytest_s3errors._servers.loops import LoopServers

if TYPE_CHECKING:
    from pytest_s3errors._guard.owner import Owner
    from pytest_s3errors._guard.seams import Seams
    from pytest_s3errors._layers.mock.layer import MockLayer
    from pytest_s3errors._scene import Scene

_PAST = "by a client that this layer does not reroute"


class Rerouting:
    """The layer of one test."""

    def __init__(self, scene: Scene, layer: str, seams: Seams, owner: Owner) -> None:
        self._scene = scene
        self._layer = layer
        self._seams = seams
        self._owner = owner
        self._mock: MockLayer | None = None
        self._watches_connecting = False
        self._servers: LoopServers | None = None

    def install(self) -> None:
        """Replace what the layer replaces, until the test ends."""
        scene, seams = self._scene, self._seams
        if self._layer == "client":
            client.install(scene, seams)
            self._owner.door = Shut(scene, _PAST)
        elif self._layer == "mock":
            self.mock.install()
            self._owner.door = Shut(scene, _PAST)
        else:
            servers = self._servers = LoopServers(scene)
            aiohttp.AiohttpWire(scene, servers).install(seams)
            seams.when(HTTPCORES, lambda module: httpx.install(scene, servers, seams, module))
            door = self._owner.door = sockets.SyncWire(scene)
            certificates.install(seams, lambda sock: is_ours(door, sock))
            if scene.simulator.connects:
                self.watch_connecting()

    def watch_connecting(self) -> None:
        """Ask the rules before each connection, too. Only the layer `wire` makes any."""
        if self._layer != "wire" or self._watches_connecting:
            return
        self._watches_connecting = True
        from pytest_s3errors._layers.wire import connect_hooks  # noqa: PLC0415 - few tests ask for it

        connect_hooks.install(self._scene, self._seams)

    @property
    def in_memory(self) -> int:
        """The number of open connections that have no socket, so that the system does not know of them."""
        return 0 if self._servers is None else self._servers.in_memory

    @property
    def mock(self) -> MockLayer:
        """The test doubles of HTTP clients that this test's requests pass, at the mock layer or by `mount`."""
        from pytest_s3errors._layers.mock.layer import MockLayer  # noqa: PLC0415 - only where it is needed

        if self._mock is None:
            patches = pytest.MonkeyPatch()
            self._scene.at_end(patches.undo)
            self._mock = MockLayer(self._scene, patches)
        return self._mock
