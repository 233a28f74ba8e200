"""`s3_retry`: what it decorates, what it refuses, what it leaves as it was."""

from __future__ import annotations

import inspect
import math
from unittest.mock import AsyncMock

import pytest
from scripted import TEMPORARY, Script

from s3_asyncio_client import RetryBudget, s3_retry
from s3_asyncio_client.exceptions import (
    S3ConnectionError,
)


async def test_a_decorated_function_is_retried(sleeps):
    """The decorator takes the function's arguments along to each attempt, and each call starts anew."""
    calls = []

    @s3_retry(max_retries=2, base_delay=0.5, jitter=False)
    async def fetch(bucket, *, key):
        """Fetch it."""
        calls.append((bucket, key))
        if len(calls) % 3:
            raise TEMPORARY
        return len(calls)

    assert [await fetch("b", key="k"), await fetch("b", key="l")] == [3, 6]
    assert calls == [("b", "k")] * 3 + [("b", "l")] * 3
    assert sleeps == [0.5, 1.0] * 2


def test_a_decorated_function_keeps_its_face():
    """Name, docstring, signature and being a coroutine function."""

    async def fetch(bucket: str, *, key: str = "k") -> bytes:
        """Fetch it."""

    wrapped = s3_retry()(fetch)
    assert (wrapped.__name__, wrapped.__doc__) == ("fetch", "Fetch it.")
    assert inspect.signature(wrapped) == inspect.signature(fetch)
    assert inspect.iscoroutinefunction(wrapped)


class Store:
    """Something with methods of each kind; each fails once."""

    def __init__(self):
        self.script = Script(TEMPORARY, "bound")

    @s3_retry(base_delay=0)
    async def method(self):
        return await self.script()

    @classmethod
    @s3_retry(base_delay=0)
    async def of_class(cls, script):
        return cls.__name__, await script()

    @staticmethod
    @s3_retry(base_delay=0)
    async def of_nobody(script):
        return await script()


async def test_methods_are_retried(sleeps):
    """Bound, class and static methods, each with its own first argument."""
    assert await Store().method() == "bound"
    assert await Store.of_class(Script(TEMPORARY, 1)) == ("Store", 1)
    assert await Store.of_nobody(Script(TEMPORARY, 2)) == 2
    assert len(sleeps) == 3


async def test_what_behaves_like_an_async_function_is_decorated(sleeps):
    """An instance with an async __call__ and an AsyncMock will do."""
    assert await s3_retry()(Script(TEMPORARY, 1))() == 1
    mock = AsyncMock(side_effect=[TEMPORARY, 2])
    assert await s3_retry()(mock)("b", key="k") == 2
    assert mock.await_args_list == [(("b",), {"key": "k"})] * 2


async def test_a_decorated_functions_check_gets_its_arguments(sleeps):
    """So that it knows what to look for."""
    asked = []

    async def look(bucket, *, key):
        asked.append((bucket, key))
        return "found"

    @s3_retry(check_before_retry=look)
    async def put(bucket, *, key):
        raise S3ConnectionError("lost")

    assert await put("b", key="k") == "found"
    assert asked == [("b", "k")]


async def test_a_decorated_functions_options_are_those_of_the_function(clock):
    """Budget, deadline, hook, longest delay, base and classes arrive."""
    budget, seen = RetryBudget(100), []
    options = {"max_delay": 2, "exponential_base": 3, "jitter": False, "deadline": 4, "budget": budget}

    @s3_retry(9, 1, KeyError, on_retry=seen.append, **options)
    async def fails():
        raise KeyError

    with pytest.raises(KeyError):
        await fails()
    assert [attempt.delay_s for attempt in seen] == [1, 2]
    assert (budget.available, clock[0]) == (90, 1003)


def plain():
    """Not async."""


async def generator():
    """Async, and still nothing to await."""
    yield


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (plain, "which plain is not"),
        (generator, "which generator is not"),
        (staticmethod(generator), "below @staticmethod"),
        (classmethod(plain), "below @classmethod"),
        (3, "which 3 is not"),
    ],
)
def test_only_async_functions_are_decorated(function, says):
    """Anything else is refused when it is decorated, by name."""
    with pytest.raises(TypeError, match=says):
        s3_retry()(function)


def test_the_decorators_parentheses_are_asked_for():
    """@s3_retry alone would take the function for a number of retries."""
    with pytest.raises(TypeError, match=r"@s3_retry\(\)"):
        s3_retry(generator)


@pytest.mark.parametrize(("argument", "value"), [("max_retries", -1), ("base_delay", math.nan), ("deadline", -1)])
def test_the_decorators_arguments_are_checked_at_once(argument, value):
    """A mistake shows when the module is imported, not at the first failure."""
    with pytest.raises(ValueError, match=argument):
        s3_retry(**{argument: value})
