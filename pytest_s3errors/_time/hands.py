"""What the clock shows and how it is set. This module decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .originals import REAL

_DIGITS = 9  # asyncio treats timers as due that are a nanosecond away


class Hands:
    """The two hands of the process, monotonic and wall, in a test on virtual time and between tests."""

    def __init__(self) -> None:
        self.passed = 0.0
        """Test time, in seconds."""
        self.frozen = 0.0
        """The monotonic time of this process while a test runs on virtual time."""
        self.leapt = 0.0
        """The sum of all jumps."""
        self.offset = 0.0
        """How far this process is ahead of the system's monotonic clock between tests."""
        self.system_time: Callable[[], float] = REAL.time
        self.travellers: Sequence[object] = ()
        """time-machine's active travellers. While there are any, C's functions return their time."""
        self._base = self._wall = 0.0

    def between_tests(self) -> float:
        """Return the monotonic time of this process while no test runs on virtual time."""
        return REAL.monotonic() + self.offset

    def wall(self) -> float:
        """Return the time of the wall clock while a test runs on virtual time."""
        return self._wall + self.passed

    def stop_at(self, monotonic: float, passed: float) -> None:
        """Begin a test, or continue it at *passed*. The monotonic time of the process is *monotonic*."""
        # A whole number: differences stay exact, and aiohttp rounds its deadlines up to full seconds.
        self._base, self.passed = math.ceil(monotonic) - passed, passed
        # The wall clock too, for code that counts its seconds. Down, so that it is never ahead of files being written.
        self._wall = math.floor(self.system_time()) - passed
        self.frozen = self._base + passed

    def go_on(self, frozen: float) -> None:
        """Follow the system's clock again, starting at *frozen*."""
        self.offset = frozen - REAL.monotonic()

    def set(self, passed: float) -> None:
        """Set test time to *passed* seconds."""
        self.leapt += passed - self.passed
        self.passed, self.frozen = passed, self._base + passed

    def later(self, seconds: float) -> float:
        """Return the test time that is *seconds* from now."""
        return round(self.passed + seconds, _DIGITS)

    def deadline(self, timeout: float) -> float:
        """Return the test time at which a wait of *timeout* seconds ends. It is later than now if *timeout* > 0."""
        deadline = self.later(timeout)
        return deadline if deadline > self.passed or timeout <= 0 else self.next_moment()

    def next_moment(self) -> float:
        """Return the next test time that a float can distinguish from now."""
        return self.passed + math.ulp(self.frozen)
