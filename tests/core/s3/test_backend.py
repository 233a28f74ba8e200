"""The seam between the simulator and what does S3's work."""

from __future__ import annotations

from datetime import UTC, datetime

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.backend import BackendError, Memory
from pytest_s3errors._core.s3.messages import Call, ErrorReply, Response
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator


class Scripted:
    """A backend that gives one answer, or raises it, and notes what it was asked."""

    def __init__(self, answer: Response | ErrorReply | Exception) -> None:
        self.store = S3Store(now=lambda: datetime.now(UTC))
        self.asked: list[tuple[str | None, bytes]] = []
        self._answer = answer

    def missing(self, call: Call) -> str | None:
        return None if call.key else "operation without a key"

    def answer(self, call: Call, body: bytes) -> Response | ErrorReply:
        self.asked.append((call.operation, body))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def simulated(backend: Scripted, *rules: Rule) -> Simulator:
    simulator = Simulator(backend=backend, rules=rules, clock=lambda: 0.0)
    simulator.armed = True
    return simulator


def put(key: str | None = "key") -> Call:
    return Call(
        method="PUT",
        url="https://s3.amazonaws.com/bucket/key",
        endpoint="s3.amazonaws.com",
        operation="PutObject",
        bucket="bucket",
        key=key,
    )


def test_a_backend_answers_what_no_rule_takes():
    """The rules come first; the rest goes to the backend with its body, and its answer goes out."""
    backend = Scripted(Response(status=299, headers={"ETag": '"x"'}))
    simulator = simulated(backend, fail_rule(("SlowDown",), {"times": 1}))
    entries = [simulator.begin(put()) for _ in range(2)]
    failed, passed = (simulator.answer(entry, b"data") for entry in entries)
    assert (failed.answer.code, passed.answer.status) == ("SlowDown", 299)
    assert backend.asked == [("PutObject", b"data")]
    assert simulator.store is backend.store


def test_a_backend_without_an_answer_is_a_problem_of_the_test():
    """The problem is the error's text; the code under test sees an error that no client retries."""
    simulator = simulated(Scripted(BackendError("the S3 at x is away")))
    exchange = simulator.answer(simulator.begin(put()), b"")
    assert simulator.problems == ["the S3 at x is away"]
    assert exchange.answer.status == 501


def test_what_a_backend_lacks_is_not_asked_of_it():
    """`missing` decides before `answer` is called."""
    backend = Scripted(Response(status=200))
    simulator = simulated(backend)
    simulator.answer(simulator.begin(put(key=None)), b"")
    assert "no operation without a key" in simulator.problems[0]
    assert backend.asked == []


def test_memory_is_the_backend_of_a_store():
    """A simulator that is given a store answers from it."""
    store = S3Store(now=lambda: datetime.now(UTC))
    simulator = Simulator(store=store, clock=lambda: 0.0)
    simulator.answer(simulator.begin(put()), b"data")
    assert store.get("bucket", "key").body == b"data"
    assert Memory(store, new_id=str).answer(put(), b"more").status == 200
