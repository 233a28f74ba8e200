"""The scorecard docs/reference/scorecard.md: what one fault does to 22 workloads of five clients.

`S3ERRORS_UPDATE_DOCS=1` writes the table instead of comparing it. It belongs to the versions that it names, and the
test is skipped where others are installed.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

WORKLOADS = Path(__file__).parent / "workloads.py"
PAGE = Path(__file__).parents[2] / "docs/reference/scorecard.md"
LIBRARIES = ("boto3", "aiobotocore", "s3fs", "smart_open")
BAD = ("silent", "torn", "leak", "storm", "hang")
SEEN = (*BAD, "gave_up", "survived")


def installed() -> str:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} none")
    return f"Observed with {', '.join(found)}."


def cells(case: ET.Element) -> list[str]:
    client, _, what = case.get("name", "").removeprefix("test_").partition("__")
    counts = {one.get("name"): one.get("value") for one in case.iter("property")}
    return [client, what.replace("_", " "), *(counts[f"s3_sweep_{kind}"] or "" for kind in SEEN)]


def table(report: Path) -> str:
    rows = [["client", "workload", *(kind.replace("_", " ") for kind in SEEN)], ["---"] * (2 + len(SEEN))]
    rows += [cells(case) for case in ET.parse(report).iter("testcase")]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_scorecard_is_what_is_seen(pytester):
    text = PAGE.read_text(encoding="utf-8")
    update = bool(os.environ.get("S3ERRORS_UPDATE_DOCS"))
    if installed() not in text and not update:
        pytest.skip(f"{PAGE.name} is about other versions. {installed()}")
    pytester.makepyfile(test_workloads=WORKLOADS.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "--junitxml=report.xml")
    seen = table(pytester.path / "report.xml")
    if update:
        text = re.sub(
            r"^Observed with .*\n\n(?:\|.*\n)*", lambda _: f"{installed()}\n\n{seen}", text, flags=re.MULTILINE
        )
        PAGE.write_text(text, encoding="utf-8")
    assert f"{installed()}\n\n{seen}" in text


def test_the_page_has_a_row_for_each_workload():
    names = re.findall(r"def test_(\w+?)__(\w+)\(", WORKLOADS.read_text(encoding="utf-8"))
    rows = re.findall(r"^\| (\w+) \| ([\w ]+) \| \d", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(client, what.replace("_", " ")) for client, what in names] == rows
    assert len(rows) >= 22
