"""Trace what goes over the connection with aiohttp's tracing: requests, responses, retries, reused connections."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import aiohttp

from s3_asyncio_client._core.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

__all__ = ["S3TraceEvent", "s3_trace_config"]

_log = logging.getLogger("s3_asyncio_client.requests")

_MAX_REMEMBERED = 1000
"""The number of failed targets whose attempts are counted. The least recently used is dropped to bound memory."""

_FIRST_SERVER_ERROR = 500
_LATER = frozenset({408, 429})  # client errors that ask for a retry

TraceKind = Literal["request", "connection_created", "connection_reused", "response", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class S3TraceEvent:
    """One step of one request.

    Attributes:
        kind: "request" (about to be sent), "connection_created" or "connection_reused", then "response" (status and
            headers have arrived; the body is not traced) or "failure" (no response came).
        method: HTTP method.
        url: The target, without the query if that grants access.
        operation: S3's name of the operation; None if the session is not an S3Client's own.
        bucket: Bucket, likewise.
        key: Key, likewise; None for a request about a bucket.
        attempt: 1 for the first request of its method and URL, and one more after each failure (no response, 5xx, 408,
            429). Any other response starts again at 1. Two callers that retry the same request at the same time are
            counted together.
        elapsed_s: Seconds since the request began, by the event loop's clock.
        reused: Whether the connection had been used before; None until that is known.
        status: HTTP status of a response.
        request_id: S3's name for the request, of a response.
        error: Class name of the exception of a failure.
    """

    kind: TraceKind
    method: str
    url: str
    operation: str | None = None
    bucket: str | None = None
    key: str | None = None
    attempt: int = 1
    elapsed_s: float = 0.0
    reused: bool | None = None
    status: int | None = None
    request_id: str | None = None
    error: str | None = None

    def __str__(self) -> str:
        """Return it as a log line: "PUT https://... attempt 2: 503 after 0.012 s, reused connection"."""
        what = f"{self.method} {self.url} attempt {self.attempt}: "
        match self.kind:
            case "request":
                return f"{what}begins"
            case "connection_created" | "connection_reused":
                return f"{what}{'reuses a' if self.reused else 'opened a new'} connection after {self.elapsed_s:.3f} s"
            case "failure":
                return f"{what}{self.error} after {self.elapsed_s:.3f} s"
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{what}{self.status} after {self.elapsed_s:.3f} s{request}"


class _Attempts:
    """Count consecutive failed requests by method and URL."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, int] = OrderedDict()

    def number(self, target: str) -> int:
        return self._failed.get(target, 0) + 1

    def ended(self, target: str, *, failed: bool) -> None:
        count = self._failed.pop(target, 0)
        if failed:
            self._failed[target] = count + 1
            if len(self._failed) > _MAX_REMEMBERED:
                self._failed.popitem(last=False)


class _Watch:
    """The callbacks of one trace config. The state of a request is kept in aiohttp's context for it."""

    def __init__(self, report: Callable[[S3TraceEvent], None]) -> None:
        self._report = report
        self._attempts = _Attempts()

    async def started(self, _: object, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams) -> None:
        url = redact(str(params.url))
        given = context.trace_request_ctx
        target = given.get("s3_target") if isinstance(given, dict) else None
        context.began_s = asyncio.get_running_loop().time()
        context.facts = {
            "method": params.method,
            "url": url,
            "attempt": self._attempts.number(f"{params.method} {url}"),
        }
        if target is not None:
            context.facts.update(operation=target.operation, bucket=target.bucket, key=target.key)
        self._tell("request", context)

    async def created(self, _: object, context: SimpleNamespace, __: object) -> None:
        context.facts["reused"] = False
        self._tell("connection_created", context)

    async def reused(self, _: object, context: SimpleNamespace, __: object) -> None:
        context.facts["reused"] = True
        self._tell("connection_reused", context)

    async def answered(self, _: object, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        status = params.response.status
        self._ended(context, failed=status >= _FIRST_SERVER_ERROR or status in _LATER)
        request_id = params.response.headers.get("x-amz-request-id")
        self._tell("response", context, status=status, request_id=request_id)

    async def failed(self, _: object, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams) -> None:
        self._ended(context, failed=True)
        self._tell("failure", context, error=type(params.exception).__name__)

    def _ended(self, context: SimpleNamespace, *, failed: bool) -> None:
        self._attempts.ended(f"{context.facts['method']} {context.facts['url']}", failed=failed)

    def _tell(self, kind: TraceKind, context: SimpleNamespace, **more: Any) -> None:
        elapsed_s = asyncio.get_running_loop().time() - context.began_s
        self._report(S3TraceEvent(kind=kind, elapsed_s=elapsed_s, **context.facts, **more))


def s3_trace_config(
    *,
    logger: logging.Logger | None = None,
    on_event: Callable[[S3TraceEvent], object] | None = None,
    level: int = logging.DEBUG,
) -> aiohttp.TraceConfig:
    """Return a trace config that logs every request, its retries, and whether its connection was reused.

    Pass it to ``S3Client(..., trace_configs=[...])``, or to any aiohttp.ClientSession. If several sessions share one,
    their attempts are counted together.

    Args:
        logger: Where each event is logged as one line. Default: "s3_asyncio_client.requests".
        on_event: Called with each event after it is logged. Its exceptions are logged and do not fail the request.
        level: A level of `logging` for the lines.

    Returns:
        A config that shows no credential, signature or presigned query. It sees nothing of a session without sockets,
        such as a mocked one.
    """
    log = logger or _log

    def report(event: S3TraceEvent) -> None:
        log.log(level, "%s", event)
        if on_event is None:
            return
        try:
            on_event(event)
        except Exception as error:  # noqa: BLE001 - an observer must not break the request
            log.warning("on_event raised %s", type(error).__name__)

    watch = _Watch(report)
    config = aiohttp.TraceConfig()
    config.on_request_start.append(watch.started)
    config.on_connection_create_end.append(watch.created)
    config.on_connection_reuseconn.append(watch.reused)
    config.on_request_end.append(watch.answered)
    config.on_request_exception.append(watch.failed)
    return config
