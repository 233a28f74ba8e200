"""For how long the clock stands still while nothing moves, and what counts as moving."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from pytest_s3errors._time import kernel, patience
from pytest_s3errors._time.waits import Record


@pytest.mark.parametrize(
    ("computes", "kept_waiting", "stands_still_s"),
    [(0.0, 0.0, 5), (0.5, 0.0, 30), (0.05, 0.9, 30), (0.0, 0.1, 5)],
    ids=["sleeps", "computes", "gets no processor", "sleeps on a busy machine"],
)
def test_a_thread_that_wants_the_processor_is_no_wait(monkeypatch, computes, kept_waiting, stands_still_s):
    """Whether it gets it or not, no time passes; the shares are those of each second."""
    now = 100.0
    real = types.SimpleNamespace(monotonic=lambda: now, process_time=lambda: now * computes)
    monkeypatch.setattr(patience, "REAL", real)
    monkeypatch.setattr(kernel, "kept_waiting_s", lambda: now * kept_waiting)
    watched = patience.Patience()
    while watched.overdue_s() is None:
        now += 0.01
    assert now - 100 == pytest.approx(stands_still_s, abs=0.02)


def test_what_went_by_between_two_tests_is_no_patience(monkeypatch):
    """Nor are the readings of the first one the second one's."""
    now = 100.0
    monkeypatch.setattr(patience, "REAL", types.SimpleNamespace(monotonic=lambda: now, process_time=lambda: 0.0))
    monkeypatch.setattr(kernel, "kept_waiting_s", lambda: 0.0)
    watched = patience.Patience()
    for _ in range(300):
        watched.read()
    now += 58
    watched.begin()
    assert watched.overdue_s() is None
    now += 6
    assert watched.overdue_s() == pytest.approx(1)


@pytest.mark.skipif(not kernel.ASKED, reason="only this kernel tells")
def test_the_kernel_tells_who_got_no_processor():
    """Two processes on one processor: each waits for half of the time, in which a sleeping one waits for nothing."""
    code = """
import os, sys, time
from pytest_s3errors._time import kernel
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
began = kernel.kept_waiting_s()
if sys.argv[1] == "computes":
    child = os.fork()
    end = time.monotonic() + 0.5
    while time.monotonic() < end: pass
    if not child: os._exit(0)
    os.waitpid(child, 0)
print(kernel.kept_waiting_s() - began)
"""
    waited = [
        float(subprocess.run([sys.executable, "-c", code, what], capture_output=True, text=True, check=True).stdout)
        for what in ("computes", "only asks")
    ]
    assert waited[0] > 0.1
    assert waited[1] < waited[0]


@pytest.mark.parametrize(
    ("guest", "polls", "patience_s"),
    [(True, 30, 0.5), (True, 32, 2.0), (True, 100_000, 3600.0), (False, 100_000, 0.5)],
    ids=["at first", "then", "after a night", "a thread of the test's own"],
)
def test_a_server_of_the_session_looks_up_ever_less_often(guest, polls, patience_s):
    """However often nothing came; never so in a thread of the test's own."""
    record = Record(1)
    record.guest, record.polls = guest, polls
    assert record.patience_s(0.5) == patience_s
    assert record.patience_s(7200.0) == 7200.0
