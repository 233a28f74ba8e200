"""The pytest side of ``--s3-cov``: each report carries the errors that its test met; the main process adds them up."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Final

import pytest

from pytest_s3errors._core.report.coverage import Coverage, as_values, coverage_of, from_values
from pytest_s3errors._test.keys import RUN

from .coverage_reports import floor_of, report_of, shortfall, term_lines, write_report
from .looks import Looks

_STYLES: Final[Mapping[str, dict[str, bool]]] = {
    "checked": {"green": True},
    "met": {"yellow": True},
    "missing": {"red": True},
    "": {},
}
_LOOKS: pytest.StashKey[Looks] = pytest.StashKey()


class Collector:
    """A pytest plugin that attaches to each report the errors that the test met, in any worker process."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Record how far the body looks."""
        if RUN not in item.stash:
            return (yield)
        looks = item.stash[_LOOKS] = Looks()
        with looks.watching(item.stash[RUN]):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the errors that the test met."""
        report = yield
        # A subtest has a report of its own, made while the body runs, whose errors are those of the test.
        if call.when == "call" and RUN in item.stash and _LOOKS in item.stash and not item.stash[RUN].simulator.armed:
            before = item.stash[_LOOKS].before if report.passed and not hasattr(report, "wasxfail") else 0
            met = coverage_of(item.stash[RUN].simulator.entries, checked_before=before)
            report.s3_coverage = as_values(met)  # type: ignore[attr-defined]  # a report takes any attribute
        return report


class Shown:
    """A pytest plugin that adds up the errors of all tests, writes reports, and fails a session that met too few."""

    def __init__(self, config: pytest.Config) -> None:
        self._coverage = Coverage()
        self._rests = hasattr(config, "workerinput") or config.option.collectonly
        try:
            self._reports = [
                report_of("--s3-cov-report", text) for text in config.getoption("--s3-cov-report") or ["term"]
            ]
            self._least = floor_of("--s3-cov-fail-under", config.getoption("--s3-cov-fail-under"))
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
        self._written: list[Path] = []
        self._problems: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the errors that a test met, in whichever process it ran."""
        values = getattr(report, "s3_coverage", None)
        if values is not None:
            self._coverage.add(from_values(values))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files. Set exit status 1 if one can't be written, or if tests met too few errors."""
        if self._rests:
            return
        for kind, place in self._reports:
            if place is not None:
                try:
                    self._written.append(write_report(kind, place, self._coverage))
                except ValueError as error:
                    self._problems.append(str(error))
        problem = shortfall(self._coverage, self._least)
        self._problems += [] if problem is None else [problem]
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table, and where the files are."""
        if self._rests:
            return
        terminalreporter.section("S3 error coverage")
        for kind, place in self._reports:
            for line in term_lines(self._coverage, missing=kind == "term-missing") if place is None else ():
                for piece in line:
                    terminalreporter.write(piece.text, **_STYLES[piece.look])
                terminalreporter.line("")
        for file in self._written:
            terminalreporter.line(f"written to {file}")
        for problem in self._problems:
            terminalreporter.line(f"ERROR: {problem}", red=True, bold=True)
