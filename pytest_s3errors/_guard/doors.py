"""Everything that leads to a door, put in place for one owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import aiohttp, blocking_http, handover, httpcore, senders, sockets
from .imports import when_imported
from .seams import wrap

if TYPE_CHECKING:
    from .door import Door
    from .seams import Seams


def lead(seams: Seams, door: Door) -> None:
    """Lead what blocks, and what dials by itself, through *door*; aiohttp and httpcore's backend are their layer's."""
    sockets.install(seams, door)
    blocking_http.install(seams, door)
    seams.when("httpcore", lambda module: httpcore.install(seams, door, module))
    seams.when("uvloop", lambda module: sockets.install_uvloop(seams, door, module))
    seams.when("gevent.socket", lambda module: sockets.install_gevent(seams, door, module))
    seams.when("urllib3.contrib.socks", lambda module: blocking_http.install_socks(seams, door, module))


def shut(seams: Seams, door: Door) -> None:
    """Let nothing of S3's through *door*."""
    lead(seams, door)
    seams.when("aiohttp", lambda module: aiohttp.install(seams, door, module))


def recognise() -> None:
    """Mark from now on what S3's own clients send, and hand owners over. Called by every test."""
    handover.install()
    for name, act in _SENDERS.items():
        when_imported(name, act)


def _botocore(module: Any) -> None:
    wrap(module.Endpoint, "_send", senders.botocore_endpoint)


def _botocore_signers(module: Any) -> None:
    wrap(module.RequestSigner, "generate_presigned_url", senders.botocore_presign)


def _aiobotocore(module: Any) -> None:
    wrap(module.AioEndpoint, "_send", senders.botocore_endpoint)


def _minio(module: Any) -> None:
    wrap(module.Minio, "_url_open", senders.minio_url_open)


def _urllib3(module: Any) -> None:
    wrap(module.HTTPConnectionPool, "urlopen", senders.urllib3_urlopen)


def _http_client(module: Any) -> None:
    wrap(module.HTTPConnection, "request", senders.http_client_request)


def _httpcore(module: Any) -> None:
    wrap(module.ConnectionPool, "handle_request", senders.httpcore_handle)
    wrap(module.AsyncConnectionPool, "handle_async_request", senders.httpcore_handle)


_SENDERS = {
    "botocore.endpoint": _botocore,
    "botocore.signers": _botocore_signers,
    "aiobotocore.endpoint": _aiobotocore,
    "minio.api": _minio,
    "urllib3.connectionpool": _urllib3,
    "http.client": _http_client,
    "httpcore": _httpcore,
}
