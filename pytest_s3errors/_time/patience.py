"""When real time has to go by: somebody spins, or waits for what nobody in this process can tell."""

from __future__ import annotations

from . import kernel
from .originals import REAL

PATIENCE_S = 5.0
COMPUTING_PATIENCE_S = 30.0
_MANY_READINGS = 256
_LOOK_EVERY = 64


class Patience:
    """Watches in real time how long nothing has moved, and for how much of that test time has to be let go."""

    def __init__(self) -> None:
        self._moved = REAL.monotonic()  # when time jumped last, or the last wait began
        self._readings = 0  # of the clock since then
        self._flowed = 0.0
        self._busy: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def begin(self) -> None:
        """Begin a test: what went by since the last one was nobody's wait."""
        self.jumped()
        self._flowed = 0.0

    def jumped(self) -> None:
        """Note that time has jumped."""
        self._moved, self._readings = REAL.monotonic(), 0

    def parked(self) -> None:
        """Note that a wait has begun."""
        self._moved = REAL.monotonic()

    def read(self) -> bool:
        """Note that somebody has read the clock; return whether it is time to ask `overdue_s`."""
        self._readings += 1
        return not self._readings % _LOOK_EVERY

    def overdue_s(self) -> float | None:
        """Return how many seconds have to go by now, None while there is patience."""
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
    # On a machine with too much to do whoever computes gets little of the processor: what it asks for counts.
    return REAL.process_time() + kernel.kept_waiting_s()
