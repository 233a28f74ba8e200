"""A replaced function asks for whom it is called, and is the original for nobody."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_s3errors._guard import owner
from pytest_s3errors._guard.owner import Owner
from pytest_s3errors._guard.seams import Seams, keep, lead, wrap


@pytest.fixture
def target() -> Any:
    """Somebody's module."""
    return SimpleNamespace(act=lambda what: f"real {what}")


@pytest.fixture
def started() -> Iterator[Any]:
    """Begins tests by name and ends those that are left."""
    running = []

    def start(name: str) -> Owner:
        running.append(Owner(name))
        owner.begin(running[-1])
        return running[-1]

    yield start
    for one in reversed(running):
        if owner.current() is one:
            owner.end(one)


def test_each_owner_has_its_own(target, started):
    """A test inside a test has its own too, and the outer one goes on with its own."""
    outer = started("outer")
    Seams(outer).setattr(target, "act", lambda what: f"outer {what}")
    assert target.act(1) == "outer 1"
    inner = started("inner")
    assert target.act(2) == "real 2"
    Seams(inner).setattr(target, "act", lambda what: f"inner {what}")
    assert target.act(3) == "inner 3"
    owner.end(inner)
    assert target.act(4) == "outer 4"
    with owner.outside():
        assert target.act(5) == "real 5"
    owner.end(outer)
    assert target.act(6) == "real 6"


def test_who_took_the_function_away_for_good_is_replaced_again(target, started):
    """A mock that was put back, or a reload, may have taken the seam away."""
    real = target.act
    first = started("first")
    Seams(first).setattr(target, "act", lambda what: f"first {what}")
    target.act = real
    assert target.act(1) == "real 1"
    second = started("second")
    Seams(second).setattr(target, "act", lambda what: f"second {what}")
    assert target.act(2) == "second 2"


def test_a_mock_of_the_tests_wins(target, started, monkeypatch):
    """So does one that calls what it replaced: that one decides what it lets through."""
    test = started("test")
    Seams(test).setattr(target, "act", lambda what: f"ours {what}")
    before = target.act
    monkeypatch.setattr(target, "act", lambda what: f"mock of {before(what)}")
    assert target.act(1) == "mock of ours 1"
    Seams(test).setattr(target, "act", lambda what: f"ours over {Seams(test).original(target, 'act')(what)}")
    assert target.act(2) == "ours over mock of real 2"


def test_it_looks_like_the_original(started):
    """Signature and kind, by which other tools call it."""

    class Somebodys:
        async def wait(self, seconds: float, *, result: int = 1) -> int:
            return result

    before = inspect.getfullargspec(Somebodys.wait)
    Seams(started("test")).setattr(Somebodys, "wait", None)
    assert inspect.getfullargspec(Somebodys.wait) == before
    assert inspect.iscoroutinefunction(Somebodys.wait)


def test_wrapping_twice_is_wrapping_once(target):
    """Each test sees to it, and none adds a layer."""

    def louder(act: Any) -> Any:
        return lambda what: f"{act(what)}!"

    for _ in range(3):
        wrap(target, "act", louder)
    assert target.act(1) == "real 1!"


def to_door(act: Any) -> Any:
    return lambda door, what: f"{act(what)} by {door}"


def test_what_is_led_gets_the_door_of_its_owner(target, started):
    """It is made once, and each owner has a door, another function of its own, or neither."""
    lead(target, "act", to_door)
    test: Any = started("test")
    assert target.act(1) == "real 1"
    test.door = "front door"
    assert target.act(2) == "real 2 by front door"
    Seams(test).setattr(target, "act", lambda what: f"own {what}")
    assert target.act(3) == "own 3"
    other: Any = started("other")
    other.door = "back door"
    assert target.act(4) == "real 4 by back door"
    with owner.outside():
        assert target.act(5) == "real 5"


@pytest.mark.parametrize("how", [lead, wrap])
def test_what_was_taken_away_is_put_back(target, started, how):
    """A tool may put back what it found long ago, or something new, which is then what we call."""
    test: Any = started("test")
    test.door = "door"
    real = target.act
    how(target, "act", to_door if how is lead else lambda act: lambda what: f"{act(what)} by door")
    for stands in (real, lambda what: f"new {what}"):
        target.act = stands
        assert target.act(1) in ("real 1", "new 1")
        keep()
        assert target.act(2) == f"{stands(2)} by door"
        ours = target.act
        keep()
        assert target.act is ours


def test_class_that_was_exchanged_is_led(started):
    """A tool that forbids sockets has a class of its own in their place, sometimes before the first test."""

    class Theirs:
        def act(self) -> str:
            return "theirs"

    class Real:
        def act(self) -> str:
            return "real"

    test: Any = started("test")
    test.door = "door"
    home = SimpleNamespace(Kind=Theirs)
    lead(home, "Kind.act", lambda act: lambda door, self: f"{act(self)} by {door}")
    assert Theirs().act() == "theirs by door"
    home.Kind = Real
    keep()
    assert Real().act() == "real by door"
