"""The sweep of one item: two runs without a fault, then one for each fault at each of its requests.

`_core.insight` decides what to try and what a result means. This module runs the item again, observes it, and puts the
findings on its report.
"""

from __future__ import annotations

import gc
import itertools
import random
import traceback
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_s3errors._core.insight.cases import CONDITIONS, Case, Condition, cases_of, condition_of
from pytest_s3errors._core.insight.invariants import Normal, Thresholds, Trace
from pytest_s3errors._core.insight.schedules import drawn, of_operation, schedule_of, spelled, without_one
from pytest_s3errors._core.insight.targets import Names, new_targets, targets_of
from pytest_s3errors._core.insight.verdicts import FAILING, KINDS, Ended, Verdict, verdict_of
from pytest_s3errors._core.report.findings import (
    NO_TIMELINE,
    Outcome,
    counts_text,
    findings_of,
    findings_text,
    told_text,
)
from pytest_s3errors._core.report.timeline import timeline_of
from pytest_s3errors._core.rules.parse_limits import Limits
from pytest_s3errors._failures import ExpectationError, SimulationError
from pytest_s3errors._test.keys import CASE
from pytest_s3errors._test.session import settings
from pytest_s3errors._time.originals import REAL

from .case import S3Sweep
from .reruns import Rerun, rerun
from .summary import FOUND, SUMMARY, TOLD, accepted
from .sweep_map import ATTRIBUTE, SweepMap
from .traces import Tracer, acknowledged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_s3errors._core.insight.targets import Target
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.rules.parse_sweep import Step, SweepSpec
    from pytest_s3errors._core.rules.schedule import Rule

_SILENCE_S = 3.0
"""Real seconds after which a run that waits for S3 counts as hung. Fewer than for a test: sweeps provoke hangs."""
_GOES_ON = frozenset({"survived", "gave up"})
"""The verdicts after which a further fault is worth a try."""
_LEAST_ALIKE = 20
_STRICT = "[XPASS(strict)] "
# Python 3.12 begins with some hundred frozen objects; who freezes on purpose has imported thousands.
_FROZEN_BY_SOMEBODY = 2000


