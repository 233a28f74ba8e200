"""The page docs/reference/fidelity.md, and one page for each subject in the folder beside it.

The tests of this folder compare the tables with what the servers do. The prose of the first page is written by hand.
`S3ERRORS_UPDATE_DOCS=1` writes what the servers did instead of comparing, in one process (no `-n`). A cell that differs
under other versions than the page's is no failure: the test skips and says so.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Collection
from pathlib import Path

from fact_list import CLAIMS, DOUBTED, OPERATIONS, SECTIONS, SOURCES, Claim, Seen

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fidelity.md"
GENERATED = "## The facts"
_AFTER = "\n## How to read it"
SIDES = ("ours", "moto")
_PACKAGES = ("moto", "botocore")
_SIGNS = {True: "✓", False: "✗", None: "-"}
_VERSIONS = re.compile(r"^Observed with (.+?)\.$", re.MULTILINE)
_HEAD = "| | what S3 does | source | ours | moto |\n|---|---|---|---|---|\n"

_BACK = "[How to read it](../fidelity.md#how-to-read-it), [the sources](../fidelity.md#sources)."
_DOUBT = "[doubts](../fidelity.md#doubts)"

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
    cells, key = read(), (str(claim.number), claim.says)
    if os.environ.get("S3ERRORS_UPDATE_DOCS"):
        cells.setdefault(key, dict.fromkeys(SIDES, ""))[side] = cell(seen)
        write(cells)
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


def folder() -> Path:
    """The folder of the pages for each subject."""
    return PAGE.with_suffix("")


def read() -> Cells:
    """The cells of all pages."""
    cells: Cells = {}
    lines = [line for page in folder().glob("*.md") for line in page.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        parts = re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))
        if len(parts) == 5 and parts[0].isdigit():
            number, says, _, *seen = parts
            cells[number, says] = dict(zip(SIDES, seen, strict=True))
    return cells


def write(cells: Cells) -> None:
    """Write what *cells* make; what is no claim any more is left out."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(GENERATED)
    after = rest.partition(_AFTER)
    PAGE.write_text(before + index(cells, versions()) + "".join(after[1:]), encoding="utf-8")
    folder().mkdir(exist_ok=True)
    for name, text in subjects(cells).items():
        (folder() / name).write_text(text, encoding="utf-8")


def index(cells: Cells, observed: str) -> str:
    """The part of the first page that is made of *cells*: where to find an operation, and a subject."""
    if " on Python" not in observed:
        observed = f"{observed} on Python {platform.python_version()}"
    return "\n\n".join([GENERATED, f"Observed with {observed}.", _by_operation(), _by_subject(cells)]) + "\n"


def subjects(cells: Cells) -> dict[str, str]:
    """By name: the page of each subject."""
    pages = {}
    for title, numbers in SECTIONS.items():
        rows = "\n".join(_line(claim, cells) for claim in _claims(numbers))
        pages[_file(title)] = f"# {title}\n\n{_BACK}\n\n{_HEAD}{rows}\n"
    return pages


def _claims(numbers: Collection[int]) -> list[Claim]:
    return sorted((claim for claim in CLAIMS if claim.number in numbers), key=lambda claim: claim.number)


def _line(claim: Claim, cells: Cells) -> str:
    seen = cells.get((str(claim.number), claim.says), {})
    source = SOURCES[claim.number] + (f"; {_DOUBT}" if claim.number in DOUBTED else "")
    row = [str(claim.number), claim.says, source, *(seen.get(side, "") for side in SIDES)]
    return f"| {' | '.join(row)} |"


def _by_operation() -> str:
    lines = ["| operation | facts |", "|---|---|"]
    for operation, numbers in OPERATIONS.items():
        found = []
        for title, section in SECTIONS.items():
            inside = [str(number) for number in numbers if number in section]
            if inside:
                found.append(f"[{title}]({PAGE.stem}/{_file(title)}) {', '.join(inside)}")
        lines.append(f"| {operation} | {'; '.join(found)} |")
    return "### By operation\n\n" + "\n".join(lines)


def _by_subject(cells: Cells) -> str:
    lines = ["### By subject", "", "| | rows | ours ✓ | moto ✓ | moto ✗ | moto - |", "|---|---|---|---|---|---|"]
    totals = [0] * 5
    for title, numbers in SECTIONS.items():
        seen = [cells.get((str(claim.number), claim.says), {}) for claim in _claims(numbers)]
        counts = [len(seen), _count(seen, "ours", "✓"), *(_count(seen, "moto", sign) for sign in "✓✗-")]
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        lines.append(f"| [{title}]({PAGE.stem}/{_file(title)}) | {' | '.join(map(str, counts))} |")
    lines.append(f"| all | {' | '.join(map(str, totals))} |")
    return "\n".join(lines)


def _count(seen: list[dict[str, str]], side: str, sign: str) -> int:
    return sum(each.get(side, "").startswith(sign) for each in seen)


def _file(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") + ".md"
