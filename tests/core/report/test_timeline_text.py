"""The timeline as text: a request takes one line of any width, waits are to scale, each rule is named once."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.report.timeline import Fold, Row, Timeline, Use
from pytest_s3errors._core.report.timeline_text import columns, shortened, timeline_lines, timeline_text

PLAIN = Row(
    started_s=0.0,
    ended_s=0.0,
    wait_s=0.0,
    operation="PutObject",
    place="b/k",
    details=(),
    body_size=0,
    answer_size=0,
    answer_whole=0,
    status=200,
    code=None,
    fault=None,
    uses=(),
    well=True,
)


def row(**fields) -> Row:
    """A PutObject of ``b/k`` that went well, but for *fields*."""
    return Row(**{name: getattr(PLAIN, name) for name in Row.__slots__} | fields)


def shown(*rows: Row | Fold, rules: tuple[str, ...] = (), width: int = 80) -> list[str]:
    return timeline_text(Timeline(rows=rows, rules=rules), width).splitlines()


def test_no_request():
    """An empty journal says so."""
    assert shown() == ["no request reached the simulated S3"]


def test_waits_are_drawn_to_scale():
    """The longest has thirty columns, the shortest at least one; what is under ten milliseconds is no wait."""
    times = [(0, 0), (0.01, 0.01), (10.01, 10), (15.01, 5), (15.015, 0.005)]
    assert shown(*(row(started_s=at, ended_s=at, wait_s=wait) for at, wait in times)) == [
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
    """How long an answer took, if that can be noticed; the columns of targets and outcomes stay straight."""
    unanswered = row(started_s=1.0, ended_s=None, status=None, well=False)
    assert shown(row(ended_s=2.5), unanswered, row(started_s=100_000, ended_s=100_000.005, place="long/key")) == [
        "   0.000 s PutObject b/k       200 after 2.500 s",
        "   1.000 s PutObject b/k       no answer yet",
        " 100000.000 s PutObject long/key  200",
    ]


def test_a_target_says_what_it_is_about_and_how_much():
    """Part, range, prefix; the bytes that went up, or those of the object that came down."""
    cut = row(operation="GetObject", answer_size=4, answer_whole=11, fault="truncated_body", well=False)
    assert [line[11:] for line in shown(
        row(operation="UploadPart", details=("part 3",), body_size=5 * 2**20),
        row(operation="GetObject", details=("bytes=0-99",), answer_size=100, answer_whole=100),
        row(operation="ListObjectsV2", place="b", details=("prefix=logs/",), answer_size=512, answer_whole=512),
        cut,
        row(body_size=9_999),
        row(body_size=3 * 2**40),
    )] == [
        "UploadPart b/k part 3 5.0 MiB   200",
        "GetObject b/k bytes=0-99 100 B  200",
        "ListObjectsV2 b prefix=logs/    200",
        "GetObject b/k 4 B of 11 B       200 truncated_body",
        "PutObject b/k 9999 B            200",
        "PutObject b/k 3.0 TiB           200",
    ]  # fmt: skip


def test_rules_are_numbered_and_named_once_below():
    """With the time for which each fired, and of how many; a rule that took none of the rows is not named."""
    slow, fail = Use(rule=0, number=1, of=None), Use(rule=1, number=2, of=3)
    refused = row(status=503, code="SlowDown", uses=(fail, slow), well=False)
    assert shown(refused, row(), row(uses=(slow,)), rules=("s3_slow(1)", "s3_fail('SlowDown')", "s3_fail(503)")) == [
        "   0.000 s PutObject b/k  503 SlowDown  <- [2], 2 of 3  <- [1], 1",
        "   0.000 s PutObject b/k  200",
        "   0.000 s PutObject b/k  200  <- [1], 1",
        "[1] s3_slow(1)",
        "[2] s3_fail('SlowDown')",
    ]


def test_folds_say_what_they_stand_for():
    """How many, and whether they are like the row above; else how many failed and how many are to blame."""
    folds = Fold(requests=9, failed=9, alike=True), Fold(requests=8, failed=3), Fold(requests=8, failed=3, marked=2)
    assert shown(row(), *folds)[1:] == [
        "           ... 9 more like this",
        "           ... 8 more requests, 3 of them failed ...",
        "           ... 8 more requests, 3 of them failed, 2 are marked ...",
    ]


def test_each_line_has_a_look():
    """Renderers with colors need no second look at the text."""
    rows = (row(), row(wait_s=1.0, well=False), row(marked=True, well=False, uses=(Use(rule=0, number=1, of=None),)))
    lines = timeline_lines(Timeline(rows=(*rows, Fold(requests=2, failed=0)), rules=("s3_fail(503)",)))
    assert [line.look for line in lines] == ["well", "aside", "failed", "marked", "aside", "aside"]
    assert lines[3].text.startswith(">")


@pytest.mark.parametrize("width", [80, 120])
def test_a_long_key_loses_its_middle_and_nothing_else(width):
    """Its beginning, its end, the part, the size, the outcome and the rule stay."""
    key = f"bucket/{'/'.join(f'folder-{n:03}' for n in range(60))}/report.parquet"
    use = Use(rule=0, number=2, of=3)
    long = row(
        operation="UploadPart", place=key, details=("part 7",), body_size=7, status=503, code="SlowDown", uses=(use,)
    )
    line, short, _ = shown(long, row(), rules=("s3_fail('SlowDown', times=3)",), width=width)
    assert len(line) == width
    assert line.startswith("   0.000 s UploadPart bucket/")
    assert line.endswith(".parquet part 7 7 B  503 SlowDown  <- [1], 2 of 3")
    assert "..." in line
    assert short.index("200") == line.index("503")


def test_a_key_that_is_no_line_of_text_stays_on_its_line():
    """Line ends, escapes of terminals and bytes that are no UTF-8 are spelled out."""
    (line,) = shown(row(place="b/a\nb\x1b[31m\udcff"))
    assert line == r"   0.000 s PutObject b/a\nb\x1b[31m\udcff  200"


@given(
    st.lists(
        st.builds(
            row,
            started_s=st.floats(0, 1e6),
            ended_s=st.none() | st.floats(0, 1e7),
            wait_s=st.floats(0, 1e6),
            operation=st.sampled_from(["GetObject", "CompleteMultipartUpload", "ListBucketAnalyticsConfigurations"]),
            place=st.text(max_size=300),
            details=st.lists(st.text(min_size=1, max_size=200), max_size=2).map(tuple),
            body_size=st.integers(0, 10**13),
            status=st.sampled_from([200, 409, None]),
            code=st.none() | st.text(min_size=1, max_size=100) | st.just("ConditionalRequestConflict"),
            uses=st.lists(
                st.builds(Use, rule=st.integers(0, 3), number=st.integers(1, 10**5), of=st.none()), max_size=2
            ).map(tuple),
            marked=st.booleans(),
        ),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.text(min_size=1, max_size=200), min_size=4, max_size=4),
    st.sampled_from([40, 80, 120, 200]),
)
def test_nothing_wraps(rows, rules, width):
    """Whatever came: a line for each request and each wait, none of them wider than the terminal."""
    timeline = Timeline(rows=tuple(rows), rules=tuple(rules))
    lines = timeline_lines(timeline, width)
    assert all(columns(line.text) <= width for line in lines)
    assert all(line.text.isprintable() for line in lines)
    of_requests = list(itertools.takewhile(lambda line: not line.text.startswith("["), lines))
    assert len(of_requests) == sum(one.height for one in rows)


def test_wide_characters_take_two_columns():
    """A terminal gives them two; a mark over a letter takes none."""
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    assert shortened("日本語の鍵", 9) == "日...鍵"


def test_a_width_that_is_none_is_eighty():
    """Some terminals say zero."""
    key = "x" * 200
    assert shown(row(place=key), width=0) == shown(row(place=key), width=80)
