"""Two clocks: processor time, by which things are judged, and wall time beside it.

Nothing measured here ever waits, so on an idle machine the two agree; on a busy one only processor time means anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple


class Took(NamedTuple):
    """How long something took, in the unit of whoever measured it."""

    cpu: float
    wall: float


def stopwatch() -> Callable[[float], Took]:
    """Start both clocks; the function returned gives what they show by now, times its argument."""
    cpu, wall = time.process_time(), time.perf_counter()
    return lambda scale: Took((time.process_time() - cpu) * scale, (time.perf_counter() - wall) * scale)


def middle(taken: Sequence[Took]) -> Took:
    """The median of each clock."""
    return Took(median(took.cpu for took in taken), median(took.wall for took in taken))


def middle_difference(pairs: Sequence[tuple[Took, Took]]) -> Took:
    """The median of what the first of each pair took more than the second."""
    return middle([Took(first.cpu - second.cpu, first.wall - second.wall) for first, second in pairs])


def middle_ratio(pairs: Sequence[tuple[Took, Took]]) -> Took:
    """The median of how many times the second of each pair the first took."""
    return middle([Took(first.cpu / second.cpu, first.wall / second.wall) for first, second in pairs])
