"""The interface of a test's clock, and the clock that follows the system's."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from numbers import Real
from typing import Protocol

from . import clocks
from .dispatch import the_registry
from .originals import REAL


class Clock(clocks.Clock, Protocol):
    """The clock that tests, rules and the journal read."""

    @property
    def now(self) -> float:
        """Seconds since the test's body began."""

    @property
    def moves(self) -> int:
        """How many waits in test time have ended so far. Always 0 in real time."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def running(self) -> contextlib.AbstractContextManager[None]:
        """Start at 0, and be the clock of this process until the block ends."""

    def restart(self) -> None:
        """Restart at 0 in the middle of the body."""

    def working(self) -> contextlib.AbstractContextManager[None]:
        """Stop test time while this thread works, even if all others wait for it."""

    def moved(self) -> None:
        """Record that something has happened without a wait, such as a request."""

    def close(self) -> None:
        """End the test, even if its body never ran."""


def check_seconds(seconds: object) -> None:
    """Refuse what time can't advance by. A bool is a comparison gone astray."""
    if not isinstance(seconds, Real) or isinstance(seconds, bool) or not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"time goes on by 0 or more seconds, not by {seconds!r}")


class RealClock:
    """The system's clock, counted from the start of the body."""

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
        """Sleep in real time. Like any blocking sleep, this stops an event loop in the same thread.

        Raises:
            ValueError: *seconds* is no number, negative, NaN or infinite.
        """
        check_seconds(seconds)
        REAL.sleep(seconds)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start at 0, and record sleeps until the block ends."""
        with self._registry.real(self):
            self._zero = REAL.monotonic()
            yield

    def restart(self) -> None:
        """Restart at 0."""
        self._zero = REAL.monotonic()

    def check_loop(self) -> None:
        """Accept every event loop: all of them run in real time."""

    def working(self) -> contextlib.AbstractContextManager[None]:
        """Do nothing: real time can't be stopped."""
        return contextlib.nullcontext()

    def moved(self) -> None:
        """Do nothing: real time goes on by itself."""

    def close(self) -> None:
        """Do nothing: there is nothing to end."""
