"""Functions of the standard library replaced for a while, wherever they were imported to."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

import pytest

LAYERS = "pytest_s3errors._layers"
"""Where a sleep delays an answer, and is none of the test's."""


class Sleeper(Protocol):
    """The clock that sleeps are noted on."""

    sleeps: list[float]

    def check_loop(self) -> None:
        """Raise if the running event loop is one that the clock does not drive."""


def noting(sleeps: list[float], sleep: Callable[[float], None]) -> Callable[[float], None]:
    """*sleep* that notes in *sleeps* for how long."""

    @functools.wraps(sleep)
    def noted(seconds: float) -> None:
        if seconds > 0:
            sleeps.append(seconds)
        sleep(seconds)

    return noted


def noting_async(clock: Sleeper, sleep: Callable[..., Any]) -> Callable[..., Any]:
    """`asyncio.sleep` that notes in the clock's `sleeps` for how long, unless one of our layers delays an answer."""

    @functools.wraps(sleep)
    async def noted(delay: float, result: Any = None) -> Any:
        clock.check_loop()
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))  # noqa: SLF001 - who sleeps decides
        if delay > 0 and not caller.startswith(LAYERS):
            clock.sleeps.append(delay)
        return await sleep(delay, result)

    return noted


def replace(patches: pytest.MonkeyPatch, *swaps: tuple[ModuleType, str, Callable[..., Any]]) -> None:
    """Put a function in the place of a module's, for each of *swaps*, also where others imported the old one by name.

    Of the standard library and of test tools only the module itself changes, and asyncio's own.
    """
    by_old = {id(getattr(home, name)): new for home, name, new in swaps}
    for home, name, new in swaps:
        patches.setattr(home, name, new)
    for module, name in _having(frozenset(name for _, name, _ in swaps)):
        found = by_old.get(id(vars(module).get(name)))
        if found is not None:
            patches.setattr(module, name, found)


_Having = list[tuple[ModuleType, str]]
_having_before: dict[frozenset[str], tuple[dict[str, ModuleType], _Having]] = {}


def _having(names: frozenset[str]) -> _Having:
    """Where one of *names* stands, whatever it is there; looked up again if something was imported since."""
    imported, having = _having_before.get(names, ({}, []))
    if imported != sys.modules:
        imported = sys.modules.copy()
        having = [
            (module, name)
            for module in imported.values()
            if not names.isdisjoint(getattr(module, "__dict__", ())) and _follows(module)
            for name in names & vars(module).keys()
        ]
        _having_before[names] = imported, having
    return having


def _follows(module: ModuleType) -> bool:
    return module.__name__ == "asyncio.tasks" or module.__name__.partition(".")[0] not in _OWN_TIME


# These measure and wait for the real world, tests among them; threading's locks can't be woken by a jump.
_OWN_TIME = sys.stdlib_module_names | {"_pytest", "pytest", "xdist", "execnet", "pytest_timeout", "pytest_s3errors"}
