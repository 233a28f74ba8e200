"""Install everything that leads to the door of an owner."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from . import aiohttp, blocking_http, credentials, httpcore, natives, senders, sockets
from .imports import catch_up, when_imported
from .inherit import URLLIB3S
from .seams import keep, wrap

_T = TypeVar("_T")
_Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


def install() -> None:
    """Lead every S3 request through the door of its test, mark those of S3 clients, and give them keys.

    Every test calls this, since other code may have replaced what leads there.
    """
    _once()
    catch_up()
    keep()


@functools.cache
def _once() -> None:
    for table in (_DOORS, _SENDERS):
        for name, act in table.items():
            when_imported(name, act)


def _wrap(wrappers: dict[str, _Wrapper], module: Any) -> None:
    for method, make in wrappers.items():
        wrap(module, method, make)


def _of_urllib3(modules: dict[str, _T]) -> dict[str, _T]:
    return {f"{name}.{module}": value for name in URLLIB3S for module, value in modules.items()}


_DOORS: dict[str, Callable[[Any], None]] = {
    "socket": sockets.install,
    "gevent.socket": sockets.install,
    "ssl": sockets.install_tls,
    "aiohttp": aiohttp.install,
    "asyncio": lambda module: sockets.install_loop(module, "BaseEventLoop"),
    "uvloop": sockets.install_uvloop,
    "http.client": blocking_http.install,
    **dict.fromkeys(httpcore.NAMES, httpcore.install),
    **_of_urllib3(
        {
            "_async.connection": blocking_http.install_urllib3_future,
            "_async.connectionpool": blocking_http.install_urllib3_async,
            "connection": blocking_http.install_urllib3_future,
            "connectionpool": blocking_http.install_urllib3,
            "contrib.socks": blocking_http.install_socks,
            "util.connection": sockets.install_create_connection,
        }
    ),
    "awscrt.http": natives.awscrt_http,
    "awscrt.s3": natives.awscrt_s3,
    "pycurl": natives.pycurl,
}
# Module -> method to wrap -> what makes its wrapper.
_WRAPPED: dict[str, dict[str, _Wrapper]] = {
    "botocore.endpoint": {"Endpoint._send": senders.botocore_endpoint},
    "botocore.signers": {
        "RequestSigner.generate_presigned_url": senders.botocore_presign,
        "S3PostPresigner.generate_presigned_post": senders.botocore_presign_post,
        "RequestSigner.get_auth_instance": credentials.sign_with("botocore"),
    },
    "botocore.session": {"Session.get_credentials": credentials.find_with("botocore")},
    "botocore.utils": {"InstanceMetadataFetcher.retrieve_iam_role_credentials": credentials.without_metadata},
    "aiobotocore.utils": {"AioInstanceMetadataFetcher.retrieve_iam_role_credentials": credentials.without_metadata},
    "aiobotocore.signers": {
        "AioS3PostPresigner.generate_presigned_post": senders.botocore_presign_post,
        "AioRequestSigner.get_auth_instance": credentials.sign_with("aiobotocore"),
    },
    "aiobotocore.session": {"AioSession.get_credentials": credentials.find_with("aiobotocore")},
    "aiobotocore.endpoint": {"AioEndpoint._send": senders.botocore_endpoint},
    "minio.api": {"Minio._url_open": senders.minio_url_open},
    **_of_urllib3(
        {
            "_async.connectionpool": {"AsyncHTTPConnectionPool.urlopen": senders.urllib3_urlopen},
            "connectionpool": {"HTTPConnectionPool.urlopen": senders.urllib3_urlopen},
        }
    ),
    "http.client": {"HTTPConnection.request": senders.http_client_request},
    **{
        package: {
            "ConnectionPool.handle_request": senders.httpcore_handle,
            "AsyncConnectionPool.handle_async_request": senders.httpcore_handle,
        }
        for package in httpcore.NAMES
    },
}
_SENDERS: dict[str, Callable[[Any], None]] = {
    **{name: functools.partial(_wrap, wrappers) for name, wrappers in _WRAPPED.items()},
    "pyarrow.fs": natives.pyarrow_fs,
    "boto3.s3.transfer": natives.boto3_transfer,
}
