"""How many requests a test may make, in total and of one kind. This stops code that retries for ever."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .attempts import asked
from .timeline import target

if TYPE_CHECKING:
    from .journal import Entry

TOO_MANY = "more than "
"""The first words of each of these problems."""
TOO_LONG = "test time went beyond "
"""The first words of the problem of a test that sleeps for ever."""
NO_PROGRESS = "a client has waited for the simulated S3"
"""The problem of a test that waits for ever."""


class RequestLimits:
    """Count the requests of one test. None: no limit."""

    def __init__(self, *, requests: int | None = None, alike: int | None = None) -> None:
        self._requests = requests
        self._alike = alike
        self._count = 0
        self._counts: Counter[int] = Counter()

    def restarted(self) -> RequestLimits:
        """Return the same limits with all counts at 0."""
        return RequestLimits(requests=self._requests, alike=self._alike)

    def count(self, entry: Entry) -> str | None:
        """Count *entry*. Return the problem if it is the first one beyond a limit."""
        self._count += 1
        if self._alike is not None:
            kind = hash(asked(entry.call))  # To keep everything that was asked would take more memory than the journal.
            self._counts[kind] = count = self._counts[kind] + 1
            if count == self._alike + 1:
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
    """Return *problem* with the current *lines* of the user's code, if any."""
    if not lines:
        return problem
    return f"{problem}\nThe code is at\n" + "\n".join(f"  {line}" for line in lines.splitlines())
