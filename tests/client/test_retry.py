"""Retrying: what is repeated, how often, after how long."""

from __future__ import annotations

import asyncio
import logging
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import TEMPORARY, Script

from s3_asyncio_client._core.retry import GiveUp, Retry, RetryPolicy, is_retryable, next_step
from s3_asyncio_client.exceptions import (
    CircuitOpenError,
    S3AccessDeniedError,
    S3ClientError,
    S3ConnectionError,
    S3Error,
    S3IntegrityError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    S3TimeoutError,
)
from s3_asyncio_client.retry import retry_with_exponential_backoff


@pytest.mark.parametrize(
    "error",
    [
        S3ServerError("x"),
        S3ServerError("x", 500, "InternalError"),
        S3ServerError("x", 503, "SlowDown"),
        S3ServerError("x", 200, "AccessDenied"),
        S3ConnectionError("x"),
        S3TimeoutError("x"),
        ConnectionResetError("x"),
        TimeoutError("x"),
        S3ClientError("x", 408),
        S3ClientError("x", 429),
        S3ClientError("x", 503),
        S3ClientError("x", 504),
        S3InvalidRequestError("x", 400, "RequestTimeout"),
        S3AccessDeniedError("x", 403, "RequestLimitExceeded"),
        S3ClientError("x", 409, "SlowDown"),
        S3Error("x", 307, "SlowDown"),
    ],
    ids=repr,
)
def test_what_may_pass_is_retryable(error):
    """Failures of servers and networks, throttling and time-outs are worth another attempt."""
    assert is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        S3ServerError("x", 501, "NotImplemented"),
        S3ServerError("x", 501),
        S3ServerError("x", 200, "NotImplemented"),
        S3NotFoundError(),
        S3AccessDeniedError(),
        S3InvalidRequestError(),
        S3ClientError("x", 412, "PreconditionFailed"),
        S3ClientError("x"),
        S3Error("x", 503),
        S3Error("x", 301, "PermanentRedirect"),
        S3IntegrityError("x"),
        S3ResponseError("x"),
        CircuitOpenError(),
        ValueError("x"),
        OSError("x"),
    ],
    ids=repr,
)
def test_what_will_not_pass_is_not_retryable(error):
    """Refusals, broken protocol and the caller's own mistakes come again the same way."""
    assert not is_retryable(error)


def test_the_callers_classes_replace_the_default_ones():
    """What the caller names is retried, subclasses too, even where the rule says no; and nothing else."""
    assert is_retryable(KeyError("x"), (LookupError,))
    assert is_retryable(S3ServerError("x", 501), (S3ServerError,))
    for error in (ValueError("x"), S3ServerError("x", 500), S3ServerError("x", 503, "SlowDown"), TimeoutError()):
        assert not is_retryable(error, (LookupError,))
        assert not is_retryable(error, ())


@pytest.mark.parametrize(
    "error",
    [
        *(S3ClientError("x", status) for status in (408, 429, 503, 504)),
        S3InvalidRequestError("x", 400, "RequestTimeout"),
    ],
    ids=str,
)
def test_throttling_is_retried_whatever_the_caller_names(error):
    """S3 asks for another attempt."""
    assert is_retryable(error, (LookupError,))


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_cancellation_is_never_retryable(error):
    """No argument makes the end of a task or of the program worth repeating."""
    assert not is_retryable(error, (BaseException,))


def delay(attempt, error=TEMPORARY, share=0.0, **policy):
    step = next_step(attempt, error, policy=RetryPolicy(max_retries=10_000, **policy), random_share=share)
    assert isinstance(step, Retry)
    return step.delay_s


def test_delays_grow_up_to_the_maximum():
    """Each delay is base_delay * exponential_base**attempt, and no longer than max_delay."""
    assert [delay(n) for n in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [delay(n, base_delay_s=0.5, exponential_base=3, max_delay_s=5) for n in range(4)] == [0.5, 1.5, 4.5, 5]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 4.0), (0.5, 4.2), (0.999, 4.3996)])
def test_jitter_adds_up_to_a_tenth(share, expected):
    """The random share spreads the delay between its length and a tenth more, beyond max_delay too."""
    assert delay(2, share=share) == pytest.approx(expected)
    assert delay(9, share=share, max_delay_s=4) == pytest.approx(expected)
    assert delay(2, share=share, jitter=False) == 4.0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(5, 5.0), (0.5, 2.0), (0, 2.0), (60, 60.0), (61.0, 60.0), (None, 2.0), (math.inf, 60.0)]
    + [(bad, 2.0) for bad in (math.nan, -1, "5")],
)
def test_the_servers_wish_is_honoured_up_to_the_maximum(asked, expected):
    """Retry-After makes a delay longer, never shorter, and never longer than max_delay; nonsense is ignored."""
    assert delay(1, S3ServerError("x", 503, retry_after=asked)) == expected


