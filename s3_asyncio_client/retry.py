"""Repeat what failed, with growing pauses."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
from typing import TYPE_CHECKING, TypeVar

from s3_asyncio_client._core.retry import GiveUp, RetryPolicy, next_step
from s3_asyncio_client.exceptions import S3Error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["retry_with_exponential_backoff"]

_T = TypeVar("_T")

_log = logging.getLogger("s3_asyncio_client")


async def retry_with_exponential_backoff(
    operation: Callable[[], Awaitable[_T]],
    max_retries: int = 3,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exponential_base: float = 2.0,
    jitter: bool = True,  # noqa: FBT001, FBT002 - as above
    retryable_exceptions: type[BaseException] | Iterable[type[BaseException]] | None = None,
) -> _T:
    """Await *operation* until it succeeds, fails for good, or has been repeated often enough.

    Retried are S3ServerError but 501, ConnectionError, TimeoutError, S3ClientError with status 408, 429, 503 or 504,
    and any S3Error with a throttling or time-out code. Before retry n (from 0) it waits
    ``min(base_delay * exponential_base**n, max_delay)`` seconds, or what the server asked for by Retry-After if that
    is longer, at most *max_delay*; jitter adds up to a tenth. Cancellation is never retried.

    A lost response leaves open whether S3 did the work: the repetition of a conditional write may then meet the
    caller's own object (412), and that of CompleteMultipartUpload an upload that is gone (404).

    Args:
        operation: Called without arguments for each attempt; returns a new awaitable each time.
        max_retries: Attempts after the first; 3 means four attempts, 0 means one.
        base_delay: Seconds before the first retry.
        max_delay: Most seconds before any retry (jitter comes on top).
        exponential_base: What the delay is multiplied by from retry to retry.
        jitter: Whether to add a random share.
        retryable_exceptions: A class or several to retry as well.

    Returns:
        What the first successful attempt returned.

    Raises:
        TypeError: *operation* is not callable or returns no awaitable, or another argument is not of its type.
        ValueError: A number is negative, NaN or infinite.
        BaseException: The last attempt's own error, with the number of attempts as a note.
    """
    _check_operation(operation)
    policy = RetryPolicy(
        max_retries=max_retries,
        base_delay_s=base_delay,
        max_delay_s=max_delay,
        exponential_base=exponential_base,
        jitter=jitter,
        retryable=_classes(retryable_exceptions),
    )
    attempt = 0
    while True:
        try:
            outcome = operation()
            if inspect.isawaitable(outcome):
                return await outcome
        except Exception as error:
            share = random.random()  # noqa: S311 - it spreads clients, it hides nothing
            step = next_step(attempt, error, policy=policy, random_share=share)
            attempt += 1
            if isinstance(step, GiveUp):
                error.add_note(f"gave up after {attempt} attempt{'s' * (attempt != 1)}")
                raise
            _log.warning(
                "attempt %d of %d failed (%s), next in %.2f s", attempt, max_retries + 1, _name(error), step.delay_s
            )
        else:
            raise TypeError(f"operation must return an awaitable, not {type(outcome).__name__}")
        # Outside the handler, so that the error and the frames of its traceback do not live through the wait.
        await asyncio.sleep(step.delay_s)


def _check_operation(operation: object) -> None:
    if callable(operation):
        return
    hint = ""
    if inspect.iscoroutine(operation):
        operation.close()  # it will never run: without this it would complain about that, too
        hint = "; a coroutine runs only once, pass what makes it: lambda: client.get_object(...)"
    raise TypeError(f"operation must be callable without arguments, not {type(operation).__name__}{hint}")


def _classes(given: type[BaseException] | Iterable[type[BaseException]] | None) -> tuple[type[BaseException], ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, type) else tuple(given)


def _name(error: Exception) -> str:
    # Not the error's text: those of other libraries may quote a signed URL.
    if isinstance(error, S3Error) and error.error_code:
        return f"{error.error_code}, status {error.status_code}"
    return type(error).__name__
