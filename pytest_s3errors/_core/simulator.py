"""The simulated S3 of one test: request in, exchange out, with the rules, the S3 model and the journal behind it.

It does no I/O and has no clock of its own. A layer calls `begin` when it knows the request's head, `answer` when it has
the whole body, and `end` when the last byte of the response has been sent.
"""

from __future__ import annotations

import random
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from pytest_s3errors._core.play.exchange import Ids
from pytest_s3errors._core.play.outcomes import NO_BODY, outcome, slowed
from pytest_s3errors._core.report.journal import Entry, Record
from pytest_s3errors._core.report.limits import RequestLimits, located
from pytest_s3errors._core.report.packed import Journal
from pytest_s3errors._core.rules.schedule import ArmedRule, Schedule
from pytest_s3errors._core.s3.access import OPEN
from pytest_s3errors._core.s3.backend import BackendError, Memory
from pytest_s3errors._core.s3.dialects import AWS, DIALECTS, Dialect, Writes, dialect_at
from pytest_s3errors._core.s3.errors.catalogue import error_reply
from pytest_s3errors._core.s3.errors.envelope import new_ids
from pytest_s3errors._core.s3.messages import ErrorReply, Response
from s3_asyncio_client._core.redact import redact_url

from .s3 import SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.play.exchange import Exchange
    from pytest_s3errors._core.rules.schedule import Counted, Rule
    from pytest_s3errors._core.s3.access import Access
    from pytest_s3errors._core.s3.backend import Backend
    from pytest_s3errors._core.s3.messages import Call
    from pytest_s3errors._core.s3.store import S3Store

    from .body import Body

_KEPT_AROUND = 50


