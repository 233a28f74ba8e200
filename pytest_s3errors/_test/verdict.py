"""The test's body from its first line to the verdict: what happened, and what fails it besides its own errors."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import unittest
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_s3errors._core.report.attempts import REAL_SLACK_S
from pytest_s3errors._core.report.hints import only_missing_buckets
from pytest_s3errors._core.report.never_fired import never_fired
from pytest_s3errors._core.report.observed import Seen, Unmet, last_read
from pytest_s3errors._core.report.timeline import Timeline, as_values, folded, timeline_of
from pytest_s3errors._core.report.timeline_text import timeline_text
from pytest_s3errors._core.s3.backend import BackendError
from pytest_s3errors._failures import ExpectationError, SimulationError
from pytest_s3errors._time.real import RealClock

from .diagnosis import who_answered, why_no_request
from .markers import place_of_rule
from .watching import Watching

if TYPE_CHECKING:
    from pytest_s3errors._core.report.expectations import Expectation
    from pytest_s3errors._core.simulator import Simulator
    from pytest_s3errors._servers.process import RemoteSimulator
    from pytest_s3errors._time.real import Clock

TIMELINE = "S3 timeline"
_LATENCY_S = 1e-6


class Verdict:
    """Judge one test. *expectations* come from its markers; the body may add more.

    With *rests*, in a control run, neither rules that never fired nor unmet expectations fail the test. *notes* returns
    the problems that child processes of the test reported.
    """

    def __init__(
        self,
        simulator: Simulator | RemoteSimulator,
        clock: Clock,
        expectations: tuple[Expectation, ...],
        *,
        rests: bool = False,
        notes: Callable[[], list[str]] = list,
        seed: str = "",
    ) -> None:
        self._simulator = simulator
        self._notes = notes
        self._clock = clock
        self._rests = rests
        self._seed = seed
        self._item: pytest.Item | None = None
        self.expectations: list[Expectation] = []
        for expectation in expectations:
            self.expect(expectation)
        self.watching = Watching()
        self.elapsed_s = 0.0
        self._earlier: list[str] = []
        self._unmet: list[tuple[Expectation, list[Unmet]]] = []

    def expect(self, expectation: Expectation) -> None:
        """Check *expectation* at the end of the body."""
        self.expectations.append(expectation)
        if expectation.overlaps:
            self._simulator.latency_s = _LATENCY_S

    @contextlib.contextmanager
    def body(self, item: pytest.Item) -> Iterator[None]:
        """Wrap the test's body: rules fire, time is the test's, and the result is judged.

        Raises:
            SimulationError: the plan was broken, even if the body caught that error or skipped the test; or the body
                passed and a rule that had to fire did not.
            ExpectationError: the body passed, or ended as expected, and an expectation does not hold.
        """
        simulator, self._item = self._simulator, item
        try:
            with self._clock.running(), self.watching.running(lambda: len(self._simulator.entries)):
                simulator.armed = True
                try:
                    yield
                finally:
                    simulator.armed = False
                    simulator.problems.extend(self._notes())
                    self.elapsed_s = self._clock.now
        except (pytest.xfail.Exception, pytest.exit.Exception, KeyboardInterrupt):
            raise
        except (pytest.skip.Exception, unittest.SkipTest):
            if simulator.problems:
                raise self._problem() from None
            raise
        except BaseException as error:
            failure = self._failure(error)
            if failure is error:
                raise
            if failure is not None:
                raise failure from (None if self._foreseen(error) or self._ended(error) else error)
        else:
            failure = self._failure(None)
            if failure is not None:
                raise failure

    def _failure(self, error: BaseException | None) -> BaseException | None:
        """Return the error of a test whose body ended with *error*: that one, one of ours, or None."""
        if isinstance(error, SimulationError) and error.msg:
            return error
        if self._simulator.problems or (self._earlier and not error):
            return self._problem(() if error else self._earlier)
        rest = self._rests
        try:
            self._unmet = [] if rest else self._check(error)
        except BackendError as lost:
            return SimulationError(str(lost), pytrace=False)
        if error is not None and (rest or not self._foreseen(error)):
            return error
        never = self._never_fired(error)
        if never:
            return SimulationError("\n".join(filter(None, (never, self._unmet_text()))), pytrace=False)
        return ExpectationError(self._unmet_text(), pytrace=False) if self._unmet else None

    def _problem(self, more: Sequence[str] = ()) -> SimulationError:
        return SimulationError("\n\n".join(dict.fromkeys([*self._simulator.problems, *more])), pytrace=False)

    def restart(self) -> None:
        """Keep the problem of one Hypothesis example. If the test passes anyway, it fails with that problem."""
        self._earlier += self._simulator.problems
        self._simulator.problems.clear()

    def _ended(self, error: BaseException) -> bool:
        """Return whether the watchdog ended the body with *error*, which says nothing by itself."""
        return bool(self._simulator.problems) and isinstance(error, SimulationError | asyncio.CancelledError)

    def _foreseen(self, error: BaseException | None) -> bool:
        return any(expectation.foresees(error) for expectation in self.expectations)

    def sections(self, error: BaseException | None) -> list[tuple[str, str]]:
        """Return what the report of a failed test shows besides its *error*."""
        sections = [(TIMELINE, self.timeline()), *self._hints(error)]
        if isinstance(error, SimulationError | ExpectationError):
            return sections  # the error itself says the rest
        more = (("S3 expectations", self._unmet_text()), ("S3 rules that never fired", self._never_fired(error)))
        return [*sections, *((title, text) for title, text in more if text)]

    def _hints(self, error: BaseException | None) -> list[tuple[str, str]]:
        """Return notes that help to read the failure."""
        missing, entries = "", self._simulator.entries
        if not entries and self._item and not self._simulator.problems and not self._never_fired(error):
            missing = "\n".join(who_answered(self._item, error))
        if any(entry.error_code == "NoSuchBucket" for entry in entries):  # otherwise don't ask a server that is gone
            with contextlib.suppress(BackendError):
                missing = only_missing_buckets(entries, self._simulator.store.buckets)
        rules = [armed.rule for armed in self._simulator.schedule.rules]
        again = f"pytest {shlex.quote(self._item.nodeid)} --s3-seed={self._seed}" if self._item else ""
        chance = any(rule.probability < 1 for rule in rules) and not self._rests
        hints = (("S3 hint", missing), ("S3 seed", f"Chance took part. The same again: {again}" if chance else ""))
        return [(title, text) for title, text in hints if text]

    def timeline(self) -> str:
        """Return the requests of the test, one per line, in the width of the terminal."""
        return wide(self._rows())

    def timeline_values(self) -> dict[str, Any]:
        """Return the timeline as plain values, which travel with a report."""
        return as_values(self._rows())

    def around(self) -> Timeline:
        """Return one screen of requests, with those of fixtures."""
        return folded(timeline_of(self._simulator.around))

    def _rows(self) -> Timeline:
        """Return one screen of requests. Those that broke an expectation are marked."""
        return folded(timeline_of(self._simulator.entries, self.blamed))

    @property
    def blamed(self) -> frozenset[int]:
        """The positions of the requests that broke an expectation."""
        return frozenset(position for _, unmet in self._unmet for one in unmet for position in one.positions)

    def _never_fired(self, error: BaseException | None) -> str:
        rules = [] if self._rests else self._simulator.schedule.unfired
        if not rules or self._item is None:
            return ""
        entries, item = self._simulator.entries, self._item
        earlier = bool(self._simulator.pending()[0])  # includes requests of fixtures
        causes = () if entries else why_no_request(item, error, earlier=earlier)
        return "\n".join(
            never_fired(armed, entries, place=place_of_rule(item, armed.rule), causes=causes) for armed in rules
        )

    def _check(self, error: BaseException | None) -> list[tuple[Expectation, list[Unmet]]]:
        if not self.expectations:
            return []
        seen = self._seen(error)
        checked = [(expectation, expectation.unmet(seen)) for expectation in self.expectations]
        return [(expectation, unmet) for expectation, unmet in checked if unmet]

    def _unmet_text(self) -> str:
        lines = []
        for expectation, unmet in self._unmet:
            lines += [f"{expectation.spelling} does not hold.", *(f"  {one}." for one in unmet)]
        return "\n".join(lines)

    def _seen(self, error: BaseException | None) -> Seen:
        store, entries = self._simulator.store, self._simulator.entries
        read, other = last_read(entries), self.watching.served
        return Seen(
            entries=entries,
            elapsed_s=self.elapsed_s,
            error=error,
            circuits=self.watching.circuits,
            served_by=(None, other[0]) if other and (read is None or read[0] < other[1]) else read,
            body_of=lambda bucket, key: store.get(bucket, key).content if store.exists(bucket, key) else None,
            unfinished=store.unfinished_uploads,
            slack_s=REAL_SLACK_S if isinstance(self._clock, RealClock) else 0.0,
        )


def wide(timeline: Timeline) -> str:
    """Return the text of *timeline* in the width of the terminal."""
    return timeline_text(timeline, shutil.get_terminal_size().columns)
