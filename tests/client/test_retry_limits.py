"""What limits and watches the repeating: deadline, budget, hook, and the look before each retry."""

from __future__ import annotations

import asyncio
import math

import pytest
from scripted import TEMPORARY, Script

from s3_asyncio_client import RetryAttempt, RetryBudget, retry_with_exponential_backoff
from s3_asyncio_client.exceptions import (
    S3AccessDeniedError,
    S3ConnectionError,
    S3Error,
    S3NotFoundError,
    S3ServerError,
    S3TimeoutError,
)


@pytest.mark.parametrize(
    ("deadline", "calls", "ended_s"),
    [(0, 1, 0), (0.9, 1, 0), (1, 2, 1), (2.9, 2, 1), (3, 3, 3), (6.9, 3, 3), (7, 4, 7), (100, 5, 15), (None, 5, 15)],
)
async def test_no_attempt_begins_after_the_deadline(clock, deadline, calls, ended_s):
    """A wait that would end after the deadline is not begun, and the note says that it was the deadline."""
    operation = Script(*(S3ServerError("x", 503) for _ in range(5)))
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(operation, 4, jitter=False, deadline=deadline)
    assert (operation.calls, clock[0]) == (calls, 1000 + ended_s)
    reason = f": the next would begin after the deadline of {deadline} s" if calls < 5 else ""
    assert caught.value.__notes__ == [f"gave up after {calls} attempt{'s' * (calls > 1)}{reason}"]


async def test_the_time_of_the_attempts_counts_towards_the_deadline(clock):
    """A deadline is for all of it, not for the waits alone; without a delay it ends the retrying, too."""

    async def slow():
        clock[0] += 4
        raise S3TimeoutError("x")

    with pytest.raises(S3TimeoutError) as caught:
        await retry_with_exponential_backoff(slow, 10, base_delay=0, deadline=8)
    assert clock[0] == 1008
    assert caught.value.__notes__[0].startswith("gave up after 2 attempts: the next would begin after the deadline")


async def test_the_servers_wish_does_not_outlast_the_deadline(clock):
    """A Retry-After beyond what remains ends the matter at once."""
    operation = Script(S3ServerError("x", 503, retry_after=30), "never")
    with pytest.raises(S3ServerError):
        await retry_with_exponential_backoff(operation, deadline=10)
    assert (operation.calls, clock[0]) == (1, 1000)


async def test_each_retry_takes_from_the_budget_and_a_success_gives_the_last_back(sleeps):
    """Five tokens for a retry, ten after a time-out; what the last one cost returns."""
    budget = RetryBudget(100)
    await retry_with_exponential_backoff(Script(TEMPORARY, S3TimeoutError("x"), 1), budget=budget)
    assert budget.available == 100 - 5 - 10 + 10
    await retry_with_exponential_backoff(Script(1), budget=budget)
    assert budget.available == 96


@pytest.mark.parametrize(("capacity", "calls"), [(0, 1), (4, 1), (5, 2), (9, 2), (10, 3)])
async def test_without_tokens_there_is_no_retry(sleeps, capacity, calls):
    """An empty budget ends the matter, and the note says so."""
    operation, budget = Script(*(S3ServerError("x", 503) for _ in range(9))), RetryBudget(capacity)
    with pytest.raises(S3ServerError) as caught:
        await retry_with_exponential_backoff(operation, 8, budget=budget)
    left = capacity - 5 * (calls - 1)
    assert (operation.calls, budget.available) == (calls, left)
    assert caught.value.__notes__[0].endswith(f": the retry budget is spent ({left} tokens left)")


