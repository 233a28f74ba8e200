"""The probes of a retry profile, in order. The caller, a test or the command line, makes the calls.

Each probe sets one rule, requests one call, and counts the requests that the rule handled. `probes` is a generator: it
yields the name of a probe and the call to make, and is sent the exception of that call. So one function serves blocking
calls, coroutines and programs.

A client with a retry quota would have none left after some probes. With *fresh*, each probe has its own client.
Otherwise successful calls in between restore retries.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeAlias

from pytest_s3errors._core.insight.retry_profile import CLASSES, HEADERS, LOST, MOST, PROBES, QUOTAS, Lost
from pytest_s3errors._core.report.attempts import REAL_SLACK_S, logical_calls, waits_s
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import ArmedRule, Rule
from s3_asyncio_client._core.operations import OPERATIONS

from .retry_profile import RetryProfile

Call: TypeAlias = Callable[[], Any]
Probes: TypeAlias = Generator[tuple[str, Call], BaseException | None, RetryProfile]
_Probing: TypeAlias = Generator[tuple[str, Call], BaseException | None, Any]

_COST: Final = 14  # Tokens that a retry costs in botocore 1.44's quota. A success restores one.
_MOST_REFILL: Final = 60
_MOST_RETRIES: Final = 280
_MOST_TRIES: Final = 3  # The name for a call that makes fewer attempts than an earlier call of its kind.
_HOUR_S: Final = 3600.0
_CREATES: Final = frozenset({"CreateMultipartUpload", "CreateBucket", "CompleteMultipartUpload"})
_CONDITIONS: Final = frozenset({"if-match", "if-none-match"})


class Stage(Protocol):
    """Where the requests arrive."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What to measure, and how much of it.

    `make` returns a call that makes one request, with its own client each time if `fresh`. `lost` has further calls
    for LOST. `skipped` are the probes to leave out. `samples` is the number of calls whose waits are compared.
    `pass_time` advances test time. Without it time is real: no quota is measured, and waits are less exact.
    """

    make: Callable[[], Call]
    fresh: bool
    lost: Mapping[str, Call] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    samples: int = 20
    pass_time: Callable[[float], None] | None = None

    @property
    def steps(self) -> int:
        """The minimum number of calls."""
        return len(PROBES.keys() - self.skipped) + len(HEADERS) + self.samples * len(CLASSES)


def probes(subject: Subject, stage: Stage, add: Callable[[Rule], ArmedRule]) -> Probes:
    """Measure *subject*, whose requests arrive at *stage*. *add* activates a rule.

    Raises:
        ValueError: the call fails without a fault, or a call makes no request.
    """
    return _Prober(subject, stage, add).profile()


class _Prober:
    def __init__(self, subject: Subject, stage: Stage, add: Callable[[Rule], ArmedRule]) -> None:
        self._subject = subject
        self._stage = stage
        self._add = add

    def profile(self) -> Probes:
        lost = {**(yield from self._plain()), **self._subject.lost}
        attempts, header_waits = {}, {}
        for name in PROBES:
            if name not in self._subject.skipped:
                attempts[name] = yield from self._attempts(name)
        waits: dict[str, list[list[float]]] = {}
        for name, probe in CLASSES.items():
            waits[name] = yield from self._waits(name, probe, attempts[probe])
        for name, options in HEADERS.items():
            call = yield from self._call(name, self._subject.make(), options)
            header_waits[name] = call[0] if call else None
            yield from self._refill(len(call))
        seen = {}
        for name in LOST:
            if name in lost:
                seen[name] = yield from self._lost(name, lost[name])
        quota = (yield from self._quotas(attempts)) if self._subject.fresh and self._subject.pass_time else {}
        profile = RetryProfile(attempts=attempts, waits_s=waits, header_waits_s=header_waits, lost=seen, **quota)
        return profile if self._subject.pass_time else replace(profile, slack_s=REAL_SLACK_S)

    def _plain(self) -> _Probing:
        """Make the call without a fault. Return its name in LOST, if it has one."""
        call = self._subject.make()
        at = len(self._stage.entries)
        error = yield "no fault", call
        if error is not None:
            raise ValueError(f"the call fails without a fault: {type(error).__name__}: {error}") from error
        if len(self._stage.entries) == at:
            raise ValueError("the call made no request to S3")
        asked = self._stage.entries[at].call
        row = OPERATIONS.get(asked.operation or "")
        if row is None or not row.writes:
            return {}
        conditional = not _CONDITIONS.isdisjoint(asked.headers)
        kind = "lost_create" if row.name in _CREATES else "lost_conditional_write" if conditional else "lost_write"
        return {kind: call}

    def _attempts(self, name: str) -> _Probing:
        armed = self._arm(PROBES[name])
        yield name, self._subject.make()
        armed.cancelled = True
        yield from self._refill(armed.fired - 1)
        return armed.fired

    def _call(self, name: str, call: Call, options: Mapping[str, Any]) -> _Probing:
        """Return the waits in seconds between the attempts of *call* under a fault."""
        at = len(self._stage.entries)
        armed = self._arm(options)
        yield name, call
        armed.cancelled = True
        entries = self._stage.entries[at:]
        return [wait for one in logical_calls(entries)[:1] for wait in waits_s(entries, one)]

    def _waits(self, name: str, probe: str, attempts: int) -> _Probing:
        calls: list[list[float]] = []
        call = self._subject.make()
        short = 0
        while len(calls) < (self._subject.samples if attempts > 1 else 1):
            waits = yield from self._call(f"waits, {name}", call, PROBES[probe])
            short = short + 1 if len(waits) < attempts - 1 else 0
            if short in {0, _MOST_TRIES}:
                calls.append(waits)
                short = 0
            else:  # its quota is used up
                call = self._subject.make()
                yield from self._refill(2 * attempts)
        return calls

    def _lost(self, name: str, call: Call) -> _Probing:
        at = len(self._stage.entries)
        armed = self._arm({"what": "lost_response", "times": 1})
        error = yield name, call
        armed.cancelled = True
        entries = self._stage.entries[at:]
        if not entries:
            raise ValueError(f"the call for {name} made no request to S3") from error
        return Lost(len(logical_calls(entries)[0]), error is None)

    def _quotas(self, attempts: Mapping[str, int]) -> _Probing:
        retries: dict[str, int | None] = {}
        refill: dict[str, Any] = {}
        for name, probe in QUOTAS.items():
            if probe in self._subject.skipped:
                continue
            call = self._subject.make()
            retries[name] = yield from self._drained(f"retries, {name}", call, probe)
            if name == "transient" and retries[name] and attempts[probe] > 1:
                refill = yield from self._refilled(call, probe)
        return {"retries": retries, **refill}

    def _drained(self, name: str, call: Call, probe: str) -> _Probing:
        """Return how many retries the client of *call* makes until a call gets only one attempt. None: never."""
        retries = 0
        while retries < _MOST_RETRIES:
            more = yield from self._retries(name, call, probe)
            if not more:
                return retries or None
            retries += more
        return None

    def _refilled(self, call: Call, probe: str) -> _Probing:
        """Return what restores a retry of an exhausted client: an hour, or a number of successful calls."""
        assert self._subject.pass_time is not None  # asked before
        self._subject.pass_time(_HOUR_S)
        with_time = yield from self._retries("refill by an hour", call, probe)
        successes = 0
        while not with_time and successes < _MOST_REFILL:
            successes += 1
            yield "refill by successes", call
            if (yield from self._retries("refill by successes", call, probe)):
                return {"refills_with_time": False, "refill": successes}
        return {"refills_with_time": bool(with_time), "refill": None if with_time else 0}

    def _retries(self, name: str, call: Call, probe: str) -> _Probing:
        armed = self._arm(PROBES[probe])
        yield name, call
        armed.cancelled = True
        return armed.fired - 1

    def _refill(self, retries: int) -> _Probing:
        calls = 0 if self._subject.fresh else min(_COST * retries, _MOST_REFILL)
        for _ in range(calls):
            yield "no fault", self._subject.make()

    def _arm(self, options: Mapping[str, Any]) -> ArmedRule:
        rest = {name: value for name, value in options.items() if name != "what"}
        return self._add(fail_rule((options["what"],), {"times": MOST + 1, "optional": True, **rest}))
