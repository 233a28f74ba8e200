"""What a test expects of its whole body: turns the arguments of `s3_expect` into checks of what happened."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pytest_s3errors._core.body import Body, hashed
from pytest_s3errors._core.rules.arguments import (
    RuleError,
    count,
    known_options,
    no_address,
    number,
    operation_globs,
    positive_seconds,
    seconds,
    span,
)
from pytest_s3errors._core.rules.matching import host_glob
from pytest_s3errors._core.rules.options import Expectations, State
from pytest_s3errors._core.rules.parse_rule import spell
from s3_asyncio_client._core.operations import names_of

from .attempts import in_flight, logical_calls, waits_s
from .observed import Seen, Unmet
from .timeline import target

STATES = get_args(State)
OPTIONS = tuple(Expectations.__annotations__)
_JITTER = 0.1
_NO_CHECKS = ("jitter", "outlasts")
_ROUNDING_S = 1e-6
_SHOWN_BYTES = 40


Check = Callable[[Seen], Iterable[Unmet]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One marker or one call of the controller. `outcomes` are the exceptions that the body may end with."""

    spelling: str
    checks: tuple[Check, ...]
    outcomes: tuple[type[BaseException], ...] = ()
    outlasts_s: float = 0.0
    """The length of the outage that the test must survive in further runs."""
    overlaps: bool = False
    """Whether answers have to take time, so that requests overlap as on a network."""

    def foresees(self, error: BaseException | None) -> bool:
        """Return whether the body may end with *error*. A failed assertion always fails the test."""
        return isinstance(error, self.outcomes) and not _asserts(error)

    def unmet(self, seen: Seen) -> list[Unmet]:
        """Return everything that does not hold, in the order in which it was written."""
        return [unmet for check in self.checks for unmet in check(seen)]


def expectation_of(args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str = "s3_expect") -> Expectation:
    """Return the expectation that ``s3_expect(**kwargs)`` means.

    Raises:
        RuleError: an argument is positional or unknown, there is no argument, or a value has the wrong form.
    """
    if args:
        raise RuleError(f"{name}() takes keyword arguments only, such as {name}(attempts=3); {args!r} came")
    known_options(name, kwargs, OPTIONS)
    if not kwargs:
        raise RuleError(f"{name}() does not say what to expect; it takes {', '.join(OPTIONS)}")
    if "jitter" in kwargs and "backoff" not in kwargs:
        raise RuleError(f"{name}(jitter=...) belongs to backoff=")
    checks: list[Check] = []
    for option, value in kwargs.items():
        if option == "backoff":
            checks.append(_backoff(name, value, kwargs.get("jitter", _JITTER)))
        elif option not in _NO_CHECKS:
            checks.append(_MAKERS[option](name, value))
    outcome = kwargs.get("outcome", ())
    return Expectation(
        spelling=spell(name, (), kwargs),
        checks=tuple(checks),
        outlasts_s=_outlasts(name, kwargs["outlasts"]) if "outlasts" in kwargs else 0.0,
        overlaps="max_in_flight" in kwargs,
        outcomes=() if isinstance(outcome, str) else outcome if isinstance(outcome, tuple) else (outcome,),
    )


def _outlasts(name: str, value: object) -> float:
    if name != "s3_expect":
        raise RuleError(
            f"{name}(outlasts=...): it takes more runs of the test; write @pytest.mark.s3_expect(outlasts=...)"
        )
    return positive_seconds(name, "outlasts", value)


def _attempts(name: str, value: object) -> Check:
    if not isinstance(value, Mapping):
        wanted = count(name, "attempts", value, low=0)

        def check_all(seen: Seen) -> Iterable[Unmet]:
            if len(seen.entries) != wanted:
                yield Unmet(what="attempts", wanted=_requests(wanted), seen=str(len(seen.entries)))

        return check_all
    if not value:
        raise RuleError(f"{name}(attempts={value!r}): allowed is a number, or a mapping of operations to numbers")
    globs = {
        key: (operation_globs(name, key, "attempts={{{!r}: ...}}"), count(name, f"attempts[{key!r}]", n, low=0))
        for key, n in value.items()
    }

    def check(seen: Seen) -> Iterable[Unmet]:
        for pattern, (accepts, wanted) in globs.items():
            found = [at for at, e in enumerate(seen.entries) if any(glob(e.call.operation) for glob in accepts)]
            if len(found) != wanted:
                what = f"attempts at {pattern}"
                yield Unmet(what=what, wanted=_requests(wanted), seen=str(len(found)), positions=frozenset(found))

    return check


