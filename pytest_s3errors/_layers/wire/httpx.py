"""The `wire` layer for httpx in async code: httpcore's connections to S3 lead to the server in the running loop.

For httpx's blocking client see `sockets`. The seam is httpcore's documented network backend:
`AnyIOBackend.connect_tcp` dials the loopback server for S3's hosts, and returns a stream that only pretends to start
TLS.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pytest_s3errors._guard.door import check_others

from . import connect_faults as connecting

if TYPE_CHECKING:
    from pytest_s3errors._guard.seams import Seams
    from pytest_s3errors._scene import Scene
    from pytest_s3errors._servers.loops import LoopServers


def install(scene: Scene, servers: LoopServers, seams: Seams, httpcore: Any) -> None:
    """Reroute httpcore's asyncio backend for the owner of *seams*."""
    connect = seams.original(httpcore.AnyIOBackend, "connect_tcp")
    plain = _plain_stream(httpcore)

    @functools.wraps(connect)
    async def connect_tcp(backend: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if not scene.is_s3(host, port):
            check_others(scene, host, port)
            return await connect(backend, host, port, *args, **kwargs)
        scene.check_playable()
        await _check(httpcore)
        stream = await connect(backend, "127.0.0.1", await servers.port(), *args, **kwargs)
        return plain(stream, host, servers)

    seams.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)


@functools.cache
def _plain_stream(httpcore: Any) -> Any:
    class PlainStream(httpcore.AsyncNetworkStream):  # type: ignore[misc]  # an optional part
        """A TCP stream that stays plain when asked for TLS."""

        def __init__(self, stream: Any, host: str, servers: LoopServers) -> None:
            self._stream = stream
            self._host = host
            self._servers = servers
            self._closed = False

        async def read(self, max_bytes: int, timeout: float | None = None) -> Any:  # noqa: ASYNC109
            return await self._stream.read(max_bytes, timeout)

        async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
            await self._stream.write(buffer, timeout)

        async def aclose(self) -> None:
            self._closed = True
            await self._stream.aclose()

        async def start_tls(self, *_args: Any, **_kwargs: Any) -> Any:
            await _check(httpcore, handshaking=self)
            port = self._stream.get_extra_info("client_addr")[1]
            self._servers.origins[port] = f"https://{self._host}"
            self._servers.left[port] = lambda: self._closed
            return self

        def get_extra_info(self, info: str) -> Any:
            return self._stream.get_extra_info(info)

    return PlainStream


async def _check(httpcore: Any, handshaking: Any = None) -> None:
    """Raise a fault of the current request as httpcore's own exception. Close the stream first, as httpcore does."""
    attempt = connecting.current()
    if attempt is None:
        return
    try:
        await attempt.check_async(handshake=handshaking is not None)
    except OSError as error:
        if handshaking is not None:
            await handshaking.aclose()
        if isinstance(error, TimeoutError):
            raise httpcore.ConnectTimeout from error
        # anyio tries each address of a name, and ends with this message.
        refused = isinstance(error, ConnectionRefusedError)
        raise httpcore.ConnectError("All connection attempts failed" if refused else str(error)) from error
