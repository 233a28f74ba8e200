"""The standard library's HTTP connections, and with them urllib, urllib3, requests, botocore and minio-py.

Two things need no lookup of the host's name: a connection that a client kept open, and a proxy. If a kept connection
leads to the wrong place for a request, it is closed here, and the client dials again, as for any connection that the
peer closed. An S3 request that was meant for a proxy goes to the host itself.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .door import Door, is_ours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .seams import Seams

_HTTP, _HTTPS = 80, 443
_SCHEMES = {"http": _HTTP, "https": _HTTPS}

# The proxy of a connection that leads to S3 itself for now.
_VIA = "_s3errors_via"


def install(seams: Seams, door: Door, http_client: Any) -> None:
    """Lead S3 requests through *door*, whatever their connection."""
    # vcrpy puts its own class here while a cassette is on, which may be the whole session.
    _install(seams, door, getattr(http_client.HTTPConnection, "_baseclass", http_client.HTTPConnection))


def _install(seams: Seams, door: Door, connection: Any) -> None:
    tunnel, put = seams.original(connection, "set_tunnel"), seams.original(connection, "putrequest")

    @functools.wraps(tunnel)
    def set_tunnel(conn: Any, host: str, port: int | None = None, *args: Any, **kwargs: Any) -> None:
        if not door.takes(host.strip("[]"), port or _HTTPS):
            tunnel(conn, host, port, *args, **kwargs)
            return
        _lead(conn, host, port or _HTTPS)
        _forget_proxy(conn)

    @functools.wraps(put)
    def putrequest(conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        parts = urlsplit(url) if "://" in url else None
        if parts is not None and parts.hostname and method != "CONNECT":
            port = parts.port or _HTTP
            if door.takes(parts.hostname, port):
                _lead(conn, parts.hostname, port)
                url = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            else:
                _lead_back(conn)
        elif conn.sock is not None:
            host, port = getattr(conn, "_tunnel_host", None) or conn.host, conn.port
            if door.takes(host.strip("[]"), port) is not is_ours(door, conn.sock):
                _hang_up(conn)
        put(conn, method, url, *args, **kwargs)

    seams.setattr(connection, "set_tunnel", set_tunnel)
    seams.setattr(connection, "putrequest", putrequest)


def install_urllib3(seams: Seams, door: Door, connectionpool: Any) -> None:
    """Take S3 requests away from a proxy that only forwards, where it is connected to before anything is put.

    urllib3 does so with https alone, urllib3-future always.
    """
    early = _SCHEMES if hasattr(connectionpool, "BaseResolver") else {"https": _HTTPS}
    _forward(seams, door, connectionpool.HTTPConnectionPool, early)


def install_urllib3_async(seams: Seams, door: Door, connectionpool: Any) -> None:
    """Do the same for urllib3-future in async code."""
    _forward(seams, door, connectionpool.AsyncHTTPConnectionPool, _SCHEMES)


def _forward(seams: Seams, door: Door, kind: Any, schemes: Mapping[str, int]) -> None:
    make = seams.original(kind, "_make_request")

    @functools.wraps(make)
    def make_request(pool: Any, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url) if "://" in url else None
        if parts is not None and parts.scheme in schemes and parts.hostname:
            port = parts.port or schemes[parts.scheme]
            if door.takes(parts.hostname, port):
                _lead(conn, parts.hostname, port)
                _forget_proxy(conn)
                url = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            else:
                _lead_back(conn)
        return make(pool, conn, method, url, *args, **kwargs)

    seams.setattr(kind, "_make_request", make_request)


def install_urllib3_future(seams: Seams, door: Door, connection: Any) -> None:
    """Do all that for urllib3-future, which stands on no http.client and may resolve names by itself."""
    for kind, resolver in (
        ("HTTPConnection", "ResolverDescription"),
        ("AsyncHTTPConnection", "AsyncResolverDescription"),
    ):
        if hasattr(connection, resolver):
            _install(seams, door, getattr(connection, kind))
            _resolve(seams, door, getattr(connection, kind), getattr(connection, resolver))


def _resolve(seams: Seams, door: Door, connection: Any, resolvers: Any) -> None:
    """Look up S3's hosts as everybody does, whatever resolver a connection has."""
    made = seams.original(connection, "_new_conn")

    def new_conn(conn: Any) -> Any:
        if door.takes(conn.host.strip("[]"), conn.port):
            conn._resolver = resolvers.from_url("system://").new()  # noqa: SLF001 - it has no other name
        return made(conn)

    seams.setattr(connection, "_new_conn", new_conn)


def install_socks(seams: Seams, door: Door, socks: Any) -> None:
    """Take S3 connections away from urllib3's SOCKS proxies."""
    _bypass(seams, door, socks.SOCKSConnection)
    if hasattr(socks, "AsyncSOCKSConnection"):  # urllib3-future's
        _bypass(seams, door, socks.AsyncSOCKSConnection)


def _bypass(seams: Seams, door: Door, kind: Any) -> None:
    made = seams.original(kind, "_new_conn")

    def new_conn(conn: Any) -> Any:
        if door.takes(conn.host.strip("[]"), conn.port):
            return super(kind, conn)._new_conn()
        return made(conn)

    seams.setattr(kind, "_new_conn", new_conn)


def _lead(conn: Any, host: str, port: int) -> None:
    """Make *conn* dial *host* itself."""
    vars(conn).setdefault(_VIA, (conn.host, conn.port))
    if (conn.host, conn.port) != (host, port):
        _hang_up(conn)
        conn.host, conn.port = host, port


def _forget_proxy(conn: Any) -> None:
    """Make urllib3 treat *conn* as a direct connection; otherwise it would check the proxy's certificate."""
    for name in ("proxy", "proxy_is_verified", "_tunnel_host"):
        if hasattr(conn, name):
            setattr(conn, name, None)


def _lead_back(conn: Any) -> None:
    """Make *conn* dial its proxy again, for a request that is not S3's."""
    via = vars(conn).pop(_VIA, None)
    if via is not None:
        _hang_up(conn)
        conn.host, conn.port = via


def _hang_up(conn: Any) -> None:
    # Not conn.close(): urllib3 has recorded which response it waits for, and would forget it.
    kept, conn.sock = conn.sock, None
    for name in ("_protocol", "_svn"):  # urllib3-future's, of that connection
        if hasattr(conn, name):
            setattr(conn, name, None)
    if kept is not None:
        kept.close()
