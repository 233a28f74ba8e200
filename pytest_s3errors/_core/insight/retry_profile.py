"""The retry profile of a client, seen from outside, and the specifications that it is held to.

A profile says how many requests a call makes at each kind of error, how long it waits between them, how many retries a
client has before it stops trying, and how long an outage a call outlasts. A specification says what these are meant
to be; it is data. Waits are random, so they are judged by their bounds: none may be above, and of n waits one must be
above half of its bound, which a client that keeps to the specification misses with a chance of 2**-n.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

__all__ = ["CLASSES", "MOST", "PROBES", "Difference", "Profile", "Specification", "differences", "specification_of"]

PROBES: Final[Mapping[str, Mapping[str, Any]]] = {
    **{str(status): {"what": status} for status in (500, 502, 503, 504, 408, 429, 509, 400, 403, 404, 412)},
    **{
        code: {"what": code}
        for code in (
            "InternalError",
            "SlowDown",
            "ServiceUnavailable",
            "RequestTimeout",
            "RequestTimeTooSkewed",
            "ExpiredToken",
            "BadDigest",
            "OperationAborted",
            "ConditionalRequestConflict",
        )
    },
    "reset": {"what": "connection_reset"},
    "disconnect": {"what": "disconnect"},
    "stall": {"what": "stall"},
    "dns": {"what": "dns_failure"},
    "connect_timeout": {"what": "connect_timeout"},
    "truncated_body": {"what": "truncated_body"},
    "error_in_200": {"what": "error_in_200"},
}
"""What fails in each probe: its name, and the arguments of `s3_fail`."""

SHOWN_ONLY: Final = frozenset({"truncated_body", "error_in_200"})
"""What depends on the operation, and on who reads the body: no specification speaks of it."""

CLASSES: Final = {"transient": "500", "throttling": "SlowDown"}
"""For each class of errors the probe by which its waits and its quota are measured."""

MOST: Final = 20
"""So many requests of one call fail; a client that goes on has no limit that we know."""

_SLACK_S = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one client was seen to do.

    `attempts` has the requests of one call by probe, MOST + 1 for more than MOST. `waits_s` has, by class, the waits in
    seconds between the attempts of each of several calls. `retries` has, by class, the retries until a client stops
    trying, None for no limit that was met; it is empty where no fresh client could be made.
    """

    attempts: Mapping[str, int]
    waits_s: Mapping[str, Sequence[Sequence[float]]]
    retries: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def outlasts_s(self) -> tuple[float, float]:
        """How many seconds of an outage of 500s a call outlasts, at least and at most, of the calls that were seen."""
        lasted = [sum(waits) for waits in self.waits_s["transient"]]
        return min(lasted), max(lasted)

    def to_json(self) -> str:
        """Return it as JSON of a stable form."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Each probe and what was seen."""
        lines = [(name, _times(count)) for name, count in self.attempts.items()]
        for name, calls in self.waits_s.items():
            longest = [f"{max(waits):.3f}" for waits in zip(*calls, strict=False)]
            lines.append((f"waits, {name}", f"up to {', '.join(longest) or '-'} s ({len(calls)} calls)"))
        lines += [(f"retries, {name}", _quota(count)) for name, count in self.retries.items()]
        low, high = self.outlasts_s
        return [*lines, ("outlasts an outage of", f"{low:.3f} to {high:.3f} s")]

    def __str__(self) -> str:
        """Return one screen: a line for each probe."""
        return "\n".join(f"{name:<28}{seen}" for name, seen in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a client is meant to do; see the comments in ``retries.toml``."""

    name: str
    attempts: int
    retried: frozenset[str]
    base_s: Mapping[str, float] = field(default_factory=dict)
    cap_s: float = 20.0
    retries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One probe at which a profile is not as specified."""

    probe: str
    wanted: str
    seen: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.probe}: wanted {self.wanted}, saw {self.seen}"


def specification_of(name: str, table: Mapping[str, Any]) -> Specification:
    """Return the specification that *table* of a TOML file means.

    Raises:
        ValueError: a field is missing or unknown, or a probe has a name that is not one of PROBES.
    """
    try:
        found = Specification(name=name, **{**table, "retried": frozenset(table["retried"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"specification {name!r}: {error}") from None
    unknown = sorted(found.retried - PROBES.keys())
    if unknown:
        raise ValueError(
            f"specification {name!r} names no probe with {', '.join(unknown)}; there are {', '.join(PROBES)}"
        )
    return found


def differences(
    profile: Profile, wanted: Specification, patience: tuple[float, float] | None = None
) -> list[Difference]:
    """Return where *profile* is not as *wanted*; *patience* says how long an outage it has to, and may, outlast."""
    found = []
    for name, seen in profile.attempts.items():
        attempts = wanted.attempts if name in wanted.retried else 1
        if seen != attempts and name not in SHOWN_ONLY:
            found.append(Difference(name, _times(attempts), _times(seen)))
    for name, base_s in wanted.base_s.items():
        found += _waits(name, profile.waits_s[name], base_s, wanted.cap_s)
    for name, seen_retries in profile.retries.items():
        limit = wanted.retries.get(name)
        if seen_retries != limit:
            found.append(Difference(f"retries, {name}", _quota(limit), _quota(seen_retries)))
    if patience is not None:
        low, high = profile.outlasts_s
        if not patience[0] <= low <= high <= patience[1]:
            wanted_s = f"{patience[0]:g} to {patience[1]:g} s"
            found.append(Difference("outlasts an outage of", wanted_s, f"{low:.3f} to {high:.3f} s"))
    return found


def _waits(name: str, calls: Sequence[Sequence[float]], base_s: float, cap_s: float) -> list[Difference]:
    found = []
    for retry, waits in enumerate(zip(*calls, strict=False)):
        bound = min(base_s * 2**retry, cap_s)
        if not bound / 2 - _SLACK_S <= max(waits) <= bound + _SLACK_S:
            what = f"wait {retry + 1}, {name}"
            found.append(Difference(what, f"a share of {bound:g} s", f"up to {max(waits):.3f} s in {len(waits)} calls"))
    return found


def _times(count: int) -> str:
    if count > MOST:
        return f"more than {MOST} attempts"
    return f"{count} attempt{'s' * (count != 1)}"


def _quota(count: int | None) -> str:
    return "no limit" if count is None else f"{count} retries"
