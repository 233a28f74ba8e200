"""Faults that Hypothesis draws: `pytest_s3errors.strategies.schedules()`."""

from __future__ import annotations

import re

import pytest

from pytest_s3errors import RuleError
from pytest_s3errors.strategies import schedules  # here: pytester forgets what a run of its own imported

HEADER = """
from hypothesis import HealthCheck, given, settings
from pytest_s3errors.strategies import schedules

SETTINGS = settings(
    deadline=None, max_examples=40, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""


def test_each_example_begins_with_the_same_s3(run):
    """What markers and fixtures put there is back, and requests, counters and time begin anew."""
    run(
        HEADER
        + """
@pytest.fixture
def made(s3_store):
    s3_store.put("data", "made", b"by a fixture")

lengths = []

@pytest.mark.s3_object("data", "old", b"text", tags={"a": "b"})
@pytest.mark.s3_layer("client")
@SETTINGS
@given(schedule=schedules())
async def test_it(s3_client, s3_store, s3_errors, s3_clock, made, schedule):
    assert s3_store.keys("data") == ["made", "old"]
    assert s3_errors.requests == []
    assert s3_clock.now == 0
    lengths.append(len(schedule))
    try:
        await s3_client.delete_object("data", "old")
        await s3_client.put_object("data", "new", b"data")
        await s3_client.put_object("another", "new", b"data")
    except S3Error:
        pass

def test_several_were_drawn():
    assert len(lengths) >= 40 and {0, 1, 2, 3} == set(lengths)
"""
    ).assert_outcomes(passed=2)


def test_what_two_faults_break_is_found_and_made_small(run):
    result = run(
        HEADER
        + """
@pytest.mark.s3_layer("client")
@SETTINGS
@given(schedule=schedules(["InternalError", "lost_response"], "PutObject"))
async def test_it(s3_client, s3_store, schedule):
    for attempt in range(2):
        try:
            await s3_client.put_object("data", "key", b"data")
            break
        except S3Error:
            pass
    assert s3_store.exists("data", "key")
"""
    )
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    (found,) = set(re.findall(r"schedule=(\[s3_fail\(.*\)\])", text))
    assert found == "[s3_fail('InternalError', operation='PutObject', times=2, optional=True)]"
    timeline = text[text.index("S3 requests") :] if "S3 requests" in text else text
    assert timeline.count("PutObject data/key 4 B  500 InternalError") == 2  # of that example alone


def test_a_blocking_client(run):
    pytest.importorskip("boto3")
    run(
        HEADER
        + """
import boto3

@pytest.mark.s3_bucket("data")
@settings(SETTINGS, max_examples=10)
@given(schedules("5xx", max_faults=1))
def test_it(schedule):
    client = boto3.client("s3")
    try:
        client.put_object(Bucket="data", Key="key", Body=b"data")
    except client.exceptions.ClientError:
        pass
"""
    ).assert_outcomes(passed=1)


def test_what_an_example_swallowed_fails_the_test(run):
    """Later examples do not wash it away."""
    result = run(
        HEADER
        + """
examples = []

@pytest.mark.s3_limits(alike=3)
@pytest.mark.s3_layer("client")
@SETTINGS
@given(schedules())
async def test_it(s3_client, schedule):
    examples.append(schedule)
    for _ in range(5 if len(examples) == 3 else 1):
        try:
            await s3_client.head_object("data", "key")
        except BaseException:
            pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*more than 3 requests asked for the same, *"])


def test_outside_of_a_test_of_ours(run):
    result = run(HEADER + "@SETTINGS\n@given(schedules())\ndef test_it(schedule): pass\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*schedules() plays in a test that uses S3, and none runs.*"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stal",), "did you mean 'stall'?"),
        ((None, "PutObjekt"), "did you mean 'PutObject'?"),
        (("partial_delete", "GetObject"), "none of partial_delete can happen to 'GetObject'"),
    ],
)
def test_mistakes(arguments, says):
    with pytest.raises(RuleError, match=re.escape(says)):
        schedules(*arguments)
