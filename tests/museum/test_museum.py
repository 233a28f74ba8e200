"""The museum of real bugs: each exhibit is small, has its label, and is still found in the version that has the bug.

The versions are those of the table in docs/museum/README.md. `.ci/long` installs them; where another one is installed
the exhibit is skipped.
"""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import NamedTuple

import pytest

MUSEUM = Path(__file__).parents[2] / "docs/museum"
_ROW = re.compile(
    r"^\| \[`(?P<file>\w+\.py)`\]\((?P=file)\) \| (?P<library>[\w-]+) (?P<version>[\d.]+) \|[^|]+\|"
    r" `(?P<finding>\w+ at \w+)` \| \[[^]]+\]\((?P<report>[^)]+)\)[^|]*\|$",
    re.MULTILINE,
)
MOST_LINES = 25


class Exhibit(NamedTuple):
    """One row of the table."""

    file: str
    library: str
    version: str
    finding: str
    report: str


EXHIBITS = [Exhibit(**row.groupdict()) for row in _ROW.finditer((MUSEUM / "README.md").read_text(encoding="utf-8"))]


def test_each_exhibit_has_its_label_and_is_small():
    assert {one.file for one in EXHIBITS} == {path.name for path in MUSEUM.glob("test_*.py")}
    assert len(EXHIBITS) >= 12
    for one in EXHIBITS:
        text = (MUSEUM / one.file).read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MOST_LINES
        assert "s3_fail" not in text  # the test knows of no fault
        assert one.report.startswith("https://") or (MUSEUM / one.report).is_file()


@pytest.mark.parametrize("one", EXHIBITS, ids=[one.file.removesuffix(".py") for one in EXHIBITS])
def test_the_bug_is_found(one, pytester):
    try:
        installed = importlib.metadata.version(one.library)
    except importlib.metadata.PackageNotFoundError:
        installed = "none"
    if installed != one.version:
        pytest.skip(f"the bug is in {one.library} {one.version}; installed is {installed}")
    pytester.makepyfile(**{one.file.removesuffix(".py"): (MUSEUM / one.file).read_text(encoding="utf-8")})
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"[0-9]. {one.finding}, by *"])
