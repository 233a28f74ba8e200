"""The `wire` layer for aiohttp: connections to S3 end at a loopback server in the event loop that asked for them.

Only where the connection goes changes: `TCPConnector._create_connection` dials the loopback server for S3's hosts (its
name and first argument, and the `_factory` of a connector's protocols, are the same since aiohttp 2; UnixConnector
lives on them too). The request, its URL, Host and signature, the connector's pool and limits, trace configs and the
HTTP parser never know. The documented `BaseConnector.connect` is watched, so that a pooled connection from before the
test, or a connector that dials by itself, can't reach a real S3.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import weakref
from typing import TYPE_CHECKING, Any

import aiohttp

from . import connect_faults as connecting

if TYPE_CHECKING:
    import pytest
    from yarl import URL

    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._scene import Scene
    from pytest_s3errors._servers.loops import LoopServers


class AiohttpWire:
    """Dials for the connectors of one test, and knows which connections are ours."""

    def __init__(self, scene: Scene, servers: LoopServers) -> None:
        self._scene = scene
        self._servers = servers
        self._ours: weakref.WeakSet[asyncio.Protocol] = weakref.WeakSet()

    def install(self, patches: pytest.MonkeyPatch) -> None:
        """Reroute every connector until *patches* are undone."""
        create, connect = aiohttp.TCPConnector._create_connection, aiohttp.BaseConnector.connect  # noqa: SLF001

        @functools.wraps(create)
        async def create_connection(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            if self._takes(req.url):
                return await self._dial(connector, req.url)
            return await create(connector, req, *args, **kwargs)

        @functools.wraps(connect)
        async def watched_connect(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._takes(req.url):
                return await connect(connector, req, *args, **kwargs)
            self._scene.check_playable()
            entry = await self._decided(req, _timeout(*args, **kwargs)) if self._scene.simulator.connects else None
            try:
                # A pool holds at most as many connections from before the test as this closes; a fresh one is ours.
                for _ in range(1000):
                    connection = await connect(connector, req, *args, **kwargs)
                    if connection.protocol in self._ours:
                        return self._promised(connection, entry)
                    connection.close()
            except BaseException:
                if entry is not None:
                    self._scene.simulator.end(entry)
                raise
            raise self._scene.escape(str(req.url.host), f"through a {type(connector).__name__}")

        patches.setattr(aiohttp.TCPConnector, "_create_connection", create_connection)
        patches.setattr(aiohttp.BaseConnector, "connect", watched_connect)

    def _takes(self, url: URL) -> bool:
        return url.host is not None and self._scene.is_s3(url.host, url.port)

    async def _dial(self, connector: Any, url: URL) -> asyncio.Protocol:
        port = await self._servers.port()
        _, protocol = await asyncio.get_running_loop().create_connection(connector._factory, "127.0.0.1", port)  # noqa: SLF001
        self._ours.add(protocol)
        self._servers.origins[_port(protocol)] = f"{url.scheme}://{url.authority}"
        return protocol  # type: ignore[no-any-return]  # aiohttp's own protocol, made by its own factory

    def _promised(self, connection: Any, entry: Entry | None) -> Any:
        if entry is not None:
            self._scene.simulator.promise(f"port {_port(connection.protocol)}", entry)
        return connection

    async def _decided(self, req: Any, limits: aiohttp.ClientTimeout) -> Entry:
        """The request of *req* in the journal; where there is to be no connection for it, aiohttp's own exception."""
        url, simulator = req.url, self._scene.simulator
        call = connecting.call_to(
            self._scene, req.method, url.scheme, url.raw_host, url.port, url.raw_path_qs, dict(req.headers)
        )
        entry = simulator.begin(call)
        fault = connecting.fault_of(entry)
        if fault is None:
            return entry
        try:
            await asyncio.sleep(simulator.answer(entry, b"").delay_s)
            if fault == "connect_timeout":
                await _no_answer(limits)
            raise natural_error(connecting.connect_error(fault), req.connection_key)
        finally:
            simulator.end(entry)


def natural_error(error: OSError, key: Any) -> OSError:
    """What aiohttp raises for *error* while it connects; *key* is the request's `connection_key`."""
    if isinstance(error, socket.gaierror):
        return aiohttp.ClientConnectorDNSError(key, error)
    if isinstance(error, ssl.SSLError):
        return aiohttp.ClientConnectorSSLError(key, error)
    return error if isinstance(error, TimeoutError) else aiohttp.ClientConnectorError(key, error)


async def _no_answer(limits: aiohttp.ClientTimeout) -> None:
    async with asyncio.timeout(min(filter(None, (limits.connect, limits.sock_connect)), default=None)):
        await asyncio.Event().wait()


def _timeout(traces: Any = None, timeout: Any = None) -> aiohttp.ClientTimeout:
    del traces  # named as `connect` names them
    return timeout  # type: ignore[no-any-return]


def _port(protocol: Any) -> int:
    return protocol.transport.get_extra_info("sockname")[1]  # type: ignore[no-any-return]


def guard(scene: Scene, patches: pytest.MonkeyPatch) -> None:
    """For a layer without sockets: any aiohttp request to S3 that gets past it is an escape."""
    connect = aiohttp.BaseConnector.connect

    @functools.wraps(connect)
    async def refused(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
        if req.url.host is not None and scene.is_s3(req.url.host, req.url.port):
            raise scene.escape(req.url.host, "through aiohttp itself")
        return await connect(connector, req, *args, **kwargs)

    patches.setattr(aiohttp.BaseConnector, "connect", refused)
