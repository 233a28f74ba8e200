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
from aiohttp.helpers import ceil_timeout

from pytest_s3errors._guard.door import ADDRESS, check_others
from pytest_s3errors._guard.senders import signed
from pytest_s3errors._time.pauses import pause_async

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
        # Requests that a rule has decided before they are sent. A new connection asks as it is dialed, when the pool
        # has given a place and traces have been told.
        self._decided: dict[Any, Entry] = {}

    def install(self, seams: Seams) -> None:
        """Reroute every connector for the owner of *seams*."""
        create = seams.original(aiohttp.TCPConnector, "_create_connection")
        connect = seams.original(aiohttp.BaseConnector, "connect")

        @functools.wraps(create)
        async def create_connection(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._takes(req):
                return await create(connector, req, *args, **kwargs)
            if self._scene.simulator.connects:
                await self._deny(req, _timeout(*args, **kwargs))
            return await self._dial(connector, req.url)

        @functools.wraps(connect)
        async def watched_connect(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._takes(req):
                return await self._kept(lambda: connect(connector, req, *args, **kwargs), lambda ours: not ours)
            self._scene.check_playable()
            try:
                connection = await self._kept(
                    lambda: connect(connector, req, *args, **kwargs), lambda ours: ours and not self._fault(req)
                )
            except BaseException:
                self._end(req)
                raise
            if connection is None:
                self._end(req)
                raise self._scene.escape(str(req.url.host), f"through a {type(connector).__name__}")
            if (entry := self._decided.pop(req, None)) is not None:
                self._scene.simulator.promise(f"port {_port(connection.protocol)}", entry)
            return connection

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

    async def _kept(self, connect: Callable[[], Awaitable[Any]], fits: Callable[[bool], bool]) -> Any:
        """Return a connection that *fits*, which is told whether it leads to us. None: there is none."""
        # Close pooled connections that don't. A pool holds at most this many, and a new one fits.
        for _ in range(1000):
            connection = await connect()
            if fits(connection.protocol in self._ours):
                return connection
            connection.close()
        return None

    async def _dial(self, connector: Any, url: URL) -> Any:
        protocol = await self._servers.connect(connector._factory, (ADDRESS, url.port or 0))  # noqa: SLF001
        self._ours.add(protocol)
        self._servers.origins[_port(protocol)] = f"{url.scheme}://{url.authority}"
        self._servers.left[_port(protocol)] = functools.partial(_is_closed, weakref.ref(protocol))
        return protocol

    def _fault(self, req: Any) -> str | None:
        """Return the fault that denies *req* a connection. It is decided here, unless it was before."""
        if not self._scene.simulator.connects:
            return None
        if (entry := self._decided.get(req)) is None:
            url = req.url
            call = connecting.call_to(
                self._scene, req.method, url.scheme, url.raw_host, url.port, url.raw_path_qs, dict(req.headers)
            )
            entry = self._decided[req] = self._scene.simulator.begin(call)
        return connecting.fault_of(entry)

    async def _deny(self, req: Any, limits: aiohttp.ClientTimeout) -> None:
        """Raise aiohttp's own exception if a fault denies *req* a connection."""
        if (fault := self._fault(req)) is not None:
            waits_s = connecting.seconds_of(fault, self._scene.simulator.answer(self._decided[req], b"").delay_s)
            async with ceil_timeout(limits.sock_connect, limits.ceil_threshold):  # aiohttp sees to its `connect`
                await pause_async(waits_s)
            raise natural_error(connecting.connect_error(fault), req.connection_key)

    def _end(self, req: Any) -> None:
        """Record that *req* will not be sent."""
        if (entry := self._decided.pop(req, None)) is not None:
            self._scene.simulator.end(entry)


def natural_error(error: OSError, key: Any) -> OSError:
    """Return the exception that aiohttp raises for *error* while connecting. *key* is the `connection_key`."""
    if isinstance(error, socket.gaierror):
        return aiohttp.ClientConnectorDNSError(key, error)
    if isinstance(error, ssl.SSLError):
        return aiohttp.ClientConnectorSSLError(key, error)
    return aiohttp.ClientConnectorError(key, error)


def _timeout(traces: Any = None, timeout: Any = None) -> aiohttp.ClientTimeout:
    del traces  # the parameters have the names that `connect` gives them
    return timeout  # type: ignore[no-any-return]


def _is_closed(client: weakref.ref[Any]) -> bool:
    protocol = client()
    return protocol is None or protocol.transport is None


def _port(protocol: Any) -> int:
    return protocol.transport.get_extra_info("sockname")[1]  # type: ignore[no-any-return]
