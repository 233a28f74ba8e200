"""Which faults are tried where, and the rule that plays one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_s3errors._core.insight.cases import CONDITIONS, Case, Condition, cases_of, condition_of
from pytest_s3errors._core.insight.targets import Names, targets_of
from pytest_s3errors._core.rules.classes import CLASSES, classes_of
from pytest_s3errors._core.rules.faults import FAULTS

from .journals import journal


def targets(*lines):
    entries = journal(*lines)
    calls = [entry.call for entry in entries]
    return targets_of(entries, entries, Names(calls, calls)), entries


@pytest.mark.parametrize("line", ["PUT /b/k 4", "GET /b/k", "HEAD /b/k", "POST /b/k?uploadId=u 4", "POST /b?delete 9"])
def test_each_class_that_can_happen_to_an_operation_is_tried(line):
    """Bytes go wrong where a checksum says so; elsewhere nobody could notice."""
    (target,), _ = targets(line)
    target = replace(target, answered=True)
    tried = {one.shows_as for one in CONDITIONS if one.can_hit(target)}
    unseen = set() if line.startswith("GET") else {"corruption"}
    assert tried == set(classes_of(target.identity.operation)) - unseen


def test_a_quick_sweep_tries_each_class():
    assert {one.shows_as for one in CONDITIONS if one.quick} == set(CLASSES)


def test_the_rule_takes_that_very_request():
    (first, second), entries = targets("PUT /b/k 4", "PUT /b/k 4")
    reset = next(one for one in CONDITIONS if one.what == "connection_reset")
    once = Case(target=second, condition=reset, mode="once").rule(entries)
    assert once.spelling == (
        "s3_fail('connection_reset', operation='PutObject', bucket='b', key='k', after=1, times=1, optional=True)"
    )
    always = Case(target=first, condition=reset, mode="always").rule(entries)
    assert (always.times, always.after, always.optional) == (None, 0, True)


def test_a_fault_about_bodies_does_not_count_answers_without_one():
    """The first of three reads got an empty object."""
    (*_, third), entries = targets("GET /b/k", "GET /b/k", "GET /b/k")
    entries[0].answer_whole = 0
    conditions = (Condition("stall"), Condition("truncated_body"))
    rules = [Case(target=third, condition=one, mode="once").rule(entries) for one in conditions]
    assert [rule.after for rule in rules] == [2, 1]


def test_one_of_a_kind_stands_for_all():
    parts = [f"PUT /b/k?uploadId=u&partNumber={n} 9" for n in range(1, 30)]
    found, _ = targets(*parts)
    reset = condition_of("connection_reset")
    assert len(cases_of(found, reset, ["once"])) == 29
    assert [one.target.identity.part for one in cases_of(found, reset, ["once"], one_of_a_kind=True)] == [1, 2, 29]


def test_once_comes_before_always_and_the_most_telling_fault_first():
    found, _ = targets("PUT /b/k 4")
    cases = cases_of(found, CONDITIONS, ["once", "always"])
    assert [one.mode for one in cases] == sorted((one.mode for one in cases), reverse=True)
    assert cases[0].condition.what == "AccessDenied"


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("SlowDown", ["SlowDown"]),
        ("lost answer", ["lost_response", "lost_response as=InternalError", "lost_response as=stall"]),
        ("NoSuchKey", ["NoSuchKey"]),
        ("redirect", ["redirect"]),
        (502, ["502"]),
        ("nothing", []),
    ],
)
def test_names_of_faults(name, means):
    assert [str(one) for one in condition_of(name)] == means


def test_what_is_left_out_is_known():
    """A fault that is not swept would blame correct code: this list is looked at when a fault is added."""
    left = set(FAULTS) - {one.what for one in CONDITIONS}
    assert left == {"dns_failure", "tls_failure", "slow_body", "empty_body", "redirect", "replaced_object"}
