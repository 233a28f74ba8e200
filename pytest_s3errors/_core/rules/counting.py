"""What a rule counts over the requests of a test: the ranges of an object, and requests per time."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from operator import attrgetter

from pytest_s3errors._core.s3.messages import Call


class Ranges:
    """Number the ranges requested of each object, in the order of their first request."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[tuple[str | None, str | None], dict[str, int]] = {}

    def number(self, call: Call) -> int | None:
        """Return the number of the range that *call* requests, from 1. None: it has no Range header."""
        asked = call.headers.get("range")
        if asked is None:
            return None
        of_object = self._numbers.setdefault((call.bucket, call.key), {})
        return of_object.setdefault(asked, len(of_object) + 1)


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of requests per number of seconds. `by` is the field of a request that gets its own count per value."""

    limit: int
    seconds: float
    by: str | None = None


class Passed:
    """The times of the requests that passed below a rate. As in S3, refused requests do not count."""

    __slots__ = ("_rate", "_times")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._times: dict[Hashable, deque[float]] = {}

    def allows(self, call: Call, now_s: float) -> bool:
        """Return whether *call* is below the rate, and count it if so."""
        of = attrgetter(self._rate.by)(call) if self._rate.by else None
        times = self._times.setdefault(of, deque())
        while times and times[0] <= now_s - self._rate.seconds:
            times.popleft()
        if len(times) >= self._rate.limit:
            return False
        times.append(now_s)
        return True
