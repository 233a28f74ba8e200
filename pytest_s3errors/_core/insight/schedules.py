"""Random schedules: several faults in one run, drawn from the possible ones, and the text that replays them.

A schedule is a chain of cases, each *under* the one before, all of them at requests that the test makes without a
fault, or at the first request of an operation that it only makes because of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .cases import CONDITIONS, Case, Condition
from .targets import Identity, Target

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.parse_sweep import Step

_MOST_FAULTS: Final = 3
_AT_THE_END: Final = 2**31


def drawn(cases: Sequence[Case], draw: Callable[[], float]) -> Case:
    """Return a schedule of two or three of *cases*. *draw* returns a number in [0, 1)."""
    number = 2 + int(draw() * (_MOST_FAULTS - 1))
    return _chain([cases[int(draw() * len(cases))] for _ in range(number)])


def without_one(case: Case) -> Iterator[Case]:
    """Yield the schedules with one fault less than *case*."""
    faults = case.faults
    if len(faults) > 1:
        for left_out in range(len(faults)):
            yield _chain([one for place, one in enumerate(faults) if place != left_out])


def of_operation(operation: str) -> Target:
    """Return the first request of *operation* that the fault-free run does not make, as a target."""
    return Target(
        position=_AT_THE_END,
        identity=Identity(operation, (None, None), None, None),
        number=1,
        match={"operation": operation},
        kind=(operation,),
        scheme="https",
        answered=True,
    )


def spelled(case: Case, targets: Sequence[Target]) -> str:
    """Return the argument ``random=`` that replays *case*. *targets* are those of the fault-free run."""
    return "; ".join(_step(one, targets) for one in case.faults)


def schedule_of(steps: Sequence[Step], targets: Sequence[Target]) -> Case:
    """Return the case that *steps* describe for *targets*. A number beyond them is a request because of a fault."""
    known = {str(one): one for one in CONDITIONS}
    cases = []
    for step in steps:
        alike = _alike(step.operation, targets)
        target = alike[step.number - 1] if step.number <= len(alike) else of_operation(step.operation)
        condition = known.get(str(step.fault)) or Condition(step.fault)
        cases.append(Case(target=target, condition=condition, mode=step.mode))
    return _chain(cases)


def _chain(cases: Sequence[Case]) -> Case:
    chain = cases[0].alone
    for one in cases[1:]:
        chain = replace(one, under=chain, drawn=True)
    return chain


def _alike(operation: str, targets: Sequence[Target]) -> list[Target]:
    """Return the targets of one operation, in an order that does not depend on arrival."""
    alike = [one for one in targets if one.identity.operation == operation]
    return sorted(alike, key=lambda one: (*(str(word or "") for word in one.identity.place), *_rest(one)))


def _rest(one: Target) -> tuple[int, str, int]:
    return one.identity.part or 0, one.identity.range or "", one.number


def _step(one: Case, targets: Sequence[Target]) -> str:
    alike = _alike(one.target.identity.operation, targets)
    place = alike.index(one.target) if one.target in alike else len(alike)
    number = f" {place + 1}" if place or len(alike) > 1 else ""
    always = " always" if one.mode == "always" else ""
    return f"{one.condition}{always} at {one.target.identity.operation}{number}"
