"""What every clock of a test is, and the one that is the system's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from .dispatch import the_registry
from .originals import REAL


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

    def restart(self) -> None:
        """Count from 0 again, in the middle of the body."""

    def check_loop(self) -> None:
        """Raise if the running event loop is one that this clock does not drive."""

    def working(self) -> contextlib.AbstractContextManager[None]:
        """Around work that takes real time and none of the test's, whoever else waits for it."""

    def close(self) -> None:
        """End the test, also one whose body never ran."""


class RealClock:
    """The system's time, counted from the beginning of the body."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self._registry = the_registry()
        self._zero = REAL.monotonic()

    @property
    def now(self) -> float:
        """Seconds since the test's body began."""
        return REAL.monotonic() - self._zero

    moves = 0

    def advance(self, seconds: float) -> None:
        """Wait as long as it takes; like any sleep that blocks, this stops an event loop in the same thread."""
        REAL.sleep(seconds)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start at 0, and note sleeps until the block ends."""
        with self._registry.real(self):
            self._zero = REAL.monotonic()
            yield

    def restart(self) -> None:
        """Count from 0 again."""
        self._zero = REAL.monotonic()

    def check_loop(self) -> None:
        """Every event loop runs in real time."""

    def working(self) -> contextlib.AbstractContextManager[None]:
        """Real time passes anyway."""
        return contextlib.nullcontext()

    def close(self) -> None:
        """Nothing is left of it."""
