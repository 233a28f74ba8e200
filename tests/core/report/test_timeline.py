"""The timeline's rows: fields of each request, folded to one screen, and the same after a journey as plain values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.timeline import Fold, Row, Timeline, Use, as_values, folded, from_values, timeline_of
from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing, Rule
from pytest_s3errors._core.s3.calls import parse_call

SCREEN = 40
FAILS = ArmedRule(Rule(outcomes=(Fault(kind="error"),), times=3, spelling="s3_fail(503, times=3)"))


def entry(
    start: float = 0,
    end: float | None = 0,
    *,
    target: str = "/b/k",
    status: int | None = 200,
    method: str = "PUT",
    headers: dict[str, str] | None = None,
    firing: Firing | None = None,
) -> Entry:
    """One request, a PutObject of ``b/k`` where nothing else is said."""
    host = "s3.us-east-1.amazonaws.com"
    made = Entry(parse_call(method=method, target=target, host=host, headers=headers or {}), firing, start)
    made.ended_s, made.status = end, status
    return made


def fired(number: int, armed: ArmedRule = FAILS) -> Firing:
    return Firing(armed, armed.rule.outcomes[0] if armed.rule.outcomes else None, number)


def height(timeline: Timeline) -> int:
    return sum(row.height if isinstance(row, Row) else 1 for row in timeline.rows)


def test_a_row_says_what_the_request_was_about():
    """Operation, bucket and key; the part, the range and the prefix of a listing beside them."""
    entries = [
        entry(target="/b/k?partNumber=3&uploadId=u"),
        entry(method="GET", headers={"range": "bytes=0-99"}),
        entry(method="GET", target="/b?list-type=2&prefix=logs%2F"),
        entry(method="GET", target="/"),
    ]
    shown = [(row.operation, row.place, row.details) for row in timeline_of(entries).rows]
    assert shown == [
        ("UploadPart", "b/k", ("part 3",)),
        ("GetObject", "b/k", ("bytes=0-99",)),
        ("ListObjectsV2", "b", ("prefix=logs/",)),
        ("ListBuckets", "", ()),
    ]


def test_a_row_says_what_came_back():
    """A fault, an error inside a 200 and no answer are no success; a slow one is."""
    unanswered, hidden, slow, cut = entry(status=None), entry(), entry(), entry(status=200)
    hidden.error_code = "InternalError"
    slow.firing = Firing(FAILS, Fault(kind="slow_body"), 1)
    cut.firing = Firing(FAILS, Fault(kind="truncated_body"), 1)
    rows = timeline_of([entry(), entry(status=404), unanswered, hidden, slow, cut]).rows
    assert [row.well for row in rows] == [True, False, False, False, True, False]
    assert [row.fault for row in rows[4:]] == ["slow_body", "truncated_body"]


def test_waits_are_from_the_end_of_one_request_to_the_start_of_the_next():
    """Requests that overlap have none between them, nor does one that has not ended."""
    timeline = timeline_of([entry(0, 1), entry(3, 9), entry(4, None), entry(10, 10)])
    assert [row.wait_s for row in timeline.rows] == [0, 2, 0, 0]


def test_each_rule_has_one_number():
    """Two markers that are written alike are two rules; a firing says for which time of how many."""
    twin = ArmedRule(FAILS.rule)
    slow = ArmedRule(Rule(outcomes=(), delay_s=1.0, spelling="s3_slow(1.0)"))
    entries = [entry(firing=fired(1)), entry(firing=fired(1, twin)), entry(firing=fired(2))]
    entries[2].slowing = fired(1, slow)
    timeline = timeline_of(entries)
    assert timeline.rules == ("s3_fail(503, times=3)", "s3_fail(503, times=3)", "s3_slow(1.0)")
    assert [row.uses for row in timeline.rows] == [
        (Use(rule=0, number=1, of=3),),
        (Use(rule=1, number=1, of=3),),
        (Use(rule=0, number=2, of=3), Use(rule=2, number=1, of=None)),
    ]


def test_a_screen_full_is_not_folded():
    """Forty lines fit, the forty-first does not."""
    assert len(folded(timeline_of([entry()] * SCREEN)).rows) == SCREEN
    first, fold = folded(timeline_of([entry()] * (SCREEN + 1))).rows
    assert (first.place, fold) == ("b/k", Fold(requests=40, failed=0, alike=True))


def test_only_what_is_alike_is_folded():
    """Four in a row with one target and outcome; another key, part, status, rule or a mark ends a run."""
    runs = [
        [entry()] * 20,
        [entry(target="/b/other")] * 4,
        [entry(target=f"/b/{n}") for n in range(4)],
        [entry(target=f"/b/k?partNumber={n}&uploadId=u") for n in range(1, 5)],
        [entry(status=500)] * 3,
        [entry(firing=fired(1)), entry(firing=fired(2)), entry(firing=fired(3)), entry(firing=fired(4))],
        [entry()] * 5,
    ]
    entries = [one for run in runs for one in run]
    shown = [
        row.requests if isinstance(row, Fold) else row.place
        for row in folded(timeline_of(entries, {len(entries) - 1})).rows
    ]
    assert shown == [
        *("b/k", 19, "b/other", 3, "b/0", "b/1", "b/2", "b/3", *["b/k"] * 4, *["b/k"] * 3),
        *("b/k", 3, "b/k", 3, "b/k"),
    ]


def test_what_does_not_repeat_loses_its_middle():
    """Head and tail stay; the fold between says how many failed and how many of them are to blame."""
    entries = [entry(n, n, status=503 if n % 2 else 200) for n in range(100)]
    timeline = folded(timeline_of(entries, {50, 51, 0}))
    assert height(timeline) <= SCREEN
    assert [row for row in timeline.rows if isinstance(row, Fold)] == [Fold(requests=82, failed=41, marked=2)]


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(0, 10), st.sampled_from([200, 404, 503, None]), st.booleans()),
        max_size=120,
    )
)
def test_any_journal_fits_counts_up_and_travels(journal):
    """At most a screen; rows and folds stand for every request; JSON gives the same timeline back."""
    start, entries, marked = 0.0, [], set()
    for wait, took, status, mark in journal:
        start += wait
        entries.append(entry(start, start + took, status=status, firing=None if status == 200 else fired(1)))
        start += took
        if mark:
            marked.add(len(entries) - 1)
    timeline = folded(timeline_of(entries, marked))
    assert height(timeline) <= SCREEN
    assert sum(row.requests if isinstance(row, Fold) else 1 for row in timeline.rows) == len(journal)
    assert from_values(json.loads(json.dumps(as_values(timeline)))) == timeline


def test_the_framing_of_a_body_is_not_counted():
    """boto3 frames its uploads as aws-chunked. What arrived of a body that was cut counts as it is."""
    framed = entry(headers={"x-amz-decoded-content-length": "3"})
    for arrived, size in ((44, 3), (2, 2)):
        framed.body_size = arrived
        assert framed.record().body_size == timeline_of([framed]).rows[0].body_size == size