def _backoff(name: str, value: object, jitter: object) -> Check:
    if not isinstance(value, list | tuple):
        raise RuleError(f"{name}(backoff={value!r}): allowed is a list of seconds, such as [1.0, 2.0]")
    share = number(name, "jitter", jitter, "a share of the wait, 0 or more", lambda n: n >= 0)
    bases = [seconds(name, "backoff", wait) for wait in value]
    more = f" (and up to {share * 100:g} % more)" if share and bases else ""
    wanted = f"waits of {_waits(bases)}{more}"

    def check(seen: Seen) -> Iterable[Unmet]:
        calls = [call for call in logical_calls(seen.entries) if len(call) > 1]
        if not calls and bases:
            yield Unmet(what="backoff", wanted=wanted, seen="no call that was tried again")
        for call in calls:
            waits = waits_s(seen.entries, call)
            slack = seen.slack_s + _ROUNDING_S
            wrong = {
                call[n + 1]
                for n, wait in enumerate(waits)
                if n >= len(bases) or not bases[n] - slack <= wait <= bases[n] * (1 + share) + slack
            }
            if wrong or len(waits) != len(bases):
                what = f"backoff of {target(seen.entries[call[0]].call)}"
                blamed = frozenset(wrong or call[-1:])
                yield Unmet(what=what, wanted=wanted, seen=f"waits of {_waits(waits)}", positions=blamed)

    return check


def _elapsed(name: str, value: object) -> Check:
    low, high = span(name, "elapsed", value)

    def check(seen: Seen) -> Iterable[Unmet]:
        if not low - _ROUNDING_S <= seen.elapsed_s <= high + _ROUNDING_S:
            yield Unmet(what="elapsed", wanted=f"{low:g} to {high:g} s", seen=f"{seen.elapsed_s:.3f} s")

    return check


def _outcome(name: str, value: object) -> Check:
    classes = value if isinstance(value, tuple) else (value,)
    if AssertionError in classes:
        raise RuleError(f"{name}(outcome=AssertionError): a failed assert always fails the test, expected or not")
    if value != "success" and not (
        classes and all(isinstance(c, type) and issubclass(c, Exception | SystemExit) for c in classes)
    ):
        raise RuleError(f'{name}(outcome={value!r}): allowed are "success" and an exception class, or a tuple of them')
    wanted = "success" if value == "success" else " or ".join(c.__name__ for c in classes)

    def check(seen: Seen) -> Iterable[Unmet]:
        # A failed assertion comes from the test, not from the code under test.
        met = seen.error is None if value == "success" else isinstance(seen.error, classes) and not _asserts(seen.error)
        if not met:
            ended = type(seen.error).__name__ if seen.error else "success"
            own = " with a failed assertion" if ended != "AssertionError" and _asserts(seen.error) else ""
            yield Unmet(what="outcome", wanted=wanted, seen=ended + own)

    return check


def _asserts(error: BaseException | None) -> bool:
    """Return whether *error* is a failed assertion, or a group with one, as that of a task."""
    group = isinstance(error, BaseExceptionGroup) and error.subgroup(AssertionError) is not None
    return group or isinstance(error, AssertionError)


_NO_CIRCUIT = "no CircuitBreaker; s3_errors.watch(breaker) follows any"
_NO_READ = "no read that succeeded; s3_errors.served() reports a cache"


def _circuit(name: str, value: object) -> Check:
    if not isinstance(value, list | tuple) or not value or not all(state in STATES for state in value):
        raise RuleError(f"{name}(circuit={value!r}): allowed is a list of {', '.join(map(repr, STATES))}")
    wanted = tuple(value)

    def check(seen: Seen) -> Iterable[Unmet]:
        if not seen.circuits:
            yield Unmet(what="circuit", wanted=" > ".join(wanted), seen=_NO_CIRCUIT)
        for breaker, states in seen.circuits:
            if tuple(states) != wanted:
                what = "circuit" if breaker is None else f"circuit {breaker!r}"
                yield Unmet(what=what, wanted=" > ".join(wanted), seen=" > ".join(states))

    return check


def _served_by(name: str, value: object) -> Check:
    if not isinstance(value, str) or not value:
        raise RuleError(f'{name}(served_by={value!r}): allowed is a host, which may be a glob, or "local_cache"')
    glob = host_glob(value)

    def check(seen: Seen) -> Iterable[Unmet]:
        if seen.served_by is None:
            yield Unmet(what="served_by", wanted=value, seen=_NO_READ)
            return
        position, host = seen.served_by
        if not glob(host):
            blamed = frozenset(() if position is None else (position,))
            yield Unmet(what="served_by", wanted=value, seen=host, positions=blamed)

    return check


