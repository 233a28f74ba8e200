"""The circuit breaker: when it opens, whom it lets through, and what counts."""

from __future__ import annotations

import asyncio
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import DOWN, Clock, Script, hold, make

from s3_asyncio_client import (
    CircuitBreaker,
    CircuitOpenError,
    CircuitRegistry,
    CircuitState,
    S3ConnectionError,
    S3NotFoundError,
    S3ServerError,
    retry_with_exponential_backoff,
)

CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN


@pytest.fixture
def clock():
    """The time of the breakers."""
    return Clock()


async def opened(clock, open_s=30.0):
    """Make a breaker that has just opened."""
    breaker = CircuitBreaker(1, open_s, clock=clock)
    await make(breaker, DOWN)
    return breaker


def test_the_states_have_their_names():
    """The values are what logs and expectations say."""
    assert [state.value for state in CircuitState] == ["closed", "open", "half_open"]


def test_a_new_breaker_is_closed():
    """Defaults as promised, nothing counted."""
    breaker = CircuitBreaker()
    assert (breaker.failure_threshold, breaker.timeout, breaker.expected_exception) == (5, 60.0, S3ServerError)
    assert (breaker.state, breaker.failure_count, breaker.last_failure_time) == (CLOSED, 0, None)


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("failure_threshold", 0, ValueError),
        ("failure_threshold", -1, ValueError),
        ("failure_threshold", 1.5, TypeError),
        ("failure_threshold", True, TypeError),
        ("timeout", -0.1, ValueError),
        ("timeout", math.nan, ValueError),
        ("timeout", math.inf, ValueError),
        ("timeout", "1", TypeError),
        ("timeout", True, TypeError),
        ("expected_exception", (), ValueError),
        ("expected_exception", int, TypeError),
        ("expected_exception", (S3ServerError, 503), TypeError),
        ("expected_exception", S3ServerError("x"), TypeError),
    ],
)
@pytest.mark.parametrize("kind", [CircuitBreaker, CircuitRegistry])
def test_wrong_arguments_are_refused(kind, argument, value, error):
    """A mistake shows where the breaker or the registry is made, and names the argument."""
    with pytest.raises(error, match=argument):
        kind(**{argument: value})


@pytest.mark.parametrize(("failures", "state"), [(2, CLOSED), (3, OPEN)])
async def test_it_opens_at_the_threshold(clock, failures, state):
    """So many failures in a row, not one less; each is raised as it is."""
    breaker = CircuitBreaker(3, clock=clock)
    assert await make(breaker, *[DOWN] * failures) == [DOWN] * failures
    assert (breaker.state, breaker.failure_count, breaker.last_failure_time) == (state, failures, 100.0)


async def test_a_success_ends_a_row_of_failures(clock):
    """Only failures in a row count."""
    breaker = CircuitBreaker(2, clock=clock)
    await make(breaker, DOWN, "fine", DOWN)
    assert (breaker.state, breaker.failure_count) == (CLOSED, 1)


@pytest.mark.parametrize(
    "other", [S3NotFoundError(), S3ConnectionError("x"), ValueError("x"), asyncio.CancelledError()], ids=repr
)
async def test_while_closed_other_errors_neither_count_nor_end_a_row(clock, other):
    """A 404 between two 503s does not hide that S3 is in trouble, and many 404s are no trouble."""
    breaker = CircuitBreaker(2, clock=clock)
    assert await make(breaker, other, other, other) == [other] * 3
    assert (breaker.state, breaker.failure_count) == (CLOSED, 0)
    await make(breaker, DOWN, other, DOWN)
    assert breaker.state is OPEN


@pytest.mark.parametrize("expected", [(S3ServerError, ConnectionError), BaseException])
async def test_several_classes_may_count(clock, expected):
    """A tuple of classes, or a class above them."""
    breaker = CircuitBreaker(2, expected_exception=expected, clock=clock)
    await make(breaker, S3ConnectionError("x"), DOWN)
    assert (breaker.state, breaker.expected_exception) == (OPEN, expected)


async def test_cancellation_never_counts(clock):
    """Whatever classes are given: a caller that gives up says nothing about S3."""
    breaker = CircuitBreaker(1, expected_exception=BaseException, clock=clock)
    await make(breaker, asyncio.CancelledError())
    assert (breaker.state, breaker.failure_count) == (CLOSED, 0)


@pytest.mark.parametrize(("after_s", "left_s"), [(0, 30.0), (29.5, 0.5)])
async def test_an_open_circuit_refuses_and_says_for_how_long(clock, after_s, left_s):
    """Nothing is called, and the error knows the seconds that remain."""
    breaker, operation = await opened(clock), Script("never")
    clock.now += after_s
    with pytest.raises(CircuitOpenError, match=f"^Circuit breaker is OPEN for another {left_s:g} s") as caught:
        await breaker.call(operation)
    assert caught.value.retry_in_s == left_s
    assert (operation.calls, breaker.state) == (0, OPEN)


