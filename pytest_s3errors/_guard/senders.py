"""Clients that only speak to S3. Whatever they send is S3's, whatever the host.

The block in which such a client sends is marked in its context. The mark names the host, so that connections of a proxy
or of other code in the same block are not mistaken for it. botocore's other services are marked as well: a request to
SQS is not S3's even if both share one port of localhost.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .owner import current

_PORTS = {"http": 80, "https": 443}

# Signature version 4 with the scope of S3, and version 2, by query.
_PRESIGNED = re.compile(
    r"[?&]X-Amz-Credential=[^&]*(?:%2F|/)s3(?:express)?(?:%2F|/)aws4_request(?:&|$)"
    r"|[?&]AWSAccessKeyId=[^&]*&(?:.*&)?(?:Signature|Expires)=",
    re.IGNORECASE,
)


# The same in a header. Its version 2 names no service: only S3 has it.
_SIGNED = re.compile(
    r"AWS4-[A-Z0-9-]+ Credential=[^,\s]+/s3(?:express)?/aws4_request(?:,|\s|$)|AWS [^:\s]+:\S", re.IGNORECASE
)


class Sending(NamedTuple):
    """One request in flight: whether it is S3's, the host and port of its URL, and the client's endpoint.

    `endpoint` is None if only the signature tells whose request it is: its host may be an endpoint's, or have a bucket
    in front of one.
    """

    s3: bool
    host: str
    port: int | None
    endpoint: str | None


_sending: ContextVar[Sending | None] = ContextVar("s3errors_sending", default=None)

with_base: set[str] = set()
"""Endpoints with a path before the bucket for which URLs were signed. Any client may use such a URL."""

_forms: set[tuple[str, int | None, str]] = set()
"""Host, port and path of URLs that forms were signed for. A form's signature is in the body, which comes too late."""


def sending_to(host: str, port: int | None) -> Sending | None:
    """Return the request that this context sends to *host*. None: no marked client sends it."""
    sending = _sending.get()
    if sending is None or sending.host != host.lower() or port not in (None, sending.port):
        return None
    return sending


def _sends(url: str, endpoint: str | None, *, s3: bool) -> Sending:
    parts = urlsplit(url)
    base = None if endpoint is None else _base(endpoint)
    return Sending(s3, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme), base)


def _base(endpoint: str) -> str:
    at = urlsplit(endpoint)
    return f"{at.netloc.rpartition('@')[2]}{at.path.rstrip('/')}"


class _Block:
    """A block that sends. It is no generator: each request of each client enters one."""

    __slots__ = ("_before", "_sends")

    def __init__(self, sends: Sending) -> None:
        self._sends = sends

    def __enter__(self) -> None:
        self._before = _sending.get()
        _sending.set(self._sends)

    def __exit__(self, *exc_info: object) -> None:
        _sending.set(self._before)


def sending(url: str, endpoint: str | None, *, s3: bool) -> contextlib.AbstractContextManager[None]:
    """Mark the block that sends to *url* for a client with this *endpoint*. None: its endpoint is not known."""
    return _Block(_sends(url, endpoint, s3=s3))


def is_presigned(url: str) -> bool:
    """Return whether the query of *url* is signed for S3, or a form for *url* is."""
    return ("?" in url and _PRESIGNED.search(url) is not None) or (bool(_forms) and _place(url) in _forms)


def _place(url: str) -> tuple[str, int | None, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme), parts.path.rstrip("/")