class Simulator:
    """Rules, store and journal of one test.

    *backend* answers the requests that no rule takes. The default is the model in memory, which works on *store*.
    `armed` says whether rules fire and requests count. They do while the test's own body runs; requests of fixtures
    before and after it are served, and the latest kept for the timeline. `problems` collects what the simulator could
    not play. Each of them fails the test, and so does a request beyond *limits*. Randomness (request ids,
    `probability=`) comes from *seed* alone. *lock* is held while a request is decided or answered, so that servers in
    several threads can share one simulator. *access* says whom the model lets in. *dialect* names the kind of store if
    its host does not. *where* returns the current lines of the user's code, for problems that name them. *begins* is
    called before each request.
    """

    def __init__(
        self,
        *,
        store: S3Store | None = None,
        backend: Backend | None = None,
        rules: tuple[Rule, ...] = (),
        seed: str = "",
        clock: Callable[[], float],
        lock: AbstractContextManager[object] | None = None,
        limits: RequestLimits | None = None,
        where: Callable[[], str] = str,
        begins: Callable[[], object] = bool,
        access: Access = OPEN,
        dialect: str | None = None,
    ) -> None:
        self._lock = lock or nullcontext()
        self.armed = False
        self.problems: list[str] = []
        self._journal = Journal()
        self._around: deque[Entry] = deque(maxlen=_KEPT_AROUND)
        self._promised: dict[str, Entry] = {}
        self._clock = clock
        self._dialect = None if dialect is None else DIALECTS[dialect]
        self._writes = Writes(clock)
        self._limits = limits or RequestLimits()
        self._where = where
        self._begins = begins
        self.latency_s = 0.0
        """The seconds that each answer takes at least. With any, all that work at the same time have asked by then."""
        self.events = 0
        """The number of starts and ends of requests so far."""
        self.open: dict[Entry, None] = {}
        """The requests that wait for their response, including those of fixtures."""
        # Two streams, so that a rule with `probability=` draws the same numbers, however many ids were needed.
        self._ids = random.Random(f"{seed} ids")  # noqa: S311 - ids and chances of a test, no secrets
        self._seed = seed
        self._rules, self._draw = rules, self._chances()
        self.schedule = Schedule(rules, self._draw)
        if backend is None:
            assert store is not None  # one of the two answers
            backend = Memory(store, new_id=self._new_id, access=access)
        self._backend = backend
        self.store = backend.store

    @property
    def entries(self) -> list[Entry]:
        """The requests of the body, in order of arrival."""
        with self._lock:
            return self._journal.entries()

    @property
    def around(self) -> list[Entry]:
        """The requests of the body and the latest ones of fixtures before and after it, in order of arrival."""
        with self._lock:
            return sorted((*self._around, *self._journal.entries()), key=lambda entry: entry.begun)

    @property
    def requests(self) -> list[Record]:
        """The journal, in order of arrival."""
        return [entry.record() for entry in self.entries]

    def _chances(self) -> Callable[[], float]:
        return random.Random(f"{self._seed} rules").random  # noqa: S311

    def begin_again(self, rules: tuple[Rule, ...], *, store: S3Store, access: Access, dialect: str | None) -> None:
        """Continue with other rules, their counters at 0, on the model in memory and with an empty journal.

        A standalone server does this when it gets new rules. Requests in flight end as they began.
        """
        with self._lock:
            self._rules, self._draw = rules, self._chances()
            self.schedule = Schedule(rules, self._draw, self._clock())
            self._backend = Memory(store, new_id=self._new_id, access=access)
            self.store = store
            self._dialect = None if dialect is None else DIALECTS[dialect]
            self._journal = Journal()

    def add(self, rule: Rule) -> ArmedRule:
        """Activate one more rule. Like all rules of the test's body it comes before those of the markers."""
        armed = ArmedRule(rule, from_body=True, since_s=self._clock())
        with self._lock:
            self.schedule.add(armed)
        return armed

    def restart(self, rules: tuple[Rule, ...]) -> None:
        """Forget every request, reset the counters of the markers' rules, and activate *rules* before them."""
        with self._lock:
            self._journal, self._limits = Journal(), self._limits.restarted()
            self.schedule = Schedule((*rules, *self._rules), self._draw)

    def begin(self, call: Call, mark: str | None = None) -> Entry:
        """Decide who answers *call* and open its journal entry, unless that was done for *mark*."""
        with self._lock:
            if mark is not None and (promised := self._promised.pop(mark, None)) is not None:
                promised.call = call
                return promised
            self._begins()
            now_s = self._clock()
            unsure: list[Counted] | None = [] if self.armed and self.schedule.asks_answers else None
            entry = Entry(call, self.schedule.take(call, now_s, unsure) if self.armed else None, now_s)
            self.events += 1
            entry.begun = self.events
            self.open[entry] = None
            if self.armed:
                entry.slowing, entry.unsure = self.schedule.slow(call, now_s, unsure), unsure
                self._journal.append(entry)
                problem = self._limits.count(entry)
                if problem is not None:
                    self.problems.append(located(problem, self._where()))
            else:
                self._around.append(entry)
            return entry

    def bucket_region(self, call: Call) -> str | None:
        """Return the region that the bucket of *call* wants it to be signed for. None: it asks for none."""
        return self._backend.bucket_region(call)

    @property
    def connects(self) -> bool:
        """Whether rules must be asked before a connection is made."""
        return self.schedule.connects

    def promise(self, mark: str, entry: Entry) -> None:
        """Record that the request of *entry*, which was decided before it was sent, will carry *mark*."""
        with self._lock:
            self._promised[mark] = entry

    def forget(self, mark: str) -> None:
        """Record that nothing more comes with *mark*. Its request ends here if it never came."""
        with self._lock:
            entry = self._promised.pop(mark, None)
        if entry is not None:
            self.end(entry)

    def refuses_early(self, entry: Entry) -> bool:
        """Return whether S3 refuses *entry* by its head alone and so does not ask for the body (100 Continue)."""
        if entry.injected is not None:
            return not entry.injected.needs_request_body
        with self._lock:
            return self._backend.refuses(entry.call)

    def answer(self, entry: Entry, body: Body) -> Exchange:
        """Return what a layer has to send for *entry*: S3's own response, or one with a rule's fault.

        If the client left before, S3 does its work all the same, and the journal has no response.
        """
        fault = entry.injected
        # Without a connection S3 received nothing.
        entry.body_size = 0 if fault is not None and fault.stage == "connect" else len(body)
        with self._lock:
            dialect = self._dialect or dialect_at(entry.call.endpoint)
            model = self._model if dialect is AWS else partial(self._translated, dialect)
            exchange = outcome(fault, entry.call, body, model=model, ids=self._new_ids())
            if entry.unsure:
                _take_back(entry, exchange)
        reply = exchange.answer
        if dialect is not AWS and reply is not None:
            # What the model answered is in the dialect already, and stays as it is. The fault's own errors are not.
            reply = dialect.spoken(reply, entry.call)
            exchange = exchange._replace(answer=reply)
        entry.heard = entry.ended_s is None
        if reply is not None and entry.heard:
            entry.status, entry.error_code = reply.status, reply.code
            if isinstance(reply, Response):
                entry.answer_whole = whole = len(reply.body)
                entry.answer_size = whole if exchange.sent is None else exchange.sent
        if entry.firing and entry.firing.rule.rule.delay_s:
            exchange = exchange._replace(delay_s=entry.firing.rule.rule.delay_s)
        if entry.slowing is not None:
            exchange = slowed(exchange, entry.slowing.rule.rule)
        if self.latency_s and not exchange.delay_s:
            exchange = exchange._replace(delay_s=self.latency_s)
        if takes_s := exchange.takes_s:
            entry.due_s = self._clock() + takes_s
        return exchange

    def pending(self) -> tuple[int, list[Entry]]:
        """Return the number of starts and ends of requests, and the requests whose response is overdue."""
        now_s = self._clock()
        return self.events, [entry for entry in tuple(self.open) if entry.due_s <= now_s]

    def ids(self) -> Ids:
        """Return the ids of one more response, to something that is not a request."""
        with self._lock:
            return self._new_ids()

    def _new_ids(self) -> Ids:
        return Ids(*new_ids(self._ids.getrandbits))

    def end(self, entry: Entry) -> None:
        """Record that the response to *entry* has been sent, or that the connection ended."""
        with self._lock:
            if entry.ended_s is None:
                self.events += 1
                entry.ended_s, entry.ended = self._clock(), self.events
                self.open.pop(entry, None)

    def reopen(self, entry: Entry) -> None:
        """Undo the end of *entry*: more of its response is still to be sent."""
        entry.ended_s = entry.ended = None
        self.open[entry] = None
        entry.due_s = inf  # the client does not read it

    def _translated(self, dialect: Dialect, call: Call, body: Body) -> Response | ErrorReply:
        """Return what a store of *dialect* answers."""
        reply: Response | ErrorReply
        if self._writes.too_soon(call, dialect.writes_s):
            reply = error_reply("SlowDown", call)
        else:
            reply = dialect.refusal(call, self.store) or self._model(call, body)
        return dialect.spoken(reply, call)

    def _model(self, call: Call, body: Body) -> Response | ErrorReply:
        lacking = self._backend.missing(call)
        if lacking is None:
            try:
                return self._backend.answer(call, body)
            except BackendError as error:
                self.problems.append(str(error))
                # The code under test gets an error that no client retries, and no second response.
                return ErrorReply(code="NotImplemented", status=501, message="the backend gave no answer")
        self.problems.append(
            f"the simulated S3 has no {lacking}, which {call.method} {redact_url(call.url)} asks for.\n"
            f"It knows: {', '.join(sorted(SUPPORTED))}.\n"
            'A rule can answer the request all the same, for example s3_fail("AccessDenied", operation=...); for what'
            " it would really do, run that test against moto, with the ini option s3_backend = moto."
        )
        return ErrorReply(code="NotImplemented", status=501, message=f"the simulated S3 has no {lacking}")

    def _new_id(self) -> str:
        return f"{self._ids.getrandbits(128):032x}"


def _take_back(entry: Entry, exchange: Exchange) -> None:
    """Let rules forget *entry* if they can't show on its answer. The next request may be theirs."""
    bodiless = None if exchange.answer is None or exchange.has_body(entry.call) else NO_BODY
    for counted in entry.unsure or ():
        fires = entry.firing is not None and entry.firing.rule is counted.rule
        why = exchange.unfit if fires else bodiless
        if why is None:
            continue
        counted.rule.take_back(counted, entry.call, why)
        if fires:
            entry.firing = None
        elif entry.slowing is not None and entry.slowing.rule is counted.rule:
            entry.slowing = None
    entry.unsure = None
