"""What the clock shows, and how it is set. It decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .originals import REAL

_DIGITS = 9  # asyncio takes timers as due that are a nanosecond off


class Hands:
    """The two hands of the process, monotonic and wall, in a test on virtual time and between tests."""

    def __init__(self) -> None:
        self.passed = 0.0
        """Test time."""
        self.frozen = 0.0
        """The monotonic time of this process while a test is on virtual time."""
        self.leapt = 0.0
        """The sum of all jumps."""
        self.offset = 0.0
        """How far this process is ahead of the system's monotonic clock between tests."""
        self.system_time: Callable[[], float] = REAL.time
        self.travellers: Sequence[object] = ()
        """Those of time-machine: while there are any, the functions in C tell their time."""
        self._base = self._wall = 0.0

    def between_tests(self) -> float:
        """Return the monotonic time of this process while no test is on virtual time."""
        return REAL.monotonic() + self.offset

    def wall(self) -> float:
        """Return the wall clock's time while a test is on virtual time."""
        return self._wall + self.passed

    def stop_at(self, monotonic: float, passed: float) -> None:
        """Begin a test, or go on with it at *passed*, when the process has come to *monotonic*."""
        # A whole number: differences stay exact, and aiohttp rounds its deadlines up to full seconds.
        self._base, self.passed = math.ceil(monotonic) - passed, passed
        # Also of the wall clock, for what counts by its seconds; never ahead of the files that a test writes.
        self._wall = math.floor(self.system_time()) - passed
        self.frozen = self._base + passed

    def go_on(self, frozen: float) -> None:
        """Go with the system's clock again, from *frozen* on."""
        self.offset = frozen - REAL.monotonic()

    def set(self, passed: float) -> None:
        """Have *passed* seconds of test time passed."""
        self.leapt += passed - self.passed
        self.passed, self.frozen = passed, self._base + passed

    def later(self, seconds: float) -> float:
        """Return the test time that is *seconds* from now."""
        return round(self.passed + seconds, _DIGITS)

    def deadline(self, timeout: float) -> float:
        """Return the test time at which a wait of *timeout* seconds is over; later than now if it has any."""
        deadline = self.later(timeout)
        return deadline if deadline > self.passed or timeout <= 0 else self.next_moment()

    def next_moment(self) -> float:
        """Return the test time after which as little has passed as there is."""
        return self.passed + math.ulp(self.frozen)
