"""The verdict of one run of a sweep, from its observations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pytest_s3errors._core.report.limits import NO_PROGRESS, TOO_LONG, TOO_MANY

from .invariants import Normal, Thresholds, Trace, hangs, leaks, storms, torn

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind: TypeAlias = Literal["survived", "gave up", "silent", "torn", "leak", "storm", "hang", "missed"]
KINDS: Final[tuple[Kind, ...]] = ("silent", "torn", "leak", "storm", "hang", "gave up", "missed", "survived")
FAILING: Final = frozenset[Kind]({"silent", "torn", "leak", "storm", "hang"})

Ended: TypeAlias = Literal["returned", "raised", "assertion"]
"""How the body ended. "assertion": the test's own check failed after its code had returned."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one run, and its reason."""

    kind: Kind
    reasons: tuple[str, ...] = ()


def verdict_of(
    trace: Trace,
    normal: Normal,
    *,
    ended: Ended,
    error: str = "",
    hit: bool = True,
    problems: Sequence[str] = (),
    allowed: Collection[str] = (),
    limits: Thresholds = Thresholds(),  # noqa: B008 - it is frozen
) -> Verdict:
    """Return the verdict of a run whose body ended as *ended* says, with *error* as text.

    *hit* says whether the fault found its target. *problems* are the simulator's: what it could not play, or what
    ended the test. Kinds of leaks and verdicts in *allowed* are not findings. The worst finding wins: lost data, then
    code that does not end, then leftovers.
    """
    if not hit:
        return Verdict("missed", ("the fault found no target",))
    checks: list[tuple[Kind, list[str]]] = [
        ("torn", torn(trace, normal)),
        ("silent", [error] if ended == "assertion" and not problems else []),
        ("storm", storms(trace, normal, limits) or [one for one in problems if one.startswith(TOO_MANY)]),
        ("hang", [*hangs(trace, normal, limits), *(one for one in problems if _is_hang(one))]),
        ("leak", leaks(trace, normal, allowed)),
    ]
    for kind, reasons in checks:
        if reasons and kind not in allowed:
            return Verdict(kind, tuple(reason.partition("\n")[0] for reason in reasons))
    if problems:
        return Verdict("missed", (problems[0].partition("\n")[0],))
    return Verdict("survived") if ended == "returned" else Verdict("gave up", (error,))


def _is_hang(problem: str) -> bool:
    return problem.startswith(TOO_LONG) or NO_PROGRESS in problem