@pytest.mark.parametrize("after_s", [30.0, 1000.0])
async def test_a_successful_probe_closes_it(clock, after_s):
    """After the timeout the next call is made, and if it succeeds all are again."""
    breaker = await opened(clock)
    clock.now += after_s
    assert await make(breaker, "probe", "next") == ["probe", "next"]
    assert (breaker.state, breaker.failure_count) == (CLOSED, 0)


async def test_after_closing_the_whole_threshold_counts_again(clock):
    """What failed before is forgotten."""
    breaker = CircuitBreaker(2, 30, clock=clock)
    await make(breaker, DOWN, DOWN)
    clock.now += 30
    await make(breaker, "probe", DOWN)
    assert (breaker.state, breaker.failure_count) == (CLOSED, 1)


async def test_a_failed_probe_opens_it_for_the_whole_timeout(clock):
    """The time counts from the end of the probe, not from its start or the first failure."""
    breaker = await opened(clock)
    clock.now += 45
    probe = await hold(breaker)
    clock.now += 10
    assert await probe.finish(S3ServerError("still", 503)) is not None
    assert (breaker.state, breaker.failure_count, breaker.last_failure_time) == (OPEN, 2, 155.0)
    clock.now += 29.9
    assert isinstance((await make(breaker, "early"))[0], CircuitOpenError)
    clock.now += 0.2
    assert await make(breaker, "probe") == ["probe"]


async def test_one_probe_at_a_time(clock):
    """While the probe runs all others are refused, without a time, for it hangs on the probe."""
    breaker = await opened(clock)
    clock.now += 30
    probe = await hold(breaker)
    assert breaker.state is HALF_OPEN
    refused = await asyncio.gather(*(breaker.call(Script("never")) for _ in range(20)), return_exceptions=True)
    assert {(type(error), error.retry_in_s) for error in refused} == {(CircuitOpenError, None)}
    assert str(refused[0]) == "Circuit breaker is OPEN until its probe has ended: no request was made"
    assert await probe.finish("well") == "well"
    assert breaker.state is CLOSED


@pytest.mark.parametrize("end", [None, ValueError("x"), S3ConnectionError("not expected here")], ids=repr)
async def test_a_probe_that_says_nothing_frees_the_slot(clock, end):
    """Cancelled, or ended by what is no answer of S3: still half open, and the next call is the probe."""
    breaker = await opened(clock)
    clock.now += 30
    probe = await hold(breaker)
    await probe.finish(end)
    assert breaker.state is HALF_OPEN
    assert await make(breaker, "next probe") == ["next probe"]
    assert breaker.state is CLOSED


async def test_a_probe_that_was_dropped_frees_the_slot():
    """A coroutine that is closed where no event loop runs leaves no probe behind."""
    breaker = CircuitBreaker(1, 0)
    await make(breaker, DOWN)

    async def forever():
        await asyncio.get_running_loop().create_future()

    coroutine = breaker.call(forever)
    coroutine.send(None)
    assert breaker.state is HALF_OPEN
    await asyncio.to_thread(coroutine.close)
    assert await make(breaker, "next probe") == ["next probe"]


async def test_an_answer_of_s3_closes_it(clock):
    """A 404 as the probe's end is raised, and shows that S3 is there."""
    breaker, missing = await opened(clock), S3NotFoundError()
    clock.now += 30
    assert await make(breaker, missing) == [missing]
    assert (breaker.state, breaker.failure_count) == (CLOSED, 0)


@pytest.mark.parametrize("late", ["result", S3ServerError("late", 503)], ids=["success", "failure"])
async def test_a_call_from_before_changes_nothing_afterwards(clock, late):
    """Slow calls that began before the circuit opened neither close it, nor prolong it, nor end the probe."""
    breaker = CircuitBreaker(1, 30, clock=clock)
    slow = [await hold(breaker) for _ in range(3)]
    await make(breaker, DOWN)
    clock.now += 20
    await slow[0].finish(late)
    assert (breaker.state, breaker.failure_count, breaker.last_failure_time) == (OPEN, 1, 100.0)
    clock.now += 10
    probe = await hold(breaker)
    assert probe.begun
    await slow[1].finish(late)
    assert (breaker.state, type((await make(breaker, "never"))[0])) == (HALF_OPEN, CircuitOpenError)
    await probe.finish("well")
    await slow[2].finish(late)
    assert (breaker.state, breaker.failure_count) == (CLOSED, 0)


async def test_with_no_timeout_the_next_call_is_the_probe(clock):
    """0 seconds are allowed: still one call at a time until one succeeds."""
    breaker = await opened(clock, open_s=0)
    probe = await hold(breaker)
    assert probe.begun
    assert isinstance((await make(breaker, "never"))[0], CircuitOpenError)
    await probe.finish("well")
    assert breaker.state is CLOSED


def test_the_clock_is_that_of_the_event_loop():
    """And where a later loop's clock is behind, the timeout counts anew and no longer."""
    breaker = CircuitBreaker(1, 10)

    async def at(now_s, *outcomes):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "time", lambda: now_s)
            return await make(breaker, *outcomes)

    asyncio.run(at(5000.0, DOWN))
    assert [error.retry_in_s for error in asyncio.run(at(5009.0, "early"))] == [1.0]
    assert [error.retry_in_s for error in asyncio.run(at(3.0, "early"))] == [10.0]
    assert asyncio.run(at(13.0, "probe")) == ["probe"]