class Sweep:
    """Sweep one item whose *first* run, without a fault, has passed. *own* are the reports of that run."""

    def __init__(self, item: pytest.Item, spec: SweepSpec, first: Trace | None, own: Rerun) -> None:
        assert first is not None  # the body has run
        self._item = item
        self._first = first
        self._own = own
        self._spec = spec
        self._settings = settings(item.config)
        self._budget_s = spec.budget or self._settings.sweep_budget
        self._began_s = REAL.monotonic()
        self._outcomes: list[Outcome] = []
        self._planned = 0
        quick = self._settings.sweep == "quick"
        self._conditions = CONDITIONS if spec.faults is None else _named(spec.faults)
        self._pruned: dict[str, Any] = {
            "one_of_a_kind": quick and spec.operation is None,
            "one_of_a_class": quick and spec.faults is None,
        }
        self._journals: dict[Case | None, Sequence[Entry]] = {}
        self._map = SweepMap() if item.config.getoption("--s3-report") else None
        self._targets: list[Target] = []
        self._seen: set[str] = set()

    def run(self) -> None:
        """Make the runs and put their findings on the item's own report, even after an interrupt."""
        tracer = Tracer()
        again = self._once_more(tracer, S3Sweep())
        if tracer.trace is None or not again.passed:
            self._tell_unrepeatable(again)
            return
        names = Names(*([entry.call for entry in trace.entries] for trace in (self._first, tracer.trace)))
        normal = Normal(self._first, tracer.trace, names)
        self._targets = targets_of(self._first.entries, tracer.trace.entries, names)
        freezes = gc.get_freeze_count() < _FROZEN_BY_SOMEBODY  # what somebody else froze would thaw with ours
        if freezes:
            gc.freeze()  # a run's collections then look at what it made, not at every module
        try:
            if self._spec.schedule:
                self._replay(self._spec.schedule, normal)
            else:
                self._sweep(normal)
        finally:
            if freezes:
                gc.unfreeze()
            self._tell()

    def _sweep(self, normal: Normal) -> None:
        """Try each case, the cases that follow from it, and random schedules."""
        cases = singles = self._cases()
        for _ in range(self._spec.depth):
            self._planned += len(cases)
            cases = self._try_all(cases, normal)
        if self._spec.random:
            self._draw(singles, normal)

    def _try_all(self, cases: Iterable[Case], normal: Normal) -> list[Case]:
        """Try *cases* while the budget lasts. Return the cases that follow from them."""
        following = []
        for case in cases:
            if self._is_spent():
                break
            outcome, trace = self._try(case, normal)
            self._note(outcome, trace)
            if trace is not None and outcome.verdict.kind in _GOES_ON:
                self._seen |= {entry.call.operation for entry in trace.entries if entry.call.operation is not None}
                following += self._under(case, trace, normal)
        return following

    def _is_spent(self) -> bool:
        return REAL.monotonic() - self._began_s > self._budget_s

    def _draw(self, singles: list[Case], normal: Normal) -> None:
        """Try random schedules of faults that do no harm alone, and shrink each schedule that does harm."""
        known = {one.case for one in self._outcomes if one.verdict.kind in FAILING}
        new = sorted(self._seen - {one.identity.operation for one in self._targets})
        extra = self._wanted([of_operation(operation) for operation in new])
        # No code can handle a refused cleanup, or a refusal that lasts.
        transient = [one for one in self._conditions if one.transient]
        cases = [one for one in singles if one not in known]
        cases += cases_of(extra, transient, ["once"], **self._pruned)
        numbers = range(self._shard, self._spec.random, self._spec.shards) if cases else range(0)
        self._planned += len(numbers)
        for number in numbers:
            if self._is_spent():
                break
            chance = random.Random(f"{self._settings.seed} {self._item.nodeid} {number}")  # noqa: S311 - no secret
            self._note(*self._shrunk(*self._try(drawn(cases, chance.random), normal), normal))

    def _shrunk(self, outcome: Outcome, trace: Trace | None, normal: Normal) -> tuple[Outcome, Trace | None]:
        """Return a minimal schedule that still fails, found by removing one fault at a time."""
        smaller = without_one(outcome.case) if outcome.verdict.kind in FAILING else ()
        for case in smaller:
            one = self._try(case, normal)
            if one[0].verdict.kind in FAILING:
                return self._shrunk(*one, normal)
        return outcome, trace

    def _replay(self, steps: Sequence[Step], normal: Normal) -> None:
        self._planned = 1
        self._note(*self._try(schedule_of(steps, self._targets), normal))

    def _note(self, outcome: Outcome, trace: Trace | None) -> None:
        self._outcomes.append(outcome)
        if self._map is not None:
            self._map.add(outcome, trace.entries if trace is not None else ())
        self._progress()

    def _under(self, case: Case, trace: Trace, normal: Normal) -> list[Case]:
        """Return what can go wrong at the requests that the code makes because of *case*."""
        if len(case.faults) >= self._spec.depth:
            return []
        self._journals[case] = trace.entries
        targets = new_targets(trace.entries, normal.names, normal.requests)
        # No code can handle a refused cleanup.
        conditions = [one for one in self._conditions if one.transient]
        return cases_of(self._wanted(targets), conditions, ["once"], **self._pruned, under=case)

    def _cases(self) -> list[Case]:
        cases = cases_of(self._wanted(self._targets), self._conditions, self._spec.modes, **self._pruned)
        return cases[self._shard :: self._spec.shards]

    @property
    def _shard(self) -> int:
        spec = getattr(self._item, "callspec", None)
        return spec.params.get("s3_shard", 0) if spec is not None else 0

    def _wanted(self, targets: list[Target]) -> list[Target]:
        globs = self._spec.operation
        return targets if globs is None else [t for t in targets if any(glob(t.identity.operation) for glob in globs)]

    def _try(self, case: Case, normal: Normal) -> tuple[Outcome, Trace | None]:
        rules = tuple(one.rule(self._journals.get(one.under, self._first.entries)) for one in case.faults)
        told, tracer = S3Sweep(", ".join(rule.spelling for rule in rules)), Tracer(normal.left["connections"])
        done = self._once_more(tracer, told, rules, normal)
        if tracer.trace is None:
            return Outcome(case=case, verdict=Verdict("missed", ("a fixture failed",))), None
        trace = replace(tracer.trace, acknowledged=acknowledged(told))
        if done.error is not None:  # its traceback keeps the body's locals alive, including open clients
            trace = replace(trace, left={**trace.left, "connections": 0})
        ended, error = _end_of(done.error)
        fired = {entry.firing.rule.rule.spelling for entry in trace.entries if entry.firing}
        verdict = verdict_of(
            trace,
            normal,
            ended=ended,
            error=error,
            hit=(any if case.drawn else all)(rule.spelling in fired for rule in rules),
            problems=tracer.problems,
            allowed=told.allowed | set(self._settings.sweep_allow),
            limits=Thresholds(storm=self._settings.sweep_storm, hang_s=self._settings.sweep_hang),
        )
        timeline = timeline_of(trace.entries) if verdict.kind in FAILING else NO_TIMELINE
        schedule = spelled(case, self._targets) if case.drawn else None
        return Outcome(case=case, verdict=verdict, timeline=timeline, schedule=schedule), trace

    def _once_more(
        self, tracer: Tracer, told: S3Sweep, rules: tuple[Rule, ...] = (), normal: Normal | None = None
    ) -> Rerun:
        """Run the item again, without its own expectations, which are about the run without a fault."""
        self._item.stash[CASE] = told
        changes: dict[str, Any] = {}
        if normal is not None:
            changes["expectations"] = ()
            most = max(Counter(entry.call.operation for entry in self._first.entries).values(), default=1)
            changes["limits"] = Limits(
                alike=max(_LEAST_ALIKE, self._settings.sweep_storm * most + 1), silence=_SILENCE_S
            )
        try:
            return rerun(self._item, rules=rules, around=tracer.around, **changes)
        finally:
            self._item.stash[CASE] = S3Sweep()

    def _tell(self) -> None:
        """Put the counts on the item's report, and fail it for findings that are not accepted."""
        counts = Counter(one.verdict.kind for one in self._outcomes)
        counted: dict[str, int] = {kind: counts[kind] for kind in KINDS}
        summary = counts_text(counted, self._planned - len(self._outcomes), self._budget_s)
        found = {f"{self._item.nodeid} {one.line}": one for one in self._outcomes if one.verdict.kind in FAILING}
        gave_up = [one for one in self._outcomes if one.verdict.kind == "gave up" and self._had_to_survive(one.case)]
        report = self._own.reports[1]
        properties: list[tuple[str, object]] = [
            (SUMMARY, summary),
            (TOLD, "\n".join(told_text(finding) for finding in findings_of(gave_up))),
            (FOUND, "\n".join(found)),
            *((f"{SUMMARY}_{kind.replace(' ', '_')}", count) for kind, count in counted.items()),
        ]
        for one in self._own.reports[1:]:  # JUnit XML takes the last report's
            one.user_properties += properties
        if self._map is not None:
            setattr(report, ATTRIBUTE, self._map.as_values(self._item.nodeid, summary))
        known = accepted(self._settings.sweep_baseline)
        new = findings_of(one for line, one in found.items() if known is not None and line not in known)
        if new:
            expected = _xfail_reason(report)
            report.outcome = "failed" if expected is None else "skipped"
            report.longrepr = findings_text(new, f"The sweep found what one fault does. {summary}")
            if expected is not None:
                report.wasxfail = expected

    def _had_to_survive(self, case: Case) -> bool:
        if self._spec.survive == "transient":
            return case.mode == "once" and case.condition.transient
        return self._spec.survive == "all"

    def _tell_unrepeatable(self, again: Rerun) -> None:
        report = self._own.reports[1]
        report.outcome = "failed"
        report.longrepr = (
            "s3_sweep runs this test more than once, and without any fault it passes the first time only: does it keep"
            f" something outside of its function fixtures?\n{again.error!r}"
        )

    def _progress(self) -> None:
        """Show the progress of the sweep on a terminal."""
        reporter = self._item.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not reporter.isatty or reporter.verbosity < 0:
            return
        done, spent_s = len(self._outcomes), REAL.monotonic() - self._began_s
        left_s = min(self._budget_s - spent_s, spent_s / done * (self._planned - done))
        found = sum(one.verdict.kind in FAILING for one in self._outcomes)
        reporter.rewrite(f"s3_sweep {done} of {self._planned}, {found} findings, {left_s:.0f} s left ", erase=True)


