"""The `wire` layer in a child process of a test: S3 requests go to the parent's server over the loopback.

Rules, store and journal are in the parent. This process only decides which requests are S3's.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from pytest_s3errors._guard import doors, owner
from pytest_s3errors._guard.door import Door
from pytest_s3errors._guard.hosts import Hosts
from pytest_s3errors._guard.httpcore import NAMES as HTTPCORES
from pytest_s3errors._guard.owner import Owner
from pytest_s3errors._guard.seams import Seams


class Refused(BaseException):
    """A request that would have left for S3 or another AWS endpoint. Not an `Exception`, so no code retries it."""

    __module__ = "builtins"


class ChildScene:
    """One test, as the layers in a child process see it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._hosts = Hosts(
            tuple(plan["endpoints"]), tuple(plan["passthrough"]), clients=lambda: tuple(plan["clients"])
        )
        self.endpoints = self._hosts.endpoints
        self.is_s3 = self._hosts.is_s3
        self.is_refused = self._hosts.is_refused
        self.ports: set[int] = set()
        self.simulator = SimpleNamespace(connects=False, problems=[])
        self.origins: dict[int, str] = {}
        self.remote = self.blocking_server = self

    @property
    def port(self) -> int:
        """The port of the parent's server."""
        if self._plan["port"] is None:
            raise self._refused("the test that started this process is over, and so is its S3")
        return cast("int", self._plan["port"])

    @property
    def started_port(self) -> int | None:
        """The same; None when the test is over."""
        return cast("int | None", self._plan["port"])

    def owns(self, port: int) -> bool:
        """Return whether the parent's server listens on *port*."""
        return port == self.started_port

    def check_playable(self) -> None:
        """Do nothing: the server knows whether the test can go on."""

    def before_close(self, loop: object, closer: Callable[[], object]) -> None:
        """Do nothing: a loop here has no server."""

    def escape(self, host: str, how: str) -> BaseException:
        """Tell the parent that a request was about to leave for *host*, and return the exception to raise."""
        return self._refused(
            f"a request for {host} would have left this machine from a child process (pid {os.getpid()}), {how}.\n"
            "Nothing was sent. To let this host through, list it in the ini option s3_passthrough."
        )

    def _refused(self, why: str) -> Refused:
        with open(self._plan["notes"], "a") as notes:  # noqa: PTH123 - one line, appended at once
            notes.write(json.dumps(why) + "\n")
        return Refused(why)


class _Door(Door):
    """The `SyncWire` of a child. It leads to the parent's server and plays no faults while connecting.

    It notes nothing: for a child, the server uses the Host header.
    """

    def __init__(self, scene: ChildScene) -> None:
        super().__init__(scene)
        self._scene = scene

    def dial(self) -> int:
        """Return the server's port."""
        return self._scene.port

    def meet(self, sock: Any) -> None:
        """Connect *sock* to it."""
        sock.connect(("127.0.0.1", self._scene.port))


def enter(plan: dict[str, Any]) -> None:
    """From now on, send this process's S3 requests to the parent's server."""
    scene, test = _installed(plan)
    inherited = owner.take_over(test)
    if inherited is not None and inherited.children is not None:
        test.children = inherited.children  # a fork may start children too
        test.children.gate = scene


@functools.lru_cache(maxsize=1)
def _owner_at(plan: str) -> Owner:
    return _installed(json.loads(plan))[1]


def owner_by(plan: dict[str, Any]) -> Owner:
    """Return the owner in this process of work for *plan*."""
    return _owner_at(json.dumps(plan))


def _installed(plan: dict[str, Any]) -> tuple[ChildScene, Owner]:
    scene: Any = ChildScene(plan)
    test = Owner(plan["test"], hermetic=plan["hermetic"])
    seams = Seams(test)
    test.door = _Door(scene)
    test.children = SimpleNamespace(server=lambda: f"http://127.0.0.1:{scene.port}")
    with owner.alone(test):
        _install(scene, seams)
    return scene, test


def _install(scene: Any, seams: Seams) -> None:
    doors.install()
    seams.when(HTTPCORES, lambda module: _httpx(scene, seams, module))
    seams.when(("aiohttp",), lambda _module: _aiohttp(scene, seams))


def _httpx(scene: Any, seams: Seams, module: Any) -> None:
    from . import httpx  # noqa: PLC0415

    httpx.install(scene, _servers(scene), seams, module)


def _aiohttp(scene: Any, seams: Seams) -> None:
    from .aiohttp import AiohttpWire  # noqa: PLC0415

    AiohttpWire(scene, _servers(scene)).install(seams)


def _servers(scene: Any) -> Any:
    async def port() -> int:
        return cast("int", scene.port)

    async def connect(make: Callable[[], Any], _address: tuple[str, int]) -> Any:
        import asyncio  # noqa: PLC0415 - most children never send

        _, protocol = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", scene.port)
        return protocol

    return SimpleNamespace(port=port, connect=connect, origins=scene.origins, left={})
