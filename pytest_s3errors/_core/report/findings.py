"""The findings of a sweep, and its report: at most one screen, with a marker that replays each finding."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .timeline import Row, Timeline, folded
from .timeline_text import WIDTH, shortened, timeline_text

if TYPE_CHECKING:
    from pytest_s3errors._core.insight.cases import Case
    from pytest_s3errors._core.insight.verdicts import Verdict

_SCREEN: Final = 40
_INDENT: Final = "   "


NO_TIMELINE: Final = Timeline()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run of a sweep: what was tried, its result, and the requests meanwhile.

    `schedule` is the text that replays a random schedule.
    """

    case: Case
    verdict: Verdict
    timeline: Timeline = NO_TIMELINE
    schedule: str | None = None

    @property
    def operation(self) -> str:
        """The operation that met the fault, or each one that met one."""
        return ", then ".join(one.target.identity.operation for one in self.case.faults)

    @property
    def fault(self) -> str:
        """The fault, or each of them."""
        return ", then ".join(str(one.condition) for one in self.case.faults)

    @property
    def mode(self) -> str:
        """Its mode, or that of each."""
        return ", then ".join(one.mode for one in self.case.faults)

    @property
    def line(self) -> str:
        """The finding as one line of a baseline."""
        return f"{self.verdict.kind} {self.operation} {self.fault} {self.mode}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Runs with the same verdict at the same operation. `shortest` is the one with the fewest requests."""

    outcomes: tuple[Outcome, ...]

    @property
    def shortest(self) -> Outcome:
        """The run with the fewest requests, which is the quickest to read."""
        return min(self.outcomes, key=lambda one: (one.case.mode != "once", len(one.timeline.rows)))

    @property
    def marker(self) -> str:
        """The marker that replays the finding, ready to paste over a plain test."""
        if self.shortest.schedule is not None:
            return f'@pytest.mark.s3_sweep(random="{self.shortest.schedule}")'
        faults = self.shortest.case.faults
        options: dict[str, list[str | int]] = {
            "faults": [one.condition.what for one in faults],
            "operation": [one.target.identity.operation for one in faults],
            "modes": [one.mode for one in faults],
        }
        depth = f", depth={len(faults)}" if len(faults) > 1 else ""
        return f"@pytest.mark.s3_sweep({', '.join(f'{n}={_words(words)}' for n, words in options.items())}{depth})"


def findings_of(outcomes: Iterable[Outcome]) -> list[Finding]:
    """Group *outcomes* by verdict and operation, in their order."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault((one.verdict.kind, one.operation), []).append(one)
    return [Finding(outcomes=tuple(group)) for group in groups.values()]


def findings_text(findings: Sequence[Finding], summary: str) -> str:
    """Return the report of at least one finding: what is wrong, which faults cause it, and how to replay it."""
    heads = [_head(number, finding) for number, finding in enumerate(findings, 1)]
    room = _SCREEN - 2  # without the summary and the line about omitted findings
    shown = next(n for n in range(len(heads), 0, -1) if n == 1 or sum(map(len, heads[:n])) <= room)
    room -= sum(map(len, heads[:shown]))
    lines = [summary]
    for place, (finding, head) in enumerate(zip(findings, heads[:shown], strict=False)):
        timeline = _timeline(finding.shortest.timeline, room // (shown - place))
        room -= len(timeline)
        lines += [*head, *timeline]
    left = len(heads) - shown
    return "\n".join([*lines, f"... and {left} more findings"] if left else lines)


def counts_text(counts: Mapping[str, int], not_run: int, budget_s: float) -> str:
    """Return how the runs ended, as one line."""
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    rest = f"; {not_run} did not run (budget {budget_s:g} s)" if not_run else ""
    return f"{sum(counts.values())} runs with a fault: {told or 'none'}{rest}"


def told_text(finding: Finding) -> str:
    """Return *finding* as one line: verdict, operation, faults, and why in the shortest run."""
    outcome = finding.shortest
    return f"{outcome.verdict.kind} at {outcome.operation}, by {_faults(finding)}: {outcome.verdict.reasons[0]}"


def _words(words: Iterable[str | int]) -> str:
    """Return *words* as an argument: the only one, or a list of them."""
    shown = [f'"{word}"' if isinstance(word, str) else str(word) for word in dict.fromkeys(words)]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def _head(number: int, finding: Finding) -> list[str]:
    outcome = finding.shortest
    text = f"{number}. {outcome.verdict.kind} at {outcome.operation}, by {_faults(finding)}"
    return [
        *textwrap.wrap(text, WIDTH, subsequent_indent=_INDENT),
        *(shortened(f"{_INDENT}{reason}", 2 * WIDTH) for reason in outcome.verdict.reasons[:2]),
        f"{_INDENT}{finding.marker}",
    ]


def _faults(finding: Finding) -> str:
    """Return the faults that cause it, grouped by their modes."""
    modes: dict[str, dict[str, None]] = {}
    for one in finding.outcomes:
        modes.setdefault(one.fault, {})[one.mode] = None
    by: dict[str, list[str]] = {}
    for fault, ways in modes.items():
        by.setdefault(" and ".join(ways), []).append(fault)
    return "; ".join(f"{', '.join(faults)} ({ways})" for ways, faults in by.items())


def _timeline(timeline: Timeline, room: int) -> list[str]:
    """Return the lines of *timeline*, or only its last requests if all need more than *room*. With 0, return none."""
    timeline = folded(timeline)
    for first in range(len(timeline.rows)):
        rows = timeline.rows[first:]
        if isinstance(rows[0], Row):
            rows = (replace(rows[0], wait_s=0.0), *rows[1:]) if first else rows
            lines = timeline_text(Timeline(rows=rows, rules=timeline.rules), WIDTH - len(_INDENT)).splitlines()
            if len(lines) <= room:
                return [f"{_INDENT}{line}" for line in lines]
    return []
