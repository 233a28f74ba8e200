"""The aiohttp side of a request: the session, the one place where its exceptions become ours, and the body's pieces.

aiohttp resends an idempotent request once by itself when a pooled connection breaks. For S3 that would repeat an upload
whose body is spent and hide an attempt from everybody who counts them, so a client middleware carries the exceptions
that set it off past aiohttp's loop. They travel in `BrokenConnection`, since aiohttp would catch our own
S3ConnectionError as the OSError that it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from s3_asyncio_client._response import S3Response, promised_length, short_body_message
from s3_asyncio_client.exceptions import S3ConnectionError, S3ResponseError, S3TimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from s3_asyncio_client.exceptions import S3Error

__all__ = [
    "NETWORK_ERRORS",
    "BrokenConnection",
    "Target",
    "aiohttp_chunks",
    "check_acknowledged",
    "new_session",
    "translate",
]


class BrokenConnection(Exception):
    """Carries an exception of aiohttp past the loop that would resend the request."""


# What a request can raise: aiohttp's own, plain OSErrors (TimeoutError is one), and the parser's where it leaks.
NETWORK_ERRORS = (BrokenConnection, aiohttp.ClientError, HttpProcessingError, OSError)


class Target(NamedTuple):
    """The target of a request, as errors name it: no query string, no header."""

    operation: str
    bucket: str
    key: str | None
    endpoint: str

    def __str__(self) -> str:
        """Spell it as in "PutObject of bucket/key at http://host"."""
        where = self.bucket if self.key is None else f"{self.bucket}/{self.key}"
        return f"{self.operation} of {where} at {self.endpoint}"


async def _never_resend(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise  # aiohttp does not resend after these
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenConnection(str(error)) from error


def new_session(
    timeout: aiohttp.ClientTimeout, trace_configs: Sequence[aiohttp.TraceConfig] = ()
) -> aiohttp.ClientSession:
    """Make the session of a client: one attempt per request, bodies as they are stored, no cookies."""
    return aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(_never_resend,),
        trust_env=False,
        trace_configs=list(trace_configs),
    )


def check_acknowledged(response: S3Response, target: Target) -> None:
    """Refuse a success that S3 would not send: one about an object without its ETag.

    Anything between the client and S3 may answer 200: a proxy with a page, a server that failed after its first bytes.
    A mock in the place of `_make_request` does not come here.

    Raises:
        S3ResponseError: The answer has no ETag; whether S3 did the work is unknown. The response is closed.
    """
    if target.operation in _ANSWERED_WITH_ETAG and not response.headers.get("ETag"):
        response.close()
        raise S3ResponseError(
            f"{target}: the answer has status {response.status} and no ETag, which S3 never sends",
            operation=target.operation,
            bucket=target.bucket,
            key=target.key,
        )


_ANSWERED_WITH_ETAG = frozenset({"GetObject", "HeadObject", "PutObject", "UploadPart"})


def translate(error: BaseException, target: Target) -> S3Error:
    """Turn an exception of aiohttp into its S3Error; the caller chains it with `from`."""
    if isinstance(error, BrokenConnection) and error.__cause__ is not None:
        error = error.__cause__
    kind: type[S3Error]
    if isinstance(error, TimeoutError):
        connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        kind, reason = S3TimeoutError, "timed out while connecting" if connecting else "no answer in time"
    elif isinstance(error, (aiohttp.ClientResponseError, HttpProcessingError)):
        kind, reason = S3ResponseError, "the answer is not HTTP"
    elif isinstance(error, aiohttp.InvalidURL):
        kind, reason = S3ResponseError, "aiohttp refuses the URL"
    else:
        kind, reason = S3ConnectionError, _connection_reason(error)
    return kind(f"{target}: {reason}", operation=target.operation, bucket=target.bucket, key=target.key)


# Our own words: aiohttp puts the whole URL, query included, into some of its messages.
def _connection_reason(error: BaseException) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "the host name could not be resolved"
        case aiohttp.ClientSSLError():
            return "the TLS handshake failed"
        case aiohttp.ClientConnectorError():
            return f"could not connect ({error.os_error.strerror or 'no reason given'})"
        case aiohttp.ServerDisconnectedError():
            return "the server closed the connection before it answered"
        case OSError(strerror=str(reason)):
            return f"the connection broke ({reason})"
    return f"the connection broke ({type(error).__name__})"


async def aiohttp_chunks(response: aiohttp.ClientResponse, target: Target) -> AsyncGenerator[bytes]:
    """Yield the body of *response* as it arrives, with S3Errors in place of aiohttp's exceptions.

    Raises:
        S3ConnectionError: The body ended early or the connection broke; the message counts what had arrived.
        S3TimeoutError: Nothing came for as long as the session's sock_read allows.
    """
    try:
        while chunk := await response.content.readany():
            yield chunk
    except NETWORK_ERRORS as error:
        if isinstance(error, TimeoutError):
            raise translate(error, target) from error
        ended = short_body_message(response.content.total_bytes, promised_length(response.headers))
        raise S3ConnectionError(
            f"{target}: {ended}", operation=target.operation, bucket=target.bucket, key=target.key
        ) from error
