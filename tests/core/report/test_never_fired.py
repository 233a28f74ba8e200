"""Why a rule never fired, told from the rule and from what came."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.never_fired import never_fired
from pytest_s3errors._core.rules.parse_rule import fail_rule, outage_rule
from pytest_s3errors._core.rules.schedule import ArmedRule, Schedule
from pytest_s3errors._core.s3.calls import parse_call


def told(schedule, *targets, at=0.0):
    """Let GET requests for *targets* come, and tell why the last rule never fired."""
    entries = []
    for target in targets:
        call = parse_call(method="GET", target=target, headers={"host": "s3.us-east-1.amazonaws.com"})
        entries.append(Entry(call, schedule.take(call, at), at))
    return never_fired(schedule.rules[-1], entries)


def of(*rules):
    """Return the rules of a test; chance says no to all that ask it."""
    return Schedule(rules, lambda: 0.999)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"after": 3}, "2 requests matched, but after=3 lets 3 pass."),
        ({"every": 3}, "2 requests matched, but every=3 takes each 3. one."),
        ({"probability": 0.1}, "2 requests matched, but probability=0.1 said no each time."),
    ],
)
def test_none_was_due(options, says):
    """What matched was let pass."""
    assert says in told(of(fail_rule((503,), options)), "/b/k", "/b/k")


def test_the_first_field_that_differed():
    """Of the request that came nearest."""
    text = told(of(fail_rule((503,), {"operation": "GetObject", "key": "logs/*"})), "/b", "/b/k?versionId=v")
    assert "2 requests came; the nearest was GetObject b/k" in text
    assert "The first field that differed: key: wanted 'logs/*', came 'k'." in text
    assert text.startswith("s3_fail(503, operation='GetObject', key='logs/*') never fired.")
    assert text.endswith("If it need not fire, write optional=True.")


def test_it_came_before_or_after_the_outage():
    """Then time is the field."""
    assert "test time: wanted 5 s up to 10 s, came 12 s" in told(of(outage_rule((5,), {"start": 5})), "/b/k", at=12.0)


def test_an_earlier_rule_took_them_all():
    """It is named."""
    text = told(of(fail_rule((500,), {}), fail_rule((503,), {})), "/b/k")
    assert "Every request was taken by an earlier rule: s3_fail(500)." in text


def test_it_was_cancelled():
    """Before anything came."""
    armed = ArmedRule(fail_rule((503,), {}))
    armed.cancelled = True
    assert "It was cancelled before a request came." in never_fired(armed, [])


def test_no_request_came():
    """At all."""
    assert "No request reached the simulated S3" in told(of(fail_rule((503,), {})))
