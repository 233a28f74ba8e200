"""When test time has to follow real time: a thread spins, or waits for something that this process can't see."""

from __future__ import annotations

from . import kernel
from .originals import REAL

PATIENCE_S = 5.0
COMPUTING_PATIENCE_S = 30.0
_MANY_READINGS = 256
_LOOK_EVERY = 64


class Patience:
    """Measures in real time how long nothing has moved, and how much of that must be added to test time."""

    def __init__(self) -> None:
        self._moved = REAL.monotonic()  # when time last jumped or a wait last began
        self._readings = 0  # readings of the clock since then
        self._flowed = 0.0
        self._busy: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def begin(self) -> None:
        """Begin a test. The time since the last test was not a wait."""
        self.jumped()
        self._flowed = 0.0

    def jumped(self) -> None:
        """Record that time has jumped."""
        self._moved, self._readings = REAL.monotonic(), 0

    def parked(self) -> None:
        """Record that a wait has begun."""
        self._moved = REAL.monotonic()

    def read(self) -> bool:
        """Record a reading of the clock. Return whether it is time to ask `overdue_s`."""
        self._readings += 1
        return not self._readings % _LOOK_EVERY

    def overdue_s(self) -> float | None:
        """Return how many seconds to add to test time now. None: patience is not over."""
        real, moved = REAL.monotonic(), self._moved
        if real - moved < PATIENCE_S / 2:
            return None
        if self._busy[0] != moved:
            self._busy = moved, real, _busy_s()
        computes = _busy_s() - self._busy[2] > (real - self._busy[1]) / 4
        spins = self._readings > _MANY_READINGS
        if real - moved < (COMPUTING_PATIENCE_S if computes and not spins else PATIENCE_S):
            return None
        overdue = real - max(self._flowed, moved + PATIENCE_S)
        self._flowed = real
        return overdue


def _busy_s() -> float:
    # On an overloaded machine a computing thread gets little processor time, so the time that it queues counts too.
    return REAL.process_time() + kernel.kept_waiting_s()
