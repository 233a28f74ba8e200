"""Detect a standstill of a test: a client waits for S3, and nothing else has moved for a number of real seconds.

The caller says what can move: any comparable value, such as the counts of requests and of jumps of the test's clock.
CPU time is separate, since a thread that polls uses a little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

BUSY_SHARE = 0.1
"""A share of one CPU. Code that uses more does work. Polls of this plugin and of clients use less on any machine."""


class Sight(NamedTuple):
    """The observations at one moment.

    *cpu_s* is the CPU time used so far, including children. *queued_s* is the time so far in which threads that could
    run waited for a CPU.
    """

    waits: bool
    moved: Hashable
    cpu_s: float
    queued_s: float = 0.0


class Standstill:
    """Add up the quiet time. A late look counts as one in time, since the process may have been suspended.

    *limit_s* is the number of quiet seconds that make a standstill, *step_s* the planned time between looks.
    """

    def __init__(self, *, limit_s: float, step_s: float) -> None:
        self._limit_s = limit_s
        self._step_s = step_s
        self._quiet_s = 0.0
        self._before: Sight | None = None

    @property
    def quiet(self) -> bool:
        """Whether nothing moved between the last two looks."""
        return self._quiet_s > 0

    def look(self, sight: Sight, passed_s: float) -> bool:
        """Record an observation *passed_s* real seconds after the last one. Return whether the limit is reached."""
        before, self._before = self._before, sight
        still = (
            before is not None
            and sight.waits
            and sight.moved == before.moved
            and sight.cpu_s - before.cpu_s < BUSY_SHARE * _free_s(before, sight, passed_s)
        )
        self._quiet_s = self._quiet_s + min(passed_s, self._step_s) if still else 0.0
        return self._quiet_s >= self._limit_s


def _free_s(before: Sight, after: Sight, passed_s: float) -> float:
    """Return the time in which the process could have worked. On a busy machine work gets a small share of a CPU."""
    return passed_s - min(passed_s, max(0.0, after.queued_s - before.queued_s))
