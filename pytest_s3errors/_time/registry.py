"""The clock of a test, and which threads can make progress on it. Read this first.

The rule
    A thread is *running* or *parked*. It is parked while it is in a wait that this package replaced (the table in
    `dispatch`), and the registry knows on what and until when. Everything else is running: Python code, a C function
    that computes, a name lookup, a read of a file. Time stands still while a thread runs. When all are parked and
    nothing is on its way to any of them, nothing can happen before the earliest deadline, and the clock jumps to it.

Who is woken says so
    What ends a wait (`notify`, `release`, `put`, the end of a thread, a jump) marks the sleeper as running, under the
    mutex, before it gets a processor. A new thread counts from the call that starts it. So no moment exists in which a
    thread could run and the registry does not know. This is why figures do not depend on the load of the machine.

Who decides
    The thread that parks last, in its own call. A jump wakes exactly one thread, that of the earliest deadline (among
    equal ones the oldest thread); the next follows when all are parked again. Where the answer needs real time (silence
    of a socket, a thread nobody told of), the one who parked last asks again every few milliseconds; it is the `asker`.
    There is no thread of the clock's own. If the asker is woken, another parked thread becomes it.

What the registry can't know
    Sockets and selectors: a parked thread whose file is ready is about to run, and `Wait.ready` looks without taking
    anything. Bytes may be on their way: `silence` says how long to wait. Threads that were there before, locks made
    before, native code: `unseen` looks whether they are asleep in a lock. A mistake there delays a jump; it never
    causes one. Nobody need hang for it: after `PATIENCE_S` without progress the clock goes on in real time.

Between tests
    `on` is False, and the clock is the system's plus `offset`, which each test increases by what it jumped over: it
    never goes back. Waits with a timeout park as well, in real time, so that a thread found asleep when a test begins
    goes on in the test's time, and the other way round. Selectors and sockets are the system's own; they leave a note
    (`observed`) by which a test that begins meanwhile knows of them. Nothing is ever taken back: what anybody took from
    a running test stays what it is, a function that asks this registry.

Other clocks
    A fake in the place of `time.sleep` or `time.monotonic` wins, since these names are looked up by who calls them.
    Event loops and the waits read the registry, so that a frozen clock freezes no loop. See `other_clocks`.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from . import unseen
from .originals import REAL
from .outsiders import is_tool
from .own_threads import own_threads
from .waits import Record, Wait

TICK_S = 0.001
STALL_S = 0.03
PATIENCE_S = 5.0
COMPUTING_PATIENCE_S = 30.0
_MANY_READINGS = 256
_LOOK_EVERY = 64
_DIGITS = 9  # asyncio takes timers as due that are a nanosecond off


class Clock(Protocol):
    """The clock of a test, virtual or real."""

    sleeps: list[float]

    def check_loop(self) -> None:
        """Raise if the running event loop is one that the clock does not drive."""


class Test(Clock, Protocol):
    """A test on virtual time."""

    def jumped(self) -> None:
        """Raise if time went too far; called in the thread whose deadline came."""

    def owed_s(self) -> float:
        """Return how long to be silent because a server of this process owes somebody unknown an answer, 0 if none."""

    def ports(self) -> frozenset[int]:
        """Return the ports of the test's own servers in this process."""

    def check(self, port: int | None) -> None:
        """Raise if nobody need wait for the server at *port* any longer."""

    def gave_up(self, port: int | None, own: int | None) -> None:
        """Note that the client at port *own* waits no longer for the server at *port*."""


