"""How many requests a test may make."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.limits import TOO_MANY, RequestLimits, located
from pytest_s3errors._core.s3.messages import Call


def entry(key="k", **call):
    """A request as it begins."""
    asked = {"method": "GET", "url": "", "endpoint": "s3", "operation": "GetObject", "bucket": "b", "headers": {}}
    return Entry(Call(**{**asked, "key": key, "query": {}, **call}), None, 0.0)


def test_the_limit_itself_is_allowed():
    """Two of two pass, the third is told once, and those after it no more."""
    limits = RequestLimits(requests=2)
    told = [limits.count(entry(str(n))) for n in range(5)]
    assert [text is not None for text in told] == [False, False, True, False, False]
    assert told[2].startswith(f"{TOO_MANY}2 requests came")


@pytest.mark.parametrize(
    "other",
    [
        {"key": "other"},
        {"method": "HEAD", "operation": "HeadObject"},
        {"query": {"versionId": "1"}},
        {"headers": {"range": "bytes=0-1"}},
    ],
)
def test_only_what_asks_for_the_same_is_alike(other):
    """Of whichever endpoint, however signed; another key, part or range is something else."""
    limits = RequestLimits(alike=2)
    same = [entry(), entry(endpoint="backup", query={"X-Amz-Signature": "1"}), entry(query={"X-Amz-Signature": "2"})]
    told = [limits.count(one) for one in (same[0], entry(**other), entry(**other), same[1], same[2])]
    assert told[:-1] == [None] * 4
    assert told[-1].startswith(f"{TOO_MANY}2 requests asked for the same, GetObject b/k")


def test_no_limit_counts_nothing():
    """The standalone server goes on for ever."""
    assert not any(RequestLimits().count(entry()) for _ in range(10))


def test_a_problem_names_the_lines():
    """Where there are any."""
    assert located("why", "") == "why"
    assert located("why", "a.py:1\nb.py:2").splitlines() == ["why", "The code is at", "  a.py:1", "  b.py:2"]
