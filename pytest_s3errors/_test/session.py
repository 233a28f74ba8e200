"""Connect pytest's hooks with one test: the markers of the selected tests, the settings, each test's run.

The hooks in `plugin` import this module when a test uses S3. A project without such tests never loads it.
"""

from __future__ import annotations

import contextlib
import os
import unittest
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import pytest

from pytest_s3errors._core.report.timeline import as_values
from pytest_s3errors._options import Settings, settings_of

from .caches import forget_listings
from .keys import PLAN, REFUSED, RUN, SEED, SETTINGS
from .lifetime import Run, running
from .markers import Mistake, plan_of, unknown_markers
from .plan import Plan
from .secrets import hide
from .unawaited import no_call_is_lost
from .verdict import TIMELINE, wide

started: set[str] = set()
"""The tests whose simulation was started. pytest shows the warnings of a test when that is over."""


def read_markers(config: pytest.Config, items: Iterable[pytest.Item], ours: Iterable[str]) -> None:
    """Decide the settings and the plan of each of *items*, which have markers, before the first test runs.

    Raises:
        pytest.UsageError: markers or options are wrong; the message lists all of them.
    """
    found: dict[Mistake, list[str]] = {}
    for item in items:
        plan, mistakes = plan_of(item)
        for mistake in [*unknown_markers(item, ours), *mistakes, *item.stash.get(REFUSED, ())]:
            found.setdefault(mistake, []).append(item.nodeid)
        item.stash[PLAN] = plan
    settings(config)
    if found:
        raise pytest.UsageError("\n".join(_told(mistake, tests) for mistake, tests in found.items()))


def _told(mistake: Mistake, tests: list[str]) -> str:
    more = f", for {len(tests) - 1} more tests too" if len(tests) > 1 else ""
    return f"{tests[0]}: {mistake.text}\n  at {mistake.place}{more}"


def start(item: pytest.Item) -> None:
    """Start the simulation of *item*, before its fixtures."""
    forget_listings()
    started.add(item.nodeid)
    run = item.stash[RUN] = Run(item.stash.get(PLAN, Plan()), settings(item.config), test=item.nodeid)
    run.start()


def run_of(item: pytest.Item, fixture: str) -> Run:
    """Return the run of *item*, whose *fixture* is being set up. Start it if the item has none yet.

    Raises:
        pytest.fail.Exception: the body is running, so the fixture comes too late for the test.
    """
    if RUN not in item.stash:
        if os.environ.get("PYTEST_CURRENT_TEST", "").endswith("(call)"):
            pytest.fail(
                f"request.getfixturevalue({fixture!r}) comes too late in the body of a test. Name {fixture} among the"
                f' arguments of the test, or mark it @pytest.mark.usefixtures("{fixture}"). For a doctest, name it'
                " among those of a fixture with autouse=True."
            )
        start(item)
    return item.stash[RUN]


def refuse_late(names: Iterable[str]) -> NoReturn:
    """Fail a test to which a fixture or a hook has added markers.

    Raises:
        pytest.fail.Exception: always; *names* are those of the markers.
    """
    pytest.fail(
        f"{', '.join(sorted(names))}: a fixture or a hook has added this marker too late, so it would do nothing. All"
        " markers are read before the first test runs. Write it above the test, or let a fixture call"
        " s3_errors.fail(...), s3_store.put(...) and so on.",
        pytrace=False,
    )


@contextlib.contextmanager
def body(item: pytest.Item) -> Iterator[None]:
    """Let rules fire in the body of *item*, and judge it. `setUp` and `tearDown` of unittest are not part of it."""
    run, case = item.stash[RUN], getattr(item, "instance", None)
    if not isinstance(case, unittest.TestCase):
        with run.verdict.body(item), run.watchdog.body(), no_call_is_lost(item, run.simulator.problems.append):
            yield
        return
    call: Callable[[Any], object] = case._callTestMethod  # type: ignore[attr-defined]  # noqa: SLF001 - as pytest does

    def in_body(method: Any) -> None:
        with run.verdict.body(item), run.watchdog.body(), no_call_is_lost(item, run.simulator.problems.append):
            call(method)

    case._callTestMethod = in_body  # type: ignore[attr-defined]  # noqa: SLF001
    yield


def settings(config: pytest.Config) -> Settings:
    """Return the settings of the session. They are read once."""
    if SETTINGS not in config.stash:
        config.stash[SETTINGS] = settings_of(config, seed=config.stash[SEED])
    return config.stash[SETTINGS]


def hide_in_subtest(report: pytest.TestReport) -> None:
    """Remove secrets from the *report* of a subtest while the body of its test runs."""
    run = running()
    if run is not None:
        hide(report, run)


def show(run: Run, report: pytest.TestReport, error: BaseException | None) -> None:
    """Add to *report* what a failed test, or a failed fixture of it, shows besides its *error*."""
    if report.when == "call":
        sections, values = run.verdict.sections(error), run.verdict.timeline_values()
    elif run.shown or (report.when == "teardown" and run.remote is not None):
        return  # once is enough, and the other process has forgotten a test that has ended
    elif (timeline := run.verdict.around()).rows:
        sections, values = [(TIMELINE, wide(timeline))], as_values(timeline)
    else:
        return
    run.shown = True
    report.s3_timeline = values  # type: ignore[attr-defined]  # a report takes any attribute
    add: Any = getattr(report.longrepr, "addsection", None)
    if add is None:
        report.sections += sections
        return
    # Part of the failure itself: --show-capture can't hide it, and it is in the JUnit XML.
    for title, text in sections:
        add(title, text)
