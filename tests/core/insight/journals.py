"""Journals of small made-up tests."""

from __future__ import annotations

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.s3.calls import parse_call

HOST = "s3.us-east-1.amazonaws.com"


def journal(*lines: str, status: int = 200) -> list[Entry]:
    """Entries of lines such as ``PUT /b/k 4`` (method, target, bytes of the body) and ``GET /b/k bytes=0-9``."""
    entries = []
    for number, line in enumerate(lines, 1):
        method, target, *more = line.split()
        headers = {"range": more[0]} if more and more[0].startswith("bytes") else {}
        entry = Entry(parse_call(method=method, target=target, host=HOST, headers=headers), None, 0.0)
        entry.status, entry.begun, entry.ended, entry.ended_s = status, 2 * number, 2 * number + 1, 0.0
        entry.body_size = int(more[0]) if more and more[0].isdigit() else 0
        entry.answer_whole = 10 if method == "GET" else 0
        entries.append(entry)
    return entries
