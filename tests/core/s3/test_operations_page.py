"""docs/reference/operations.md is the table of operations; S3ERRORS_UPDATE_DOCS=1 writes it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from pytest_s3errors._core.rules.classes import CLASSES, classes_of
from pytest_s3errors._core.s3 import SUPPORTED
from s3_asyncio_client._core.operations import OPERATIONS

PAGE = Path(__file__).parents[3] / "docs/reference/operations.md"
FACTS = (Path(__file__).parent / "errors/error_codes.csv").read_text(encoding="utf-8").splitlines()
CODES = {row["code"]: row["operations"].split(";") for row in csv.DictReader(FACTS)}
GENERATED = "## What each class means\n"
# Classes that not every operation has.
SOME = [name for name in CLASSES if not all(name in classes_of(operation) for operation in OPERATIONS)]


def codes(operation):
    """The codes that are this operation's own; those that any operation can get are left out."""
    return [code for code, names in CODES.items() if "*" not in names and any(fits(operation, name) for name in names)]


def fits(operation, name):
    return operation.startswith(name[:-1]) if name.endswith("*") else operation == name


def request(row):
    header = f", `{row.header}`" if row.header else ""
    return f"`{row.request}`{header}"


def facts(rows):
    head = ["operation", "request", "body sent", "answered", "needs", *SOME]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        marks = ["✓" if name in classes_of(row.name) else "" for name in SOME]
        cells = [f"`{row.name}`", request(row), row.takes, row.answers, f"`s3:{row.action}`", *marks]
        lines.append("|" + "".join(f" {cell} |" if cell else " |" for cell in cells))
    return "\n".join(lines)


def refusals():
    lines = ["| operation | codes of its own |", "|---|---|"]
    found = [(name, codes(name)) for name in OPERATIONS]
    return "\n".join([*lines, *(f"| `{name}` | {spelled(own)} |" for name, own in found if own)])


def spelled(codes):
    return ", ".join(f"`{code}`" for code in codes)


def generated():
    ours = [row for row in OPERATIONS.values() if row.name in SUPPORTED]
    others = [row for row in OPERATIONS.values() if row.name not in SUPPORTED]
    parts = [
        "\n" + "\n".join(f"- {name}: {meaning}." for name, meaning in CLASSES.items()),
        f"These can happen to every operation: {', '.join(name for name in CLASSES if name not in SOME)}.",
        "## Operations of the simulated S3",
        facts(ours),
        "## Operations that it lacks",
        facts(others),
        "## Codes",
        f"Of any operation: {spelled(code for code, names in CODES.items() if '*' in names)}.",
        refusals(),
    ]
    return "\n\n".join(parts) + "\n"


def test_the_page_is_the_table():
    """The part below its prose is made of the rows."""
    before, heading, after = PAGE.read_text(encoding="utf-8").partition(GENERATED)
    if os.environ.get("S3ERRORS_UPDATE_DOCS"):
        PAGE.write_text(before + heading + generated(), encoding="utf-8")
    else:
        assert after == generated(), "run this test with S3ERRORS_UPDATE_DOCS=1"
