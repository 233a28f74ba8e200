"""Between pytest's hooks and one test: the markers of the selected tests, the settings, each test's run.

The hooks of `plugin` import this module where a test uses S3. A project without such tests never loads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from pytest_s3errors._options import Settings, settings_of

from .keys import MISTAKE, PLAN, RUN, SEED, SETTINGS
from .lifetime import Run
from .markers import check_names, plan_of
from .plan import Plan


def read_markers(item: pytest.Item, names: set[str], ours: Iterable[str]) -> None:
    """Settle the plan of *item*, which bears markers of *names*.

    Raises:
        pytest.UsageError: a marker is wrong. On a worker of pytest-xdist the test fails instead, because collection
            there can't stop the run with a message.
    """
    try:
        check_names(item, names, ours, item.config.getini("markers"))
        item.stash[PLAN] = plan_of(item)
    except pytest.UsageError as error:
        if not hasattr(item.config, "workerinput"):
            raise
        item.stash[MISTAKE] = str(error)


def start(item: pytest.Item) -> None:
    """Start the simulation of *item*, before its fixtures."""
    if MISTAKE in item.stash:
        pytest.fail(item.stash[MISTAKE], pytrace=False)
    run = item.stash[RUN] = Run(item.stash.get(PLAN, Plan()), settings(item.config), test=item.nodeid)
    run.start()


def settings(config: pytest.Config) -> Settings:
    """Return the settings of the session; they are read once."""
    if SETTINGS not in config.stash:
        config.stash[SETTINGS] = settings_of(config, seed=config.stash[SEED])
    return config.stash[SETTINGS]


def show(run: Run, report: pytest.TestReport, error: BaseException | None) -> None:
    """Add to *report* what a failed test has to show beside its *error*."""
    sections = run.verdict.sections(error)
    report.s3_timeline = run.verdict.timeline_values()  # type: ignore[attr-defined]  # a report takes any attribute
    add: Any = getattr(report.longrepr, "addsection", None)
    if add is None:
        report.sections += sections
        return
    # Part of the failure itself: --show-capture can't hide it, and it is in the JUnit XML.
    for title, text in sections:
        add(title, text)
