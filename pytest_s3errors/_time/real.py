"""What every clock of a test is, and the one that is the system's."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from .dispatch import noting, noting_async, replace
from .originals import REAL

_monotonic = REAL.monotonic
real_sleep = REAL.sleep


own_threads: set[int] = set()
"""The threads of `start_own_thread`, by their idents: no clock waits for them."""


def start_own_thread(run: Callable[[], object]) -> None:
    """Have *run* called in a thread that is not the test's: it waits in real time, and nobody waits for it."""
    known = REAL.allocate_lock()

    def running() -> None:
        with known:
            pass
        try:
            run()
        finally:
            own_threads.discard(REAL.get_ident())

    with known:  # so that no clock meets it before it is known
        own_threads.add(REAL.start_new_thread(running, ()))


class Clock(Protocol):
    """What tests, rules and the journal read the time from."""

    sleeps: list[float]

    @property
    def now(self) -> float:
        """Seconds since the test's body began."""

    @property
    def moves(self) -> int:
        """How often a wait in test time has ended so far. Real time, which always passes, counts for nothing."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def running(self) -> contextlib.AbstractContextManager[None]:
        """Start at 0, and be the time of this process until the block ends."""

    def check_loop(self) -> None:
        """Raise if the running event loop is one that this clock does not drive."""

    def working(self) -> contextlib.AbstractContextManager[None]:
        """Around work that takes real time and none of the test's, whoever else waits for it."""


class RealClock:
    """The system's time, counted from the beginning of the body."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self._zero = _monotonic()

    @property
    def now(self) -> float:
        """Seconds since the test's body began."""
        return _monotonic() - self._zero

    moves = 0

    def advance(self, seconds: float) -> None:
        """Wait as long as it takes; like any sleep that blocks, this stops an event loop in the same thread."""
        real_sleep(seconds)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start at 0, and note sleeps until the block ends."""
        with pytest.MonkeyPatch.context() as patches:
            replace(
                patches,
                (time, "sleep", noting(self.sleeps, real_sleep)),
                (asyncio, "sleep", noting_async(self, asyncio.sleep)),
            )
            self._zero = _monotonic()
            yield

    def check_loop(self) -> None:
        """Every event loop runs in real time."""

    def working(self) -> contextlib.AbstractContextManager[None]:
        """Real time passes anyway."""
        return contextlib.nullcontext()