_HASH = re.compile(r"[0-9a-fA-F]{64}")
# Operations that change the bytes under a key, and those that start an upload.
_CHANGING = names_of(lambda row: row.makes == "object") | {"DeleteObject"}
_BEGINNING = names_of(lambda row: row.makes == "upload")


def _stored(name: str, value: object) -> Check:
    allowed = f"{name}(stored=...): allowed is a mapping of 'bucket/key' to bytes, to a SHA-256 in hex, or to None"
    if not isinstance(value, Mapping) or not value:
        raise RuleError(f"{allowed}; {value!r} came")
    for place, body in value.items():
        no_address(f"{name}(stored=...)", "a place", place)
        if not isinstance(place, str) or not all(place.partition("/")[::2]):
            raise RuleError(f"{allowed}; {place!r} names no bucket and key")
        if not (body is None or isinstance(body, bytes) or (isinstance(body, str) and _HASH.fullmatch(body))):
            raise RuleError(f"{allowed}; {body!r} came for {place!r}")

    def check(seen: Seen) -> Iterable[Unmet]:
        for place, wanted in value.items():
            bucket, _, key = place.partition("/")
            body = seen.body_of(bucket, key)
            digest = None if body is None else hashed(hashlib.sha256(), body).hexdigest()
            if digest == wanted.lower() if isinstance(wanted, str) else body == wanted:
                continue
            wrote = frozenset(
                at
                for at, e in enumerate(seen.entries)
                if (e.call.bucket, e.call.key) == (bucket, key) and e.call.operation in _CHANGING
            )
            shown = f"SHA-256 {wanted.lower()}" if isinstance(wanted, str) else _content(wanted)
            came = f", SHA-256 {digest}" if isinstance(wanted, str) and digest else ""
            yield Unmet(what=f"stored {place}", wanted=shown, seen=_content(body) + came, positions=wrote)

    return check


def _unfinished_uploads(name: str, value: object) -> Check:
    wanted = count(name, "unfinished_uploads", value, low=0)

    def check(seen: Seen) -> Iterable[Unmet]:
        if len(seen.unfinished) == wanted:
            return
        places = [(upload.bucket, upload.key) for upload in seen.unfinished]
        began = frozenset(
            at
            for at, e in enumerate(seen.entries)
            if e.call.operation in _BEGINNING and (e.call.bucket, e.call.key) in places
        )
        named = f" ({', '.join(f'{bucket}/{key}' for bucket, key in places)})" if places else ""
        yield Unmet(what="unfinished_uploads", wanted=str(wanted), seen=f"{len(places)}{named}", positions=began)

    return check


def _max_in_flight(name: str, value: object) -> Check:
    limit = count(name, "max_in_flight", value, low=1)

    def check(seen: Seen) -> Iterable[Unmet]:
        under_way = in_flight(seen.entries)
        if max(under_way, default=0) > limit:
            beyond = frozenset(at for at, number in enumerate(under_way) if number > limit)
            yield Unmet(what="max_in_flight", wanted=f"at most {limit}", seen=str(max(under_way)), positions=beyond)

    return check


def _quiet(name: str, value: object) -> Check:
    if not isinstance(value, list | tuple) or not value:
        raise RuleError(f"{name}(quiet={value!r}): allowed is a list of pairs of seconds, such as [(0, 30)]")
    spans = [span(name, "quiet", pair) for pair in value]

    def check(seen: Seen) -> Iterable[Unmet]:
        for low, high in spans:
            came = [at for at, e in enumerate(seen.entries) if low < e.started_s < high]
            if came:
                yield Unmet(
                    what=f"quiet from {low:g} to {high:g} s",
                    wanted="no request",
                    seen=f"{len(came)}, the first at {seen.entries[came[0]].started_s:.3f} s",
                    positions=frozenset(came),
                )

    return check


_MAKERS: Mapping[str, Callable[[str, object], Check]] = {
    "attempts": _attempts,
    "elapsed": _elapsed,
    "outcome": _outcome,
    "circuit": _circuit,
    "served_by": _served_by,
    "stored": _stored,
    "unfinished_uploads": _unfinished_uploads,
    "max_in_flight": _max_in_flight,
    "quiet": _quiet,
}


def _requests(number: int) -> str:
    return f"{number} request" if number == 1 else f"{number} requests"


def _waits(waits: Iterable[float]) -> str:
    return ", ".join(f"{wait:.3f} s" for wait in waits) or "none"


def _content(body: Body | None) -> str:
    if body is None:
        return "nothing"
    shown = repr(body) if len(body) <= _SHOWN_BYTES else f"{bytes(body[:_SHOWN_BYTES])!r}..."
    return f"{len(body)} byte{'s' * (len(body) != 1)} {shown}"