class Registry:
    """All threads of the process, and the clock that they share. `mutex` guards everything that changes."""

    def __init__(self) -> None:
        self.mutex: Any = REAL.rlock()  # signal handlers and finalizers may come while it is held
        self.on = False
        self.making: object = None  # the test, from its set-up on, whose locks and queues are to be of our own kind
        self.clocks: list[Clock] = []  # of the tests that run, nested by pytester
        self.test: Test | None = None  # the innermost on virtual time
        self.threads: dict[int, Record] = {}
        self.running: set[Record] = set()
        self._unborn: set[Record] = set()  # started, and not yet seen by the system
        self.observed: dict[int, tuple[Callable[[], bool], Callable[[], object] | None]] = {}
        self.holds = 0
        self.system_time: Callable[[], float] = REAL.time
        self.travellers: Sequence[
            object
        ] = ()  # of time-machine: while there are any, the functions in C tell their time
        self.offset = 0.0
        self.rows: list[Any] = []  # what `dispatch` replaced
        self.leapt = 0.0  # sum of all jumps
        self.moved = REAL.monotonic()  # real time of the last jump or the last wait begun
        self._base = self._passed = self._frozen = self._wall = 0.0
        self._births = itertools.count(1)
        self._epoch = 0
        self._generation = 0
        self._asker: Wait | None = None
        self._quiet: tuple[int, float] = (0, 0.0)  # the epoch in which silence began, and when
        self._readings = 0
        self._flowed = 0.0
        self._cpu: tuple[float, float, float] = (0.0, 0.0, 0.0)

    # Threads.

    def me(self) -> Record:
        """Return the record of this thread."""
        ident = REAL.get_ident()
        return self.threads.get(ident) or self.adopt(ident, outside=is_tool(sys._getframe(1)))  # noqa: SLF001

    def adopt(self, ident: int, *, outside: bool) -> Record:
        """Record a thread that nobody told of."""
        with self.mutex:
            outside |= ident in own_threads
            record = Record(next(self._births), stranger=True, outside=outside)
            record.ident, record.native = ident, unseen.native_id(ident)
            self.threads[ident] = record
            return record

    def born(self, *, outside: bool = False) -> Record:
        """Return the record of a thread about to be started, which runs from now on."""
        with self.mutex:
            record = Record(next(self._births), outside=outside)
            self._unborn.add(record)
            self._run(record)
            return record

    def lives(self, record: Record) -> None:
        """Note that the thread of *record* has begun: it is this one."""
        record.ident, record.native = REAL.get_ident(), REAL.get_native_id()
        with self.mutex:
            self.threads[record.ident] = record
            self._unborn.discard(record)
            self._run(record)

    def ended(self, record: Record) -> None:
        """Note that a thread has ended, or was never started, and wake who joins it."""
        with self.mutex:
            if record.ident is not None and self.threads.get(record.ident) is record:
                del self.threads[record.ident]
            self._unborn.discard(record)
            record.ended = True
            for wait in record.joiners:
                if not wait.done:
                    self._finish(wait, result=True)
            self._stop(record)
            self._summon()

    def came_back(self) -> None:
        """Note that this thread has left what it was observed in, since a test has begun meanwhile."""
        record = self.me()
        with self.mutex:
            record.observed = None
            self._run(record)

    # Reading.

    @property
    def passed(self) -> float:
        """Test time."""
        return self._passed

    def now(self) -> float:
        """Return the monotonic time of this process."""
        if not self.on:
            return REAL.monotonic() + self.offset
        self._readings += 1
        if not self._readings % _LOOK_EVERY:
            self._spin()
        return self._frozen

    @property
    def moves(self) -> int:
        """How often a thread has begun to run, or has ended, in a test on virtual time."""
        return self._epoch

    def waits(self) -> bool:
        """Return whether a thread is in a wait that a jump would end."""
        with self.mutex:
            return self._first() is not None

    def yielded(self) -> None:
        """Note that a thread lets others run: it spins, as one does that reads the clock again and again."""
        if self.on:
            self.now()

    def ports(self) -> frozenset[int]:
        """Return the ports of the test's own servers in this process."""
        return self.test.ports() if self.test is not None else frozenset()

    def wall(self) -> float:
        """Return the wall clock's time."""
        if not self.on or self.travellers:
            return REAL.time()
        self.now()
        return self._wall + self._passed

    # Waiting.

    def block(self, wait: Wait, timeout: float | None) -> bool | None:
        """Park this thread till someone ends *wait*, or for *timeout* seconds; return whether it was ended in time.

        For a FileWait: whether a file is ready, or None if a test began or ended meanwhile.
        """
        record = self.me()
        outer, record.wait = record.wait, wait
        wait.record, wait.timed = record, timeout is not None
        until = math.inf if timeout is None else self.now() + timeout
        try:
            while not wait.done:
                if self.on and not record.outside:
                    self._park(record, wait, timeout)
                elif not wait.of_files:
                    self._sleep(wait, timeout)
                if wait.of_files and not wait.done:
                    return None
                timeout = None if until == math.inf else until - self.now()
        finally:
            self._leave(record, wait, outer)
        if not wait.result and self.on and self.test is not None:
            self.test.jumped()
        return wait.result

    def block_really(self, wait: Wait, timeout: float) -> bool:
        """Wait in real time, as somebody who waits for another process; return whether *wait* was ended in time."""
        until = REAL.monotonic() + timeout
        while not wait.done and wait.pause(until - REAL.monotonic()):
            pass
        with self.mutex:
            wait.done = True
            return wait.result

    def wake(self, wait: Wait) -> None:
        """End *wait*; its thread counts as running from now on.

        Raises:
            RuntimeError: it has ended.
        """
        with self.mutex:
            if wait.done:
                raise RuntimeError("release unlocked lock")
            self._finish(wait, result=True)

    def _sleep(self, wait: Wait, timeout: float | None) -> None:
        if not wait.pause(timeout):
            with self.mutex:
                if not wait.done:
                    self._finish(wait, result=False, own=True)

    def _park(self, record: Record, wait: Wait, timeout: float | None) -> None:
        with self.mutex:
            if wait.done:
                return
            generation = self._generation
            wait.deadline = None if timeout is None else self._after(timeout)
            self.running.discard(record)
            self.moved = REAL.monotonic()
            pause = self._ask(wait)
        while not wait.done:
            heard = wait.pause(pause)
            with self.mutex:
                if wait.done:
                    return
                if heard and wait.ready():
                    self._finish(wait, result=True, own=True)
                    return
                if generation != self._generation:
                    return
                pause = self._ask(wait) if self._asker is wait else None

    def _after(self, timeout: float) -> float:
        deadline = round(self._passed + timeout, _DIGITS)
        return deadline if deadline > self._passed or timeout <= 0 else self._passed + math.ulp(self._frozen)

    def _leave(self, record: Record, wait: Wait, outer: Wait | None) -> None:
        with self.mutex:
            if not wait.done:
                self._finish(wait, result=False, own=True)
            wait.close()
            record.wait = outer
            if outer is not None and not outer.done:  # a signal handler has waited within a wait
                self.running.discard(record)
                self._asker = outer
                outer.ring()

    def _finish(self, wait: Wait, *, result: bool, own: bool = False) -> None:
        wait.done, wait.result = True, result
        if wait.record is not None and wait.record.wait is wait:
            self._run(wait.record)
        if not own:
            wait.ring()
        if self._asker is wait:
            self._asker = None
            self._summon()

    def _run(self, record: Record) -> None:
        self._epoch += 1
        if self.on and not (record.outside or record.stranger):
            self.running.add(record)
        else:
            self.running.discard(record)

    def _stop(self, record: Record) -> None:
        self._epoch += 1
        self.running.discard(record)

    # Deciding. All of it under the mutex.

    def _ask(self, wait: Wait) -> float | None:
        """Decide; return after how many seconds the thread of *wait* has to ask again, None if it need not."""
        pause = self._decide()
        if pause is not None and not wait.done:
            self._asker = wait
        elif self._asker is wait:
            self._asker = None
        return pause

    def _summon(self) -> None:
        """Have a parked thread ask, since whoever did is gone."""
        if self.on:
            asker = self._asker or self._first()
            if asker is not None:
                self._asker = asker
                asker.ring()

    def parked(self) -> Iterator[Wait]:
        """Yield what the parked threads wait for. Under the mutex."""
        for record in self.threads.values():
            wait = record.wait
            if wait is not None and not (wait.done or record.outside or record in self.running):
                yield wait

    def _first(self) -> Wait | None:
        first, best = None, (math.inf, 0)
        for wait in self.parked():
            if wait.deadline is not None and wait.record is not None:
                key = wait.deadline, wait.record.born
                if key < best:
                    first, best = wait, key
        return first

    def _decide(self) -> float | None:
        """Jump if nothing can happen before; otherwise return in how many seconds to ask again, None if no use."""
        first = self._first()
        if first is None or not self.on:
            return None
        if self._flows():
            return TICK_S
        if self.running and not self._all_asleep():
            return STALL_S
        missing = self._missing_silence_s()
        if missing > 0:
            return min(missing, TICK_S)
        assert first.deadline is not None  # by it, it was chosen
        self._set(max(self._passed, first.deadline))
        self._finish(first, result=False)
        return STALL_S

    def _all_asleep(self) -> bool:
        owed = self.test is not None and self.test.owed_s() > 0
        where, _ = unseen.places(self.threads)
        # All of them, each time: whether one has slept long enough is counted from when it was first seen so.
        awake = [record for record in self.running if not unseen.sleeps(record, where, any_wait=owed)]
        return not awake

    def _missing_silence_s(self) -> float:
        silence = self.test.owed_s() if self.test is not None else 0.0
        for wait in self.parked():
            if wait.ready():
                return TICK_S
            record = wait.record
            if record is None or record.busy is None:
                silence = max(silence, wait.silence_s())
        if silence == math.inf or self.holds or self._anybody_else():
            return TICK_S
        if self._quiet[0] != self._epoch:
            self._quiet = self._epoch, REAL.monotonic()
        return silence - (REAL.monotonic() - self._quiet[1])

    def _anybody_else(self) -> bool:
        """Whether jobs are under way in other processes, or a thread that nobody told of does something."""
        strangers = any(record.stranger for record in self.threads.values())
        if strangers or REAL.thread_count() != len(self.threads) - 1:
            where, tools = unseen.places(self.threads)
            for ident in where.keys() - self.threads.keys():
                self.adopt(ident, outside=ident in tools)
        else:
            where = {}
        busy = False
        for ident, record in tuple(self.threads.items()):
            if record.stranger and ident not in where:
                del self.threads[ident]
            elif record.busy is not None and record.busy():
                busy = True
            elif record.outside:
                continue
            elif record.observed is not None:
                busy |= record.observed()
            elif record.stranger and record.wait is None:
                busy |= not unseen.sleeps(record, where)
        return busy

    # Moving.

    def advance(self, seconds: float) -> None:
        """Let test time pass at once, and wake who slept until then, in the order of their deadlines."""
        with self.mutex:
            self._set(round(self._passed + seconds, _DIGITS))
            self._wake_due()

    def nudge(self) -> None:
        """Let as little time pass as there is."""
        with self.mutex:
            self._set(self._passed + math.ulp(self._frozen))

    def _set(self, passed: float) -> None:
        self.leapt += passed - self._passed
        self._passed, self._frozen = passed, self._base + passed
        self.moved = REAL.monotonic()
        self._readings = 0

    def _wake_due(self) -> None:
        due = [wait for wait in self.parked() if wait.deadline is not None and wait.deadline <= self._passed]
        for wait in sorted(due, key=lambda wait: wait.deadline or 0):
            self._finish(wait, result=False)

    def _spin(self) -> None:
        with self.mutex:
            if self.on:
                self._flows()

    def _flows(self) -> bool:
        """Let real time pass if nothing else moves: somebody spins, or waits for what nobody here can tell."""
        real, moved = REAL.monotonic(), self.moved
        if real - moved < PATIENCE_S / 2:
            return False
        if self._cpu[0] != moved:
            self._cpu = moved, real, REAL.process_time()
        computes = REAL.process_time() - self._cpu[2] > (real - self._cpu[1]) / 4
        spins = self._readings > _MANY_READINGS
        if real - moved < (COMPUTING_PATIENCE_S if computes and not spins else PATIENCE_S):
            return False
        readings = self._readings
        self._set(self._passed + real - max(self._flowed, moved + PATIENCE_S))
        self._flowed, self.moved, self._readings = real, moved, readings
        self._wake_due()
        return True

    # Tests.

    @contextlib.contextmanager
    def virtual(self, test: Test) -> Iterator[None]:
        """Let *test* have virtual time until the block ends."""
        outer, outermost = self.test, not self.on
        self.clocks.append(test)
        self.test = test
        if outermost:
            self._begin(0.0)
        try:
            yield
        finally:
            if outermost:
                self._end()
            self.test = outer
            self.clocks.remove(test)

    @contextlib.contextmanager
    def real(self, clock: Clock) -> Iterator[None]:
        """Let *clock* note the sleeps, in real time, until the block ends, also within a test on virtual time."""
        passed, interrupts = self._passed, self.on
        self.clocks.append(clock)
        if interrupts:
            self._end()
        try:
            yield
        finally:
            if interrupts:
                self._begin(passed)
            self.clocks.remove(clock)

    def _begin(self, passed: float) -> None:
        me = self.me()
        with self.mutex:
            me.stranger = me.outside = False
            # A whole number: differences stay exact, and aiohttp rounds its deadlines up to full seconds.
            self._base, self._passed = math.ceil(self.now()) - passed, passed
            self._frozen = self._base + passed
            # Also of the wall clock, for what counts by its seconds; never ahead of the files that a test writes.
            self._wall = math.floor(self.system_time()) - passed
            self._set(passed)
            self._flowed = 0.0
            self.on = True
            self._generation += 1
            self.running = {me, *self._unborn}
            where, tools = unseen.places(self.threads)
            for ident in where.keys() - self.threads.keys():
                self.adopt(ident, outside=ident in tools)
            for record in tuple(self.threads.values()):
                if record is not me:
                    self._welcome(record, where)

    def _welcome(self, record: Record, where: dict[int, unseen.Place]) -> None:
        """Take stock of a thread when a test begins."""
        record.guest, record.polls = True, 0
        if record.outside:
            return
        record.first = unseen.remember(record, where)
        note = self.observed.get(record.ident or 0)
        wait = record.wait
        if wait is not None and not wait.done:
            if wait.timed:
                wait.deadline = None
                self._kick(record, wait)
        elif note is not None:
            record.observed, ring = note
            if ring is not None:
                ring()
        else:
            self._run(record)

    def _end(self) -> None:
        with self.mutex:
            self.offset = self._frozen - REAL.monotonic()
            self.on = False
            self._generation += 1
            self._asker = None
            self.running.clear()
            for record in self.threads.values():
                record.observed = None
                wait = record.wait
                if wait is not None and not wait.done and (wait.timed or wait.of_files):
                    self._kick(record, wait)

    def _kick(self, record: Record, wait: Wait) -> None:
        """Have a parked thread go on in the other kind of time; until it is parked again it runs."""
        if self.on and not record.outside:
            self.running.add(record)
        wait.ring()

    def after_fork(self) -> None:
        """Start anew in a child: it has this one thread, real time, and a clock that does not go back."""
        frozen, ident = self.now(), REAL.get_ident()
        for record in (*self.threads.values(), *self.running):
            record.ended |= record.ident != ident
        self.mutex = REAL.rlock()
        self.offset, self.on = frozen - REAL.monotonic(), False
        self.clocks.clear()
        self.test = None
        mine = self.threads.get(ident)
        self.threads = {} if mine is None else {ident: mine}
        self.running, self._unborn, self.observed, self.holds, self._asker = set(), set(), {}, 0, None
