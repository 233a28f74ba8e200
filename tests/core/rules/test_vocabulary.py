"""Which requests `absent`, `prefix`, `query`, `range` and `rate` take."""

from __future__ import annotations

import re

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import Schedule
from pytest_s3errors._core.s3.calls import parse_call


def call(target="/data/k", method="GET", **headers):
    """Return a request; `_` in the name of a header is `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_call(method=method, target=target, headers={"host": "s3.us-east-1.amazonaws.com", **named})


def taken(options, *calls, at=()):
    """Return which of *calls*, which come at the seconds *at*, a rule with *options* takes."""
    schedule = Schedule((fail_rule(("SlowDown",), options),), float)
    times = at or [0.0] * len(calls)
    return [schedule.take(one, second) is not None for one, second in zip(calls, times, strict=True)]


@pytest.mark.parametrize(
    ("options", "takes", "leaves"),
    [
        ({"absent": "Content-MD5"}, call(), call(content_md5="x")),
        ({"absent": ["A", "B"]}, call(), call(b="x")),
        ({"header": {"Content-MD5": ""}}, call(), call(content_md5="x")),
        ({"header": {"Content-MD5": "*"}}, call(content_md5="x"), call()),
        ({"prefix": "logs/*"}, call("/data?list-type=2&prefix=logs/2026"), call("/data?list-type=2&prefix=tmp")),
        ({"prefix": "*"}, call("/data?list-type=2"), call("/data/k?prefix=logs/")),
        ({"query": {"list-type": "2"}}, call("/data?list-type=2"), call("/data")),
        ({"query": {"versionId": "a*"}}, call("/data/k?versionId=ab"), call("/data/k?versionId=b")),
        ({"range": "bytes=0-*"}, call(range="bytes=0-99"), call(range="bytes=100-199")),
        ({"range": 2}, None, call()),
    ],
)
def test_a_condition(options, takes, leaves):
    """Takes the one, leaves the other."""
    assert taken(options, leaves) == [False]
    assert takes is None or taken(options, takes) == [True]


def test_the_second_range_of_each_object():
    """In the order of the first time that a range is asked for; asked again it is the same one."""
    first, second, third = (call(range=f"bytes={n}-{n}") for n in range(3))
    other = call("/data/other", range="bytes=0-0")
    assert taken({"range": 2}, first, second, first, second, third, other) == [False, True, False, True, False, False]


def test_a_range_counts_where_the_rest_matches():
    """Ranges of other keys are not looked at."""
    unwanted, wanted = call("/data/x", range="bytes=0-0"), call("/data/y", range="bytes=0-0")
    assert taken({"range": 1, "key": "y"}, unwanted, wanted) == [False, True]


def test_requests_above_a_rate():
    """What is refused does not count, so that the rate itself gets through."""
    assert taken({"rate": "2/s"}, *[call()] * 6, at=[0, 0.1, 0.2, 0.9, 1.0, 1.05]) == [
        False,
        False,
        True,
        True,
        False,
        True,
    ]


def test_a_rate_for_each_key():
    """The others have their own."""
    assert taken({"rate": "1/min per key"}, call("/d/a"), call("/d/b"), call("/d/a"), at=[0, 1, 59.9]) == [
        False,
        False,
        True,
    ]


def test_a_rate_with_other_counts():
    """`times` counts what fails."""
    assert taken({"rate": "1/s", "times": 1}, *[call()] * 3) == [False, True, False]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"absent": 3}, "s3_fail(absent=3): allowed is the name of a header, or a list of them"),
        ({"query": "list-type=2"}, "s3_fail(query='list-type=2'): allowed is a mapping of query parameters to globs"),
        ({"query": {"list-type": 2}}, "allowed is a mapping of query parameters to globs"),
        ({"range": 0}, "s3_fail(range=0): allowed is a whole number from 1 up"),
        ({"range": True}, "s3_fail(range=True): allowed is a whole number from 1 up"),
        ({"range": 2.5}, "s3_fail(range=2.5): allowed is a glob of the Range header"),
        ({"prefix": 3}, "s3_fail(prefix=3): allowed is a non-empty string"),
        ({"prefix": "s3://data/logs"}, "here 'data' is the bucket and 'logs' the key"),
        ({"rate": "fast"}, "s3_fail(rate='fast'): allowed is a count per s, min or h"),
        ({"rate": "0/s"}, "s3_fail(rate='0/s'): allowed"),
        ({"rate": 3500}, "s3_fail(rate=3500): allowed"),
        ({"rate": "1/s per prefix"}, "(per key, bucket or operation)"),
    ],
)
def test_mistakes(options, says):
    """Each names what came and what is allowed."""
    with pytest.raises(RuleError, match=re.escape(says)):
        fail_rule((503,), options)
