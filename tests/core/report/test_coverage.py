"""Error coverage: what a request met, who looked, which cells there are, and the same sums in whatever order."""

from __future__ import annotations

import json
import time
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.play.exchange import Ids
from pytest_s3errors._core.play.outcomes import outcome
from pytest_s3errors._core.report.coverage import Cell, Coverage, as_values, coverage_of, error_class, from_values
from pytest_s3errors._core.report.coverage_text import markdown, missing_lines, plain, table, total
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.rules.classes import CLASSES, classes_of
from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing, Rule
from pytest_s3errors._core.s3.messages import Call, ErrorReply, Response
from s3_asyncio_client._core.operations import OPERATIONS

CELLS = [(operation, error) for operation in OPERATIONS for error in classes_of(operation)]


def entry(operation: str | None, status: int | None = 200, code: str | None = None, fault: str | None = None) -> Entry:
    call = Call(method="GET", url="https://s3/b/k", endpoint="s3", operation=operation, bucket="b", key="k")
    firing = Firing(ArmedRule(Rule(outcomes=())), Fault(kind=fault), 1) if fault else None
    made = Entry(call, firing, 0.0)
    made.status, made.error_code, made.heard = status, code, True
    return made


@pytest.mark.parametrize(
    ("fault", "status", "code", "error"),
    [
        (None, 200, None, None),
        (None, None, None, None),
        (None, 200, "InternalError", "error in 200"),
        (None, 304, None, "4xx"),
        (None, 404, "NoSuchKey", "4xx"),
        (None, 503, "SlowDown", "throttle"),
        (None, 503, "ServiceUnavailable", "5xx"),
        ("slow_body", 200, None, None),
        ("stall", None, None, "timeout"),
        ("lost_response", None, None, "lost answer"),
        ("lost_response", 500, "InternalError", "lost answer"),
    ],
)
def test_the_class_of_what_came(fault, status, code, error):
    """A fault tells its own; an answer tells it by status and code, S3's own as well as a rule's."""
    assert error_class(fault, status, code) == error


def test_rows_are_the_operations_that_were_used_and_cells_those_that_can_happen():
    """A request without an operation, and an error that can't happen there, are in no cell."""
    found = coverage_of(
        [entry("GetObject"), entry("GetObject", fault="lost_response"), entry(None, 400)], checked_before=9
    )
    assert found.operations == ["GetObject"]
    assert tuple(found.row("GetObject")) == classes_of("GetObject")
    assert {cell.state for cell in found.cells.values()} == {"missing"}


def test_an_error_is_checked_if_the_test_looked_after_it():
    """One that came later, or in a test that failed, is met and no more."""
    came = [entry("PutObject", 500, "InternalError"), entry("PutObject", 403, "AccessDenied"), entry("PutObject")]
    states = {n: [cell.state for cell in coverage_of(came, checked_before=n).cells.values()][1:3] for n in range(3)}
    assert states == {0: ["met", "met"], 1: ["checked", "met"], 2: ["checked", "checked"]}


@pytest.mark.parametrize("error", [{"status": 404, "code": "NoSuchUpload"}, {"fault": "connection_reset"}])
def test_what_no_client_waited_for_is_not_met(error):
    """A part that is cancelled beside a failed one may reach S3, or not."""
    came = entry("UploadPart", **error)
    came.heard = False
    assert {cell.state for cell in coverage_of([came], checked_before=1).cells.values()} == {"missing"}


def test_sums_do_not_depend_on_the_order():
    """Workers end in any order; the JSON has the same bytes."""
    parts = [
        coverage_of([entry("PutObject", 500, "InternalError")], checked_before=1),
        coverage_of([entry("GetObject", fault="stall"), entry("PutObject", 500, "InternalError")], checked_before=0),
        coverage_of([entry("HeadObject", 404)], checked_before=0),
    ]
    texts = set()
    for order in permutations(parts):
        total_ = Coverage()
        for part in order:
            total_.add(from_values(json.loads(json.dumps(as_values(part)))))
        texts.add(json.dumps(as_values(total_)))
    assert len(texts) == 1
    assert total_.cells["PutObject", "5xx"] == Cell("PutObject", "5xx", met=2, checked=True)
    assert (
        total(total_) == f"3 of {len(total_.cells)} errors met ({100 * 3 / len(total_.cells):.0f} %), 1 of them checked"
    )


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        {"version": 2, "operations": {}},
        {"version": 1, "operations": {"PutObject": {"5xx": {}}}},
        {"version": 1, "operations": {"Get": {"5xx": {"met": 1, "checked": True}}}},
    ],
)
def test_what_is_no_coverage_is_refused(values):
    """Another file, or one of a later version."""
    with pytest.raises(ValueError, match=r"no error coverage|version 2"):
        from_values(values)


