"""What a rule has to count over the requests of a test: the ranges of an object, and requests in a stretch of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from operator import attrgetter

from pytest_s3errors._core.s3.messages import Call


class Ranges:
    """Numbers the ranges that are asked of each object, in the order in which each is asked for first."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[tuple[str | None, str | None], dict[str, int]] = {}

    def number(self, call: Call) -> int | None:
        """Return which range of its object *call* asks for, counted from 1; None without a Range header."""
        asked = call.headers.get("range")
        if asked is None:
            return None
        of_object = self._numbers.setdefault((call.bucket, call.key), {})
        return of_object.setdefault(asked, len(of_object) + 1)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds; `by` is the field of a request by which they are counted apart."""

    limit: int
    seconds: float
    by: str | None = None


class Passed:
    """When requests passed below a rate. What is refused does not count, as it does not with S3."""

    __slots__ = ("_rate", "_times")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._times: dict[Hashable, deque[float]] = {}

    def allows(self, call: Call, now_s: float) -> bool:
        """Return whether *call* is below the rate; if so it counts."""
        of = attrgetter(self._rate.by)(call) if self._rate.by else None
        times = self._times.setdefault(of, deque())
        while times and times[0] <= now_s - self._rate.seconds:
            times.popleft()
        if len(times) >= self._rate.limit:
            return False
        times.append(now_s)
        return True
