"""Turn a request's arguments into its wire form: the URL, the signed headers and the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yarl

from s3_asyncio_client._core.addressing import canonical_query
from s3_asyncio_client._core.signing import Credentials, sign_request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from s3_asyncio_client._body import Body

__all__ = ["Prepared", "prepare"]


class Prepared(NamedTuple):
    """A signed request."""

    method: str
    url: yarl.URL
    headers: dict[str, str]
    content: Any


def prepare(
    *,
    method: str,
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    body: Body,
    credentials: Credentials,
    region: str,
    now: datetime,
) -> Prepared:
    """Sign one request.

    Args:
        method: HTTP method.
        url: Encoded, without a query.
        params: Query, not encoded.
        headers: The caller's headers. Content-Length and the body's own headers replace them.
        body: The result of `open_body`.
        credentials: The credentials to sign with.
        region: Region to sign for.
        now: Current time in UTC.
    """
    replaced = {"content-length", *(name.lower() for name in body.headers)}
    to_sign = {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(body.headers)
    if body.length or method in ("PUT", "POST"):
        to_sign["Content-Length"] = str(body.length)
    signed = sign_request(
        method=method,
        url=url,
        params=params,
        headers=to_sign,
        payload_hash=body.payload_hash,
        credentials=credentials,
        region=region,
        now=now,
    )
    content = body.content(signed, credentials=credentials, region=region, now=now)
    # Not signed, since proxies change it. Without it a proxy may compress the body, and the checksum would not match.
    signed.setdefault("Accept-Encoding", "identity")
    query = canonical_query(params)
    whole = f"{url}?{query}" if query else url
    return Prepared(method=method, url=yarl.URL(whole, encoded=True), headers=signed, content=content)
