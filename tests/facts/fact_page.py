"""The page docs/reference/fidelity.md: prose by hand, then tables that the tests of this folder compare and write.

`S3ERRORS_UPDATE_DOCS=1` writes what the servers did, in one process (no `-n`), instead of comparing. A cell that
differs under other versions than the page's is no failure: it skips, and says so.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Collection
from pathlib import Path

from fact_list import CLAIMS, SECTIONS, SOURCES, Claim, Seen

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fidelity.md"
GENERATED = "## The facts"
SIDES = ("ours", "moto")
_PACKAGES = ("moto", "botocore")
_SIGNS = {True: "✓", False: "✗", None: "-"}
_VERSIONS = re.compile(r"^Observed with (.+?)\.$", re.MULTILINE)
_HEAD = "| | what S3 does | source | ours | moto |\n|---|---|---|---|---|\n"

Cells = dict[tuple[str, str], dict[str, str]]
"""By a claim's number and words: its cell for each side."""


class OtherVersionsError(Exception):
    """A cell differs, but so do the versions under which the page was made."""


def cell(seen: Seen) -> str:
    """What stands in the table for *seen*."""
    return f"{_SIGNS[seen.holds]} {seen.text}".replace("|", "\\|")


def expect(claim: Claim, side: str, seen: Seen) -> None:
    """Compare *seen* with the page, or write it there if the environment says so.

    Raises:
        OtherVersionsError: It differs, and the installed versions are not the page's.
    """
    text = PAGE.read_text(encoding="utf-8")
    cells, key = read(text), (str(claim.number), claim.says)
    if os.environ.get("S3ERRORS_UPDATE_DOCS"):
        cells.setdefault(key, dict.fromkeys(SIDES, ""))[side] = cell(seen)
        PAGE.write_text(text.partition(GENERATED)[0] + generated_part(cells, versions()), encoding="utf-8")
        return
    known = cells.get(key, {}).get(side)
    if known == cell(seen):
        return
    said = (
        f"{claim}, {side}: the page says {known!r}, it did {cell(seen)!r}. If that is how it is: S3ERRORS_UPDATE_DOCS=1"
    )
    if versions_of(text) != versions():
        raise OtherVersionsError(f"{said} (the page is about {versions_of(text)}, here is {versions()})")
    raise AssertionError(said)


def versions() -> str:
    """What is installed of the packages that decide what is seen."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def versions_of(text: str) -> str:
    """The versions that the page *text* is about."""
    found = _VERSIONS.search(text)
    return found[1].rpartition(" on Python")[0] if found else ""


def read(text: str) -> Cells:
    """The cells of the page *text*."""
    cells: Cells = {}
    for line in text.partition(GENERATED)[2].splitlines():
        parts = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
        if len(parts) == 5 and parts[0].isdigit():
            number, says, _, *seen = parts
            cells[number, says] = dict(zip(SIDES, seen, strict=True))
    return cells


def generated_part(cells: Cells, observed: str) -> str:
    """The part of the page below its prose, made of *cells*; what is no claim any more is left out."""
    if " on Python" not in observed:
        observed = f"{observed} on Python {platform.python_version()}"
    parts = [GENERATED, f"Observed with {observed}.", _summary(cells)]
    for title, numbers in SECTIONS.items():
        lines = [_line(claim, cells) for claim in _claims(numbers)]
        parts.append(f"### {title}\n\n{_HEAD}" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _claims(numbers: Collection[int]) -> list[Claim]:
    return sorted((claim for claim in CLAIMS if claim.number in numbers), key=lambda claim: claim.number)


def _line(claim: Claim, cells: Cells) -> str:
    seen = cells.get((str(claim.number), claim.says), {})
    row = [str(claim.number), claim.says, SOURCES[claim.number], *(seen.get(side, "") for side in SIDES)]
    return f"| {' | '.join(row)} |"


def _summary(cells: Cells) -> str:
    lines = ["| | rows | ours ✓ | moto ✓ | moto ✗ | moto - |", "|---|---|---|---|---|---|"]
    totals = [0] * 5
    for title, numbers in SECTIONS.items():
        seen = [cells.get((str(claim.number), claim.says), {}) for claim in _claims(numbers)]
        counts = [len(seen), _count(seen, "ours", "✓"), *(_count(seen, "moto", sign) for sign in "✓✗-")]
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        lines.append(f"| [{title}](#{_anchor(title)}) | {' | '.join(map(str, counts))} |")
    lines.append(f"| all | {' | '.join(map(str, totals))} |")
    return "\n".join(lines)


def _count(seen: list[dict[str, str]], side: str, sign: str) -> int:
    return sum(each.get(side, "").startswith(sign) for each in seen)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
