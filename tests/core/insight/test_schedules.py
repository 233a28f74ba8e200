"""Random schedules: what is drawn, how one gets shorter, and the text that replays it."""

from __future__ import annotations

import random
import re

import pytest

from pytest_s3errors._core.insight.cases import CONDITIONS, Case, cases_of, condition_of
from pytest_s3errors._core.insight.schedules import drawn, of_operation, schedule_of, spelled, without_one
from pytest_s3errors._core.insight.targets import Names, targets_of
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_sweep import sweep_of

from .journals import journal

PARTS = [f"PUT /b/k?uploadId=u&partNumber={n} 9" for n in (3, 1, 2)]  # as they happen to come
UPLOAD = ["POST /b/k?uploads", *PARTS, "POST /b/k?uploadId=u 9"]


def targets(*lines):
    entries = journal(*lines)
    calls = [entry.call for entry in entries]
    return targets_of(entries, entries, Names(calls, calls)), entries


def one(target, name, mode="once"):
    return Case(target=target, condition=condition_of(name)[0], mode=mode)


def test_two_or_three_of_the_cases_are_drawn():
    found, _ = targets(*UPLOAD)
    cases = cases_of(found, CONDITIONS, ["once", "always"])
    schedules = [drawn(cases, random.Random(seed).random) for seed in range(50)]
    assert {len(case.faults) for case in schedules} == {2, 3}
    assert len({spelled(case, found) for case in schedules}) > 40
    known = {(id(case.target), str(case.condition), case.mode) for case in cases}
    assert all((id(f.target), str(f.condition), f.mode) in known for case in schedules for f in case.faults)


def test_the_text_of_a_schedule_says_it_all():
    """By part and key: which request came first does not count."""
    found, entries = targets(*UPLOAD)
    text = "InternalError always at UploadPart 2; lost_response as=stall at CompleteMultipartUpload"
    text += "; SlowDown at AbortMultipartUpload"
    case = schedule_of(sweep_of((), {"random": text}).schedule, found)
    assert spelled(case, found) == text
    rules = [fault.rule(entries).spelling for fault in case.faults]
    assert "operation='UploadPart', bucket='b', key='k', part=2" in rules[0]
    assert "times" not in rules[0]
    assert "as_='stall'" in rules[1]
    assert rules[2] == "s3_fail('SlowDown', operation='AbortMultipartUpload', times=1, optional=True)"


def test_a_request_that_comes_because_of_a_fault_comes_after_all_others():
    found, entries = targets("PUT /b/k 4")
    (step,) = sweep_of((), {"random": "SlowDown at PutObject 2"}).schedule
    case = schedule_of([step], found)
    assert "after=1" in case.rule(entries).spelling
    assert spelled(case, found) == "SlowDown at PutObject 2"


def test_one_fault_after_the_other_is_left_out():
    found, _ = targets(*UPLOAD)
    case = schedule_of(sweep_of((), {"random": "SlowDown at UploadPart 1; stall at UploadPart 3"}).schedule, found)
    assert [[str(fault.condition) for fault in less.faults] for less in without_one(case)] == [["stall"], ["SlowDown"]]
    assert not list(without_one(one(of_operation("HeadObject"), "stall")))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SlowDown", "allowed is a number of schedules, or one schedule as a finding prints it"),
        ("SlowDwn at PutObject", "did you mean 'SlowDown'?"),
        ("SlowDown at PutObjekt", "did you mean 'PutObject'?"),
    ],
)
def test_a_text_that_says_nothing(text, says):
    with pytest.raises(RuleError, match=re.escape(says)):
        sweep_of((), {"random": text})
