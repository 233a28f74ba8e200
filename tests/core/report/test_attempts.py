"""Which requests are attempts at the same thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.report.attempts import in_flight, logical_calls, waits_s
from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing, Rule
from pytest_s3errors._core.s3.messages import Call

OK, NO = 200, 503


class Journal:
    """Entries in the order in which they begin; each ends at once unless it says when."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._events = 0

    def event(self) -> int:
        self._events += 1
        return self._events

    def begin(self, key="k", status=OK, *, at=0.0, fault=None, headers=None, query=None, **call) -> Entry:
        asked = {"method": "PUT", "url": "", "endpoint": "s3", "operation": "PutObject", "bucket": "b", **call}
        firing = Firing(ArmedRule(Rule(outcomes=())), Fault(kind=fault), 1) if fault else None
        entry = Entry(Call(key=key, headers=headers or {}, query=query or {}, **asked), firing, at)
        entry.status, entry.begun = status, self.event()
        self.entries.append(entry)
        return entry

    def end(self, entry: Entry, *, at: float = 0.0) -> None:
        entry.ended, entry.ended_s = self.event(), at

    def ask(self, *args, took=0.0, **kwargs) -> None:
        entry = self.begin(*args, **kwargs)
        self.end(entry, at=entry.started_s + took)

    @property
    def calls(self) -> list[list[int]]:
        return logical_calls(self.entries)


def test_an_attempt_follows_a_failed_one_for_the_same():
    """Until one succeeds; the next is a call of its own."""
    journal = Journal()
    for status in (NO, NO, OK, NO, OK, OK):
        journal.ask("k", status)
    assert journal.calls == [[0, 1, 2], [3, 4], [5]]


def test_what_differs_is_another_call():
    """Operation, endpoint, bucket, key, part, range: each makes another target."""
    journal = Journal()
    asked = [
        {},
        {"operation": "GetObject"},
        {"endpoint": "backup"},
        {"bucket": "c"},
        {"key": "l"},
        {"query": {"partNumber": "1"}},
        {"query": {"partNumber": "2"}},
        {"headers": {"range": "bytes=0-1"}},
    ]
    for options in asked * 2:
        journal.ask(status=NO, **options)
    assert journal.calls == [[n, n + len(asked)] for n in range(len(asked))]


def test_a_signed_url_is_the_same_whenever_it_was_signed():
    """What signs it stands in the query and differs each time."""
    journal = Journal()
    for date in ("20260101T000000Z", "20260101T000001Z"):
        journal.ask(status=NO, query={"X-Amz-Date": date, "X-Amz-Signature": date, "versionId": "1"})
    assert journal.calls == [[0, 1]]


def test_a_spoiled_success_is_a_failure():
    """A client has reason to ask again after half a body; after a slow one it has none."""
    journal = Journal()
    journal.ask(fault="truncated_body")
    journal.ask(fault="slow_body")
    journal.ask()
    assert journal.calls == [[0, 1], [2]]


def test_calls_that_overlap_are_two():
    """What began before the first had ended does not follow it; the earliest is followed first."""
    journal = Journal()
    one, two = journal.begin(status=NO), journal.begin(status=NO)
    journal.end(one)
    journal.end(two)
    journal.ask(status=OK)
    journal.ask(status=OK)
    assert journal.calls == [[0, 2], [1, 3]]


def test_a_name_given_by_the_client_decides():
    """amz-sdk-invocation-id joins what differs and separates what does not, also after a success."""
    journal = Journal()
    for name, key in (("1", "a"), ("2", "a"), ("1", "b"), ("2", "a"), (None, "a")):
        journal.ask(key, NO, headers={"amz-sdk-invocation-id": name} if name else {})
    assert journal.calls == [[0, 2], [1, 3], [4]]


def test_waits_are_from_end_to_start():
    """The time that an attempt takes is not part of them; one that never ended has none after it."""
    journal = Journal()
    journal.ask(status=NO, at=1.0, took=2.0)
    journal.ask(status=NO, at=4.5, took=0.5)
    journal.ask(status=OK, at=5.0)
    assert waits_s(journal.entries, [0, 1, 2]) == [1.5, 0.0]
    journal.begin(status=None, at=9.0)
    journal.ask(at=10.0)
    assert waits_s(journal.entries, [3, 4]) == [0.0]


@given(st.lists(st.booleans(), max_size=30))
def test_in_flight_agrees_with_a_count(steps):
    """Against a model: begin or end one, in any order; what is under way includes the one that begins."""
    journal, under_way, counts = Journal(), [], []
    for begins in steps:
        if begins:
            under_way.append(journal.begin())
            counts.append(len(under_way))
        elif under_way:
            journal.end(under_way.pop(0))
    assert in_flight(journal.entries) == counts


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([OK, NO])), max_size=40))
def test_every_request_belongs_to_one_call(asked):
    """In order, one target to a call, and only its last can have succeeded."""
    journal = Journal()
    for key, status in asked:
        journal.ask(key, status)
    assert sorted(at for call in journal.calls for at in call) == list(range(len(asked)))
    for call in journal.calls:
        assert call == sorted(call)
        assert len({asked[at][0] for at in call}) == 1
        assert all(asked[at][1] == NO for at in call[:-1])
