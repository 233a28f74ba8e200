"""The tables of docs/guide/error-handling.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import s3_asyncio_client
from s3_asyncio_client._core.errors import error_from_fields
from s3_asyncio_client._core.retry import is_retryable

GUIDE = (Path(__file__).parents[2] / "docs/guide/error-handling.md").read_text(encoding="utf-8")
# What of the package is a pattern; the rest are clients, errors, values and protocols that the patterns use.
PATTERNS = {name for name in s3_asyncio_client.__all__ if name[0].islower()} - {"watch_circuits"}


def rows(first_column: str) -> list[list[str]]:
    table = re.search(rf"^\| {first_column} \|.*\n\|[-|]+\n((?:\|.*\n)+)", GUIDE, re.MULTILINE)
    assert table, first_column
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[1].splitlines()]


CODES = [
    (code, int(status), kind.strip("`"), repeat)
    for codes, status, kind, repeat in rows("code")
    for code in re.findall(r"`(\w+)`", codes)
]


def test_a_code_is_of_its_class_and_repeated_as_the_table_says():
    """An answer with this status and code raises this very class, and is retried or not."""
    assert CODES
    for code, status, kind, repeat in CODES:
        error = error_from_fields(status=status, fields={"Code": code, "Message": "x"}, headers={}, bucket="b", key="k")
        assert type(error).__name__ == kind, code
        assert is_retryable(error) is (repeat == "yes"), code


@pytest.mark.parametrize(("kind", "repeat"), [(row[1].strip("`"), row[2]) for row in rows("what")])
def test_what_is_no_answer_is_repeated_as_the_table_says(kind, repeat):
    """The classes for which S3 said nothing are retried or not."""
    assert is_retryable(getattr(s3_asyncio_client, kind)("x")) is repeat.startswith("yes")


def test_every_pattern_has_its_row():
    """What it protects from, what it costs and when not to use it is said of each."""
    table = rows("pattern")
    named = {name for row in table for name in re.findall(r"`(\w+)`", row[0])}
    assert named >= PATTERNS
    assert all(len(row) == 4 and all(row) for row in table)
