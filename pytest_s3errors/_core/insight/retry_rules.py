"""Retry specifications, and how a profile differs from one.

A specification is data: a table in a TOML file. Waits are random, so they are judged by their bounds. None may be above
its bound, and one of n waits must be above half of its bound; a conforming client fails that with a chance of 2**-n.
Waits of exactly the cap are a difference too, since a wait is a random share of the cap and almost never all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, TypeAlias

from pytest_s3errors._core.rules.arguments import (
    RuleError,
    boolean,
    count,
    known_options,
    positive_seconds,
    seconds,
    span,
)

from .retry_profile import CLASSES, LOST, PROBES, QUOTAS, Profile, attempts_text

SHOWN_ONLY: Final = frozenset({"truncated_body", "error_in_200"})
"""Probes whose result depends on the operation and on who reads the body. No specification covers them."""

_Check: TypeAlias = Callable[[str, str, Any], Any]

_TOKENS: Final = 500
_ADDED_S: Final = 5.0  # The most that x-amz-retry-after can change a wait.


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a client should do, see the comments in ``retries.toml``."""

    name: str
    attempts: int | None = None
    retried: frozenset[str]
    base_s: Mapping[str, float] = field(default_factory=dict)
    cap_s: float = 20.0
    retries: Mapping[str, int] = field(default_factory=dict)
    refill: int | None = None
    retry_after: bool = False
    x_amz_retry_after: bool = False
    repeats: frozenset[str] = frozenset(LOST)
    lasts_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One probe: what was *seen*, and what a specification *wanted* if that differs."""

    probe: str
    seen: str
    wanted: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """Return the difference as text."""
        return f"{self.probe}: wanted {self.wanted}, saw {self.seen}{f' ({self.hint})' if self.hint else ''}"


def specification_of(name: str, table: Mapping[str, Any]) -> Specification:
    """Return the specification that *table* of a TOML file means.

    Raises:
        RuleError: a field is missing, unknown or of another type, or a probe does not exist.
    """
    told = f"specification {name!r}"
    if not isinstance(table, Mapping):
        raise RuleError(f"{told} is no table: [{name}]")
    known_options(told, table, tuple(_FIELDS))
    if "retried" not in table:
        raise RuleError(f'{told} needs retried, a list such as ["500", "SlowDown"]')
    return Specification(name=name, **{field: _FIELDS[field](told, field, value) for field, value in table.items()})


def _names(known: Collection[str]) -> _Check:
    def check(name: str, field: str, value: Any) -> frozenset[str]:
        if not isinstance(value, list | Mapping):
            raise RuleError(f"{name}({field}={value!r}): allowed is a list of {', '.join(known)}")
        unknown = [str(one) for one in value if one not in tuple(known)]
        if unknown:
            raise RuleError(f"{name} names no probe with {', '.join(unknown)}; there are {', '.join(known)}")
        return frozenset(value)

    return check


def _table(known: Collection[str], check: _Check) -> _Check:
    def each(name: str, field: str, value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise RuleError(f"{name}({field}={value!r}): allowed is a table by {', '.join(known)}")
        _names(known)(name, field, value)
        return {key: check(name, f"{field}.{key}", one) for key, one in value.items()}

    return each


_FIELDS: Final[Mapping[str, _Check]] = {
    "attempts": partial(count, low=1),
    "retried": _names(PROBES),
    "base_s": _table(CLASSES, seconds),
    "cap_s": positive_seconds,
    "retries": _table(QUOTAS, partial(count, low=1)),
    "refill": partial(count, low=0),
    "retry_after": boolean,
    "x_amz_retry_after": boolean,
    "repeats": _names(LOST),
    "lasts_s": span,
}


def asked(wanted: Specification, attempts: int | None, *, name: str) -> Specification:
    """Return *wanted* for a client that is set to so many *attempts*. *name* is for the error.

    Raises:
        RuleError: *attempts* is no number from 1 up.
    """
    return wanted if attempts is None else replace(wanted, attempts=count(name, "attempts", attempts, low=1))


def differences(
    profile: Profile,
    wanted: Specification,
    patience: tuple[float, float] | None = None,
    known: Iterable[Specification] = (),
) -> list[Line]:
    """Return where *profile* differs from *wanted*. *patience*: the seconds of an outage that it must and may outlast.

    A difference also names the *known* specifications that ask for what was seen.
    """
    others = [(one.name, {line.probe for line in judged(profile, one) if not line.wanted}) for one in known]
    found = []
    for line in judged(profile, wanted, patience):
        if line.wanted:
            keep = [name for name, probes in others if line.probe in probes]
            found.append(replace(line, hint=_hint(line, profile, keep)))
    return found


def report(profile: Profile, wanted: Specification, known: Iterable[Specification]) -> list[str]:
    """Return a line for each probe of *profile*: what was seen, and whether *wanted* agrees."""
    found = {line.probe: line for line in differences(profile, wanted, known=known)}
    return [
        f"{line.probe:<28}"
        + (f"differs: {str(found[line.probe]).partition(': ')[2]}" if line.probe in found else f"{line.seen:<36} ok")
        for line in judged(profile, wanted)
    ]


def wrong_by_chance(profile: Profile) -> float:
    """Return the chance that a conforming client is reported to differ in a wait."""
    counts = [len(waits) for calls in profile.waits_s.values() for waits in zip(*calls, strict=False)]
    return sum(2.0**-count for count in counts)


def judged(
    profile: Profile, wanted: Specification | None, patience: tuple[float, float] | None = None
) -> Iterator[Line]:
    """Yield a line for each probe of *profile*, compared with *wanted* if that covers it."""
    rules = wanted or Specification(name="", retried=frozenset())
    for line in _lines(profile, rules, patience):
        yield line if wanted is not None else Line(line.probe, line.seen)


def _lines(profile: Profile, wanted: Specification, patience: tuple[float, float] | None) -> Iterator[Line]:
    for name, seen in profile.attempts.items():
        yield Line(name, attempts_text(seen), "" if name in SHOWN_ONLY else _attempts(wanted, name, seen))
    for name, calls in profile.waits_s.items():
        yield _waits(name, calls, wanted, profile.slack_s)
    for name, wait_s in profile.header_waits_s.items():
        yield _header(name, wait_s, wanted, profile.slack_s)
    for name, retries in profile.retries.items():
        limit = wanted.retries.get(name)
        yield Line(f"retries, {name}", _quota(retries), "" if retries == limit else _quota(limit))
    if profile.refill is not None:
        off = bool(wanted.retries) and profile.refill != wanted.refill
        yield Line("refill by successes", _successes(profile.refill), _successes(wanted.refill or 0) if off else "")
    if profile.refills_with_time is not None:
        yield Line("refill by an hour", "yes" if profile.refills_with_time else "no", "no" * profile.refills_with_time)
    for name, lost in profile.lost.items():
        attempts = 2 if name in wanted.repeats and "reset" in wanted.retried else 1
        yield Line(name, str(lost), "" if lost.attempts == attempts else attempts_text(attempts))
    yield outlasted(profile, patience or wanted.lasts_s)


def _attempts(wanted: Specification, name: str, seen: int) -> str:
    """Return what is wanted for the probe *name* if that differs from what was *seen*."""
    if name in wanted.retried and wanted.attempts is None:
        return "" if seen > 1 else "more than 1 attempt"
    attempts = wanted.attempts if name in wanted.retried else 1
    return "" if seen == attempts else attempts_text(attempts or 1)


def _waits(name: str, calls: Sequence[Sequence[float]], wanted: Specification, slack_s: float) -> Line:
    retries = list(zip(*calls, strict=False))
    longest = ", ".join(f"{max(waits):.3f}" for waits in retries)
    seen = f"up to {longest} s in {len(calls)} calls" if retries else "none"
    if name not in wanted.base_s:
        return Line(f"waits, {name}", seen)
    bounds = [min(wanted.base_s[name] * 2**retry, wanted.cap_s) for retry in range(len(retries))]
    cut = sum(wait > wanted.cap_s - slack_s for waits in retries for wait in waits)
    fits = all(
        bound / 2 - slack_s <= max(waits) <= bound + slack_s for bound, waits in zip(bounds, retries, strict=True)
    )
    if cut > 1:
        return Line(f"waits, {name}", f"{cut} waits of {wanted.cap_s:g} s", f"shares of up to {wanted.cap_s:g} s")
    return Line(f"waits, {name}", seen, "" if fits else f"shares of {', '.join(f'{bound:g}' for bound in bounds)} s")


def _header(name: str, wait_s: float | None, wanted: Specification, slack_s: float) -> Line:
    """Judge the first wait after a header. An obeyed header is a minimum; AWS's own header has limits."""
    seen = "no retry" if wait_s is None else f"a wait of {wait_s:.3f} s"
    kind, _, value = name.rpartition("_")
    base_s = wanted.base_s.get("throttling" if kind == "retry_after" else "transient")
    if wait_s is None or base_s is None:
        return Line(name, seen)
    asked_s = 0.0
    if wanted.retry_after and kind == "retry_after":
        asked_s = float(value)
    elif wanted.x_amz_retry_after and kind == "x_amz_retry_after" and value.isdigit():
        asked_s = min(int(value) / 1000, _ADDED_S)
    # A clamped wait includes the random share.
    most_s = max(asked_s, base_s) + (base_s if asked_s == _ADDED_S else 0.0)
    if asked_s - slack_s <= wait_s <= most_s + slack_s:
        return Line(name, seen)
    return Line(
        name, seen, f"{asked_s:g} to {most_s:g} s" if asked_s else f"at most {most_s:g} s: the header is ignored"
    )


def outlasted(profile: Profile, patience: tuple[float, float] | None) -> Line:
    """Return the line about the outages that calls outlast, compared with *patience* in seconds."""
    low, high = profile.outlasts_s
    off = patience is not None and not patience[0] <= low <= high <= patience[1]
    wanted = f"{patience[0]:g} to {patience[1]:g} s" if patience is not None and off else ""
    return Line("outlasts an outage of", f"{low:.3f} to {high:.3f} s", wanted)


def _quota(count: int | None) -> str:
    return "no limit" if count is None else f"{count} retries"


def _successes(count: int) -> str:
    return f"{count} successes for a retry" if count else "no success brings a retry"


def _hint(line: Line, profile: Profile, others: Collection[str]) -> str:
    """Return an explanation of a difference: the price of a retry, and whose rules these are."""
    name = line.probe.removeprefix("retries, ")
    count = profile.retries.get(name) if line.probe.startswith("retries, ") else None
    cost = f"a cost of {_TOKENS // count}" if count else ""
    rules = f"the {' and '.join(other.removeprefix('aws-standard-') for other in others)} rules" if others else ""
    return ": ".join(part for part in (cost, rules) if part)
