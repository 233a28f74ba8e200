"""The page docs/reference/clients.md: prose by hand, then tables that the tests of this folder compare and write.

`S3ERRORS_UPDATE_DOCS=1` writes what the clients did, in one process (no `-n`), instead of comparing. Versions are
written and not compared: a newer client that behaves in the same way passes.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "clients.md"
GENERATED = "## All observations"
_HEAD = "| scenario | requests | ends with | data |\n|---|---|---|---|\n"
_PACKAGES = "Observed with "


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one client did in one scenario, as the cells of its table."""

    requests: str
    end: str
    data: str


@dataclass(slots=True, kw_only=True)
class Section:
    """One client's part of the page."""

    about: str = ""
    rows: dict[str, Row] = field(default_factory=dict)


def expect(client: str, packages: tuple[str, ...], setup: str, scenario: str, row: Row) -> None:
    """Compare *row* with the page, or write it there if the environment says so."""
    sections = read()
    if os.environ.get("S3ERRORS_UPDATE_DOCS"):
        section = sections.setdefault(client, Section())
        section.about = about(packages, setup)
        section.rows[scenario] = row
        write(sections)
        return
    known = sections.get(client, Section()).rows.get(scenario)
    assert row == known, (
        f"{client}, {scenario}: the page says {known}, it did {row}. If that is how it is now: S3ERRORS_UPDATE_DOCS=1"
    )


def about(packages: tuple[str, ...], setup: str) -> str:
    """The lines above a client's table: what was observed, and how it was set up."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return f"{_PACKAGES}{', '.join(versions)} on Python {platform.python_version()}.\n{setup}"


def read() -> dict[str, Section]:
    """The generated part of the page, by client."""
    _, _, generated = PAGE.read_text(encoding="utf-8").partition(GENERATED)
    sections = {}
    for part in generated.split("\n### ")[1:]:
        name, _, rest = part.partition("\n")
        text, _, table = rest.strip().partition("\n\n| ")
        section = sections[name] = Section(about=text)
        for line in table.splitlines()[2:]:
            scenario, requests, end, data = (cell.strip() for cell in line.strip("|").split("|"))
            section.rows[scenario] = Row(requests=requests, end=end, data=data)
    return sections


def write(sections: dict[str, Section]) -> None:
    """Put *sections* in the place of the generated part."""
    prose, _, _ = PAGE.read_text(encoding="utf-8").partition(GENERATED)
    PAGE.write_text(f"{prose}{generated_part(sections)}", encoding="utf-8")


def generated_part(sections: dict[str, Section]) -> str:
    """The part of the page below its prose."""
    from client_matrix import BROKEN, SCENARIOS, UNCONNECTED  # the two modules need each other

    order = [scenario.name for scenario in SCENARIOS] + [*BROKEN, *UNCONNECTED]
    parts = [GENERATED, _summary(sections, order[: len(SCENARIOS)])]
    for name, section in sorted(sections.items(), key=lambda item: item[0].lower()):
        lines = [f"| {key} | {row.requests} | {row.end} | {row.data} |" for key, row in _sorted(section, order)]
        parts.append(f"### {name}\n\n{section.about}\n\n{_HEAD}" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _sorted(section: Section, order: list[str]) -> list[tuple[str, Row]]:
    return sorted(section.rows.items(), key=lambda item: order.index(item[0]))


def _summary(sections: dict[str, Section], scenarios: list[str]) -> str:
    lines = [f"| client | {' | '.join(scenarios)} |", "|---" * (len(scenarios) + 1) + "|"]
    for name, section in sorted(sections.items(), key=lambda item: item[0].lower()):
        cells = [_verdict(section.rows.get(scenario)) for scenario in scenarios]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _verdict(row: Row | None) -> str:
    if row is None:
        return "-"
    if row.data.startswith("**"):
        return "**wrong**"
    if row.end == "returns":
        return "ok"
    return "raises, stored" if row.data == "stored all the same" else "raises"
