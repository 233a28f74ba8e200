"""Retry failed calls, with growing pauses.

What is safe to retry? After most failures it is unknown whether S3 did the work: a lost response looks like a lost
request.

==========================================  =========================================================================
operation                                   a retry after S3 has done the work
==========================================  =========================================================================
GetObject, HeadObject, ListObjects          safe; the listing or object may have changed in between
PutObject                                   safe: the same bytes under the same key; with versioning a second version
PutObject with If-None-Match or If-Match    not safe: 412, because it finds the caller's own object; check before
CopyObject                                  safe like PutObject, while the source stays unchanged (*source_if_match*)
DeleteObject, DeleteObjects                 safe; with versioning each adds a delete marker unless it names a version
CreateBucket                                409 BucketAlreadyOwnedByYou outside us-east-1; it is the caller's bucket
DeleteBucket                                404 NoSuchBucket
CreateMultipartUpload                       not safe: a second upload, and the first one stays and costs money; remove
                                            old uploads with a lifecycle rule
UploadPart                                  safe: it replaces the part with the same number
CompleteMultipartUpload                     not safe: 404 NoSuchUpload, although the object exists; check before
AbortMultipartUpload                        404 NoSuchUpload, which is the desired state
a body from an iterator                     not safe: the iterator is used up; create it again in *operation*
==========================================  =========================================================================

Use *check_before_retry* to check.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from s3_asyncio_client._core.budget import RetryBudget
from s3_asyncio_client._core.retry import GiveUp, Retry, RetryPolicy, next_step
from s3_asyncio_client._operation import check_operation, no_awaitable
from s3_asyncio_client.exceptions import S3Error, S3NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

__all__ = ["RetryAttempt", "RetryBudget", "retry_with_exponential_backoff", "s3_retry"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_log = logging.getLogger("s3_asyncio_client")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAttempt:
    """A failed attempt that will be retried; the argument of *on_retry*.

    Attributes:
        number: The number of the failed attempt, from 1.
        max_attempts: The maximum number of attempts.
        error: The exception of the attempt.
        delay_s: Seconds until the next attempt.
        elapsed_s: Seconds since the first attempt began.
    """

    number: int
    max_attempts: int
    error: Exception
    delay_s: float
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    policy: RetryPolicy
    budget: RetryBudget | None
    on_retry: Callable[[RetryAttempt], object] | None


async def retry_with_exponential_backoff(
    operation: Callable[[], Awaitable[_T]],
    max_retries: int = 3,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    exponential_base: float = 2.0,
    jitter: bool = True,  # noqa: FBT001, FBT002 - people pass it by position
    retryable_exceptions: type[BaseException] | Iterable[type[BaseException]] | None = None,
    *,
    deadline: float | None = None,
    budget: RetryBudget | None = None,
    on_retry: Callable[[RetryAttempt], object] | None = None,
    check_before_retry: Callable[[], Awaitable[_T | None]] | None = None,
) -> _T:
    """Await *operation* until it succeeds, fails permanently, or has used up its retries.

    It retries an S3ClientError with status 408, 429, 503 or 504 or with a throttling or timeout code. Unless
    *retryable_exceptions* names other classes, it also retries S3ServerError (except 501), ConnectionError and
    TimeoutError. Before retry n (from 0) it waits ``min(base_delay * exponential_base**n, max_delay)`` seconds, or as
    long as the server asked with Retry-After if that is longer, at most *max_delay*. Jitter adds up to a tenth. A
    cancellation is never retried.

    After a lost response it is unknown whether S3 did the work. The table at the top of `s3_asyncio_client.retry` says
    which operations are safe to retry. For the others use *check_before_retry*: it is awaited before each attempt
    except the first, as part of that attempt. If its result is not None, that is the result of the call. None or an
    S3NotFoundError means that the work is not done. Any other error of its own counts as that attempt's failure.

    Args:
        operation: Called without arguments for each attempt. Returns a new awaitable each time.
        max_retries: Attempts after the first. 3 means four attempts, 0 means one.
        base_delay: Seconds before the first retry.
        max_delay: The maximum seconds before any retry, without jitter.
        exponential_base: The factor between one delay and the next.
        jitter: Whether to add a random share.
        retryable_exceptions: One or more classes to retry instead of the default ones; an empty tuple: none. An
            S3ClientError about throttling or a timeout is always retried.
        deadline: Seconds since the start of the first attempt, by the event loop's clock, after which no attempt
            begins. A running attempt is not interrupted: give the client a timeout, or use `asyncio.timeout`.
        budget: Shared with other calls. Without enough tokens there is no retry.
        on_retry: Called before each wait; may be async. Its exceptions end the retries.
        check_before_retry: Checks whether an earlier attempt did the work after all.

    Returns:
        The result of the first successful attempt, or that of *check_before_retry*.

    Raises:
        TypeError: *operation* is not callable or does not return an awaitable, or another argument has the wrong type.
        ValueError: A number is negative, NaN or infinite.
        BaseException: The last attempt's own error. A note says the number of attempts, and whether the deadline or
            the budget prevented another one.
    """
    check_operation(operation)
    policy = RetryPolicy(
        max_retries=max_retries,
        base_delay_s=base_delay,
        max_delay_s=max_delay,
        exponential_base=exponential_base,
        jitter=jitter,
        retryable=_classes(retryable_exceptions),
        deadline_s=deadline,
    )
    return await _run(operation, check_before_retry, _Rules(policy=policy, budget=budget, on_retry=on_retry))


def s3_retry(
    max_retries: int = 3,
    base_delay: float = 1.0,
    retryable_errors: type[BaseException] | Iterable[type[BaseException]] | None = None,
    *,
    max_delay: float = 60.0,
    exponential_base: float = 2.0,
    jitter: bool = True,
    deadline: float | None = None,
    budget: RetryBudget | None = None,
    on_retry: Callable[[RetryAttempt], object] | None = None,
    check_before_retry: Callable[..., Awaitable[Any]] | None = None,
) -> Callable[[Callable[_P, Awaitable[_T]]], Callable[_P, Coroutine[Any, Any, _T]]]:
    """Return a decorator that retries an async function or method like `retry_with_exponential_backoff`.

    Each attempt gets the same arguments, so the first one uses up an iterator among them.

    Args:
        max_retries: As there.
        base_delay: As there, in seconds.
        retryable_errors: As *retryable_exceptions* there.
        max_delay: As there, in seconds.
        exponential_base: As there.
        jitter: As there.
        deadline: As there, in seconds, for each call.
        budget: As there. All calls of the function share it.
        on_retry: As there.
        check_before_retry: As there, but called with the arguments of the call.

    Raises:
        TypeError: The decorated object is not an async function, the parentheses are missing, or an argument has the
            wrong type. All of these are raised when the function is defined.
        ValueError: A number is negative, NaN or infinite.
    """
    if callable(max_retries):
        raise TypeError("s3_retry needs its parentheses: write @s3_retry() above the function")
    policy = RetryPolicy(
        max_retries=max_retries,
        base_delay_s=base_delay,
        max_delay_s=max_delay,
        exponential_base=exponential_base,
        jitter=jitter,
        retryable=_classes(retryable_errors),
        deadline_s=deadline,
    )
    rules = _Rules(policy=policy, budget=budget, on_retry=on_retry)

    def decorate(function: Callable[_P, Awaitable[_T]]) -> Callable[_P, Coroutine[Any, Any, _T]]:
        _check_async(function)

        @functools.wraps(function)
        async def repeated(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            check = None if check_before_retry is None else functools.partial(check_before_retry, *args, **kwargs)
            return await _run(functools.partial(function, *args, **kwargs), check, rules)

        return repeated

    return decorate


_SYSTEMS = random.random
_draw: Callable[[], float] = _SYSTEMS


def draw_jitter(draw: Callable[[], float]) -> Callable[[], None]:
    """Take the random share of every delay from *draw*, which returns 0 <= share < 1. This is for tests.

    A fake in place of `random.random` wins.

    Returns:
        A function that ends this.
    """
    global _draw
    before, _draw = _draw, draw

    def end() -> None:
        global _draw  # noqa: PLW0603
        _draw = before

    return end


def _share() -> float:
    return _draw() if random.random is _SYSTEMS else random.random()  # noqa: S311 - it spreads clients, it hides nothing


async def _run(
    operation: Callable[[], Awaitable[_T]], check: Callable[[], Awaitable[_T | None]] | None, rules: _Rules
) -> _T:
    now = asyncio.get_running_loop().time
    started, attempt, spent = now(), 0, 0
    while True:
        try:
            found = await _look(check) if attempt and check is not None else None
            if found is not None:
                break
            outcome = operation()
            if inspect.isawaitable(outcome):
                found = await outcome
                break
        except Exception as error:
            failed, spent = _failed(attempt, error, rules, elapsed_s=now() - started)
            if failed is None:
                raise
            await _announce(failed, rules)
            delay_s = failed.delay_s
            del failed
        else:
            raise no_awaitable(outcome)
        # Outside the handler, so that the error and the frames of its traceback do not live through the wait.
        await _wait(delay_s, rules.budget, spent)
        attempt += 1
    if rules.budget is not None:
        rules.budget.refund(spent or rules.budget.success_refund)
    return found


def _failed(attempt: int, error: Exception, rules: _Rules, *, elapsed_s: float) -> tuple[RetryAttempt | None, int]:
    """Decide, pay for the retry, or note on *error* why there is none."""
    step = next_step(attempt, error, policy=rules.policy, random_share=_share(), elapsed_s=elapsed_s)
    spent = 0
    if isinstance(step, Retry) and rules.budget is not None:
        spent = rules.budget.take(error)
        if not spent:
            step = GiveUp(reason=f"the retry budget is spent ({rules.budget.available} tokens left)")
    if isinstance(step, GiveUp):
        reason = f": {step.reason}" if step.reason else ""
        error.add_note(f"gave up after {attempt + 1} attempt{'s' * (attempt > 0)}{reason}")
        return None, 0
    failed = RetryAttempt(
        number=attempt + 1,
        max_attempts=rules.policy.max_retries + 1,
        error=error,
        delay_s=step.delay_s,
        elapsed_s=elapsed_s,
    )
    return failed, spent


async def _announce(failed: RetryAttempt, rules: _Rules) -> None:
    what = (failed.number, failed.max_attempts, _name(failed.error), failed.delay_s)
    _log.warning("attempt %d of %d failed (%s), next in %.2f s", *what)
    if rules.on_retry is not None:
        answer = rules.on_retry(failed)
        if inspect.isawaitable(answer):
            await answer


async def _wait(delay_s: float, budget: RetryBudget | None, spent: int) -> None:
    try:
        await asyncio.sleep(delay_s)
    except asyncio.CancelledError:
        if budget is not None:
            budget.refund(spent)  # the retry that it was for is never made
        raise


async def _look(check: Callable[[], Awaitable[_T | None]]) -> _T | None:
    try:
        return await check()
    except S3NotFoundError:
        return None


def _check_async(function: Callable[..., object]) -> None:
    # An instance is as good as a function if its class has an async __call__.
    instance_call = getattr(type(function), "__call__", None)  # noqa: B004 - not whether it is there, but what it is
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(instance_call):
        return
    name = getattr(function, "__qualname__", None) or repr(function)
    wrapped = isinstance(function, staticmethod | classmethod)
    hint = f"; put @s3_retry() below @{type(function).__name__}" if wrapped else ""
    raise TypeError(f"s3_retry decorates async functions (async def), which {name} is not{hint}")


def _classes(
    given: type[BaseException] | Iterable[type[BaseException]] | None,
) -> tuple[type[BaseException], ...] | None:
    if given is None:
        return None
    return (given,) if isinstance(given, type) else tuple(given)


def _name(error: Exception) -> str:
    # Not the error's text: those of other libraries may quote a signed URL.
    if isinstance(error, S3Error) and error.error_code:
        return f"{error.error_code}, status {error.status_code}"
    return type(error).__name__
