"""Turn a request's head into a `Call`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from s3_asyncio_client._core.naming import operation_of

from .hosts import base_of, split_host
from .messages import EMPTY, Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def parse_call(
    *,
    method: str,
    target: str,
    headers: Mapping[str, str],
    scheme: str = "https",
    host: str | None = None,
    endpoints: Iterable[str] = (),
) -> Call:
    """Return the `Call` of a request.

    The key is percent-decoded and never normalized: `//`, `.`, `..` and a leading slash stay. So does `+`, which only
    means a space in the query. Bytes that are not UTF-8 become lone surrogates (surrogateescape).

    Args:
        method: HTTP method in upper case.
        target: The request target as sent: "/path?query", or a whole URL (then *scheme* is ignored).
        headers: Names in lower case. The mapping is kept, not copied.
        scheme: "http" or "https".
        host: The requested host. The default is the host of a whole URL, otherwise the Host header.
        endpoints: Hosts, optionally with a port, besides Amazon's that take the bucket as a label in front. A path
            after one comes before the bucket or key, as with a gateway.
    """
    if target[:1] != "/" and "://" in target:
        scheme, authority, target = _absolute(target)
        host = host or authority
    elif host is None:
        host = headers.get("host", "")
    path, _, raw_query = target.partition("?")
    known = endpoints if type(endpoints) is tuple else tuple(endpoints)
    endpoint, bucket = split_host(host, known)
    if known:
        path = _without_base(path, host, known)
    key: str | None = path[1:]
    if bucket is None and key:
        bucket, _, key = path[1:].partition("/")
        bucket = _decoded(bucket)
    key = _decoded(key) if key else None
    query = _query(raw_query) if raw_query else EMPTY
    return Call(
        method=method,
        url=f"{scheme}://{host}{target}",
        endpoint=endpoint,
        operation=operation_of(method, bucket is not None, key is not None, query, headers),
        bucket=bucket,
        key=key,
        query=query,
        headers=headers,
    )


def _without_base(path: str, host: str, endpoints: tuple[str, ...]) -> str:
    """Return *path* without the endpoint's own path."""
    for base in base_of(host, endpoints):
        if path == base or path.startswith(f"{base}/"):
            return path[len(base) :] or "/"
    return path


def _absolute(url: str) -> tuple[str, str, str]:
    """Return scheme, host with port, and the rest from its slash on. A missing slash is added."""
    scheme, _, rest = url.partition("://")
    end = min(at for at in (rest.find("/"), rest.find("?"), len(rest)) if at >= 0)
    target = rest[end:]
    return scheme, rest[:end].rpartition("@")[2], target if target[:1] == "/" else "/" + target


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _query(raw: str) -> dict[str, str]:
    """Map names to values. The first value of a repeated name wins."""
    query: dict[str, str] = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name:
            query.setdefault(_decoded(name.replace("+", " ")), _decoded(value.replace("+", " ")))
    return query
