"""Identify the requests of a test, so that each can be found again in another run of the same test.

The order of arrival does not identify a request, since parts are uploaded concurrently. Its identity is its operation,
bucket, key, part and range, and its number among equal ones. A key that differs in each run (a UUID, a time) is
identified by its place among such keys, in the order of their first appearance. `Names` learns these keys from two
runs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from pytest_s3errors._core.rules.parse_rule import match_of

if TYPE_CHECKING:
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.messages import Call

Place: TypeAlias = tuple[str | None, str | None]
"""A bucket and a key."""


class Identity(NamedTuple):
    """The identity of a request. `place` has ``#n`` for a bucket or key that differs from run to run."""

    operation: str
    place: Place
    part: int | None
    range: str | None


class Names:
    """Which buckets and keys are the same in each run, learned from two journals."""

    def __init__(self, first: Iterable[Call], second: Iterable[Call]) -> None:
        ours, theirs = (list(dict.fromkeys((call.bucket, call.key) for call in calls)) for calls in (first, second))
        self.stable = frozenset(ours) & frozenset(theirs)
        changing = ([place for place in places if place not in self.stable] for places in (ours, theirs))
        # What the n-th changing names of both runs have in common, as globs.
        self._globs = [
            (_glob(bucket, other_bucket), _glob(key, other_key))
            for (bucket, key), (other_bucket, other_key) in zip_longest(*changing, fillvalue=(None, None))
        ]

    def numbered(self, calls: Iterable[Call]) -> Iterator[Place]:
        """Yield the place of each of *calls*, all the calls of one run from its beginning."""
        numbers: dict[Place, int] = {}
        for call in calls:
            place = call.bucket, call.key
            if place in self.stable:
                yield place
            else:
                yield None, f"#{numbers.setdefault(place, len(numbers) + 1)}"

    def globs(self, place: Place) -> tuple[str | None, str | None]:
        """Return globs for the bucket and the key of *place*, a result of `numbered`. None: any."""
        bucket, key = place
        if bucket is None and key is not None:
            number = int(key[1:])
            return self._globs[number - 1] if number <= len(self._globs) else (None, None)
        return _escaped(bucket), _escaped(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One request of the fault-free run, at `position` in its journal, and how a rule finds it.

    `number` is its place among those with the same `identity`, from 1. `match` has the matching options of a rule.
    Requests of the same `kind` are usually handled by the same code. `scheme` is that of its URL. `answered` says
    whether the response had a body.
    """

    position: int
    identity: Identity
    number: int
    match: Mapping[str, Any]
    kind: tuple[object, ...]
    scheme: str
    answered: bool


def identities(entries: Sequence[Entry], names: Names) -> list[Identity]:
    """Return the identity of each of *entries*, the journal of one run from its beginning."""
    calls = [entry.call for entry in entries]
    return [
        Identity(call.operation or call.method, place, call.part, call.headers.get("range"))
        for call, place in zip(calls, names.numbered(calls), strict=True)
    ]


def targets_of(first: Sequence[Entry], second: Sequence[Entry], names: Names) -> list[Target]:
    """Return the requests that both fault-free runs make, in the order of the first one."""
    again = Counter(identities(second, names))
    found = identities(first, names)
    counts: Counter[Identity] = Counter()
    targets = []
    for position, (entry, one) in enumerate(zip(first, found, strict=True)):
        counts[one] += 1
        if entry.call.operation is not None and counts[one] <= again[one]:
            targets.append(
                Target(
                    position=position,
                    identity=one,
                    number=counts[one],
                    match=_match(one, names),
                    kind=(one.operation, counts[one] > 1, not entry.body_size, _turn(position, found)),
                    scheme=entry.call.url.partition(":")[0],
                    answered=entry.answer_whole > 0,
                )
            )
    return targets


def new_targets(entries: Sequence[Entry], names: Names, known: Callable[[Identity], int]) -> list[Target]:
    """Return the requests of *entries* that no fault-free run makes. *known* says how many it makes of each."""
    return [one for one in targets_of(entries, entries, names) if not known(one.identity)]


def after(target: Target, first: Sequence[Entry], *, about_bodies: bool = False) -> int:
    """Return how many requests of *first*, the fault-free run, a rule for *target* lets pass.

    A rule *about_bodies* does not count answers without one.
    """
    match = match_of(target.match, name="s3_fail")
    earlier = [entry for entry in first[: target.position] if not about_bodies or entry.answered]
    return sum(match.difference(entry.call) is None for entry in earlier)


def _match(one: Identity, names: Names) -> dict[str, Any]:
    bucket, key = names.globs(one.place)
    header = {"Range": one.range} if one.range else None
    options = {"operation": one.operation, "bucket": bucket, "key": key, "part": one.part, "header": header}
    return {name: value for name, value in options.items() if value}


def _turn(position: int, found: Sequence[Identity]) -> str:
    """Return whether a request is the first, the last or another one of its operation on its object."""
    operation, part = found[position].operation, found[position].part
    if part is not None:
        numbers = [one.part or 0 for one in found if one[:2] == found[position][:2]]
        return "first" if part == min(numbers) else "last" if part == max(numbers) else "middle"
    places = [at for at, one in enumerate(found) if one.operation == operation]
    return "first" if position == places[0] else "last" if position == places[-1] else "middle"


def _glob(ours: str | None, theirs: str | None) -> str | None:
    """Return a glob for names that start and end as both do. None: both have no name, or they share nothing."""
    if ours is None or theirs is None:
        return None
    if ours == theirs:
        return _escaped(ours)
    most = min(len(ours), len(theirs))
    head = next((at for at in range(most) if ours[at] != theirs[at]), most)
    tail = next((at for at in range(most - head) if ours[-1 - at] != theirs[-1 - at]), most - head)
    return f"{_escaped(ours[:head])}*{_escaped(ours[len(ours) - tail :])}" if head or tail else None


def _escaped(name: str | None) -> str | None:
    return None if name is None else re.sub(r"([*?[])", r"[\1]", name)
