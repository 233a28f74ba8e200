"""Group requests that are attempts of the same call."""

from __future__ import annotations

from bisect import bisect_right
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from pytest_s3errors._core.s3.messages import Call

    from .journal import Entry

REAL_SLACK_S = 0.05
"""How much a wait in real time may be off: the client's own work and other programs take some."""

_INVOCATION = "amz-sdk-invocation-id"


def logical_calls(entries: Sequence[Entry]) -> list[list[int]]:
    """Group *entries* by logical call. Return a list of positions for each call, in the order of their first attempts.

    A client that sends amz-sdk-invocation-id states itself which requests belong together. Otherwise an attempt follows
    the earliest failed one with the same endpoint, operation and target that had ended when it began, and that no other
    attempt follows. So two calls for one target that run at the same time can't be distinguished, and a success ends a
    call.
    """
    calls: list[list[int]] = []
    alike: dict[Hashable, list[list[int]]] = {}
    for position, entry in enumerate(entries):
        invocation = entry.call.headers.get(_INVOCATION)
        others = alike.setdefault(invocation or (entry.call.endpoint, asked(entry.call)), [])
        call = next((call for call in others if invocation or _can_follow(entry, entries[call[-1]])), None)
        if call is None:
            call = []
            calls.append(call)
            others.append(call)
        call.append(position)
        if not invocation and not failed(entry):
            others.remove(call)
    return calls


def waits_s(entries: Sequence[Entry], call: Sequence[int]) -> list[float]:
    """Return the seconds of test time from the end of each attempt of *call* to the start of the next."""
    ends = [entries[position].ended_s for position in call[:-1]]
    starts = [entries[position].started_s for position in call[1:]]
    return [
        max(0.0, round(start - (start if end is None else end), 9)) for end, start in zip(ends, starts, strict=True)
    ]


def failed(entry: Entry) -> bool:
    """Return whether a client has reason to retry *entry*: there was no success, or it was damaged on its way."""
    if entry.fault is not None and entry.fault != "slow_body":
        return True
    return entry.status is None or entry.status >= HTTPStatus.MULTIPLE_CHOICES


def in_flight(entries: Sequence[Entry]) -> list[int]:
    """Return how many requests were in flight when each of *entries* began, including itself."""
    ends = sorted(entry.ended for entry in entries if entry.ended is not None)
    begins = sorted(entry.begun for entry in entries)
    return [bisect_right(begins, entry.begun) - bisect_right(ends, entry.begun) for entry in entries]


_NOTHING: frozenset[tuple[str, str]] = frozenset()


def asked(call: Call) -> Hashable:
    """Return what *call* asks for, without the endpoint. It is equal for attempts of the same call."""
    # A URL's signature differs in each attempt.
    asks = call.query.items()
    query = frozenset(item for item in asks if not item[0].lower().startswith("x-amz-")) if asks else _NOTHING
    return call.method, call.operation, call.bucket, call.key, query, call.headers.get("range")


def _can_follow(entry: Entry, earlier: Entry) -> bool:
    return earlier.ended is not None and earlier.ended < entry.begun
