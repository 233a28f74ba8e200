"""Record an S3 error and its context, and log calls.

Everything goes through `redact`: no record or log line has a credential, token, signature or presigned query, even if a
chained error, a note or a traceback quotes one. So nothing here passes `exc_info` to `logging`, which would print the
exceptions unchanged.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

import s3_asyncio_client
from s3_asyncio_client._core.record import brief_record, error_record, json_line, one_line, plain
from s3_asyncio_client._core.redact import redact
from s3_asyncio_client._operation import check_operation, perform
from s3_asyncio_client.client import _live
from s3_asyncio_client.exceptions import S3ClientError, S3NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

__all__ = ["S3ErrorContext", "debug_s3_operation", "logged_s3_operation"]

_T = TypeVar("_T")

_log = logging.getLogger("s3_asyncio_client.operations")
_error_log = logging.getLogger("s3_asyncio_client.errors")


class S3ErrorContext:
    """Creates and logs records of errors; two functions under one name."""

    @staticmethod
    def collect_context(
        operation: str, bucket: str | None, key: str | None, exception: BaseException, client: object = None
    ) -> dict[str, Any]:
        """Return a record of *exception* for a later analysis, as values for JSON.

        Args:
            operation: What was attempted, in the caller's words or S3's ("PutObject").
            bucket: Bucket. None: none.
            key: Key. None: none.
            exception: The error. All attributes of an S3Error are recorded.
            client: The client that was used, or a wrapper of one. Its keys and token are hidden everywhere, like those
                of every other live S3Client.

        Returns:
            timestamp (ISO 8601 in UTC, with "+00:00"), operation, bucket, key, exception (type, message, status_code,
            error_code, request_id, host_id, retry_after in seconds, attempts, details, notes, traceback, chain: a list
            of its causes), client (type, region, endpoint_url; None without a client), python_version (`sys.version`)
            and versions. Unknown values are None.
        """
        secrets = _secrets(client)
        return {
            "timestamp": datetime.now(UTC).isoformat(),
            "operation": plain(operation, secrets),
            "bucket": plain(bucket, secrets),
            "key": plain(key, secrets),
            "exception": error_record(exception, secrets),
            "client": _client_record(client, secrets),
            "python_version": sys.version,
            "versions": {
                "python": platform.python_version(),
                "s3_asyncio_client": s3_asyncio_client.__version__,
                "aiohttp": aiohttp.__version__,
            },
        }

    @staticmethod
    def log_error_context(
        context: Mapping[str, Any], *, logger: logging.Logger | None = None, level: int = logging.ERROR
    ) -> None:
        """Log *context* as one line of JSON.

        Args:
            context: The result of `collect_context`, or any mapping. It is redacted again.
            logger: Default: "s3_asyncio_client.errors".
            level: A level of `logging`.
        """
        (logger or _error_log).log(level, "%s", json_line(dict(context)))


async def debug_s3_operation(
    client: object,
    operation_name: str,
    operation_func: Callable[[], Awaitable[_T]],
    bucket: str | None = None,
    key: str | None = None,
    *,
    logger: logging.Logger | None = None,
) -> _T:
    """Await what *operation_func* returns. If that fails, log the whole context and raise the same error.

    Args:
        client: The client in use, for the record.
        operation_name: The name of the operation in the record.
        operation_func: Called once, without arguments.
        bucket: Bucket, for the record.
        key: Key, for the record.
        logger: Default: "s3_asyncio_client.errors".

    Raises:
        TypeError: *operation_func* is not callable or does not return an awaitable.
        Exception: The operation's own error, unchanged. A cancellation is not logged.
    """
    check_operation(operation_func)
    try:
        return await perform(operation_func)
    except Exception as error:
        context = S3ErrorContext.collect_context(operation_name, bucket, key, error, client)
        S3ErrorContext.log_error_context(context, logger=logger)
        raise


async def logged_s3_operation(
    client: object, operation_name: str, func: Callable[[], Awaitable[_T]], *, logger: logging.Logger | None = None
) -> _T:
    """Await what *func* returns, and log its start, its end with the seconds it took, or its failure.

    The start is logged at DEBUG, success and cancellation at INFO, and a failure at INFO if it is a 404, at WARNING if
    it is another S3ClientError, otherwise at ERROR.

    Args:
        client: The client in use. Its endpoint is logged, its secrets are hidden.
        operation_name: The name of the operation in the log.
        func: Called once, without arguments.
        logger: Default: "s3_asyncio_client.operations".

    Raises:
        TypeError: *func* is not callable or does not return an awaitable.
        BaseException: The operation's own error, unchanged.
    """
    check_operation(func)
    log, secrets, clock = logger or _log, _secrets(client), asyncio.get_running_loop().time
    name = one_line(redact(str(operation_name), secrets))
    log.debug("Starting %s at %s", name, (_client_record(client, secrets) or {}).get("endpoint_url"))
    started_s = clock()
    try:
        result = await perform(func)
    except asyncio.CancelledError:
        log.info("%s was cancelled after %.3fs", name, clock() - started_s)
        raise
    except Exception as error:
        reason = one_line(redact(_reason(error), secrets))
        log.log(_level(error), "%s failed after %.3fs: %s", name, clock() - started_s, reason)
        raise
    log.info("%s completed in %.3fs", name, clock() - started_s)
    return result


def _level(error: Exception) -> int:
    if isinstance(error, S3NotFoundError):
        return logging.INFO  # often a result that the caller expects
    return logging.WARNING if isinstance(error, S3ClientError) else logging.ERROR


def _reason(error: Exception) -> str:
    record = brief_record(error)
    request = [f"request {record['request_id']}"] if record["request_id"] else []
    return ", ".join([f"{record['type']}: {record['message']}", *request, *record["notes"]])


def _clients(client: object) -> Iterator[object]:
    """Yield *client* and what it wraps: a RobustS3Client has a `client`, an S3WithFallback a `primary`."""
    yield client
    for name in ("client", "primary", "fallback"):
        inner = getattr(client, name, None)
        if inner is not None:
            yield inner


def _secrets(client: object) -> list[str]:
    found = [
        getattr(owner, name, None)
        for owner in (*_clients(client), *list(_live))
        for name in ("access_key", "secret_key", "session_token")
    ]
    return sorted({secret for secret in found if isinstance(secret, str)})


def _client_record(client: object, secrets: list[str]) -> dict[str, Any] | None:
    if client is None:
        return None
    for owner in _clients(client):
        if hasattr(owner, "endpoint_url"):
            client = owner
            break
    return {
        "type": type(client).__name__,
        "region": plain(getattr(client, "region", None), secrets),
        "endpoint_url": plain(getattr(client, "endpoint_url", None), secrets),
    }
