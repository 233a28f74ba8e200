"""The verdict of a run, by the table of docs/howto/sweep.md, from values alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_s3errors._core.insight import invariants
from pytest_s3errors._core.insight.invariants import ABSENT, Normal, Trace, state_of
from pytest_s3errors._core.insight.targets import Names
from pytest_s3errors._core.insight.verdicts import verdict_of
from pytest_s3errors._core.s3.store import S3Store

from .journals import journal

PUT = "PUT /b/k 4"
NEW, OLD, CUT = "4 bytes new text", "3 bytes old text", "2 bytes cut text"
K = ("b", "k")


def trace(*lines, states=None, before=None, status=200, **more):
    return Trace(
        entries=journal(*lines, status=status),
        states={K: NEW} if states is None else states,
        before={K: before} if before else {},
        **more,
    )


def normal(first=None, second=None):
    first = first or trace(PUT)
    second = second or first
    calls = [[entry.call for entry in one.entries] for one in (first, second)]
    return Normal(first, second, Names(*calls))


def kind(one, against=None, ended="returned", **more):
    return verdict_of(one, against or normal(), ended=ended, **more).kind


def test_survived():
    assert kind(trace(PUT, PUT)) == "survived"


def test_gave_up_with_the_key_as_before():
    assert kind(trace(PUT, states={}), ended="raised", error="S3Error") == "gave up"
    assert kind(trace(PUT, states={K: OLD}), normal(trace(PUT, before=OLD)), ended="raised") == "gave up"


def test_gave_up_with_the_key_as_after():
    """The answer was lost, the work was done."""
    assert kind(trace(PUT), ended="raised") == "gave up"


def test_silent():
    assert kind(trace(PUT, states={}), ended="assertion", error="assert 1 == 2") == "silent"


@pytest.mark.parametrize("ended", ["returned", "raised", "assertion"])
def test_torn(ended):
    """However the body ended: a key may be as before or as after."""
    assert kind(trace(PUT, states={K: CUT}), ended=ended) == "torn"


def test_a_key_that_is_lost_is_torn():
    assert kind(trace(PUT, states={}), normal(trace(PUT, before=OLD)), ended="raised") == "torn"


def test_a_key_that_the_fault_free_run_does_not_have_is_torn():
    assert kind(trace(PUT, states={K: NEW, ("b", "left"): CUT})) == "torn"


def test_a_state_on_the_way_is_allowed():
    first = trace(PUT, PUT)
    first = Trace(entries=first.entries, states={K: NEW}, passed={K: frozenset({OLD})})
    assert kind(trace(PUT, states={K: OLD}), normal(first), ended="raised") == "gave up"


def test_what_differs_between_two_runs_without_a_fault_is_excused():
    """A time in the body, a UUID in the key."""
    times = normal(trace(PUT, states={K: "8 bytes 10:00:00"}), trace(PUT, states={K: "8 bytes 10:00:01"}))
    assert kind(trace(PUT, states={K: "8 bytes 10:00:02"}), times) == "survived"
    first, second = (Trace(entries=journal(f"PUT /b/{key} 4"), states={("b", key): NEW}) for key in ("x1", "x2"))
    keys = normal(first, second)
    assert kind(Trace(entries=journal("PUT /b/x3 4"), states={("b", "x3"): NEW}), keys) == "survived"
    assert kind(Trace(entries=journal("PUT /b/x3 4"), states={("b", "x3"): CUT}), keys) == "torn"


def test_bytes_that_were_moved_are_somewhere():
    """Each key is as before or as after, and what they held is gone."""
    old, new = ("b", "old"), ("b", "new")
    moves = normal(Trace(entries=journal("DELETE /b/old"), states={new: NEW}, before={old: NEW}))
    for states, expected in (({}, "torn"), ({old: NEW}, "gave up"), ({new: NEW}, "gave up")):
        assert kind(trace("DELETE /b/old", states=states), moves, ended="raised") == expected


def test_bytes_that_were_only_on_the_way_may_be_nowhere():
    tmp = ("b", "tmp")
    copies = normal(Trace(entries=journal(PUT), states={K: NEW}, passed={tmp: frozenset({NEW})}))
    assert kind(trace(PUT, states={}), copies, ended="raised") == "gave up"


def test_acknowledged_bytes_have_to_be_there():
    promised = trace(PUT, states={}, acknowledged={K: NEW})
    assert kind(promised, ended="raised") == "torn"
    assert kind(trace(PUT, acknowledged={K: NEW})) == "survived"
    assert kind(trace(PUT, acknowledged={K: ABSENT})) == "torn"


@pytest.mark.parametrize("what", ["unfinished_uploads", "tasks", "threads"])
def test_leak(what):
    left = trace(PUT, left={what: 1})
    assert kind(left, ended="raised") == "leak"
    assert kind(left, allowed={what}, ended="raised") == "gave up"
    assert kind(left, normal(trace(PUT, left={what: 1}))) == "survived"


def test_storm():
    assert kind(trace(*[PUT] * 6)) == "survived"
    assert kind(trace(*[PUT] * 7)) == "storm"
    assert kind(trace(*[PUT] * 7), normal(trace(PUT, PUT))) == "survived"
    assert kind(trace(PUT), ended="raised", problems=["more than 20 requests asked for the same"]) == "storm"


def test_five_attempts_at_each_of_ten_parts_are_no_storm():
    parts = [f"PUT /b/k?uploadId=u&partNumber={n} 9" for n in range(1, 11)]
    assert kind(trace(*parts * 5, status=503), normal(trace(*parts)), ended="raised") == "gave up"


def test_hang():
    assert kind(trace(PUT, status=503, elapsed_s=360.0), ended="raised") == "gave up"
    assert kind(trace(PUT, status=503, elapsed_s=361.0), ended="raised") == "hang"
    assert kind(trace(PUT, "PUT /b/other 4", status=503, elapsed_s=700.0), ended="raised") == "gave up"
    assert kind(trace(PUT), ended="raised", problems=["test time went beyond 86400 s"]) == "hang"
    assert kind(trace(PUT), ended="raised", problems=["for 3 s a client has waited for the simulated S3 and"]) == "hang"


def test_missed():
    assert kind(trace(PUT), hit=False) == "missed"
    assert kind(trace(PUT), ended="raised", problems=["the simulated S3 has no RestoreObject"]) == "missed"


def test_lost_data_comes_first():
    worst = trace(*[PUT] * 9, states={K: CUT}, left={"unfinished_uploads": 1})
    assert kind(worst, ended="assertion") == "torn"
    assert kind(worst, ended="assertion", allowed={"torn"}) == "silent"


@pytest.mark.parametrize("headers", [{}, {"server_side_encryption": "aws:kms"}])
def test_the_same_bytes_are_the_same_state(headers, monkeypatch):
    """Bytes too many to read go by their ETag, unless a key encrypts them: that one is new with each write."""
    monkeypatch.setattr(invariants, "_HASHED_BYTES", 3)
    store = S3Store(now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    states = [state_of(store.put("b", "k", body, **headers)) for body in (b"text", b"text", b"TEXT")]
    assert states[0] == states[1] != states[2]
