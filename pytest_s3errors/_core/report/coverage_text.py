"""Error coverage as text: a table for a terminal, one in Markdown, and the markers that are missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pytest_s3errors._core.rules.classes import CLASSES

from .coverage import Cell, Coverage, State, percent_of

_HEADS: Final = dict(
    zip(CLASSES, ("thr", "5xx", "4xx", "conn", "time", "lost", "cut", "corr", "in200", "prot"), strict=True)
)
_SIGNS: Final = {"checked": "", "met": "?"}
_LONGEST = 26  # Columns of an operation's name.
LEGEND: Final = "n: met so often and checked, n?: met and not checked, -: never met"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line, and its style in color."""

    text: str
    look: State | Literal[""] = ""


def table(coverage: Coverage) -> list[list[Piece]]:
    """Return the lines of a table that fits 80 columns, as pieces."""
    width = min(max([len("operation"), *map(len, coverage.operations)]), _LONGEST)
    heads = "".join(f" {head:>5}" if head == "in200" else f" {head:>4}" for head in _HEADS.values())
    lines = [[Piece(f"{'operation':{width}}{heads}")]]
    for operation in coverage.operations:
        row = coverage.row(operation)
        name = operation if len(operation) <= width else f"{operation[: width - 3]}..."
        pieces = [Piece(f"{name:{width}}")]
        for error, head in _HEADS.items():
            columns = 5 if head == "in200" else 4
            pieces.append(_piece(row[error], columns) if error in row else Piece(" " * (columns + 1)))
        lines.append(pieces)
    return [*lines, [Piece(total(coverage))], [Piece(LEGEND)]]


def _piece(cell: Cell, columns: int) -> Piece:
    return Piece(f" {_count(cell):>{columns}}", cell.state)


def _count(cell: Cell) -> str:
    if cell.state == "missing":
        return "-"
    shown = str(cell.met) if cell.met < 1000 else f"{cell.met // 1000}k"  # noqa: PLR2004 - three digits and a sign fit
    return f"{shown}{_SIGNS[cell.state]}"


def total(coverage: Coverage) -> str:
    """Return one sentence about all cells."""
    cells = list(coverage.cells.values())
    met, checked = sum(bool(cell.met) for cell in cells), sum(cell.checked for cell in cells)
    return f"{met} of {len(cells)} errors met ({percent_of(cells):.0f} %), {checked} of them checked"


def missing_lines(coverage: Coverage) -> list[str]:
    """Return a marker for each error that was never met, ready to paste."""
    return [cell.marker for cell in coverage.missing()]


def markdown(coverage: Coverage) -> str:
    """Return a table for the summary of a CI job."""
    rows = [["operation", *CLASSES, "met"], ["---", *["---:"] * (len(CLASSES) + 1)]]
    for operation in coverage.operations:
        row = coverage.row(operation)
        cells = [_word(row[error]) if error in row else "" for error in CLASSES]
        rows.append([f"`{operation}`", *cells, f"{percent_of(row.values()):.0f} %"])
    lines = [f"| {' | '.join(row)} |" for row in rows] if coverage.cells else []
    legend = "🟢 met and checked, 🟡 met, 🔴 never met, empty: can't happen."
    return "\n".join(["### S3 error coverage", "", f"{total(coverage)}.", "", *lines, "", legend, ""])


def _word(cell: Cell) -> str:
    return {"checked": f"🟢 {cell.met}", "met": f"🟡 {cell.met}", "missing": "🔴"}[cell.state]


def plain(lines: Iterable[Iterable[Piece]]) -> list[str]:
    """Return *lines* without styles."""
    return ["".join(piece.text for piece in line).rstrip() for line in lines]
