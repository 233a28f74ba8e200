"""Show the timelines of failed tests in the terminal's width, in color if it has colors.

A report carries its timeline twice: as text, for JUnit XML and other reporters, and as rows. A worker of pytest-xdist
has no terminal, so the rows are rendered here, just before they are printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pytest_s3errors._core.report.timeline import from_values
from pytest_s3errors._core.report.timeline_text import Line, Look, timeline_lines

from .verdict import TIMELINE

_RESET = "\x1b[0m"
_STYLES: Final[Mapping[Look, str]] = {
    "marked": "\x1b[1;33m",  # bold yellow
    "aside": "\x1b[2m",  # faint
    "well": "\x1b[32m",  # green
    "failed": "\x1b[31m",  # red
}


def lay_out(reports: Iterable[Any], width: int, *, colors: bool) -> None:
    """Render the timelines of failed *reports* again, in place."""
    for report in reports:
        values = getattr(report, "s3_timeline", None)
        sections = getattr(report.longrepr, "sections", None)
        if values is not None and sections is not None:
            lines = timeline_lines(from_values(values), width)
            text = "\n".join(_colored(line) if colors else line.text for line in lines)
            sections[:] = [(title, text if title == TIMELINE else old, sep) for title, old, sep in sections]


def _colored(line: Line) -> str:
    return f"{_STYLES[line.look]}{line.text}{_RESET}"
