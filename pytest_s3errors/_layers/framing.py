"""Between bytes of HTTP and the simulator's values: what a head asks, what an exchange sends."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from pytest_s3errors._core.envelope import reason
from pytest_s3errors._core.http1 import Encoded, Head, encode_response
from pytest_s3errors._core.messages import Response
from pytest_s3errors._core.operations import parse_call

if TYPE_CHECKING:
    from pytest_s3errors._core.exchange import Exchange
    from pytest_s3errors._core.messages import Call


def call_of(head: Head, origin: str | None, endpoints: tuple[str, ...]) -> Call:
    """What *head* asks of S3; *origin* is ``scheme://host`` as the client dialled it, None if it dialled us."""
    scheme = origin.partition("://")[0] if origin else "http"
    return parse_call(method=head.method, target=head.target, headers=head.headers, scheme=scheme, endpoints=endpoints)


def encoded(response: Response, call: Call, exchange: Exchange) -> Encoded:
    """*response* as it goes out, as much of it as *exchange* sends."""
    code = getattr(exchange.answer, "code", None)
    return encode_response(
        response,
        method=call.method,
        reason=reason(response.status, code),
        date=_date(),
        # S3 sends errors chunked and objects with their length.
        chunked=response.status >= HTTPStatus.MULTIPLE_CHOICES if exchange.chunked is None else exchange.chunked,
        sent=exchange.sent,
    )


def body_size(head: Head) -> int | None:
    """How long the head says that the body is; with chunked framing it may not say."""
    size = head.headers.get("content-length") or head.headers.get("x-amz-decoded-content-length", "")
    return int(size) if size.isascii() and size.isdigit() else None


def refusal(why: str) -> bytes:
    """The answer to what is no HTTP."""
    body = f"<Error><Code>BadRequest</Code><Message>{why.replace('&', '').replace('<', '')}</Message></Error>"
    response = Response(
        status=400, headers={"Content-Type": "application/xml", "Connection": "close"}, body=body.encode()
    )
    head, content, tail = encode_response(response, method="GET", reason="Bad Request", date=_date(), chunked=False)
    return head + bytes(content) + tail


_last_date = (0, "")


def _date() -> str:
    """The Date header; formatting one costs more than all the rest of a head, so it is kept for its second."""
    global _last_date  # noqa: PLW0603 - a cache of one value
    now = int(time.time())
    if _last_date[0] != now:
        _last_date = (now, formatdate(now, usegmt=True))
    return _last_date[1]


def piece_size(size: int, bytes_per_second: float) -> int:
    """How many of *size* bytes go out at a time, to come at a rate: some hundred pieces, 0.02 to 1 s apart."""
    return max(1, int(bytes_per_second * min(1.0, max(0.02, size / bytes_per_second / 100))))
