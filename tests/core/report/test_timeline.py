"""The timeline: one line per request, waits to scale, never more than a screen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.timeline import timeline
from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing, Rule
from pytest_s3errors._core.s3.messages import Call

SCREEN = 40


def entry(
    start: float, end: float | None, *, key: str = "k", status: int | None = 200, rule: Rule | None = None
) -> Entry:
    """A PutObject of ``b/key``."""
    call = Call(method="PUT", url=f"https://s3/{key}", endpoint="s3", operation="PutObject", bucket="b", key=key)
    made = Entry(call, Firing(ArmedRule(rule), Fault(kind="error"), 1) if rule else None, start)
    made.ended_s, made.status = end, status
    return made


def test_no_request():
    """An empty journal says so."""
    assert timeline([]) == "no request reached the simulated S3"


def test_waits_are_drawn_to_scale():
    """The longest has thirty columns, the shortest at least one; what is under ten milliseconds is no wait."""
    times = [(0, 0), (0.01, 0.01), (10.01, 10.01), (15.01, 15.01), (15.015, 15.015)]
    assert timeline([entry(*time) for time in times]).splitlines() == [
        "   0.000 s PutObject b/k  200",
        "           : 0.010 s =",
        "   0.010 s PutObject b/k  200",
        "           : 10.000 s ==============================",
        "  10.010 s PutObject b/k  200",
        "           : 5.000 s ===============",
        "  15.010 s PutObject b/k  200",
        "  15.015 s PutObject b/k  200",
    ]


def test_long_answers_and_unfinished_ones():
    """How long an answer took, if that can be noticed; overlapping requests have no wait between them."""
    shown = timeline([entry(0, 2.5), entry(1, None, status=None), entry(100_000, 100_000.005, key="long/key")])
    assert shown.splitlines() == [
        "   0.000 s PutObject b/k         200 after 2.500 s",
        "   1.000 s PutObject b/k         no answer yet",
        " 100000.000 s PutObject b/long/key  200",
    ]


def test_the_lines_to_blame_are_marked():
    """In the first column, so that they are found at a glance and by a search."""
    lines = timeline([entry(0, 0), entry(1, 1), entry(2, 2)], {0, 2}).splitlines()
    assert [line[0] for line in lines] == [">", " ", " ", " ", ">"]


def test_a_screen_full_is_not_folded():
    """Forty lines fit, the forty-first does not."""
    assert len(timeline([entry(0, 0) for _ in range(SCREEN)]).splitlines()) == SCREEN
    assert timeline([entry(0, 0) for _ in range(SCREEN + 1)]).splitlines() == [
        "   0.000 s PutObject b/k  200",
        "           ... 40 more like this",
    ]


def test_runs_of_the_same_are_folded_and_what_differs_stays():
    """Four alike in a row; another status, another rule or a mark ends a run."""
    rule = Rule(outcomes=(Fault(kind="error"),), spelling="s3_fail(503)")
    entries = [entry(0, 0, key=str(n)) for n in range(30)] + [entry(0, 0, status=500)] * 3
    entries += [entry(0, 0) for _ in range(20)]
    entries[40].firing = Firing(ArmedRule(rule), None, 1)
    assert timeline(entries, {10}).splitlines() == [
        "   0.000 s PutObject b/0   200",
        "           ... 9 more like this",
        ">  0.000 s PutObject b/10  200",
        "   0.000 s PutObject b/11  200",
        "           ... 18 more like this",
        *["   0.000 s PutObject b/k   500"] * 3,
        "   0.000 s PutObject b/k   200",
        "           ... 6 more like this",
        "   0.000 s PutObject b/k   200  <- s3_fail(503), 1",
        "   0.000 s PutObject b/k   200",
        "           ... 11 more like this",
    ]


def test_what_does_not_repeat_loses_its_middle():
    """Head and tail stay; the line between says how many failed and how many marked lines are hidden."""
    entries = [entry(n, n, status=503 if n % 2 else 200) for n in range(100)]
    lines = timeline(entries, {50, 51, 0}).splitlines()
    assert len(lines) <= SCREEN
    assert "           ... 82 more requests, 41 of them failed, 2 are marked ..." in lines


@pytest.mark.parametrize("width", [10, 200])
def test_a_long_key_does_not_push_the_rest_away(width):
    """The column of targets ends at sixty; a longer one has its line to itself."""
    lines = timeline([entry(0, 0, key="x" * width), entry(0, 0)]).splitlines()
    assert lines[1].index("200") <= 11 + 60 + 2


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(0, 10), st.sampled_from([200, 404, 503, None]), st.booleans()),
        min_size=1,
        max_size=120,
    )
)
def test_any_journal_fits_and_counts_up(journal):
    """At most a screen, and lines and folds together stand for every request."""
    start, entries, marked = 0.0, [], set()
    for wait, took, status, mark in journal:
        start += wait
        entries.append(entry(start, start + took, status=status))
        start += took
        if mark:
            marked.add(len(entries) - 1)
    lines = timeline(entries, marked).splitlines()
    folds = [int(found[1]) for line in lines if (found := re.match(r" +\.\.\. (\d+) more", line))]
    assert len(lines) <= SCREEN
    assert sum("PutObject" in line for line in lines) + sum(folds) == len(journal)
