"""When test time has to follow real time: a thread spins, or waits for something that this process can't see.

Real time alone proves nothing. A process may be stopped, and on a busy machine its threads wait for a processor. So
each look counts only the time in which the process could have moved and did not: in which all threads slept, or the
thread that reads the clock had a processor. A computing thread is asleep in no look; the processor time that it has
used counts instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import kernel
from .originals import REAL

PATIENCE_S = 5.0
COMPUTING_PATIENCE_S = 30.0
_MANY_READINGS = 256
_LOOK_EVERY = 64
_STEP_S = 0.25  # the most that one look counts: the process may have been stopped since the last one
_IDLE_SHARE = 0.25  # of the time between two readings, for a thread that sleeps between them


class Patience:
    """Measures for how long nothing has moved, and how much of that must be added to test time."""

    def __init__(self) -> None:
        self._readings = self._read_before = 0  # readings of the clock, in all and until `moved`
        self.jumped()
        self._watched = 0.0  # the value of `_moved` for which the rest holds
        self._looks: dict[int, _Look] = {}  # the latest of each thread
        self._looked = 0.0
        self._stood_s = self._computed_s = 0.0

    def jumped(self) -> None:
        """Record that time has jumped, or that a test has begun."""
        self.moved()
        self._jumped, self._used_before = self._moved, REAL.process_time()

    def moved(self) -> None:
        """Record that a wait has begun, or a request."""
        self._moved, self._read_before = REAL.monotonic(), self._readings

    def read(self) -> bool:
        """Record a reading of the clock. Return whether it is time to ask `overdue_s`."""
        self._readings += 1
        return self._watched == self._moved or not self._readings % _LOOK_EVERY

    def overdue_s(self, asleep: Callable[[], bool] | None) -> float | None:
        """Return how many seconds to add to test time now. None: patience is not over.

        *asleep* tells whether all other threads that could run are asleep. None: this thread reads the clock.
        """
        real = REAL.monotonic()
        if asleep is None and real - self._jumped > COMPUTING_PATIENCE_S:
            # Two threads that talk until a certain time begin a wait each time, and none of them ends by a jump.
            over = min(real - self._jumped, REAL.process_time() - self._used_before) - COMPUTING_PATIENCE_S
            if over > 0:
                self._jumped += over
                self._used_before += over
                return over
        if real - self._moved < PATIENCE_S / 2:
            return None
        if self._watched != self._moved:
            self._watched, self._looked, self._looks = self._moved, real, {}
            self._stood_s = self._computed_s = 0.0
        me, look = REAL.get_ident(), _look(asleep is None or asleep())
        before, self._looks[me] = self._looks.get(me), look
        elapsed, self._looked = real - self._looked, real
        if before is None:
            return None
        since = look.since(before)
        stood = min(elapsed - since.queued_s, _STEP_S)
        if asleep is not None:
            stood -= since.others_s + since.others_queued_s if look.asleep and before.asleep else stood
        elif self._readings - self._read_before <= _MANY_READINGS and since.used_s > stood * _IDLE_SHARE:
            stood = 0.0
        computed = min(since.used_s + since.others_s, elapsed)
        self._stood_s += max(0.0, stood)
        self._computed_s += computed
        if self._stood_s < PATIENCE_S / 2 and self._computed_s < COMPUTING_PATIENCE_S:
            return None
        return max(0.0, stood, computed)


class _Look(NamedTuple):
    """What a look finds. *others* are the other threads of this process; *queued* is ready, but without a processor."""

    asleep: bool
    used_s: float
    queued_s: float
    others_s: float
    others_queued_s: float

    def since(self, before: _Look) -> _Look:
        """Return what has been added since *before*, of the same thread. Threads that have ended take theirs along."""
        return _Look(self.asleep, *(max(0.0, now - then) for now, then in zip(self[1:], before[1:], strict=True)))


def _look(asleep: bool) -> _Look:  # noqa: FBT001
    used, queued = REAL.thread_time(), kernel.queued_s()
    own = queued.pop(REAL.get_native_id(), 0.0)
    return _Look(asleep, used, own, REAL.process_time() - used, sum(queued.values()))
