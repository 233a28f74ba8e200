"""Circuit breakers from outside: listeners, watchers, logs, names, and the registry."""

from __future__ import annotations

import logging

import pytest
from scripted import DOWN, Clock, make

from s3_asyncio_client import CircuitBreaker, CircuitRegistry, CircuitState, watch_circuits

CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN


@pytest.fixture
def clock():
    """The time of the breakers."""
    return Clock()


async def test_listeners_hear_of_each_change_until_they_are_taken_out(clock):
    """In order, with the state that the breaker is in by then."""
    breaker, heard = CircuitBreaker(1, 30, clock=clock), []
    remove = breaker.add_listener(lambda b, old, new: heard.append((b is breaker, old, new, b.state)))
    await make(breaker, "fine", DOWN, "refused")
    clock.now += 30
    await make(breaker, DOWN)
    clock.now += 30
    await make(breaker, "fine")
    ways = [(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED)]
    assert heard == [(True, old, new, new) for old, new in ways]
    remove()
    remove()
    await make(breaker, DOWN)
    assert len(heard) == len(ways)


async def test_a_listener_that_fails_is_logged_and_disturbs_nobody(clock, caplog):
    """The call it happened in has its own end, and the other listeners hear of the change."""
    breaker, heard = CircuitBreaker(1, clock=clock, name="backup"), []
    breaker.add_listener(lambda *_: 1 / 0)
    breaker.add_listener(lambda *change: heard.append(change))
    with caplog.at_level(logging.ERROR, "s3_asyncio_client"):
        assert await make(breaker, DOWN) == [DOWN]
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]
    assert "backup" in caplog.text
    assert heard == [(breaker, CLOSED, OPEN)]


async def test_a_listener_may_take_itself_out(clock, caplog):
    """In the middle of being told, and the others are told all the same."""
    breaker, heard = CircuitBreaker(1, 0, clock=clock), []

    def once(*_):
        heard.append("once")
        remove()

    remove = breaker.add_listener(once)
    breaker.add_listener(lambda *_: heard.append("always"))
    await make(breaker, DOWN, "probe")
    assert heard == ["once", "always", "always", "always"]


def test_a_listener_has_to_be_callable():
    """Said at once, and not at the first change."""
    with pytest.raises(TypeError, match="must be callable, not int"):
        CircuitBreaker().add_listener(3)


async def test_a_watcher_hears_of_every_breaker(clock):
    """From the moment it is made, which shows as a change from None; the same function may watch twice."""
    heard = []

    def watcher(breaker, old, new):
        heard.append((breaker.name, old, new))

    ends = [watch_circuits(watcher), watch_circuits(watcher)]
    ends[0]()
    one = CircuitBreaker(1, clock=clock, name="one")
    await make(CircuitRegistry(1, clock=clock).get("two"), DOWN)
    await make(one, DOWN)
    ends[1]()
    CircuitBreaker(name="three")
    assert heard == [("one", None, CLOSED), ("two", None, CLOSED), ("two", CLOSED, OPEN), ("one", CLOSED, OPEN)]


async def test_changes_are_logged(clock, caplog):
    """Opening is a warning, the rest is information; the message names the circuit."""
    breaker = CircuitBreaker(1, 30, clock=clock, name="eu-west-1")
    with caplog.at_level(logging.INFO, "s3_asyncio_client"):
        await make(breaker, DOWN)
        clock.now += 30
        await make(breaker, "fine")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "circuit eu-west-1: open, was closed"),
        ("INFO", "circuit eu-west-1: half_open, was open"),
        ("INFO", "circuit eu-west-1: closed, was half_open"),
    ]


async def test_messages_name_the_circuit(clock):
    """The refusal and the representation."""
    breaker = CircuitBreaker(2, 30, clock=clock, name="eu-west-1")
    assert repr(breaker) == "<CircuitBreaker 'eu-west-1' closed, 0 of 2 failures>"
    *_, refusal = await make(breaker, DOWN, DOWN, "never")
    assert str(refusal) == "Circuit breaker is OPEN ('eu-west-1') for another 30 s: no request was made"
    assert repr(CircuitBreaker()) == "<CircuitBreaker closed, 0 of 5 failures>"


async def test_a_registry_has_one_breaker_for_each_key(clock):
    """The failure of one endpoint does not shut the others."""
    registry = CircuitRegistry(1, 30, (ConnectionError,), clock=clock)
    first, second = registry.get("eu"), registry.get(("us", 1))
    await make(first, ConnectionResetError())
    assert registry.get("eu") is first
    assert (first.state, second.state, second.name) == (OPEN, CLOSED, "('us', 1)")
    assert (first.failure_threshold, first.timeout, first.expected_exception) == (1, 30, (ConnectionError,))
    assert registry.breakers == {"eu": first, ("us", 1): second}