def test_the_marker_of_a_cell_makes_that_error_happen():
    """Each is one that the plugin takes, and its rule shows as an error of that class at that operation."""
    assert [(operation, made_by(Cell(operation, error).marker, operation)) for operation, error in CELLS] == CELLS


def made_by(marker, operation):
    """Return the class of the error that *marker* makes of a request for *operation*."""
    assert marker.startswith("@pytest.mark.s3_fail(")
    rule = eval(marker.removeprefix("@pytest.mark."), {"s3_fail": lambda *args, **kwargs: fail_rule(args, kwargs)})
    call = Call(method="GET", url="https://s3/b/k", endpoint="s3", operation=operation, bucket="b", key="k")
    firing = ArmedRule(rule).take(call, lambda: 0.0)
    assert firing is not None
    made = Entry(call, firing, 0.0)
    ids = Ids("request", "host")
    reply = outcome(firing.fault, call, b"", model=lambda *_: Response(status=200, body=b"<a/>"), ids=ids).answer
    if reply is not None:
        made.status, made.error_code = reply.status, reply.code if isinstance(reply, ErrorReply) else None
    return error_class(made.fault, made.status, made.error_code)


def some() -> Coverage:
    return coverage_of(
        [entry("PutObject", 503, "SlowDown")] * 1200 + [entry("PutObject", 500), entry("CompleteMultipartUpload")],
        checked_before=1200,
    )


def test_the_table_fits_eighty_columns():
    """Long names and large counts are cut; a cell that can't happen is empty."""
    coverage = some()
    coverage.add(coverage_of([entry("ListBucketIntelligentTieringConfigurations")], checked_before=0))
    lines = plain(table(coverage))
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split() == [
        "operation",
        "thr",
        "5xx",
        "4xx",
        "conn",
        "time",
        "lost",
        "cut",
        "corr",
        "in200",
        "prot",
    ]
    assert lines[3].split() == ["PutObject", "1k", "1?", "-", "-", "-", "-", "-"]
    assert lines[2].startswith("ListBucketIntelligentTi... ")
    assert [piece.look for piece in table(coverage)[3][1:4]] == ["checked", "met", "missing"]


def test_missing_ones_come_as_markers():
    """One for each red cell and for no other."""
    lines = missing_lines(some())
    assert '@pytest.mark.s3_fail("lost_response", operation="PutObject", times=1)' in lines
    assert not [line for line in lines if "SlowDown" in line and "PutObject" in line]


def test_markdown_has_a_column_for_each_class():
    """And a cell for each that can happen."""
    lines = markdown(some()).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in rows} == {len(CLASSES) + 3}
    assert "| `PutObject` | 🟢 1200 | 🟡 1 | 🔴 |" in rows[3]


def test_nothing_used_is_nothing_missed():
    """A suite without S3 has no table, and all of nothing."""
    assert Coverage().percent == 100
    assert "|" not in markdown(Coverage())


@given(st.lists(st.tuples(st.sampled_from(CELLS), st.integers(0, 5), st.booleans())))
def test_percent_counts_the_cells_that_were_met(cells):
    """Whatever was met how often."""
    coverage = Coverage()
    for place, met, checked in cells:
        coverage.add(Coverage({place: Cell(*place, met, checked and met > 0)}))
    red = len(list(coverage.missing()))
    assert coverage.percent == pytest.approx(100 * (1 - red / max(len(coverage.cells), 1)))


def test_many_tests_are_added_up_soon():
    """Whoever shows the reports of two workers waits for that, some 0.2 s; each test met an error of eight operations.

    It takes at most as long as counting each cell sixty times; some twenty were seen.
    """
    names = list(OPERATIONS)[:8]
    values = as_values(coverage_of([entry(name, 500, "InternalError") for name in names], checked_before=0))
    began, added = time.process_time(), Coverage()
    for _ in range(200):
        added.add(from_values(values))
    took_s = time.process_time() - began
    began, counted = time.process_time(), dict.fromkeys(added.cells, 0)
    for _ in range(60 * 200):
        for place in counted:
            counted[place] += 1
    assert took_s < time.process_time() - began
    assert added.cells[names[0], "5xx"].met == 200