def is_signed(headers: object) -> bool:
    """Return whether a request's *headers*, a mapping or pairs, are signed for S3."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in pairs if isinstance(pairs, Iterable) else ():
        if _text(name).lower() == "authorization":
            return _SIGNED.match(_text(value)) is not None
    return False


def _text(word: object) -> str:
    return word.decode("latin-1") if isinstance(word, bytes) else str(word)


def signed(url: str, headers: object) -> contextlib.AbstractContextManager[None]:
    """Mark the block that sends to *url* if URL or headers are signed for S3 and the block has no mark yet."""
    if _sending.get() is None and (is_presigned(url) or is_signed(headers)):
        return sending(url, None, s3=True)
    return _UNMARKED


_UNMARKED = contextlib.nullcontext()


# Functions that send, by module. Each is wrapped when the module is imported, see `imports`.


def botocore_endpoint(send: Callable[..., Any]) -> Callable[..., Any]:
    """Mark each attempt that `Endpoint._send` of botocore or aiobotocore sends, after it was signed."""

    def marked(endpoint: Any, request: Any) -> contextlib.AbstractContextManager[None]:
        # The prefix belongs to this service: s3control and s3tables have others.
        return sending(request.url, endpoint.host, s3=endpoint._endpoint_prefix == "s3")  # noqa: SLF001

    return _around(send, marked)


def botocore_presign(presign: Callable[..., str]) -> Callable[..., str]:
    """Record the endpoint for which botocore creates a presigned URL, if it has a path before the bucket."""

    def presigning(signer: Any, request_dict: dict[str, Any], *args: Any, **kwargs: Any) -> str:
        if current() is not None and (s3 := request_dict["context"].get("s3_redirect")):
            at, bucket = urlsplit(request_dict["url"]), s3["bucket"]
            host = at.netloc.rpartition("@")[2].removeprefix(f"{bucket}.")
            base = at.path.removesuffix(request_dict["url_path"]).removesuffix(f"/{bucket}").rstrip("/")
            if base:
                with_base.add(f"{host}{base}")
        return presign(signer, request_dict, *args, **kwargs)

    return presigning


def botocore_presign_post(presign: Callable[..., Any]) -> Callable[..., Any]:
    """Record the URL for which botocore or aiobotocore signs a form."""

    @functools.wraps(presign)
    def presigning(presigner: Any, request_dict: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if current() is not None:
            _forms.add(_place(request_dict["url"]))
        return presign(presigner, request_dict, *args, **kwargs)

    return presigning


def minio_url_open(url_open: Callable[..., Any]) -> Callable[..., Any]:
    """Mark what minio-py sends: all of its requests go through `Minio._url_open`."""

    def marked(client: Any, *args: Any, **kwargs: Any) -> contextlib.AbstractContextManager[None]:
        given = inspect.signature(url_open).bind(client, *args, **kwargs).arguments
        url = client._base_url.build(  # noqa: SLF001
            method=given["method"], region=given["region"], bucket_name=given.get("bucket_name")
        )
        endpoint = urlsplit(url.geturl())
        bucket = f"{given.get('bucket_name')}."
        return sending(url.geturl(), f"{endpoint.scheme}://{endpoint.netloc.removeprefix(bucket)}", s3=True)

    return _around(url_open, marked)


def urllib3_urlopen(urlopen: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a request signed for S3 that goes through urllib3: requests, botocore, minio-py."""

    def marked(
        pool: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
    ) -> contextlib.AbstractContextManager[None]:
        del method, body, args, kwargs
        url = url if "://" in url else f"{pool.scheme}://{_authority(pool.host, pool.port)}{url}"
        return signed(url, headers or pool.headers)

    return _around(urlopen, marked, inner=True)


def http_client_request(request: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a request signed for S3 that goes through the standard library: urllib."""

    def marked(
        conn: Any, method: str, url: str, body: Any = None, headers: Any = None, **kwargs: Any
    ) -> contextlib.AbstractContextManager[None]:
        del method, body, kwargs
        scheme = "https" if conn.default_port == _PORTS["https"] else "http"
        return signed(url if "://" in url else f"{scheme}://{_authority(conn.host, conn.port)}{url}", headers)

    return _around(request, marked, inner=True)


def httpcore_handle(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a request signed for S3 that goes through httpcore: httpx."""

    def marked(pool: Any, request: Any) -> contextlib.AbstractContextManager[None]:
        del pool
        url = request.url
        host, target = url.host.decode("ascii"), url.target.decode("latin-1")
        return signed(f"{url.scheme.decode('ascii')}://{_authority(host, url.port)}{target}", request.headers)

    return _around(handle, marked, inner=True)


def _authority(host: str, port: int | None) -> str:
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return host if port is None else f"{host}:{port}"


def _around(
    send: Callable[..., Any], marked: Callable[..., contextlib.AbstractContextManager[None]], *, inner: bool = False
) -> Callable[..., Any]:
    """Return *send* wrapped in the block that *marked* returns for its arguments, if the work has an owner.

    One *inner* is not wrapped in a block that has a mark.
    """

    def passes() -> bool:
        return current() is None or (inner and _sending.get() is not None)

    if inspect.iscoroutinefunction(inspect.unwrap(send)):

        @functools.wraps(send)
        async def sending_async(*args: Any, **kwargs: Any) -> Any:
            if passes():
                return await send(*args, **kwargs)
            with marked(*args, **kwargs):
                return await send(*args, **kwargs)

        return sending_async

    @functools.wraps(send)
    def sending_blocking(*args: Any, **kwargs: Any) -> Any:
        if passes():
            return send(*args, **kwargs)
        with marked(*args, **kwargs):
            return send(*args, **kwargs)

    return sending_blocking
