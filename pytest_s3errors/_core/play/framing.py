"""Between bytes of HTTP and the simulator's values: what a head asks, what an exchange sends."""

from __future__ import annotations

import functools
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.errors.catalogue import error_reply
from pytest_s3errors._core.s3.errors.envelope import reason, render_error
from pytest_s3errors._core.s3.operations import parse_call

from .http1 import BadRequest, Encoded, Head, encode_response

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call, Response

    from .exchange import Exchange, Ids


def call_of(head: Head, origin: str | None, endpoints: tuple[str, ...]) -> Call:
    """What *head* asks of S3; *origin* is ``scheme://host`` as the client dialled it, None if it dialled us."""
    scheme = origin.partition("://")[0] if origin else "http"
    call = parse_call(method=head.method, target=head.target, headers=head.headers, scheme=scheme, endpoints=endpoints)
    return replace(call, sized=False) if head.is_unsized else call


def encoded(response: Response, call: Call, exchange: Exchange, *, chunks: bool, now_s: int) -> Encoded:
    """*response* as it goes out at *now_s*, as much of it as *exchange* sends; *chunks*: the client can read chunks."""
    code = getattr(exchange.answer, "code", None)
    return encode_response(
        response,
        method=call.method,
        reason=reason(response.status, code),
        date=_date(now_s),
        chunked=chunks and exchange.in_chunks(response, call),
        sent=exchange.sent,
    )


def body_size(head: Head) -> int | None:
    """How long the head says that the body is; with chunked framing it may not say."""
    size = head.headers.get("content-length") or head.headers.get("x-amz-decoded-content-length", "")
    return int(size) if size.isascii() and size.isdigit() else None


def refusal(error: BadRequest, ids: Ids, *, now_s: int) -> bytes:
    """The answer, at *now_s*, to what is no request."""
    reply = error_reply(error.code, _NO_CALL, message=f"This is no request: {error}.", headers={"Connection": "close"})
    response = render_error(reply, _NO_CALL, request_id=ids.request_id, host_id=ids.host_id)
    phrase = reason(reply.status)
    head, body, tail = encode_response(response, method="GET", reason=phrase, date=_date(now_s), chunked=True)
    return head + bytes(body) + tail


_NO_CALL = parse_call(method="GET", target="/", headers={})


@functools.lru_cache(maxsize=1)
def _date(now_s: int) -> str:
    """The Date header; formatting one costs more than all the rest of a head, so the last second's is kept."""
    return formatdate(now_s, usegmt=True)


def piece_size(size: int, bytes_per_second: float) -> int:
    """How many of *size* bytes go out at a time, to come at a rate: some hundred pieces, 0.02 to 1 s apart."""
    return max(1, int(bytes_per_second * min(1.0, max(0.02, size / bytes_per_second / 100))))
