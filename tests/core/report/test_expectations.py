"""What `s3_expect` says of a test's body, from what was seen of it; and what it says to wrong arguments."""

from __future__ import annotations

import hashlib
import re
from types import SimpleNamespace

import pytest

from pytest_s3errors._core.report.expectations import expectation_of
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.observed import Seen, Unmet, last_read
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.s3.messages import Call

GET, PUT = "GetObject", "PutObject"
SHA = hashlib.sha256(b"data").hexdigest()


def entry(operation, status=200, at=0.0, *, key="k", endpoint="s3.amazonaws.com", took=0.0):
    """Return one request that began at *at*."""
    call = Call(method="PUT", url="", endpoint=endpoint, operation=operation, bucket="b", key=key, headers={}, query={})
    made = Entry(call, None, at)
    made.status, made.ended_s = status, at + took
    return made


def journal(*entries):
    """Return *entries* with their places in the order of all beginnings and ends."""
    for place, one in enumerate(entries):
        one.begun, one.ended = 2 * place, 2 * place + 1
    return list(entries)


def seen(*entries, **more):
    """Return what was seen: *entries*, and by default nothing else."""
    given = {
        "elapsed_s": 0.0,
        "error": None,
        "circuits": [],
        "served_by": last_read(entries),
        "body_of": lambda bucket, key: {("b", "k"): b"data"}.get((bucket, key)),
        "unfinished": [],
    }
    return Seen(entries=journal(*entries), **{**given, **more})


def told(kwargs, what):
    """Return each thing of it that does not hold, as a line of the report."""
    return [str(unmet) for unmet in expectation_of((), kwargs).unmet(what)]


TWICE = (entry(PUT, 503), entry(PUT, 200, at=1.0))
THRICE = (entry(PUT, 503), entry(PUT, 503, at=1.05), entry(PUT, 200, at=3.1))


@pytest.mark.parametrize(
    ("kwargs", "what", "says"),
    [
        ({"attempts": 2}, seen(*TWICE), None),
        ({"attempts": 3}, seen(*TWICE), "attempts: wanted 3 requests, seen 2"),
        ({"attempts": {"Put*": 2, GET: 0}}, seen(*TWICE), None),
        ({"attempts": {"Put*": 1}}, seen(*TWICE), "attempts at Put*: wanted 1 request, seen 2"),
        ({"backoff": [1.0, 2.0]}, seen(*THRICE), None),
        ({"backoff": []}, seen(entry(PUT)), None),
        (
            {"backoff": [1.0]},
            seen(*THRICE),
            "backoff of PutObject b/k: wanted waits of 1.000 s (and up to 10 % more), seen waits of 1.050 s, 2.050 s",
        ),
        (
            {"backoff": [1.0, 2.0], "jitter": 0},
            seen(*THRICE),
            "backoff of PutObject b/k: wanted waits of 1.000 s, 2.000 s, seen waits of 1.050 s, 2.050 s",
        ),
        ({"backoff": [1.0]}, seen(entry(PUT)), "backoff: wanted waits of 1.000 s*, seen no call that was tried again"),
        ({"elapsed": (1, 2)}, seen(elapsed_s=1.5), None),
        ({"elapsed": (1, 2)}, seen(elapsed_s=2.5), "elapsed: wanted 1 to 2 s, seen 2.500 s"),
        ({"outcome": "success"}, seen(), None),
        ({"outcome": "success"}, seen(error=OSError()), "outcome: wanted success, seen OSError"),
        ({"outcome": OSError}, seen(error=ConnectionError()), None),
        ({"outcome": (OSError, KeyError)}, seen(), "outcome: wanted OSError or KeyError, seen success"),
        ({"outcome": SystemExit}, seen(error=SystemExit(1)), None),
        ({"outcome": ExceptionGroup}, seen(error=ExceptionGroup("tasks", [OSError()])), None),
        (
            {"outcome": Exception},
            seen(error=ExceptionGroup("tasks", [OSError(), AssertionError()])),
            "outcome: wanted Exception, seen ExceptionGroup with a failed assertion",
        ),
        ({"circuit": ["closed", "open"]}, seen(circuits=[(None, ["closed", "open"])]), None),
        (
            {"circuit": ["open"]},
            seen(),
            "circuit: wanted open, seen no CircuitBreaker; s3_errors.watch(breaker) follows any",
        ),
        (
            {"circuit": ["closed", "open"]},
            seen(circuits=[("reads", ["closed"])]),
            "circuit 'reads': wanted closed > open, seen closed",
        ),
        ({"served_by": "s3.*"}, seen(entry(GET)), None),
        ({"served_by": "backup"}, seen(entry(GET, endpoint="backup:9000")), None),
        ({"served_by": "local_cache"}, seen(served_by=(None, "local_cache")), None),
        ({"served_by": "backup"}, seen(entry(GET)), "served_by: wanted backup, seen s3.amazonaws.com"),
        (
            {"served_by": "backup"},
            seen(entry(PUT)),
            "served_by: wanted backup, seen no read that succeeded; s3_errors.served() reports a cache",
        ),
        ({"stored": {"b/k": b"data", "b/other": None}}, seen(), None),
        ({"stored": {"b/k": SHA.upper()}}, seen(), None),
        ({"stored": {"b/k": None}}, seen(), "stored b/k: wanted nothing, seen 4 bytes b'data'"),
        ({"stored": {"b/o": b"x"}}, seen(), "stored b/o: wanted 1 byte b'x', seen nothing"),
        (
            {"stored": {"b/k": "0" * 64}},
            seen(),
            f"stored b/k: wanted SHA-256 000*, seen 4 bytes b'data', SHA-256 {SHA}",
        ),
        ({"stored": {"b/k": b"y" * 50}}, seen(), "stored b/k: wanted 50 bytes b'yyy*y'..., seen 4 bytes b'data'"),
        ({"unfinished_uploads": 0}, seen(), None),
        (
            {"unfinished_uploads": 0},
            seen(unfinished=[SimpleNamespace(bucket="b", key="k")]),
            "unfinished_uploads: wanted 0, seen 1 (b/k)",
        ),
        ({"max_in_flight": 1}, seen(*TWICE), None),
        ({"quiet": [(0, 1)]}, seen(*TWICE), None),
        (
            {"quiet": [(0.5, 2)]},
            seen(*TWICE),
            "quiet from 0.5 to 2 s: wanted no request, seen 1, the first at 1.000 s",
        ),
    ],
)
def test_an_expectation(kwargs, what, says):
    """Nothing is told where it holds, and one line where it does not."""
    lines = told(kwargs, what)
    assert len(lines) == (says is not None)
    pattern = re.escape(says or "").replace(r"\*", ".*")
    assert not lines or re.fullmatch(pattern, lines[0]), lines


