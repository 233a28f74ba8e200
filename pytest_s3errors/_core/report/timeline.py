"""The timeline of a failing test: a line per request, with the waits between them."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from pytest_s3errors._core.s3.messages import Call

    from .journal import Entry

_SCREEN = 40  # lines
_HEAD = 24
_TAIL = 12
_ALIKE = 4  # so many lines in a row that say the same can be folded
_BAR = 30  # columns for the longest wait
_WIDTH = 60  # of the column of targets, at most
_SHOWN_S = 0.01  # what is shorter is the client's own work, no backoff and no delay


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Some lines of the timeline, and for how many requests they stand."""

    lines: tuple[str, ...]
    alike: object = None
    requests: int = 1
    failed: int = 0
    marked: int = 0


def timeline(entries: Sequence[Entry], marked: Container[int] = frozenset()) -> str:
    """One line per request, with the waits between drawn to scale; long runs folded to one screen.

    *marked* are positions in *entries*: their lines begin with ``>``.
    """
    if not entries:
        return "no request reached the simulated S3"
    rows = _rows(entries, marked)
    if _size(rows) > _SCREEN:
        rows = _without_repeats(rows)
    if _size(rows) > _SCREEN:
        rows = _without_middle(rows)
    return "\n".join(line for row in rows for line in row.lines)


def _rows(entries: Sequence[Entry], marked: Container[int]) -> list[_Row]:
    width = min(_WIDTH, max(len(target(entry.call)) for entry in entries))
    waits = [_wait_s(earlier, later) for earlier, later in pairwise(entries)]
    scale = _BAR / max([*waits, _SHOWN_S])
    rows = []
    for position, entry in enumerate(entries):
        wait = waits[position - 1] if position else 0.0
        bar = f"           : {wait:.3f} s {'=' * max(1, round(wait * scale))}"
        mark = ">" if position in marked else " "
        line = (
            f"{mark}{entry.started_s:7.3f} s {target(entry.call):<{width}}  {result(entry)}{_took(entry)}{_rule(entry)}"
        )
        rows.append(
            _Row(
                lines=(bar, line.rstrip()) if wait >= _SHOWN_S else (line.rstrip(),),
                alike=None if position in marked else _alike(entry),
                failed=entry.status is None or entry.status >= HTTPStatus.MULTIPLE_CHOICES,
                marked=position in marked,
            )
        )
    return rows


def _size(rows: Sequence[_Row]) -> int:
    return sum(len(row.lines) for row in rows)


def _alike(entry: Entry) -> object:
    """What of a line repeats in a run of its like."""
    rules = [firing.rule for firing in (entry.firing, entry.slowing) if firing]
    return entry.call.operation, entry.call.bucket, entry.status, entry.error_code, entry.fault, rules


def _without_repeats(rows: Sequence[_Row]) -> list[_Row]:
    shown: list[_Row] = []
    for alike, run in groupby(rows, key=lambda row: row.alike):
        same = list(run)
        if alike is not None and len(same) >= _ALIKE:
            first, *rest = same
            line = f"           ... {len(rest)} more like this"
            shown += [first, _Row(lines=(line,), requests=len(rest), failed=sum(row.failed for row in rest))]
        else:
            shown += same
    return shown


def _without_middle(rows: Sequence[_Row]) -> list[_Row]:
    head = tail = 0
    while _size(rows[: head + 1]) <= _HEAD:
        head += 1
    while _size(rows[len(rows) - tail - 1 :]) <= _TAIL:
        tail += 1
    left_out = rows[head : len(rows) - tail]
    marked = sum(row.marked for row in left_out)
    line = (
        f"           ... {sum(row.requests for row in left_out)} more requests,"
        f" {sum(row.failed for row in left_out)} of them failed{f', {marked} are marked' if marked else ''} ..."
    )
    return [*rows[:head], _Row(lines=(line,)), *rows[len(rows) - tail :]]


def _wait_s(earlier: Entry, later: Entry) -> float:
    return 0.0 if earlier.ended_s is None else later.started_s - earlier.ended_s


def target(call: Call) -> str:
    """Operation and what it is about: ``UploadPart bucket/key part 3``."""
    name = call.operation or call.method
    where = "/".join(part for part in (call.bucket, call.key) if part)
    return " ".join(filter(None, (name, where, f"part {call.part}" if call.part else "")))


def result(entry: Entry) -> str:
    """What came back: status and code, or the name of the network fault."""
    parts = [str(entry.status) if entry.status else "", entry.error_code or "", entry.fault or ""]
    text = " ".join(filter(None, parts))
    return text or ("no answer yet" if entry.ended_s is None else "no answer")


def _took(entry: Entry) -> str:
    took = 0.0 if entry.ended_s is None else entry.ended_s - entry.started_s
    return f" after {took:.3f} s" if took >= _SHOWN_S else ""


def _rule(entry: Entry) -> str:
    shown = ""
    for firing in (entry.firing, entry.slowing):
        if firing is not None:
            rule = firing.rule.rule
            total = f" of {rule.times}" if rule.times is not None else ""
            shown += f"  <- {rule.spelling}, {firing.number}{total}"
    return shown
