"""The `wire` layer for aiohttp: connections to S3 lead to a server in the same event loop.

Only the destination of the connection changes: `TCPConnector._create_connection` connects to that server for S3's
hosts, in memory. (Its name, its first argument and the connector's `_factory` of protocols have been the same since
aiohttp 2, and UnixConnector relies on them too.) The request, its URL, Host and signature, the connector's pool and
limits, trace configs and the HTTP parser are unchanged. The documented `BaseConnector.connect` is watched, so that
neither a pooled connection from before the test nor a connector that dials by itself can reach a real S3.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp

from pytest_s3errors._guard.door import ADDRESS, check_others
from pytest_s3errors._guard.senders import signed

from . import connect_faults as connecting

if TYPE_CHECKING:
    from yarl import URL

    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._guard.seams import Seams
    from pytest_s3errors._scene import Scene
    from pytest_s3errors._servers.loops import LoopServers


class AiohttpWire:
    """Dials for the connectors of one test, and records which connections are ours."""

    def __init__(self, scene: Scene, servers: LoopServers) -> None:
        self._scene = scene
        self._servers = servers
        self._ours: weakref.WeakSet[asyncio.Protocol] = weakref.WeakSet()

    def install(self, seams: Seams) -> None:
        """Reroute every connector for the owner of *seams*."""
        create = seams.original(aiohttp.TCPConnector, "_create_connection")
        connect = seams.original(aiohttp.BaseConnector, "connect")

        @functools.wraps(create)
        async def create_connection(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            if self._takes(req):
                return await self._dial(connector, req.url)
            return await create(connector, req, *args, **kwargs)

        @functools.wraps(connect)
        async def watched_connect(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._takes(req):
                return await self._kept(lambda: connect(connector, req, *args, **kwargs), ours=False)
            self._scene.check_playable()
            entry = await self._decided(req, _timeout(*args, **kwargs)) if self._scene.simulator.connects else None
            try:
                connection = await self._kept(lambda: connect(connector, req, *args, **kwargs), ours=True)
                if connection is not None:
                    return self._promised(connection, entry)
            except BaseException:
                if entry is not None:
                    self._scene.simulator.end(entry)
                raise
            raise self._scene.escape(str(req.url.host), f"through a {type(connector).__name__}")

        seams.setattr(aiohttp.TCPConnector, "_create_connection", create_connection)
        seams.setattr(aiohttp.BaseConnector, "connect", watched_connect)

    def _takes(self, req: Any) -> bool:
        url: URL = req.url
        if url.host is None:
            return False
        if self._scene.is_s3(url.host, url.port):
            return True
        with signed(str(url), req.headers):  # the dear question last
            if self._scene.is_s3(url.host, url.port):
                return True
        check_others(self._scene, url.host, url.port)
        return False

    async def _kept(self, connect: Callable[[], Awaitable[Any]], *, ours: bool) -> Any:
        """Return a connection that leads to us if *ours*, otherwise one that does not. None: there is none."""
        # Close pooled connections that lead elsewhere. A pool holds at most this many, and a new one leads right.
        for _ in range(1000):
            connection = await connect()
            if (connection.protocol in self._ours) is ours:
                return connection
            connection.close()
        return None

    async def _dial(self, connector: Any, url: URL) -> Any:
        protocol = await self._servers.connect(connector._factory, (ADDRESS, url.port or 0))  # noqa: SLF001
        self._ours.add(protocol)
        self._servers.origins[_port(protocol)] = f"{url.scheme}://{url.authority}"
        self._servers.left[_port(protocol)] = functools.partial(_is_closed, weakref.ref(protocol))
        return protocol

    def _promised(self, connection: Any, entry: Entry | None) -> Any:
        if entry is not None:
            self._scene.simulator.promise(f"port {_port(connection.protocol)}", entry)
        return connection

    async def _decided(self, req: Any, limits: aiohttp.ClientTimeout) -> Entry:
        """Return the journal entry of *req*. If a fault denies it a connection, raise aiohttp's own exception."""
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
    """Return the exception that aiohttp raises for *error* while connecting. *key* is the `connection_key`."""
    if isinstance(error, socket.gaierror):
        return aiohttp.ClientConnectorDNSError(key, error)
    if isinstance(error, ssl.SSLError):
        return aiohttp.ClientConnectorSSLError(key, error)
    return error if isinstance(error, TimeoutError) and not error.errno else aiohttp.ClientConnectorError(key, error)


async def _no_answer(limits: aiohttp.ClientTimeout) -> None:
    """Wait until the client or the system gives up."""
    async with asyncio.timeout(min(filter(None, (limits.connect, limits.sock_connect)), default=None)):
        await asyncio.sleep(connecting.SYSTEM_GIVES_UP_S)


def _timeout(traces: Any = None, timeout: Any = None) -> aiohttp.ClientTimeout:
    del traces  # the parameters have the names that `connect` gives them
    return timeout  # type: ignore[no-any-return]


def _is_closed(client: weakref.ref[Any]) -> bool:
    protocol = client()
    return protocol is None or protocol.transport is None


def _port(protocol: Any) -> int:
    return protocol.transport.get_extra_info("sockname")[1]  # type: ignore[no-any-return]
