"""The reports about error coverage: their names, their files, and the sum of several runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pytest_s3errors._core.report.coverage import Coverage, as_values, from_values
from pytest_s3errors._core.report.coverage_text import Piece, markdown, missing_lines, plain, table


def json_text(coverage: Coverage) -> str:
    """Return the JSON of *coverage*: the same bytes for the same coverage."""
    return json.dumps(as_values(coverage), indent=1) + "\n"


def html_text(coverage: Coverage) -> str:
    """Return a page with the table of *coverage*."""
    from .page import page  # noqa: PLC0415 - only where it is asked for

    return page(coverage=coverage)


WRITERS: Final[Mapping[str, tuple[str, Callable[[Coverage], str]]]] = {
    "html": ("s3htmlcov", html_text),
    "json": ("s3cov.json", json_text),
    "markdown": ("s3cov.md", markdown),
}
"""The reports that are files: their default name and their content."""
_ALL: Final = 100
REPORTS: Final = ("term", "term-missing", *WRITERS)


def report_of(option: str, text: str) -> tuple[str, Path | None]:
    """Return the kind and the path of the report that *text* asks for, such as ``json:file``.

    Raises:
        ValueError: the report does not exist, or it is not a file.
    """
    kind, _, place = text.partition(":")
    if kind not in REPORTS or (place and kind not in WRITERS):
        allowed = "term, term-missing, html[:dir], json[:file], markdown[:file]"
        raise ValueError(f"{option}={text}: allowed are {allowed}")
    return kind, Path(place or WRITERS[kind][0]) if kind in WRITERS else None


def floor_of(option: str, least: float | None) -> float | None:
    """Return *least*, the percentage that *option* asks for.

    Raises:
        ValueError: it is none.
    """
    if least is not None and not 0 <= least <= _ALL:
        raise ValueError(f"{option}={least:g}: allowed is a number from 0 to {_ALL}")
    return least


def write_report(kind: str, place: Path, coverage: Coverage) -> Path:
    """Write the report *kind* to *place*. Return the file.

    Raises:
        ValueError: the file can't be written.
    """
    file = place / "index.html" if kind == "html" else place
    write(file, WRITERS[kind][1](coverage))
    return file


def write(file: Path, text: str) -> None:
    """Write *text* to *file*, in a new folder if need be.

    Raises:
        ValueError: the file can't be written. The message says why.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"can't write {file}: {error.strerror}") from None


def term_lines(coverage: Coverage, *, missing: bool) -> list[list[Piece]]:
    """Return the table. With *missing*, add a marker for each error that no test met."""
    markers = missing_lines(coverage) if missing else []
    return [*table(coverage), *([[Piece("never met:")]] if markers else []), *([Piece(line)] for line in markers)]


def shortfall(coverage: Coverage, least: float | None) -> str | None:
    """Return the problem if tests met less than *least* percent of the errors."""
    if least is None or coverage.percent >= least:
        return None
    return f"S3 error coverage of {coverage.percent:.2f} % is less than --s3-cov-fail-under={least:g}"


def combine(files: list[Path], reports: list[str], least: float | None) -> tuple[list[str], int]:
    """Add up the JSON *files* of several runs. Return what to print, and the exit status.

    Raises:
        ValueError: a file is not a coverage file, the report or the percentage does not exist, or a report can't be
            written.
    """
    wanted, least = [report_of("--report", text) for text in reports], floor_of("--fail-under", least)
    coverage = Coverage()
    for file in files:
        try:
            coverage.add(from_values(json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:
            raise ValueError(f"{file}: {error}") from None
    lines = []
    for kind, place in wanted:
        if place is None:
            lines += plain(term_lines(coverage, missing=kind == "term-missing"))
        else:
            lines.append(f"written to {write_report(kind, place, coverage)}")
    problem = shortfall(coverage, least)
    return [*lines, *([f"ERROR: {problem}"] if problem else [])], 1 if problem else 0
