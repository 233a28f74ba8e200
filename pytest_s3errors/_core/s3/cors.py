"""What a browser asks before a cross-origin request. No bucket has a CORS configuration here, so it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import Response
    from .request import S3Request

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def corspreflight(ask: S3Request) -> Response:
    """Refuse, as S3 does for a bucket without a configuration."""
    headers = ask.call.headers
    if not headers.get("origin"):
        raise ask.refused("BadRequest: no origin")
    method = headers.get("access-control-request-method")
    if method and method not in _METHODS:
        raise ask.refused("BadRequest: asked method", method)
    absent = ask.store.bucket(ask.bucket) is None
    raise ask.refused("AccessForbidden: no bucket" if absent else "AccessForbidden")
