"""The page about behavior has each operation, each recorded message, and a source for every row."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_s3errors._core.s3 import SUPPORTED
from pytest_s3errors._core.s3.errors.messages import _BACKLOT, _LSREC, _OTHERS, _VGW

PAGE = Path(__file__).parents[4] / "docs/reference/behavior.md"
SOURCE = re.compile(r"BACKLOT|LSREC|AWSDOC|s3-tests|guess|moto's tests|[\w-]+#\d+")


def rows():
    lines = PAGE.read_text(encoding="utf-8").partition("## The operations")[2].partition("## What S3 says")[0]
    return [line.strip("| ").split(" | ") for line in lines.splitlines() if line.startswith("| ")][1:]


def test_each_row_has_a_source_and_stands_where_a_reader_looks():
    names = [name for name, _, _ in rows()]
    assert names == sorted(names, key=lambda name: (name != "all", name))
    assert [row for row in rows() if not SOURCE.search(row[2])] == []


def test_rows_are_of_operations_that_there_are():
    assert {name for name, _, _ in rows()} - {"all"} <= SUPPORTED


def test_each_recorded_message_is_on_the_page_with_its_source():
    page = PAGE.read_text(encoding="utf-8")
    tables = {"LSREC": _LSREC, "VGW": _VGW, "BACKLOT": _BACKLOT, r"[\w-]+#\d+": _OTHERS}
    for source, table in tables.items():
        for name, text in table.items():
            assert re.search(rf"^\| {re.escape(f'{name} | {text}')} \| {source} \|$", page, re.MULTILINE), name
