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
from .seams import lead

if TYPE_CHECKING:
    from collections.abc import Mapping

_HTTP, _HTTPS = 80, 443
_SCHEMES = {"http": _HTTP, "https": _HTTPS}

# The proxy of a connection that leads to S3 itself for now.
_VIA = "_s3errors_via"


def install(http_client: Any) -> None:
    """Lead S3 requests through their test's door, whatever their connection."""
    _install(http_client, "HTTPConnection")


def _install(home: Any, kind: str) -> None:
    lead(home, f"{kind}.set_tunnel", _set_tunnel)
    lead(home, f"{kind}.putrequest", _putrequest)


def _set_tunnel(tunnel: Any) -> Any:
    def set_tunnel(door: Door, conn: Any, host: str, port: int | None = None, *args: Any, **kwargs: Any) -> None:
        if not door.takes(host.strip("[]"), port or _HTTPS):
            tunnel(conn, host, port, *args, **kwargs)
            return
        _lead(conn, host, port or _HTTPS)
        _forget_proxy(conn)

    return set_tunnel


def _putrequest(put: Any) -> Any:
    def putrequest(door: Door, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
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

    return putrequest


def install_urllib3(connectionpool: Any) -> None:
    """Take S3 requests away from a proxy that only forwards, where it is connected to before anything is put.

    urllib3 does so with https alone, urllib3-future always.
    """
    early = _SCHEMES if hasattr(connectionpool, "BaseResolver") else {"https": _HTTPS}
    lead(connectionpool, "HTTPConnectionPool._make_request", functools.partial(_forward, early))


def install_urllib3_async(connectionpool: Any) -> None:
    """Do the same for urllib3-future in async code."""
    lead(connectionpool, "AsyncHTTPConnectionPool._make_request", functools.partial(_forward, _SCHEMES))


def _forward(schemes: Mapping[str, int], make: Any) -> Any:
    def make_request(door: Door, pool: Any, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
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

    return make_request


def install_urllib3_future(connection: Any) -> None:
    """Do all that for urllib3-future, which stands on no http.client and may resolve names by itself."""
    for kind, resolver in (
        ("HTTPConnection", "ResolverDescription"),
        ("AsyncHTTPConnection", "AsyncResolverDescription"),
    ):
        if hasattr(connection, resolver):
            _install(connection, kind)
            lead(connection, f"{kind}._new_conn", functools.partial(_resolve, getattr(connection, resolver)))


def _resolve(resolvers: Any, made: Any) -> Any:
    """Look up S3's hosts as everybody does, whatever resolver a connection has."""

    def new_conn(door: Door, conn: Any) -> Any:
        if door.takes(conn.host.strip("[]"), conn.port):
            conn._resolver = resolvers.from_url("system://").new()  # noqa: SLF001 - it has no other name
        return made(conn)

    return new_conn


def install_socks(socks: Any) -> None:
    """Take S3 connections away from urllib3's SOCKS proxies."""
    for kind in ("SOCKSConnection", "AsyncSOCKSConnection"):
        if hasattr(socks, kind):  # the second is urllib3-future's
            lead(socks, f"{kind}._new_conn", functools.partial(_bypass, getattr(socks, kind)))


def _bypass(kind: Any, made: Any) -> Any:
    def new_conn(door: Door, conn: Any) -> Any:
        if door.takes(conn.host.strip("[]"), conn.port):
            return super(kind, conn)._new_conn()
        return made(conn)

    return new_conn


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
