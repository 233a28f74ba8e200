"""For how long the clock stands still while nothing moves, and what counts as moving."""

from __future__ import annotations

import types

import pytest

from pytest_s3errors._time import kernel, patience
from pytest_s3errors._time.waits import Record


class Machine:
    """A process with a thread that looks and one that works, in each of whose seconds the same happens."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        self.own = self.others = self.own_queued = self.others_queued = 0.0
        real = types.SimpleNamespace(
            monotonic=lambda: self.now,
            thread_time=lambda: self.own,
            process_time=lambda: self.own + self.others,
            get_ident=lambda: 1,
            get_native_id=lambda: 1,
        )
        monkeypatch.setattr(patience, "REAL", real)
        monkeypatch.setattr(kernel, "queued_s", lambda: {1: self.own_queued, 2: self.others_queued})
        self.patience = patience.Patience()

    def go_on(self, seconds, *, own=0.0, others=0.0, own_queued=0.0, others_queued=0.0):
        """Let *seconds* pass, of which the threads compute or queue for these shares."""
        self.now += seconds
        self.own, self.others = self.own + seconds * own, self.others + seconds * others
        self.own_queued += seconds * own_queued
        self.others_queued += seconds * others_queued


@pytest.mark.parametrize(
    ("asleep", "step", "shares", "stands_still_s"),
    [
        (True, 0.03, {}, 5),
        (True, 0.03, {"others": 0.1}, 5.3),
        (False, 0.03, {"others": 1.0}, 32.5),
        (True, 0.03, {"others": 0.05, "others_queued": 0.95}, 602.5),
        (False, 0.03, {"others": 0.01, "others_queued": 0.1}, 3002.5),
        (True, 1.0, {"own_queued": 0.97}, 86),
    ],
    ids=[
        "sleeps",
        "wakes up now and then",
        "computes",
        "gets little processor, and sleeps while another thread has the interpreter",
        "reads a slow disk",
        "sleeps on a machine so busy that nobody can look",
    ],
)
def test_a_thread_that_wants_the_processor_is_no_wait(monkeypatch, asleep, step, shares, stands_still_s):
    """Whether it gets it or not, no time passes, until it has computed for thirty seconds."""
    machine = Machine(monkeypatch)
    while machine.patience.overdue_s(lambda: asleep) is None:
        machine.go_on(step, **shares)
    assert machine.now - 100 == pytest.approx(stands_still_s, rel=0.05)


@pytest.mark.parametrize(
    ("step", "shares", "stands_still_s"),
    [
        (0.001, {"own": 1.0}, 5),
        (0.001, {"own": 0.1, "own_queued": 0.9}, 27.5),
        (0.1, {"own": 0.01}, 8.9),
        (0.1, {"own": 1.0}, 25),
        (0.5, {"own": 1.0}, 31.5),
    ],
    ids=["spins", "spins on a busy machine", "sleeps between", "computes between", "computes long between"],
)
def test_a_thread_that_reads_the_clock_again_and_again_moves_it(monkeypatch, step, shares, stands_still_s):
    """If it does little else: one that computes reads it too, for a log."""
    machine = Machine(monkeypatch)
    while not machine.patience.read() or machine.patience.overdue_s(None) is None:
        machine.go_on(step, **shares)
    assert machine.now - 100 == pytest.approx(stands_still_s, rel=0.15)


@pytest.mark.parametrize("asleep", [lambda: True, None], ids=["waits", "reads the clock"])
def test_a_process_that_was_stopped_has_not_waited(monkeypatch, asleep):
    """Ten times for a minute: that counts as little as ten looks may."""
    machine = Machine(monkeypatch)
    for _ in range(10):
        machine.go_on(60)
        assert machine.patience.overdue_s(asleep) is None


def test_only_time_that_was_looked_at_is_added(monkeypatch):
    """The clock goes on from where it stood; it does not make up for the patience."""
    machine = Machine(monkeypatch)
    added = 0.0
    while machine.now < 110:
        added += machine.patience.overdue_s(lambda: True) or 0.0
        machine.go_on(0.03)
    assert added == pytest.approx(5, abs=0.1)


def test_threads_that_talk_until_a_certain_time_come_to_an_end(monkeypatch):
    """Each of them waits again and again, and reads the clock only now and then. No wait that is jumped over counts."""
    machine = Machine(monkeypatch)
    added = 0.0
    for _ in range(4000):
        machine.go_on(0.01, own=0.5, others=0.5, others_queued=1.0)
        machine.patience.moved()
        if machine.patience.read():
            added += machine.patience.overdue_s(None) or 0.0
        assert machine.patience.overdue_s(lambda: False) is None
    assert added == pytest.approx(10, abs=1)
    machine.patience.jumped()
    machine.go_on(20, own=1.0)
    machine.patience.moved()
    assert machine.patience.overdue_s(None) is None


def test_what_went_by_before_a_wait_is_no_patience(monkeypatch):
    """Nor are the readings; and so between two tests."""
    machine = Machine(monkeypatch)
    for _ in range(300):
        machine.patience.read()
    machine.go_on(58)
    machine.patience.moved()
    assert machine.patience.overdue_s(lambda: True) is None
    machine.go_on(6, own=1)
    assert machine.patience.overdue_s(None) is None
    machine.go_on(6, own=1)
    assert machine.patience.overdue_s(None) is None


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


@pytest.mark.parametrize("client", ["blocking", "async"])
def test_requests_are_moves(run, client):
    """A client that is answered at once never waits, however long it goes on. No time passes meanwhile."""
    run(
        """
import http.client, time
from pytest_s3errors._time import patience
from pytest_s3errors._time.originals import REAL

pytestmark = [pytest.mark.s3_limits(alike=10**6, requests=10**6), pytest.mark.s3_object("bucket", "key", b"x")]

@pytest.fixture(autouse=True)
def impatient(monkeypatch): monkeypatch.setattr(patience, "PATIENCE_S", 0.04)

def going_on():
    began = REAL.monotonic()
    while REAL.monotonic() - began < 0.4:
        yield [time.monotonic() for _ in range(20)]

def test_blocking(s3_clock):
    connection = http.client.HTTPConnection("bucket.s3.amazonaws.com")
    for _ in going_on():
        connection.request("GET", "/key")
        assert connection.getresponse().read() == b"x"
    connection.close()
    assert s3_clock.now == 0

async def test_async(s3_clock):
    async with aiohttp.ClientSession() as session:
        for _ in going_on():
            async with session.get("http://bucket.s3.amazonaws.com/key") as response:
                assert await response.read() == b"x"
    assert s3_clock.now == 0
""",
        "-k",
        client,
    ).assert_outcomes(passed=1, deselected=1)