def test_a_fraction_of_a_second_is_a_wish_too():
    """Where there would be no delay, the server's half second counts."""
    assert delay(1, S3ServerError("x", 503, retry_after=0.5), base_delay_s=0) == 0.5


@pytest.mark.parametrize(
    ("policy", "expected"),
    [({"exponential_base": 1e300}, 60.0), ({"exponential_base": 1e300, "base_delay_s": 0}, 0.0), ({}, 60.0)],
)
def test_huge_powers_are_no_trouble(policy, expected):
    """A power beyond what a float holds is the maximum; no delay stays no delay."""
    assert delay(5000, **policy) == expected


@pytest.mark.parametrize(("attempt", "goes_on"), [(2, True), (3, False), (4, False)])
def test_the_number_of_retries_is_exact(attempt, goes_on):
    """With three retries the attempts 0, 1 and 2 are followed by another."""
    step = next_step(attempt, TEMPORARY, policy=RetryPolicy(max_retries=3), random_share=0.0)
    assert isinstance(step, Retry if goes_on else GiveUp)


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("max_retries", -1, ValueError),
        ("max_retries", 1.5, TypeError),
        ("max_retries", True, TypeError),
        ("base_delay", -0.1, ValueError),
        ("base_delay", math.nan, ValueError),
        ("base_delay", math.inf, ValueError),
        ("base_delay", "1", TypeError),
        ("max_delay", math.nan, ValueError),
        ("max_delay", -1, ValueError),
        ("max_delay", None, TypeError),
        ("exponential_base", math.nan, ValueError),
        ("exponential_base", -2, ValueError),
        ("exponential_base", True, TypeError),
        ("deadline", -1, ValueError),
        ("deadline", math.nan, ValueError),
        ("deadline", "1", TypeError),
        ("retryable_exceptions", [3], TypeError),
        ("retryable_exceptions", [int], TypeError),
        ("retryable_exceptions", int, TypeError),
        ("retryable_exceptions", 3, TypeError),
    ],
)
async def test_wrong_arguments_are_refused_before_the_first_attempt(argument, value, error):
    """Negative, NaN and infinite numbers and other types raise, and nothing was called."""
    operation = Script(1)
    with pytest.raises(error):
        await retry_with_exponential_backoff(operation, **{argument: value})
    assert operation.calls == 0


async def test_the_first_success_is_returned(sleeps):
    """Without a failure there is one call and no wait."""
    operation = Script("result")
    assert await retry_with_exponential_backoff(operation) == "result"
    assert (operation.calls, sleeps) == (1, [])


async def test_failures_are_retried_until_success(sleeps):
    """Two failures and a success are three calls with two growing waits."""
    operation = Script(TEMPORARY, S3TimeoutError("x"), "result")
    assert await retry_with_exponential_backoff(operation, jitter=False) == "result"
    assert (operation.calls, sleeps) == (3, [1.0, 2.0])


@pytest.mark.parametrize(("max_retries", "note"), [(0, "1 attempt"), (1, "2 attempts"), (3, "4 attempts")])
async def test_the_last_error_is_raised_with_the_number_of_attempts(sleeps, max_retries, note):
    """The error is the last one itself, and its note says how often it was tried."""
    errors = [S3ServerError(str(n), 503) for n in range(max_retries + 1)]
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(Script(*errors), max_retries=max_retries)
    assert caught.value is errors[-1]
    assert caught.value.__notes__ == [f"gave up after {note}"]
    assert caught.value.__context__ is None
    assert len(sleeps) == max_retries


async def test_an_error_that_will_not_pass_ends_the_matter(sleeps):
    """A 404 after a 503 is raised at once."""
    operation = Script(TEMPORARY, S3NotFoundError(), "never")
    with pytest.raises(S3NotFoundError) as caught:
        await retry_with_exponential_backoff(operation)
    assert caught.value.__notes__ == ["gave up after 2 attempts"]
    assert (operation.calls, len(sleeps)) == (2, 1)


@pytest.mark.parametrize("classes", [KeyError, (KeyError,), [LookupError], {KeyError, ValueError}])
async def test_the_callers_classes_are_retried(sleeps, classes):
    """One class, or any collection of them."""
    assert await retry_with_exponential_backoff(Script(KeyError("x"), 1), retryable_exceptions=classes) == 1
    assert len(sleeps) == 1


async def test_cancellation_passes(sleeps):
    """A cancelled operation is not repeated, whatever classes are given."""
    operation = Script(asyncio.CancelledError(), "never")
    with pytest.raises(asyncio.CancelledError):
        await retry_with_exponential_backoff(operation, retryable_exceptions=(BaseException,))
    assert (operation.calls, sleeps) == (1, [])


