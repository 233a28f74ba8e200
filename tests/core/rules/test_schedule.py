"""Which requests a rule takes."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.rules.parse_rule import fail_rule, script_rule
from pytest_s3errors._core.rules.schedule import ArmedRule, Schedule
from pytest_s3errors._core.s3.messages import Call

PUT = Call(
    method="PUT",
    url="https://bucket.s3.us-east-1.amazonaws.com/logs/a.parquet",
    endpoint="s3.us-east-1.amazonaws.com",
    operation="PutObject",
    bucket="bucket",
    key="logs/a.parquet",
    headers={"range": "bytes=5-9"},
)
PART = replace(PUT, operation="UploadPart", query={"partNumber": "3", "uploadId": "u"})


def never() -> float:
    raise AssertionError("a rule without a probability must not use up random numbers")


def fired(options: dict, count: int, call: Call = PUT) -> list[bool]:
    """Which of *count* equal requests the rule takes."""
    armed = ArmedRule(fail_rule(("SlowDown",), options))
    return [armed.take(call, never) is not None for _ in range(count)]


@pytest.mark.parametrize("times", [1, 2, 5])
def test_times_takes_exactly_so_many(times):
    """The n-th request fails, the one after it passes."""
    assert fired({"times": times}, times + 1) == [True] * times + [False]
    assert fired({"times": times}, times - 1) == [True] * (times - 1)


def test_without_times_all_fail():
    """None is the default and means all."""
    assert all(fired({}, 50))


@pytest.mark.parametrize("after", [0, 1, 3])
def test_after_lets_exactly_so_many_pass(after):
    """The request number after + 1 is the first to fail."""
    assert fired({"after": after}, after + 2) == [False] * after + [True, True]


@pytest.mark.parametrize("every", [1, 2, 3])
def test_every_takes_each_nth_of_the_due_ones(every):
    """The n-th and the 2n-th fail, not the ones beside them."""
    assert fired({"every": every, "after": 2}, 2 + 2 * every + 1) == [False] * 2 + [
        i % every == 0 for i in range(1, 2 * every + 2)
    ]


def test_part_is_compared_as_a_number():
    """Part 3 is neither part 2 nor part 4, nor a request without a part."""
    assert fired({"part": 3}, 1, PART) == [True]
    assert fired({"part": 2}, 1, PART) == fired({"part": 4}, 1, PART) == fired({"part": 3}, 1, PUT) == [False]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"operation": "Get*"}, "operation"),
        ({"operation": ["GetObject", "HeadObject"]}, "operation"),
        ({"bucket": "other"}, "bucket"),
        ({"key": "logs/*.csv"}, "key"),
        ({"endpoint": "*.example"}, "endpoint"),
        ({"method": "GET"}, "method"),
        ({"part": 1}, "part"),
        ({"header": {"Range": "bytes=6-*"}}, "header range"),
        ({"header": {"If-Match": "*"}}, "header if-match"),
    ],
)
def test_a_difference_names_its_field(options, field):
    """What does not match is refused, and the field that differed is known."""
    rule = fail_rule(("SlowDown",), options)
    difference = rule.match.difference(PUT)
    assert difference is not None
    assert difference.field == field


@pytest.mark.parametrize(
    "options",
    [
        {"operation": "Put*"},
        {"operation": ["GetObject", "PutObject"]},
        {"bucket": "b*", "key": "logs/*.parquet"},
        {"endpoint": "S3.us-east-1.*"},
        {"method": "put"},
        {"header": {"Range": "bytes=5-*"}},
    ],
)
def test_globs_match(options):
    """Each kind of option takes what its glob covers."""
    assert fired(options, 1) == [True]


@pytest.mark.parametrize(
    ("glob", "host", "matches"),
    [
        ("backup.example", "backup.example:9000", True),
        ("backup.*:9000", "backup.example:9000", True),
        ("backup.example:9000", "backup.example:9001", False),
        ("backup.example:9000", "backup.example", False),
        ("backup", "backup.example:9000", False),
        ("*::1]", "[::1]:9000", True),
    ],
)
def test_an_endpoint_without_a_port_is_that_host_at_any_port(glob, host, matches):
    """A glob with a port asks for that port."""
    assert fired({"endpoint": glob}, 1, replace(PUT, endpoint=host)) == [matches]


def test_the_first_due_rule_takes_and_later_ones_do_not_see_it():
    """`after` of the second rule counts only what the first let go."""
    first, second = fail_rule((500,), {"times": 1}), fail_rule((503,), {"after": 1})
    schedule = Schedule((first, second), never)
    takers = [taken.rule.rule if (taken := schedule.take(PUT)) else None for _ in range(3)]
    assert takers == [first, None, second]


def test_a_script_gives_each_request_its_outcome_and_then_passes():
    """An "ok" takes a request and lets it through; after the last outcome nothing is taken."""
    schedule = Schedule((script_rule((503, "ok", "disconnect"), {}),), never)
    taken = [schedule.take(PUT) for _ in range(4)]
    assert [t and (t.fault.kind if t.fault else "ok") for t in taken] == ["error", "ok", "disconnect", None]
    assert [t.number for t in taken if t] == [1, 2, 3]


def test_a_body_fault_waits_for_an_answer_with_a_body():
    """truncated_body does not spend its turn on a PutObject, whose answer has nothing to cut."""
    armed = ArmedRule(fail_rule(("truncated_body",), {"times": 1}))
    assert armed.take(PUT, never) is None
    assert armed.take(replace(PUT, method="GET", operation="GetObject"), never) is not None


def test_a_cancelled_rule_takes_nothing():
    """What was cancelled is over, and says that nothing remains."""
    armed = ArmedRule(fail_rule((503,), {}))
    armed.cancelled = True
    assert armed.take(PUT, never) is None
    assert armed.remaining == 0


@given(
    after=st.integers(0, 4),
    every=st.integers(1, 4),
    times=st.none() | st.integers(1, 4),
    hits=st.lists(st.booleans(), max_size=30),
)
def test_counters_agree_with_a_model(after, every, times, hits):
    """For any mix of matching and other requests the rule takes what a direct count says."""
    rule = fail_rule((503,), {"after": after, "every": every, "times": times, "bucket": "bucket"})
    armed = ArmedRule(rule)
    other = replace(PUT, bucket="other")
    took = [armed.take(PUT if hit else other, never) is not None for hit in hits]
    matching = [index for index, hit in enumerate(hits) if hit]
    due = [index for number, index in enumerate(matching[after:], 1) if number % every == 0]
    assert [i for i, t in enumerate(took) if t] == due[:times]


@given(seed=st.integers(0, 1000), probability=st.floats(0.01, 0.99))
def test_probability_comes_from_the_seed(seed, probability):
    """The same seed takes the same requests."""

    def taken() -> list[bool]:
        draw = random.Random(seed).random
        armed = ArmedRule(fail_rule((503,), {"probability": probability}))
        return [armed.take(PUT, draw) is not None for _ in range(30)]

    assert taken() == taken()
    draws = random.Random(seed)
    assert taken() == [draws.random() < probability for _ in range(30)]


def test_concurrent_requests_are_counted_once_each():
    """50 requests in a gather: exactly `times` are taken, whatever the order."""
    schedule = Schedule((fail_rule((503,), {"times": 7}),), never)

    async def one(delay: int) -> bool:
        for _ in range(delay % 5):
            await asyncio.sleep(0)
        return schedule.take(PUT) is not None

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*map(one, range(50)))

    assert sum(asyncio.run(all_of_them())) == 7
