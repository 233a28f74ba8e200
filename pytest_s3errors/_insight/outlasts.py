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


def under_each(item: pytest.Item, own: Rerun) -> None:
    """Run *item* under each kind of outage. Its own report fails with the first that it does not survive."""
    plan = item.stash[PLAN]
    markers = tuple(dataclasses.replace(rule, optional=True) for rule in plan.rules)
    for what in OUTAGES:
        outage = outage_rule((plan.outlasts_s,), {"what": what, "optional": True})
        again = _rerun(item, outage, markers)
        failed = next((report for report in again.reports if not report.passed), None)
        if failed is not None:
            _fail(
                own, failed, f"s3_expect(outlasts={plan.outlasts_s:g}) does not hold: the test does not survive", outage
            )
            return


def _rerun(item: pytest.Item, outage: Rule, markers: tuple[Rule, ...]) -> Rerun:
    kept = item.stash[PLAN]
    item.stash[PLAN] = dataclasses.replace(kept, rules=markers)
    try:
        return rerun(item, rules=(outage,), expectations=())
    finally:
        item.stash[PLAN] = kept


def _fail(own: Rerun, failed: pytest.TestReport, told: str, outage: Rule) -> None:
    """Make the failure of a run under *outage* the failure of the test's body."""
    body = next(report for report in own.reports if report.when == "call")
    text = f"{told} {outage.spelling}.\nTo see it alone, put this marker on the test: @pytest.mark.{outage.spelling}"
    body.outcome = "failed" if failed.failed else failed.outcome
    body.longrepr = failed.longrepr
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
