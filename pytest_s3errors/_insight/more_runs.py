"""The further runs of an item after its own: under outages that it must outlast, then those of its sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_s3errors._core.rules.parse_sweep import SweepSpec
from pytest_s3errors._test.keys import CASE, PLAN
from pytest_s3errors._test.plan import Plan
from pytest_s3errors._test.session import settings

from . import outlasts
from .case import S3Sweep
from .reruns import Rerun, protocol
from .sweep import Sweep
from .traces import Tracer

if TYPE_CHECKING:
    import pytest


def run(item: pytest.Item, nextitem: pytest.Item | None, *, uses_s3: bool) -> bool | None:
    """Run *item* as often as its markers and the options ask. None: that is once."""
    plan = item.stash.get(PLAN, Plan())
    spec = _spec(item, plan, uses_s3=uses_s3 or PLAN in item.stash)
    if spec is None and not plan.outlasts_s:
        return None
    tracer = Tracer()

    def more(item: pytest.Item, own: Rerun) -> None:
        if plan.outlasts_s:
            outlasts.under_each(item, own)
        if spec is not None and own.passed:
            Sweep(item, spec, tracer.trace, own).run()

    item.stash[CASE] = S3Sweep()
    protocol(item, nextitem, more, **({} if spec is None else {"around": tracer.around}))
    return True


def _spec(item: pytest.Item, plan: Plan, *, uses_s3: bool) -> SweepSpec | None:
    """Return what to try on *item*: what its marker says, or the default with --s3-sweep-all if it sets no rule."""
    options = settings(item.config)
    if options.sweep == "off":
        return None
    if plan.sweep is not None:
        return plan.sweep
    return SweepSpec() if options.sweep_all and uses_s3 and not plan.rules and hasattr(item, "obj") else None