async def test_a_shared_budget_ends_a_storm(sleeps):
    """Of a thousand calls during an outage, all draw from one stock: 100 retries and not 3000."""
    budget, calls = RetryBudget(), []

    async def fails():
        calls.append(1)
        raise S3ServerError("x", 503)

    storm = (retry_with_exponential_backoff(fails, budget=budget) for _ in range(1000))
    outcomes = await asyncio.gather(*storm, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {S3ServerError}
    assert (len(calls), budget.available) == (1100, 0)


async def test_a_retry_that_is_cancelled_before_it_is_made_costs_nothing():
    """Cancelling callers in their wait does not use up what the others have."""
    budget, failed = RetryBudget(10), asyncio.Event()

    async def operation():
        failed.set()
        raise S3ServerError("x", 503)

    task = asyncio.create_task(
        retry_with_exponential_backoff(operation, base_delay=3600, max_delay=3600, budget=budget)
    )
    await failed.wait()
    assert budget.available == 5
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert budget.available == 10


async def test_what_is_not_retried_costs_nothing(sleeps):
    """A 404, and the failure of the last attempt, take no tokens and give none back."""
    budget = RetryBudget(10)
    for error in (S3NotFoundError(), S3ServerError("x", 503)):
        with pytest.raises(S3Error):
            await retry_with_exponential_backoff(Script(error), 0, budget=budget)
    assert budget.available == 10


def test_a_budget_never_holds_more_than_its_capacity():
    """Successes fill it and no further."""
    budget = RetryBudget(3)
    budget.refund(5)
    assert (budget.available, repr(budget)) == (3, "<RetryBudget 3 of 3>")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"capacity": -1}, ValueError),
        ({"capacity": 1.5}, TypeError),
        ({"capacity": True}, TypeError),
        ({"retry_cost": 0}, ValueError),
        ({"timeout_retry_cost": 0}, ValueError),
        ({"success_refund": -1}, ValueError),
        ({"success_refund": math.nan}, TypeError),
    ],
)
def test_a_budget_refuses_wrong_numbers(arguments, error):
    """A mistake shows where the budget is made, and names the argument."""
    with pytest.raises(error, match=next(iter(arguments))):
        RetryBudget(**arguments)


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_hook_sees_each_failure_that_another_attempt_follows(clock, is_async):
    """on_retry gets number, error, delay and elapsed time before each wait, and not the failure that is raised."""
    seen = []

    async def later(attempt):
        seen.append(attempt)

    errors = [S3ServerError(str(n), 503) for n in range(3)]
    hook = later if is_async else seen.append
    with pytest.raises(S3ServerError):
        await retry_with_exponential_backoff(Script(*errors), 2, jitter=False, on_retry=hook)
    assert seen == [
        RetryAttempt(number=1, max_attempts=3, error=errors[0], delay_s=1.0, elapsed_s=0.0),
        RetryAttempt(number=2, max_attempts=3, error=errors[1], delay_s=2.0, elapsed_s=1.0),
    ]


async def test_what_the_hook_raises_ends_the_retrying(sleeps):
    """A hook may stop the matter; the failure before it is the context."""
    operation = Script(TEMPORARY, "never")

    def stop(attempt):
        raise LookupError("enough")

    with pytest.raises(LookupError) as caught:
        await retry_with_exponential_backoff(operation, on_retry=stop)
    assert caught.value.__context__ is TEMPORARY
    assert (operation.calls, sleeps) == (1, [])


async def test_work_that_was_done_is_not_repeated(sleeps):
    """What the check finds before a retry is the result; before the first attempt it is not asked."""
    operation, check = Script(S3ConnectionError("lost"), "never"), Script("found")
    assert await retry_with_exponential_backoff(operation, check_before_retry=check) == "found"
    assert (operation.calls, check.calls) == (1, 1)
    operation, check = Script("first"), Script()
    assert await retry_with_exponential_backoff(operation, check_before_retry=check) == "first"
    assert check.calls == 0


@pytest.mark.parametrize("nothing", [None, S3NotFoundError()])
async def test_work_that_was_not_done_is_repeated(sleeps, nothing):
    """None and a 404 from the check mean: not done."""
    operation, check = Script(S3ConnectionError("lost"), TEMPORARY, "done"), Script(nothing, nothing)
    assert await retry_with_exponential_backoff(operation, check_before_retry=check) == "done"
    assert (operation.calls, check.calls) == (3, 2)


@pytest.mark.parametrize("empty", [0, "", [], False])
async def test_only_none_means_not_done(sleeps, empty):
    """An empty result is a result."""
    operation, check = Script(TEMPORARY, "never"), Script(empty)
    assert await retry_with_exponential_backoff(operation, check_before_retry=check) is empty


async def test_a_check_that_fails_is_a_failed_attempt(sleeps):
    """Nothing is repeated on a guess: the check is tried again, within the same number of attempts."""
    operation, check = Script(S3ConnectionError("lost"), "never"), Script(TEMPORARY, "found")
    assert await retry_with_exponential_backoff(operation, 2, check_before_retry=check) == "found"
    assert (operation.calls, len(sleeps)) == (1, 2)
    operation, check = Script(S3ConnectionError("lost"), "never"), Script(S3AccessDeniedError())
    with pytest.raises(S3AccessDeniedError) as caught:
        await retry_with_exponential_backoff(operation, check_before_retry=check)
    assert caught.value.__notes__ == ["gave up after 2 attempts"]
    assert operation.calls == 1
