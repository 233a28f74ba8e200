"""Colours for the timelines in a terminal; what is stored, in JUnit XML for example, has none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_TITLE = "S3 timeline"
_RESET = "\x1b[0m"
_STYLES = (
    (re.compile(r"^>"), "\x1b[1;33m"),  # marked: bold yellow
    (re.compile(r"^ *(:|\.\.\. )"), "\x1b[2m"),  # waits and folds: faint
    (
        re.compile(r"^[ \d.]+ s .*  2\d\d( after [\d.]+ s)?(  <- s3_(errors\.)?slow\(.*)?$"),
        "\x1b[32m",
    ),  # success: green
    (re.compile(r"^[ \d.]+ s "), "\x1b[31m"),  # any other answer, or none: red
)


def colour(reports: Iterable[Any]) -> None:
    """Colour the timelines of failed *reports*, in place."""
    for report in reports:
        sections = getattr(report.longrepr, "sections", None)
        if sections is not None:
            sections[:] = [(title, _coloured(text) if title == _TITLE else text, sep) for title, text, sep in sections]


def _coloured(text: str) -> str:
    return "\n".join(map(_line, text.splitlines()))


def _line(line: str) -> str:
    style = next((style for pattern, style in _STYLES if pattern.match(line)), None)
    return line if style is None else f"{style}{line}{_RESET}"
