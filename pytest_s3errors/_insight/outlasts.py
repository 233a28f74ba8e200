"""`s3_expect(outlasts=5.0)`: the test passes, and passes again under an outage of that length, of each kind.

The outage starts with the body. Its rules come before those of the test's markers, which then need not fire. Other
expectations don't apply to these runs, since an outage changes the number of attempts and the duration.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from pytest_s3errors._core.rules.parse_rule import outage_rule
from pytest_s3errors._test.keys import PLAN

from .reruns import Rerun, rerun

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.schedule import Rule

OUTAGES: tuple[str | int, ...] = (500, "SlowDown", "connection_reset")
_WHAT = {
    "setup": "the test runs once more, and its fixtures fail then, before any",
    "call": "the test does not survive",
    "teardown": "the test runs once more, and its fixtures fail at their end, after",
}


def under_each(item: pytest.Item, own: Rerun) -> None:
    """Run *item* under each kind of outage. Its own report fails with the first that it does not survive."""
    plan = item.stash[PLAN]
    markers = tuple(dataclasses.replace(rule, optional=True) for rule in plan.rules)
    for what in OUTAGES:
        outage = outage_rule((plan.outlasts_s,), {"what": what, "optional": True})
        again = _rerun(item, outage, markers)
        if not again.passed:
            failed = next(report for report in again.reports if not report.passed)
            _fail(own, failed, plan.outlasts_s, outage)
            return


def _rerun(item: pytest.Item, outage: Rule, markers: tuple[Rule, ...]) -> Rerun:
    kept = item.stash[PLAN]
    item.stash[PLAN] = dataclasses.replace(kept, rules=markers)
    try:
        return rerun(item, rules=(outage,), expectations=())
    finally:
        item.stash[PLAN] = kept


def _fail(own: Rerun, failed: pytest.TestReport, outlasts_s: float, outage: Rule) -> None:
    """Make the failure of a run under *outage* the failure of the test's body. One that is expected stays so."""
    body = next(report for report in own.reports if report.when == "call")
    told = f"s3_expect(outlasts={outlasts_s:g}) does not hold: {_WHAT[failed.when or 'call']}"
    text = f"{told} {outage.spelling}.\nTo see it alone, put this marker on the test: @pytest.mark.{outage.spelling}"
    expected = getattr(failed, "wasxfail", None)
    body.outcome = "failed" if expected is None else failed.outcome
    body.longrepr = failed.longrepr
    if expected is not None:
        body.wasxfail = expected
    elif isinstance(body.longrepr, tuple):
        body.longrepr = f"{told} {outage.spelling}: {body.longrepr[2]}"
    body.sections += failed.sections
    add = getattr(body.longrepr, "addsection", None)
    if add is not None:
        add("S3 expectations", text)
    else:
        body.sections.append(("S3 expectations", text))
    crash = getattr(body.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"{told} {outage.spelling}: {crash.message}"
    if hasattr(failed, "s3_timeline"):
        body.s3_timeline = failed.s3_timeline  # type: ignore[attr-defined]  # a report takes any attribute
