"""The report as one self-contained HTML page: a template with the data as JSON in it.

The page makes no requests and uses no library. Its script builds each part only when it is shown, so a suite of
thousands of tests opens at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, Final

from pytest_s3errors._core.insight.verdicts import FAILING, KINDS
from pytest_s3errors._core.report.attempts import logical_calls
from pytest_s3errors._core.report.coverage import Coverage, error_class
from pytest_s3errors._core.report.coverage_text import total
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.timeline import Row, timeline_of
from pytest_s3errors._core.rules.classes import CLASSES

_NUMBER: Final = re.compile(r"([0-9]{1,18})")
_MOST_ROWS: Final = 200  # Of one test.
_ALL_ROWS: Final = 25_000  # Of one page, which then has some 3 MB.
_SWEPT_ROWS: Final = 5_000  # Of all runs of sweeps.
_SWEPT_RUNS: Final = 15_000
_VERDICT: Final = 3  # Its place in a run.


def values_of(entries: Sequence[Entry], blamed: frozenset[int]) -> dict[str, Any]:
    """Return what the page shows for one test: its first requests as short lists, and its rules."""
    shown = entries[:_MOST_ROWS]
    timeline = timeline_of(shown, blamed)
    calls = {
        position: (number, attempt)
        for number, call in enumerate(logical_calls(shown))
        for attempt, position in enumerate(call)
    }
    rows = [_values(row, *calls[at]) for at, row in enumerate(timeline.rows) if isinstance(row, Row)]
    return {"rows": rows, "rules": list(timeline.rules), "requests": len(entries)}


def _by_number(name: str) -> list[tuple[bool, int, str]]:
    """Return a sort key that puts ``test[9]`` before ``test[10]``."""
    digits = ((part.isascii() and part.isdigit(), part) for part in _NUMBER.split(name))
    return [(not is_number, int(part) if is_number else 0, part) for is_number, part in digits]


def _values(row: Row, call: int, attempt: int) -> list[Any]:
    """Return *row* in the form of the page's script: values by position, to keep the page small."""
    return [
        *(round(row.started_s, 6), None if row.ended_s is None else round(row.ended_s, 6)),
        *(row.operation, row.place, " ".join(row.details)),
        *(row.body_size, row.answer_size, row.answer_whole, row.status, row.code, row.fault),
        [[use.rule, use.number, use.of] for use in row.uses],
        *(int(row.well), int(row.marked), call, attempt, error_class(row.fault, row.status, row.code)),
    ]


def _bounded(sweeps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return *sweeps*, those with findings first, limited to the runs and timelines that fit on a page."""
    ordered = sorted(
        sweeps, key=lambda sweep: (not any(_failing(run) for run in sweep["runs"]), _by_number(sweep["id"]))
    )
    every = [run for sweep in ordered for run in sweep["runs"]]
    kept = sorted(every, key=lambda run: (not _failing(run), KINDS.index(run[_VERDICT])))[:_SWEPT_RUNS]
    left = _SWEPT_ROWS
    timelines = {}
    for run in kept:
        rows = len(run[-1]["rows"])
        timelines[id(run)] = run[-1] if rows <= left else None
        left -= rows if rows <= left else 0
    return [
        {**sweep, "runs": [[*run[:-1], timelines[id(run)]] for run in sweep["runs"] if id(run) in timelines]}
        for sweep in ordered
    ]


def _failing(run: Sequence[Any]) -> bool:
    return run[_VERDICT] in FAILING


def page(
    *,
    coverage: Coverage,
    tests: Iterable[dict[str, Any]] = (),
    findings: Sequence[dict[str, Any]] = (),
    profiles: Sequence[dict[str, Any]] = (),
) -> str:
    """Return the whole page: failed *tests* first, then by name.

    *findings* are sweeps in the form of `SweepMap.as_values`. Each of *profiles* has the ``id`` of the test that
    measured, and ``lines`` with a probe and its result.
    """
    ordered = sorted(tests, key=lambda test: (test["outcome"] == "passed", _by_number(test["id"])))
    left = _ALL_ROWS
    for test in ordered:
        test["rows"] = test["rows"][:left]
        test["rules"] = test["rules"] if left else []
        left -= len(test["rows"])
    rows = [
        {"operation": operation, "cells": {error: [cell.met, cell.state, cell.marker] for error, cell in row.items()}}
        for operation, row in ((name, coverage.row(name)) for name in coverage.operations)
    ]
    data = {
        "classes": list(CLASSES),
        "coverage": rows,
        "total": total(coverage),
        "tests": ordered,
        "verdicts": list(KINDS),
        "findings": _bounded(findings),
        "profiles": list(profiles),
    }
    # Within a script "<" could end it.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return template.replace("{{data}}", text.encode("utf-8", "backslashreplace").decode("utf-8"))
