"""The simulated S3 of one test: a request in, an exchange out; rules, S3's own model and the journal behind it.

No I/O and no clock of its own. A layer calls `begin` when it knows what is asked, `answer` when it has the whole
body, and `end` when the last byte of the answer is out.
"""

from __future__ import annotations

import random
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from .envelope import new_ids
from .journal import Entry, Record, redact
from .messages import ErrorReply, Response
from .outcomes import Ids, outcome
from .rules import ArmedRule, Schedule
from .s3 import SUPPORTED, answer, missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Call
    from .outcomes import Exchange
    from .rules import Rule
    from .store import Store


class Simulator:
    """Rules, store and journal of one test.

    `armed` says whether rules fire and requests count: they do while the test's own body runs; what fixtures ask for
    before and after it is served and forgotten. `problems` collects what the simulator could not play: each fails
    the test. Randomness (request ids, `probability=`) comes from *seed* alone. *lock* is held while a request is
    decided or answered, so that servers in several threads can share one simulator.
    """

    def __init__(
        self,
        *,
        store: Store,
        rules: tuple[Rule, ...] = (),
        seed: str = "",
        clock: Callable[[], float],
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self.store = store
        self._lock = lock or nullcontext()
        self.armed = False
        self.problems: list[str] = []
        self.entries: list[Entry] = []
        self._clock = clock
        # Two streams, so that a rule with `probability=` draws the same numbers however many ids were needed.
        self._ids = random.Random(f"{seed} ids")  # noqa: S311 - ids and chances of a test, no secrets
        self.schedule = Schedule(rules, random.Random(f"{seed} rules").random)  # noqa: S311

    @property
    def requests(self) -> list[Record]:
        """The journal, in order of arrival."""
        return [entry.record() for entry in self.entries]

    def add(self, rule: Rule) -> ArmedRule:
        """Arm one more rule; like all rules of the test's body it is asked before those of its markers."""
        armed = ArmedRule(rule, from_body=True)
        self.schedule.rules.insert(sum(other.from_body for other in self.schedule.rules), armed)
        return armed

    def begin(self, call: Call) -> Entry:
        """Decide who takes *call* and open its line in the journal."""
        with self._lock:
            entry = Entry(call, self.schedule.take(call) if self.armed else None, self._clock())
            if self.armed:
                self.entries.append(entry)
            return entry

    def answer(self, entry: Entry, body: bytes) -> Exchange:
        """What a layer has to send for *entry*; with a rule's fault in it, or S3's own answer."""
        entry.body_size = len(body)
        fault = entry.firing.fault if entry.firing else None
        with self._lock:
            ids = Ids(*new_ids(self._ids.getrandbits))
            exchange = outcome(fault, entry.call, body, model=self._model, ids=ids)
        reply = exchange.answer
        if reply is not None:
            entry.status = reply.status
            if isinstance(reply, ErrorReply):
                entry.error_code = reply.code
        if entry.firing and entry.firing.rule.rule.delay_s:
            return exchange._replace(delay_s=entry.firing.rule.rule.delay_s)
        return exchange

    def end(self, entry: Entry) -> None:
        """Note that the answer to *entry* is out, or that the connection ended."""
        if entry.ended_s is None:
            entry.ended_s = self._clock()

    def _model(self, call: Call, body: bytes) -> Response | ErrorReply:
        lacking = missing(call)
        if lacking is None:
            return answer(self.store, call, body, new_id=self._new_id)
        self.problems.append(
            f"the simulated S3 has no {lacking}, which {call.method} {redact(call.url)} asks for.\n"
            f"It knows: {', '.join(sorted(SUPPORTED))}.\n"
            'A rule can answer the request all the same, for example s3_fail("AccessDenied", operation=...); for what'
            " it would really do, run that test against moto."
        )
        return ErrorReply(code="NotImplemented", status=501, message=f"the simulated S3 has no {lacking}")

    def _new_id(self) -> str:
        return f"{self._ids.getrandbits(128):032x}"