async def test_cancellation_during_a_wait_passes():
    """Cancelling the caller ends a real wait at once."""
    failed = asyncio.Event()

    async def operation():
        failed.set()
        raise TEMPORARY

    task = asyncio.create_task(retry_with_exponential_backoff(operation, base_delay=3600, max_delay=3600))
    await failed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_raised_while_calling_counts_as_an_attempt(sleeps):
    """An operation may fail before it returns its awaitable, as a hand-made double does."""
    script = Script("result")
    calls = []

    def operation():
        calls.append(1)
        if len(calls) == 1:
            raise TEMPORARY
        return script()

    assert await retry_with_exponential_backoff(operation) == "result"
    assert len(sleeps) == 1


async def test_a_coroutine_instead_of_a_function_is_explained():
    """The usual slip raises at once, without a warning about a coroutine that never ran."""
    with pytest.raises(TypeError, match="lambda"):
        await retry_with_exponential_backoff(Script(1)())
    with pytest.raises(TypeError, match=r"not int$"):
        await retry_with_exponential_backoff(3)


async def test_an_operation_that_returns_no_awaitable_is_refused(sleeps):
    """A plain function is a mistake and is not repeated, even if all exceptions are to be."""
    with pytest.raises(TypeError, match="must return an awaitable, not int"):
        await retry_with_exponential_backoff(lambda: 3, retryable_exceptions=Exception)
    assert sleeps == []


async def test_any_awaitable_will_do(sleeps):
    """Futures and tasks are as good as coroutines."""
    assert await retry_with_exponential_backoff(lambda: asyncio.ensure_future(Script(1)())) == 1
    assert sleeps == []


async def test_retries_are_logged_without_the_errors_text(sleeps, caplog, capsys):
    """One line a retry on the package's logger, with code or class and delay; nothing is printed."""
    secret = "https://h/k?X-Amz-Signature=abc"
    errors = [S3ServerError(secret, 503, "SlowDown"), ConnectionResetError(secret)]
    with caplog.at_level(logging.WARNING, "s3_asyncio_client"):
        await retry_with_exponential_backoff(Script(*errors, 1), max_retries=2, jitter=False)
    assert [record.getMessage() for record in caplog.records] == [
        "attempt 1 of 3 failed (SlowDown, status 503), next in 1.00 s",
        "attempt 2 of 3 failed (ConnectionResetError), next in 2.00 s",
    ]
    assert capsys.readouterr().out == ""
    assert len(sleeps) == 2


_REPEATED = (S3ServerError, ConnectionError, TimeoutError, LookupError)
# What an attempt may end with, and the seconds that the server asks to wait: None for an end of the matter.
OUTCOMES = st.sampled_from(
    [
        (1, None),
        (S3ServerError("x", 503), 0),
        (S3ServerError("x", 503, retry_after=7), 7),
        (S3ClientError("x", 429), 0),
        (S3ConnectionError("x"), 0),
        (S3TimeoutError("x"), 0),
        (LookupError("x"), 0),
        (ValueError("x"), None),
        (S3NotFoundError(), None),
        (asyncio.CancelledError(), None),
    ]
)


def model(outcomes, max_retries, base, growth, cap, deadline):
    """Waits and end of the loop that one would write on paper, at a jitter of one twentieth."""
    waits = []
    for attempt, (outcome, asked) in enumerate(outcomes):
        if asked is None or attempt == max_retries:
            return waits, outcome
        wait = min(max(base * growth**attempt, asked), cap) * 1.05
        if deadline is not None and (sum(waits) + wait > deadline or sum(waits) >= deadline):
            return waits, outcome
        waits.append(wait)
    raise AssertionError("one outcome for each attempt")


@given(
    outcomes=st.lists(OUTCOMES, min_size=7, max_size=7),
    max_retries=st.integers(0, 6),
    base=st.sampled_from([0, 0.5, 1]),
    growth=st.sampled_from([0, 1, 2, 3.5]),
    cap=st.sampled_from([0, 3, 60]),
    deadline=st.sampled_from([None, 0, 3, 20]),
)
async def test_attempts_waits_and_end_follow_the_model(outcomes, max_retries, base, growth, cap, deadline):
    """For any run of outcomes, calls, waits and the result are those of the loop one would write on paper."""
    expected_waits, end = model(outcomes, max_retries, base, growth, cap, deadline)
    waits, operation = [], Script(*(outcome for outcome, _ in outcomes))

    async def sleep(delay_s):
        waits.append(delay_s)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "sleep", sleep)
        patch.setattr(asyncio.get_running_loop(), "time", lambda: sum(waits))
        patch.setattr(random, "random", lambda: 0.5)
        try:
            result = await retry_with_exponential_backoff(
                operation, max_retries, base, cap, growth, True, _REPEATED, deadline=deadline
            )
        except (S3Error, LookupError, ValueError, asyncio.CancelledError) as error:
            result = error
    assert result is end
    assert operation.calls == len(expected_waits) + 1
    assert waits == pytest.approx(expected_waits)