@pytest.mark.parametrize("operation", [3, None, "get"])
async def test_what_cannot_be_called_is_refused(clock, operation):
    """Before the circuit is asked, so that a mistake never uses up the probe."""
    with pytest.raises(TypeError, match="operation must be callable"):
        await (await opened(clock)).call(operation)


async def test_what_returns_no_awaitable_is_refused(clock):
    """The caller's mistake, which does not count."""
    breaker = CircuitBreaker(1, expected_exception=S3ServerError, clock=clock)
    with pytest.raises(TypeError, match="must return an awaitable, not int"):
        await breaker.call(lambda: 3)
    assert breaker.state is CLOSED


async def test_an_open_circuit_ends_retrying(clock):
    """A retry around a breaker stops at once when that opens: CircuitOpenError is not retryable."""
    breaker, operation = CircuitBreaker(2, clock=clock), Script(DOWN, DOWN, "never")
    with pytest.raises(CircuitOpenError):
        await retry_with_exponential_backoff(lambda: breaker.call(operation), 9, base_delay=0)
    assert operation.calls == 2


@st.composite
def interleavings(draw):
    """A breaker's numbers, and steps of 2 to 20 calls: begin one, end one with an outcome, let time pass."""
    calls = draw(st.integers(2, 20))
    begin = st.tuples(st.just("begin"), st.none())
    end = st.tuples(st.just("end"), st.tuples(st.integers(0, 19), st.sampled_from(["well", "down", "404", "cancel"])))
    wait = st.tuples(st.just("wait"), st.sampled_from([1, 5, 10, 11]))
    steps = draw(st.lists(st.one_of(begin, begin, end, end, wait), min_size=calls, max_size=60))
    return calls, draw(st.integers(1, 4)), draw(st.sampled_from([0, 5, 10])), steps


ENDS = {"well": "well", "down": S3ServerError("x", 503), "404": S3NotFoundError(), "cancel": None}


@given(plan=interleavings())
async def test_no_interleaving_runs_two_probes_or_serves_while_open(plan):
    """Whatever begins, ends and passes in whatever order: one probe at a time, and nothing before the timeout."""
    calls, threshold, timeout, steps = plan
    clock, running, opened_s = Clock(), {}, []
    breaker = CircuitBreaker(threshold, timeout, clock=clock)
    breaker.add_listener(lambda _, old, new: opened_s.append(clock.now) if new is OPEN else None)
    for what, detail in [("begin", None)] * 2 + steps:
        if what == "wait":
            clock.now += detail
        elif what == "begin" and len(running) < calls:
            before, probing = breaker.state, HALF_OPEN in running.values()
            held = await hold(breaker)
            may = before is CLOSED or (before is HALF_OPEN and not probing)
            assert held.begun == (may or (before is OPEN and clock.now >= opened_s[-1] + timeout))
            if held.begun:
                running[held] = breaker.state
                assert breaker.state is not OPEN
            else:
                assert isinstance(await held.finish(None), CircuitOpenError)
        elif what == "end" and running:
            which, outcome = detail
            held = list(running)[which % len(running)]
            period, before = running.pop(held), breaker.state
            await held.finish(ENDS[outcome])
            if period is HALF_OPEN:  # only the probe decides
                after = {"well": CLOSED, "404": CLOSED, "down": OPEN, "cancel": HALF_OPEN}[outcome]
                assert breaker.state is after
            elif before is not CLOSED:
                assert breaker.state is before
        assert list(running.values()).count(HALF_OPEN) <= (breaker.state is HALF_OPEN)
    for held in running:
        await held.finish(None)


async def test_the_state_can_be_set_by_hand(clock):
    """As dashboards and tests do: what is set open stays so for the whole timeout, and listeners hear of it."""
    changes = []
    breaker = CircuitBreaker(3, 30, clock=clock)
    breaker.add_listener(lambda _, old, new: changes.append((old, new)))
    breaker.state = OPEN
    assert isinstance((await make(breaker, "never"))[0], CircuitOpenError)
    clock.now += 30
    assert await make(breaker, "probe") == ["probe"]
    breaker.failure_count = 2
    await make(breaker, DOWN)
    assert breaker.state is OPEN
    breaker.state = CLOSED
    assert await make(breaker, "let through") == ["let through"]
    assert changes == [(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED), (CLOSED, OPEN), (OPEN, CLOSED)]


async def test_the_last_failure_is_told_as_time_time_tells_it():
    """The timeout counts from there, so that a caller may shorten it by hand."""
    breaker = CircuitBreaker(1, 3600)
    await make(breaker, DOWN)
    assert breaker.last_failure_time == pytest.approx(time.time(), abs=60)
    assert isinstance((await make(breaker, "never"))[0], CircuitOpenError)
    breaker.last_failure_time = time.time() - 3601
    assert await make(breaker, "probe") == ["probe"]


def test_a_state_that_is_none_is_refused():
    """Only the three, or their values."""
    with pytest.raises(ValueError, match="ajar"):
        CircuitBreaker().state = "ajar"
