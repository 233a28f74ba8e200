"""The contract of an operation that a pattern (retry, circuit breaker) calls: it returns an awaitable."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_T = TypeVar("_T")


def check_operation(operation: object) -> None:
    """Refuse an operation that is not callable. Explain the usual mistake: a coroutine instead of a function."""
    if callable(operation):
        return
    hint = ""
    if inspect.iscoroutine(operation):
        operation.close()  # avoids the warning that it was never awaited
        hint = "; a coroutine runs only once, pass what makes it: lambda: client.get_object(...)"
    raise TypeError(f"operation must be callable without arguments, not {type(operation).__name__}{hint}")


def no_awaitable(outcome: object) -> TypeError:
    """Return the error for an operation that did not return an awaitable."""
    return TypeError(f"operation must return an awaitable, not {type(outcome).__name__}")


async def perform(operation: Callable[[], Awaitable[_T]]) -> _T:
    """Await what *operation* returns. Raise TypeError if that is not awaitable."""
    outcome = operation()
    if not inspect.isawaitable(outcome):
        raise no_awaitable(outcome)
    return await outcome
