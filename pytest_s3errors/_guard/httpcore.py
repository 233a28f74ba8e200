"""httpcore's connections, and with them httpx: those that a client kept open, and those through a proxy.

httpcore2 and httpx2 are their successors from other maintainers, with the same classes; aiobotocore prefers them.

See `blocking_http` for why. The pools stay unchanged, since respx replaces them with its own.
"""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlsplit

from .door import Door, leads_to_us
from .seams import lead

NAMES = ("httpcore", "httpcore2")


def install(httpcore: Any) -> None:
    """Lead S3 requests through their test's door, whatever their connection."""
    lead(httpcore, "HTTP11Connection.handle_request", functools.partial(_kept, httpcore))
    lead(httpcore, "AsyncHTTP11Connection.handle_async_request", functools.partial(_kept_async, httpcore))
    for proxy, direct in (
        ("HTTPProxy", httpcore.HTTPConnection),
        ("AsyncHTTPProxy", httpcore.AsyncHTTPConnection),
        ("SOCKSProxy", httpcore.HTTPConnection),
        ("AsyncSOCKSProxy", httpcore.AsyncHTTPConnection),
    ):
        if hasattr(getattr(httpcore, proxy, None), "create_connection"):
            lead(httpcore, f"{proxy}.create_connection", functools.partial(_proxied, direct))


def _proxied(direct: Any, create: Any) -> Any:
    def create_connection(door: Door, pool: Any, origin: Any) -> Any:
        if not door.takes(origin.host.decode("ascii"), origin.port):
            return create(pool, origin)
        return direct(
            origin=origin,
            ssl_context=pool._ssl_context,  # noqa: SLF001 - the pool's own settings
            keepalive_expiry=pool._keepalive_expiry,  # noqa: SLF001
            network_backend=pool._network_backend,  # noqa: SLF001
        )

    return create_connection


def _kept(httpcore: Any, handle: Any) -> Any:
    def handling(door: Door, connection: Any, request: Any) -> Any:
        if _leads_astray(door, connection, request):
            connection.close()
            raise httpcore.ConnectionNotAvailable  # the pool takes another connection
        return handle(connection, request)

    return handling


def _kept_async(httpcore: Any, handle: Any) -> Any:
    async def handling(door: Door, connection: Any, request: Any) -> Any:
        if _leads_astray(door, connection, request):
            await connection.aclose()
            raise httpcore.ConnectionNotAvailable
        return await handle(connection, request)

    return handling


def _leads_astray(door: Door, connection: Any, request: Any) -> bool:
    """Return whether an old *connection* leads to the wrong place for *request*. Raise for a new one."""
    host, port = _aim(request)
    takes = door.takes(host, port)
    stream = connection._network_stream  # noqa: SLF001 - no public name leads to the peer
    if leads_to_us(door, stream.get_extra_info("server_addr")) is takes:
        return False
    if takes and not connection._request_count:  # noqa: SLF001 - nor tells whether it is new
        raise door.refuse(host, "over a transport that dials by itself")
    return True


def _aim(request: Any) -> tuple[str, int | None]:
    """Return the host that *request* is for. With a forwarding proxy it is in the target."""
    target = request.url.target.decode("latin-1")
    if "://" in target.partition("?")[0]:
        parts = urlsplit(target)
        return parts.hostname or "", parts.port or 80
    port = request.url.port or {b"http": 80, b"https": 443}.get(request.url.scheme)
    return request.url.host.decode("ascii"), port
