"""Install everything that leads to a door, for one owner."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import aiohttp, blocking_http, credentials, httpcore, natives, senders, sockets
from .imports import when_imported
from .seams import wrap

if TYPE_CHECKING:
    from .door import Door
    from .seams import Seams


def lead(seams: Seams, door: Door) -> None:
    """Lead blocking code and code that dials itself through *door*. Layers handle aiohttp and httpcore's backend."""
    for name, install in _DOORS.items():
        seams.when(name, functools.partial(install, seams, door))


def shut(seams: Seams, door: Door) -> None:
    """Stop all S3 requests at *door*."""
    lead(seams, door)
    seams.when("aiohttp", lambda module: aiohttp.install(seams, door, module))


def recognise() -> None:
    """Mark the requests of S3 clients from now on, and give them keys. Every test calls this."""
    for name, act in _SENDERS.items():
        when_imported(name, act)


def _botocore(module: Any) -> None:
    wrap(module.Endpoint, "_send", senders.botocore_endpoint)


def _botocore_signers(module: Any) -> None:
    wrap(module.RequestSigner, "generate_presigned_url", senders.botocore_presign)
    wrap(module.S3PostPresigner, "generate_presigned_post", senders.botocore_presign_post)
    wrap(module.RequestSigner, "get_auth_instance", _SIGN_NOW)


def _botocore_session(module: Any) -> None:
    wrap(module.Session, "get_credentials", _FIND_NOW)


def _botocore_utils(module: Any) -> None:
    wrap(module.InstanceMetadataFetcher, "retrieve_iam_role_credentials", credentials.without_metadata)


def _aiobotocore_utils(module: Any) -> None:
    wrap(module.AioInstanceMetadataFetcher, "retrieve_iam_role_credentials", credentials.without_metadata)


def _aiobotocore_signers(module: Any) -> None:
    wrap(module.AioS3PostPresigner, "generate_presigned_post", senders.botocore_presign_post)
    wrap(module.AioRequestSigner, "get_auth_instance", _SIGN_NOW_ASYNC)


def _aiobotocore_session(module: Any) -> None:
    wrap(module.AioSession, "get_credentials", _FIND_NOW_ASYNC)


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


_DOORS: dict[str, Callable[[Seams, Door, Any], None]] = {
    "socket": sockets.install,
    "gevent.socket": sockets.install,
    "ssl": sockets.install_tls,
    "asyncio": lambda seams, door, module: sockets.install_loop(seams, door, module.BaseEventLoop),
    "uvloop": sockets.install_uvloop,
    "http.client": blocking_http.install,
    **dict.fromkeys(httpcore.NAMES, httpcore.install),
    "urllib3.connectionpool": blocking_http.install_urllib3,
    "urllib3.util.connection": sockets.install_create_connection,
    "urllib3.contrib.socks": blocking_http.install_socks,
    "awscrt.http": natives.awscrt_http,
    "awscrt.s3": natives.awscrt_s3,
    "pycurl": natives.pycurl,
}
_SIGN_NOW = credentials.sign_with("botocore")
_SIGN_NOW_ASYNC = credentials.sign_with("aiobotocore")
_FIND_NOW = credentials.find_with("botocore")
_FIND_NOW_ASYNC = credentials.find_with("aiobotocore")
_SENDERS = {
    "botocore.endpoint": _botocore,
    "botocore.signers": _botocore_signers,
    "botocore.session": _botocore_session,
    "botocore.utils": _botocore_utils,
    "aiobotocore.utils": _aiobotocore_utils,
    "aiobotocore.signers": _aiobotocore_signers,
    "aiobotocore.session": _aiobotocore_session,
    "aiobotocore.endpoint": _aiobotocore,
    "minio.api": _minio,
    "pyarrow.fs": natives.pyarrow_fs,
    "boto3.s3.transfer": natives.boto3_transfer,
    "urllib3.connectionpool": _urllib3,
    "http.client": _http_client,
    **dict.fromkeys(httpcore.NAMES, _httpcore),
}
