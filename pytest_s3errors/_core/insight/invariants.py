"""What must hold for a test that met a fault, however its code handled it. Pure functions over observations.

A run is compared with the fault-free run of the same test. What happened in that run is allowed: each state that a key
had, the number of unfinished uploads, the number of requests. A difference between two fault-free runs is excused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

from pytest_s3errors._core.body import hashed
from pytest_s3errors._core.report.attempts import failed, logical_calls
from pytest_s3errors._core.s3.records import is_keyed

from .targets import Identity, Names, Place, identities

if TYPE_CHECKING:
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.records import StoredObject

State: TypeAlias = str
"""The content of a key, as a digest of its bytes and its metadata. `ABSENT`: nothing."""

ABSENT: Final = ""
_POOL_GROWS = 4
_HASHED_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The thresholds of a storm and a hang: a multiple of the fault-free run's requests, and seconds of test time."""

    storm: float = 6.0
    hang_s: float = 360.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The observations of one run.

    `before` and `states` have the state of each key before and after the body. `passed` are the states that were
    replaced in between. `acknowledged` maps places to the state that the code under test reported. `left` counts
    leftovers by kind: "unfinished_uploads", "connections", "tasks", "threads". `elapsed_s` is test time.
    """

    entries: Sequence[Entry]
    states: Mapping[Place, State]
    before: Mapping[Place, State] = field(default_factory=dict)
    passed: Mapping[Place, frozenset[State]] = field(default_factory=dict)
    acknowledged: Mapping[Place, State] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    elapsed_s: float = 0.0


def state_of(stored: StoredObject | None) -> State:
    """Return the state of a key that holds *stored*."""
    if stored is None:
        return ABSENT
    content = stored.content
    # The ETag represents bytes that take long to read, if it can.
    quick = len(content) <= _HASHED_BYTES or is_keyed(stored.headers)
    digest = hashed(sha256(), content).hexdigest() if quick else stored.etag
    with_it = sorted(stored.metadata.items())
    return f"{len(content)} bytes {digest[:16]} {stored.content_type}{f' {with_it}' if with_it else ''}"


class Normal:
    """What is normal, according to two fault-free runs of a test."""

    def __init__(self, first: Trace, second: Trace, names: Names) -> None:
        self.names = names
        self.elapsed_s = max(first.elapsed_s, second.elapsed_s)
        self.left = {
            kind: max(first.left.get(kind, 0), second.left.get(kind, 0)) for kind in (*first.left, *second.left)
        }
        self._requests = _counts(first.entries, names) | _counts(second.entries, names)
        stable = frozenset(first.states) & frozenset(second.states)
        places = {place for one in (first, second) for place in (*one.before, *one.states, *one.passed)}
        self._allowed = {place: _states(first, place) | _states(second, place) for place in places}
        # A key whose final state differs between runs holds a time or a random number: any bytes are fine.
        self._any = frozenset(place for place in stable if first.states[place] != second.states[place])
        changing = {place for place in places if place not in names.stable and place not in stable}
        self._changing = frozenset(state for place in changing for state in self._allowed[place])
        ends = [sorted(states[p] for p in states if p in changing) for states in (first.states, second.states)]
        self.moved = set(map(_bytes, first.before.values())) & set(map(_bytes, first.states.values()))
        """Bytes that S3 holds before or after the test, under any key."""
        self._any_changing = bool(changing) and ends[0] != ends[1]

    def allows(self, place: Place, state: State) -> bool:
        """Return whether *place* may be in *state*: one from before, after, or during the test."""
        if place in self._allowed:
            return state in self._allowed[place] or place in self._any
        return state == ABSENT or state in self._changing or self._any_changing

    def places(self, trace: Trace) -> Iterable[Place]:
        """Return the places to look at in *trace*: those of the fault-free runs and its own."""
        known = [place for place in self._allowed if place in self.names.stable or place in trace.states]
        return dict.fromkeys([*known, *trace.states])

    def requests(self, identity: Identity) -> int:
        """Return how many requests of *identity* a fault-free run makes."""
        return self._requests[identity]


def torn(trace: Trace, normal: Normal) -> list[str]:
    """Return each key in a state that is not allowed, and each key whose acknowledged bytes are missing."""
    found = []
    for place in normal.places(trace):
        state = trace.states.get(place, ABSENT)
        if not normal.allows(place, state):
            found.append(f"{_place(place)} is neither as before nor as after the fault-free run: {_told(state)}")
    for place, state in trace.acknowledged.items():
        here = trace.states.get(place, ABSENT)
        if _bytes(here) != _bytes(state):
            found.append(f"{_place(place)} was acknowledged with {_told(state)}, and holds {_told(here)}")
    held = set(map(_bytes, trace.states.values()))
    found += [f"{_told(lost)} that S3 held are under no key any more" for lost in sorted(normal.moved - held)]
    return found


def leaks(trace: Trace, normal: Normal, allowed: Iterable[str] = ()) -> list[str]:
    """Return leftovers that a fault-free run does not leave, except the *allowed* kinds."""
    found = []
    for kind, count in trace.left.items():
        usual = normal.left.get(kind, 0)
        if count > (most_pooled(usual) if kind == "connections" else usual) and kind not in allowed:
            found.append(f"{count} {kind.replace('_', ' ')} left; {usual} without the fault")
    return found


def most_pooled(usual: int) -> int:
    """Return how many open connections are not a leak if a fault-free run leaves *usual* ones in a pool.

    The size of a pool depends on how many requests happened to be in flight at the same time.
    """
    return _POOL_GROWS * usual


def storms(trace: Trace, normal: Normal, limits: Thresholds) -> list[str]:
    """Return the requests that were sent too often."""
    return [
        f"{count} requests for {told(one)}; {normal.requests(one)} without the fault"
        for one, count in _counts(trace.entries, normal.names).items()
        if count > limits.storm * max(normal.requests(one), 1)
    ]


def hangs(trace: Trace, normal: Normal, limits: Thresholds) -> list[str]:
    """Return the time of the test beyond what a fault explains: an allowance for each call that met it."""
    met = sum(any(failed(trace.entries[at]) for at in call) for call in logical_calls(trace.entries))
    longer_s = trace.elapsed_s - normal.elapsed_s
    if longer_s <= limits.hang_s * max(met, 1):
        return []
    return [f"{trace.elapsed_s:.0f} s of test time; {normal.elapsed_s:.0f} s without the fault"]


def told(one: Identity) -> str:
    """Return *one* as a line of a report."""
    details = (f"part {one.part}" if one.part else "", one.range or "")
    return " ".join(filter(None, (one.operation, _place(one.place), *details)))


def _counts(entries: Sequence[Entry], names: Names) -> Counter[Identity]:
    return Counter(identities(entries, names))


def _states(trace: Trace, place: Place) -> frozenset[State]:
    ends = {trace.before.get(place, ABSENT), trace.states.get(place, ABSENT)}
    return trace.passed.get(place, frozenset()) | ends


def _place(place: Place) -> str:
    return "/".join(filter(None, place)) or "S3"


def _bytes(state: State) -> str:
    """Return the part of *state* that only covers the bytes."""
    return " ".join(state.split(" ")[:3])


def _told(state: State) -> str:
    return " ".join(state.split(" ")[:2]) if state else "nothing"
