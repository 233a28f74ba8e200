"""The aiohttp side of a request: the session, the translation of its exceptions, and the body's pieces.

When a pooled connection breaks, aiohttp itself resends an idempotent request once. For S3 that would repeat an upload
whose body is used up, and hide an attempt from everything that counts them. So a session of ours has that switched off,
as aiohttp's own test client has. The switch has a private name, but a middleware costs each request as much as half of
its signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from s3_asyncio_client._response import S3Response, promised_length, short_body_message
from s3_asyncio_client.exceptions import S3ConnectionError, S3ResponseError, S3TimeoutError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s3_asyncio_client.exceptions import S3Error


# The exceptions of a request: aiohttp's own, plain OSErrors (TimeoutError is one), and those that leak from the parser.
NETWORK_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError)


class Target(NamedTuple):
    """The target of a request, as errors name it: no query string, no header."""

    operation: str
    bucket: str
    key: str | None
    endpoint: str

    def __str__(self) -> str:
        """Return it as text, such as "PutObject of bucket/key at http://host"."""
        where = self.bucket if self.key is None else f"{self.bucket}/{self.key}"
        parts = urlsplit(self.endpoint)
        return f"{self.operation} of {where} at {parts.scheme}://{parts.netloc}"


def new_session(
    timeout: aiohttp.ClientTimeout, trace_configs: Sequence[aiohttp.TraceConfig] = ()
) -> aiohttp.ClientSession:
    """Create the session of a client: one attempt per request, bodies as stored, no cookies."""
    session = aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        trace_configs=list(trace_configs),
    )
    session._retry_connection = False  # noqa: SLF001 - see above
    return session


def check_acknowledged(response: S3Response, target: Target) -> None:
    """Refuse a success about an object without its ETag. S3 never sends one.

    A 200 may come from something else: a proxy with a page, a server that failed after its first bytes. A mocked
    `_make_request` skips this check.

    Raises:
        S3ResponseError: The response has no ETag. It is closed. Whether S3 did the work is unknown.
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
    """Return the S3Error for an exception of aiohttp. The caller chains it with `from`."""
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


# Our own words, since some messages of aiohttp contain the whole URL with its query.
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


class HttpResponse(S3Response):
    """A response of aiohttp. Its body breaks with S3Errors instead of aiohttp's exceptions.

    The body has no generator: an event loop lists its generators, which takes as long as reading a small body.
    """

    __slots__ = ("_response", "_target")

    def __init__(self, response: aiohttp.ClientResponse, target: Target, *, method: str, verify: bool) -> None:
        operation, bucket, key, _ = target
        super().__init__(
            response.status,
            response.headers,
            None,
            method=method,
            operation=operation,
            bucket=bucket,
            key=key,
            verify=verify,
        )
        self._response = response
        self._target = target

    async def _next(self) -> bytes | None:
        """Return the next piece.

        Raises:
            S3ConnectionError: The body ended early or the connection broke. The message says how many bytes arrived.
            S3TimeoutError: No data arrived for as long as the session's sock_read allows.
        """
        content = self._response.content
        try:
            while not content.at_eof():
                piece, _ = await content.readchunk()  # `readany` would join what has arrived, which copies it
                if piece:
                    return piece
        except NETWORK_ERRORS as error:
            raise self._broken(error) from error
        return None

    def _broken(self, error: Exception) -> S3Error:
        target, response = self._target, self._response
        if isinstance(error, TimeoutError):
            return translate(error, target)
        ended = short_body_message(response.content.total_bytes, promised_length(response.headers))
        return S3ConnectionError(f"{target}: {ended}", operation=target.operation, bucket=target.bucket, key=target.key)

    def close(self) -> None:
        """Close the connection, unless the end of the body has already given it back."""
        if not self._response.closed:
            self._response.close()
