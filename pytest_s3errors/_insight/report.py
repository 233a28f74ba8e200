"""The pytest side of ``--s3-report``: each report carries its test's requests; the main process makes the page."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_s3errors._core.report.coverage import Coverage, from_values
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS
from pytest_s3errors._test.keys import PROFILES, RUN
from s3_asyncio_client._core.redact import redact

from .coverage_reports import write
from .page import page, values_of
from .sweep_map import ATTRIBUTE

_ERROR_CHARACTERS = 600


class PageWriter:
    """A pytest plugin that collects the tests that used S3, and writes the page at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._worker = hasattr(config, "workerinput")
        self._file = Path(config.getoption("--s3-report"))
        if self._file.suffix != ".html":
            raise pytest.UsageError(
                f"--s3-report={self._file}: the page is a file that ends in .html; without a name it is s3-report.html"
                " (then write --s3-report after the paths of tests)"
            )
        self._tests: dict[str, dict[str, Any]] = {}
        self._coverage = Coverage()
        self._sweeps: list[dict[str, Any]] = []
        self._problem = ""
        self._subtests: dict[str, str] = {}
        """The error of each test in which a subtest failed. pytest fails such a test when it has told its outcome."""
        self._profiles: list[dict[str, Any]] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the requests of the test's body to its report."""
        report = yield
        # A subtest has a report of its own, made while the body runs.
        if RUN in item.stash and not item.stash[RUN].simulator.armed and (call.when == "call" or report.failed):
            run = item.stash[RUN]
            values = values_of(run.simulator.entries, run.verdict.blamed)
            report.s3_page = {  # type: ignore[attr-defined]  # a report takes any attribute
                "id": item.nodeid,
                "outcome": report.outcome,
                **values,
                "error": _error(report),
            }
            report.s3_profiles = [  # type: ignore[attr-defined]
                {"id": item.nodeid, "lines": lines} for lines in item.stash.get(PROFILES, [])
            ]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the requests of a test, in whichever process it ran. A failure in teardown outranks a success."""
        values = getattr(report, "s3_page", None)
        if values is None and report.failed and report.when == "call":
            self._subtests.setdefault(report.nodeid, _error(report))
        if values is not None:
            self._tests[values["id"]] = values
            if values["id"] in self._subtests:
                values |= {"outcome": "failed", "error": self._subtests[values["id"]]}
            elif report.outcome != values["outcome"]:  # for a test that ran more than once, this is known only now
                values |= {"outcome": report.outcome, "error": _error(report)}
            self._profiles += report.s3_profiles if report.when == "call" else []
        swept = getattr(report, ATTRIBUTE, None)
        if swept is not None:
            self._sweeps.append(swept)
        met = getattr(report, "s3_coverage", None)
        if met is not None:
            self._coverage.add(from_values(met))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page. Set exit status 1 if it can't be written."""
        if not self._worker and not session.config.option.collectonly:
            text = page(
                coverage=self._coverage, tests=self._tests.values(), findings=self._sweeps, profiles=self._profiles
            )
            try:
                write(self._file, text)
            except ValueError as error:
                self._problem = str(error)
                if session.exitstatus == pytest.ExitCode.OK:
                    session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print where the page is."""
        if self._problem:
            terminalreporter.line(f"ERROR: {self._problem}", red=True, bold=True)
        elif not terminalreporter.config.option.collectonly:
            terminalreporter.line(f"S3 report written to {self._file}")


def _error(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    error = getattr(crash, "message", "") or (str(report.longrepr) if report.failed else "")
    return redact(error, [TEST_CREDENTIALS.secret_key])[:_ERROR_CHARACTERS]
