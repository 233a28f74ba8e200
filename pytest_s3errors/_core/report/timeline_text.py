"""The timeline as lines of text: one per request, with the waits between them drawn to scale.

A request takes one line of the given width, whatever its key, range or rule. The target is shortened in the middle
until the line fits. Rules have numbers, since a rule can be longer than a line. Each is named once, below.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from .timeline import SHOWN_S, Fold, Row, Timeline, Use

WIDTH: Final = 80
"""The width in columns if it is unknown."""

_NARROWEST = 40
_BAR = 30  # Columns for the longest wait.
_LEAST_TARGET = 24  # Columns that the target keeps if the rest of a line is long.
_LEAST_PART = 12  # Columns that a key or an error code keeps.
_INDENT = " " * 11
_KIB = 1024
_EXACT_BELOW = 10_000  # Bytes. Larger sizes are rounded.

Look = Literal["well", "failed", "marked", "aside"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and its style in color. `aside`: the line is not a request."""

    look: Look
    text: str


def timeline_text(timeline: Timeline, width: int = WIDTH) -> str:
    """Return the lines of *timeline*, none wider than *width* columns."""
    return "\n".join(line.text for line in timeline_lines(timeline, width))


def timeline_lines(timeline: Timeline, width: int = WIDTH) -> list[Line]:
    """Return the lines of *timeline* with their looks."""
    width = width if width >= _NARROWEST else WIDTH
    rows = [row for row in timeline.rows if isinstance(row, Row)]
    if not rows:
        return [Line("aside", "no request reached the simulated S3")]
    room = min(width - len(_head(row)) - 2 - columns(_tail(row)) for row in rows)
    target = min(max(columns(_target(row)) for row in rows), max(room, _LEAST_TARGET))
    longest_s = max(row.wait_s for row in rows)
    lines = []
    for row in timeline.rows:
        if isinstance(row, Fold):
            lines.append(Line("aside", shortened(_fold(row), width)))
            continue
        if row.wait_s >= SHOWN_S:
            bar = "=" * max(1, round(row.wait_s * _BAR / longest_s))
            lines.append(Line("aside", f"{_INDENT}: {row.wait_s:.3f} s {bar}"[:width]))
        lines.append(_line(row, target, width))
    return [*lines, *_legend(timeline.rules, {use.rule for row in rows for use in row.uses}, width)]


def _line(row: Row, target: int, width: int) -> Line:
    shown = _target(row, target)
    head = f"{_head(row)}{shown}{' ' * (target - columns(shown))}  "
    text = f"{head}{_tail(row, width - columns(head))}"
    return Line("marked" if row.marked else "well" if row.well else "failed", text.rstrip())


def _head(row: Row) -> str:
    return f"{'>' if row.marked else ' '}{row.started_s:7.3f} s "


def _target(row: Row, width: int | None = None) -> str:
    """Return operation, place, details and size. The place is shortened first if *width* is too small."""
    rest = [*map(_printable, row.details), _size(row)]
    place = _printable(row.place)
    whole = " ".join(filter(None, (row.operation, place, *rest)))
    if width is None or columns(whole) <= width:
        return whole
    room = max(columns(place) - (columns(whole) - width), _LEAST_PART)
    return shortened(" ".join(filter(None, (row.operation, shortened(place, room), *rest))), width)


def _size(row: Row) -> str:
    """Return how much was sent, or how much of the object was received."""
    if row.body_size:
        return _bytes(row.body_size)
    if row.operation != "GetObject" or (not row.well and not row.fault):
        return ""
    cut = row.answer_size < row.answer_whole
    of = f" of {_bytes(row.answer_whole)}" if cut else ""
    return f"{_bytes(row.answer_size)}{of}" if row.answer_size or cut else ""


def _bytes(size: int) -> str:
    if size < _EXACT_BELOW:
        return f"{size} B"
    amount = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        amount /= _KIB
        if amount < _KIB:
            return f"{amount:.1f} {unit}"
    return f"{amount / _KIB:.1f} TiB"


def _tail(row: Row, width: int | None = None) -> str:
    """Return the response, its duration, and the rules that caused it. The response is shortened to fit *width*."""
    parts = (str(row.status) if row.status else "", row.code or "", row.fault or "")
    outcome = " ".join(filter(None, parts)) or ("no answer yet" if row.ended_s is None else "no answer")
    took_s = 0.0 if row.ended_s is None else row.ended_s - row.started_s
    took = f" after {took_s:.3f} s" if took_s >= SHOWN_S else ""
    outcome, rest = _printable(outcome), f"{took}{''.join(map(_use, row.uses))}"
    if width is None or columns(outcome) + len(rest) <= width:
        return f"{outcome}{rest}"
    return shortened(f"{shortened(outcome, max(width - len(rest), _LEAST_PART))}{rest}", width)


def _use(use: Use) -> str:
    return f"  <- [{use.rule + 1}], {use.number}{'' if use.of is None else f' of {use.of}'}"


def _fold(fold: Fold) -> str:
    if fold.alike:
        return f"{_INDENT}... {fold.requests} more like this"
    marked = f", {fold.marked} are marked" if fold.marked else ""
    return f"{_INDENT}... {fold.requests} more requests, {fold.failed} of them failed{marked} ..."


def _legend(rules: Sequence[str], used: set[int], width: int) -> list[Line]:
    lines: list[Line] = []
    for number, rule in enumerate(rules):
        if number in used:
            name = f"[{number + 1}] "
            shown, indent = _printable(rule), " " * len(name)
            most = width if shown.isascii() else width // 2  # textwrap counts characters, but some are two columns wide
            text = textwrap.wrap(shown, most, initial_indent=name, subsequent_indent=indent, break_on_hyphens=False)
            lines += [Line("aside", line) for line in text]
    return lines


def columns(text: str) -> int:
    """Return the width of *text* in terminal columns."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, width: int) -> str:
    """Return *text* in at most *width* columns. The middle of a longer text is left out."""
    if columns(text) <= width:
        return text
    left = max(width - 3, 0)
    return f"{_cut(text, left - (left + 1) // 2)}...{_cut(text[::-1], (left + 1) // 2)[::-1]}"[: max(width, 0)]


def _cut(text: str, width: int) -> str:
    """Return the longest prefix of *text* that fits *width* columns."""
    if text.isascii():
        return text[:width]
    end = used = 0
    while end < len(text) and (used := used + columns(text[end])) <= width:
        end += 1
    return text[:end]


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