def _named(names: Sequence[str | int]) -> tuple[Condition, ...]:
    return tuple({str(one): one for one in itertools.chain.from_iterable(map(condition_of, names))}.values())


def _xfail_reason(report: pytest.TestReport) -> str | None:
    """Return why the test of *report*, whose body passed, was expected to fail. None: it was not."""
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    return str(report.longrepr).removeprefix(_STRICT) if report.failed else None


def _end_of(error: BaseException | None) -> tuple[Ended, str]:
    """Return how the body ended, and its error as one line."""
    if error is None:
        return "returned", ""
    text = f"{type(error).__name__}: {error}".partition("\n")[0]
    return ("assertion" if _is_own_check(error) else "raised"), text


def _is_own_check(error: BaseException) -> bool:
    """Return whether *error* comes from the test, not from the code under test. That of a task may be in a group."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_own_check, error.exceptions))
    ours = isinstance(error, SimulationError | ExpectationError)
    failed = isinstance(error, AssertionError | pytest.fail.Exception) and not ours and not _in_raises(error)
    return failed or _asked_the_store(error)


def _in_raises(error: BaseException) -> bool:
    """Return whether ``pytest.raises(match=...)`` got another error than it wanted: the code under test did raise."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    leaves = any(f.f_code.co_name == "__exit__" and f.f_globals["__name__"].startswith("_pytest.") for f in frames)
    return leaves and error.__context__ is not None


def _asked_the_store(error: BaseException) -> bool:
    """Return whether *error* comes from the test's access to `s3_store`, which is a check like an assertion."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_globals.get("__name__") == "pytest_s3errors._core.s3.store"
