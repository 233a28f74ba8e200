"""Hypothesis draws the faults: `schedules()` for a test under ``@given``.

Hypothesis is imported with this module, and by nothing else of the plugin.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from hypothesis import strategies as st

from pytest_s3errors._core.insight.cases import CONDITIONS, Condition, condition_of
from pytest_s3errors._core.insight.schedules import of_operation
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.matching import Glob
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.parse_sweep import sweep_of
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3 import SUPPORTED
from pytest_s3errors._insight.drawn import S3Schedule

__all__ = ["schedules"]

_MOST_BEFORE = 5
_TIMES = (1, 2, 3, None)


def schedules(
    faults: str | int | Sequence[str | int] | None = None,
    operation: str | Sequence[str] | None = None,
    *,
    max_faults: int = 3,
) -> st.SearchStrategy[S3Schedule]:
    """Return a strategy of schedules: up to *max_faults* faults, each at some requests of some operation.

    *faults* and *operation* are those of `s3_sweep`. To draw a schedule is to play it: the in-memory S3 of the running
    test is what it was before the first example, no request is in its journal, and the faults are armed until the next
    example. Hypothesis shrinks to fewer faults, at earlier requests, that fail fewer times.

    Raises:
        RuleError: no such fault or operation, or a fault that can happen to none of the operations.
    """
    spec = sweep_of((), {"faults": faults, "operation": operation}, name="schedules")
    conditions = CONDITIONS if spec.faults is None else tuple(chain.from_iterable(map(condition_of, spec.faults)))
    places = [(one, name) for one in conditions for name in _operations(one, spec.operation)]
    if not places:
        raise RuleError(f"schedules(): none of {', '.join(map(str, conditions))} can happen to {operation!r}")
    one = st.tuples(st.sampled_from(places), st.integers(0, _MOST_BEFORE), st.sampled_from(_TIMES))
    # The same fault twice at the same request is one that comes twice.
    several = st.lists(one, max_size=max_faults, unique_by=lambda drawn: (places.index(drawn[0]), drawn[1]))
    return several.map(lambda drawn: S3Schedule([_rule(*one) for one in drawn]).begin())


def _operations(condition: Condition, globs: tuple[Glob, ...] | None) -> list[str | None]:
    """Return where *condition* is drawn: at any request, or at those operations at which it can be noticed."""
    if globs is None and condition.shows_as != "corruption":
        return [None]
    names = [name for name in sorted(SUPPORTED) if globs is None or any(glob(name) for glob in globs)]
    return [name for name in names if condition.can_hit(of_operation(name))]


def _rule(place: tuple[Condition, str | None], after: int, times: int | None) -> Rule:
    condition, operation = place
    options = {"operation": operation, "after": after, "times": times}
    given = {name: value for name, value in options.items() if value}
    return fail_rule((condition.what,), {**condition.options, **given, "optional": True})
