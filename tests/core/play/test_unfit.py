"""A fault that can't show on an answer neither fires nor counts there: no test passes because of it."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import md5

import pytest

from pytest_s3errors._core.report.never_fired import never_fired
from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import fail_rule, slow_rule
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator

BODIES = [*(name for name, kind in FAULTS.items() if kind.needs_body), "replaced_object"]
HOST = "bucket.s3.us-east-1.amazonaws.com"


class S3:
    """An S3 with one rule, which holds an empty object and a full one."""

    def __init__(self, rule):
        store = S3Store(now=lambda: datetime(2026, 5, 1, tzinfo=UTC))
        store.put("bucket", "empty", b"")
        store.put("bucket", "full", b"0123456789")
        self.simulator = Simulator(store=store, rules=(rule,), clock=lambda: 0.0)
        self.simulator.armed = True
        (self.rule,) = self.simulator.schedule.rules

    def ask(self, method="GET", target="/full", body=b"", **headers):
        """Make one request; return whether the rule fired on it."""
        headers = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        entry = self.simulator.begin(parse_call(method=method, target=target, headers=headers))
        self.simulator.answer(entry, body)
        self.simulator.end(entry)
        return entry.firing is not None or entry.slowing is not None


@pytest.mark.parametrize("fault", BODIES)
def test_a_body_fault_waits_for_an_answer_with_a_body(fault):
    """An empty object has none, and neither has a 304."""
    s3 = S3(fail_rule((fault,), {"times": 1}))
    etag = s3.simulator.store.get("bucket", "full").etag
    assert [s3.ask(target="/empty"), s3.ask(if_none_match=f'"{etag}"')] == [False, False]
    assert (s3.rule.matched, s3.rule.fired, s3.rule.remaining) == (0, 0, 1)
    assert [s3.ask(), s3.ask()] == [True, False]


@pytest.mark.parametrize("fault", BODIES)
def test_such_an_answer_does_not_count(fault):
    """Neither for `after` nor for `every`."""
    s3 = S3(fail_rule((fault,), {"after": 1, "every": 2}))
    asked = ["/empty", "/full", "/empty", "/full", "/empty", "/full", "/full", "/full"]
    assert [s3.ask(target=target) for target in asked] == [False] * 5 + [True, False, True]


def test_it_is_said_why_it_never_fired():
    """The answer is the field that differed."""
    s3 = S3(fail_rule(("truncated_body",), {}))
    s3.ask(target="/empty")
    text = never_fired(s3.rule, s3.simulator.entries)
    assert "The first field that differed: answer: wanted one with a body, came one without." in text


def test_an_object_that_is_not_there_is_not_replaced():
    """Its 404 is S3's own."""
    s3 = S3(fail_rule(("replaced_object",), {"times": 1}))
    assert [s3.ask(target="/none"), s3.ask(target="/full")] == [False, True]


DELETE = b"<Delete>%s</Delete>"


def delete(s3, *keys):
    document = DELETE % b"".join(b"<Object><Key>%s</Key></Object>" % key for key in keys)
    digest = b64encode(md5(document).digest()).decode()
    return s3.ask("POST", "/?delete", document, content_md5=digest)


def test_a_partial_delete_waits_for_one_of_its_keys():
    """A request for other keys is answered by S3 alone."""
    s3 = S3(fail_rule(("partial_delete",), {"keys": "f*", "times": 1}))
    assert [delete(s3, b"empty", b"none"), s3.ask("POST", "/?delete", b"<Delete")] == [False, False]
    assert not s3.simulator.store.exists("bucket", "empty")
    assert [delete(s3, b"full", b"none"), delete(s3, b"full")] == [True, False]


def test_a_partial_delete_names_the_keys_that_came():
    """Three of them are enough."""
    s3 = S3(fail_rule(("partial_delete",), {"keys": "logs/*"}))
    delete(s3, b"a", b"b", b"c", b"d")
    text = never_fired(s3.rule, s3.simulator.entries)
    assert "The first field that differed: keys: wanted 'logs/*', came 'a', 'b', 'c'." in text


def test_a_partial_delete_that_s3_refuses():
    """A list with an object without a key gets no list of deleted keys."""
    s3 = S3(fail_rule(("partial_delete",), {"keys": "f*"}))
    assert not s3.ask("POST", "/?delete", DELETE % b"<Object><Key>full</Key></Object><Object/>")


def test_only_a_body_has_a_rate():
    """A rule that slows the first byte too fires on each answer."""
    s3 = S3(slow_rule((), {"bytes_per_second": 1000}))
    assert [s3.ask("PUT", "/new", b"1"), s3.ask(target="/empty"), s3.ask("HEAD")] == [False] * 3
    assert [s3.ask(), s3.ask(target="/none")] == [True, True]
    assert S3(slow_rule((1.0,), {"bytes_per_second": 1000})).ask("PUT", "/new", b"1")
