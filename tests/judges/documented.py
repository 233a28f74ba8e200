"""Lists in docs/limitations.md that the tests hold to what happens."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "limitations.md"


def documented(heading: str) -> list[str]:
    """Return what stands between backticks below a heading of the page, up to the next heading."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    assert found, f"{PAGE.name} has no heading {heading!r}"
    return re.findall(r"`([^`]+)`", re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0])
