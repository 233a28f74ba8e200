"""How many requests a test may make, in all and of one kind: where code that tries again for ever is stopped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .attempts import asked
from .timeline import target

if TYPE_CHECKING:
    from .journal import Entry

TOO_MANY = "more than "
"""How each of these problems begins."""
TOO_LONG = "test time went beyond "
"""How the problem begins of a test that sleeps for ever."""
NO_PROGRESS = "a client has waited for the simulated S3"
"""What the problem says of a test that waits for ever."""


class RequestLimits:
    """Counts the requests of one test. None is no limit."""

    def __init__(self, *, requests: int | None = None, alike: int | None = None) -> None:
        self._requests = requests
        self._alike = alike
        self._count = 0
        self._counts: Counter[int] = Counter()

    def restarted(self) -> RequestLimits:
        """Return the same limits, with nothing counted."""
        return RequestLimits(requests=self._requests, alike=self._alike)

    def count(self, entry: Entry) -> str | None:
        """Count *entry*, and return what is wrong when it is the first one beyond a limit."""
        self._count += 1
        if self._alike is not None:
            kind = hash(asked(entry.call))  # All that was asked would take more memory than the journal.
            self._counts[kind] += 1
            if self._counts[kind] == self._alike + 1:
                return (
                    f"{TOO_MANY}{self._alike} requests asked for the same, {target(entry.call)}: the limit is"
                    f" s3_limits(alike={self._alike}). Does something try again for ever?"
                )
        if self._count - 1 == self._requests:
            return (
                f"{TOO_MANY}{self._requests} requests came: the limit is s3_limits(requests={self._requests}), or the"
                " ini option s3_max_requests. Does something try again for ever?"
            )
        return None


def located(problem: str, lines: str) -> str:
    """Return *problem*, with the *lines* at which the user's code is if there are any."""
    if not lines:
        return problem
    return f"{problem}\nThe code is at\n" + "\n".join(f"  {line}" for line in lines.splitlines())