def test_too_many_at_one_time():
    """Those beyond the limit are to blame."""
    what = seen(entry(GET, key="one"), entry(GET, key="two"))
    first, second = what.entries
    first.begun, second.begun, first.ended, second.ended = 0, 1, 2, 3
    (unmet,) = expectation_of((), {"max_in_flight": 1}).unmet(what)
    assert unmet == Unmet(what="max_in_flight", wanted="at most 1", seen="2", positions=frozenset({1}))


@pytest.mark.parametrize(
    ("kwargs", "what", "positions"),
    [
        ({"attempts": {PUT: 1}}, seen(*TWICE), {0, 1}),
        ({"backoff": [1.0, 3.0]}, seen(*THRICE), {2}),
        ({"backoff": [1.0, 2.0, 4.0]}, seen(*THRICE), {2}),
        ({"served_by": "backup"}, seen(entry(PUT), entry(GET), entry(GET, 503)), {1}),
        ({"stored": {"b/k": None}}, seen(entry(GET), entry(PUT)), {1}),
        (
            {"unfinished_uploads": 0},
            seen(entry("CreateMultipartUpload"), unfinished=[SimpleNamespace(bucket="b", key="k")]),
            {0},
        ),
        ({"quiet": [(0.5, 2)]}, seen(*TWICE), {1}),
    ],
)
def test_the_requests_to_blame(kwargs, what, positions):
    """The timeline marks them."""
    assert expectation_of((), kwargs).unmet(what)[0].positions == positions


def test_all_of_it_is_told():
    """In the order in which it was written."""
    lines = told({"outcome": OSError, "attempts": 3}, seen(*TWICE))
    assert [line.partition(":")[0] for line in lines] == ["outcome", "attempts"]


def test_the_exceptions_that_may_end_the_body():
    """A success is none of them."""
    assert expectation_of((), {"outcome": "success"}).outcomes == ()
    assert expectation_of((), {"outcome": OSError}).outcomes == (OSError,)
    assert expectation_of((), {"outcome": (OSError, KeyError)}).outcomes == (OSError, KeyError)


def test_real_time_may_be_off():
    """By the slack, either way."""
    off = seen(*TWICE, slack_s=0.3)
    assert told({"backoff": [1.2], "jitter": 0}, off) == []
    assert len(told({"backoff": [1.4], "jitter": 0}, off)) == 1


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((3,), {}, "s3_expect() takes keyword arguments only, such as s3_expect(attempts=3)"),
        ((), {}, "s3_expect() does not say what to expect"),
        ((), {"atempts": 3}, "did you mean 'attempts'?"),
        ((), {"jitter": 0.1}, "s3_expect(jitter=...) belongs to backoff="),
        ((), {"attempts": {}}, "s3_expect(attempts={}): allowed is a number, or a mapping of operations to numbers"),
        ((), {"stored": {}}, "s3_expect(stored=...): allowed is a mapping of 'bucket/key'"),
        ((), {"attempts": -1}, "s3_expect(attempts=-1): allowed is a whole number from 0 up"),
        ((), {"backoff": 1.0}, "s3_expect(backoff=1.0): allowed is a list of seconds"),
        ((), {"backoff": [1.0], "jitter": -1}, "s3_expect(jitter=-1): allowed is a share of the wait, 0 or more"),
        ((), {"elapsed": 3}, "s3_expect(elapsed=3): allowed is a pair of seconds"),
        ((), {"elapsed": (3, 2)}, "s3_expect(elapsed=(3, 2)): the first number is the lower one"),
        ((), {"outcome": "failure"}, "s3_expect(outcome='failure'): allowed are \"success\" and an exception class"),
        ((), {"outcome": ()}, "s3_expect(outcome=()): allowed"),
        ((), {"circuit": ["shut"]}, "s3_expect(circuit=['shut']): allowed is a list of 'closed', 'open'"),
        ((), {"served_by": ""}, "s3_expect(served_by=''): allowed is a host"),
        ((), {"stored": b"data"}, "allowed is a mapping of 'bucket/key'"),
        ((), {"stored": {"bucket": b""}}, "'bucket' names no bucket and key"),
        ((), {"stored": {"b/k": "text"}}, "'text' came for 'b/k'"),
        ((), {"quiet": (0, 30)}, "s3_expect(quiet=0): allowed is a pair of seconds"),
        ((), {"quiet": []}, "s3_expect(quiet=[]): allowed is a list of pairs"),
        ((), {"max_in_flight": 0}, "s3_expect(max_in_flight=0): allowed is a whole number from 1 up"),
    ],
)
def test_mistakes(args, kwargs, says):
    """Each names what came and what is allowed."""
    with pytest.raises(RuleError, match=re.escape(says)):
        expectation_of(args, kwargs)
