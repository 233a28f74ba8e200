"""Whether a test stands still: a client waits for S3, and for so many real seconds nothing else has moved.

What moves is told by whoever looks: anything that can be compared, for example the count of requests and of jumps of
the test's clock. How much processor time was used is told apart from it, since a thread that polls uses a little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Sight", "Standstill"]

BUSY_SHARE = 0.1
"""Of one processor: what uses more works. The polls of this plugin and of clients use less, even on a slow machine."""


class Sight(NamedTuple):
    """What can be seen at one moment. *cpu_s* is the processor time used so far, children's included."""

    waits: bool
    moved: Hashable
    cpu_s: float


class Standstill:
    """Adds up the quiet time. A look that comes late counts as one that came in time: the process may have been halted.

    *limit_s* is how many quiet seconds are a standstill, *step_s* how far apart looks are meant to be.
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
        """Note what is seen *passed_s* real seconds after the last look; return whether the limit is reached."""
        before, self._before = self._before, sight
        still = (
            before is not None
            and sight.waits
            and sight.moved == before.moved
            and sight.cpu_s - before.cpu_s <= BUSY_SHARE * passed_s
        )
        self._quiet_s = self._quiet_s + min(passed_s, self._step_s) if still else 0.0
        return self._quiet_s >= self._limit_s
