"""Who waits, who decides, and how test time passes; the package's own page has the theory."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

from . import unseen
from .clocks import Clock, Test
from .hands import Hands
from .originals import REAL
from .outsiders import is_tool
from .patience import Patience
from .roster import Roster
from .waits import Record, Wait

TICK_S = 0.001
STALL_S = 0.03


class Registry:
    """All threads of the process, and the clock that they share. `mutex` guards everything that changes."""

    def __init__(self) -> None:
        self.mutex: Any = REAL.rlock()  # signal handlers and finalizers may come while it is held
        self.on = False
        self.making: object = None  # the test, from its set-up on, whose locks and queues are to be of our own kind
        self.clocks: list[Clock] = []  # of the tests that run, nested by pytester
        self.test: Test | None = None  # the innermost on virtual time
        self.runner: int | None = None  # the thread in which the last test began, and so will the next
        self.roster = Roster()
        self.hands = Hands()
        self.observed: dict[int, tuple[Callable[[], bool], Callable[[], object] | None]] = {}
        self.holds: list[None] = []  # one of each thread that works while time stands still
        self.rows: tuple[Any, ...] = ()  # what `dispatch` replaced
        self.patience = Patience()
        self._generation = 0
        self._asker: Wait | None = None
        self._quiet: tuple[int, float] = (0, 0.0)  # at how many moves silence began, and when

    # Threads.

    def me(self) -> Record:
        """Return the record of this thread."""
        ident = REAL.get_ident()
        record = self.roster.by_ident.get(ident)
        if record is None:
            outside = is_tool(sys._getframe(1))  # noqa: SLF001
            with self.mutex:
                record = self.roster.adopt(ident, outside=outside)
        return record

    def born(self, *, outside: bool = False) -> Record:
        """Return the record of a thread about to be started, which runs from now on."""
        with self.mutex:
            return self.roster.born(outside=outside)

    def lives(self, record: Record) -> None:
        """Note that the thread of *record* has begun: it is this one."""
        with self.mutex:
            self.roster.lives(record)

    def ended(self, record: Record) -> None:
        """Note that a thread has ended, or was never started, and wake who joins it."""
        with self.mutex:
            self.roster.ended(record)
            for wait in record.joiners:
                if not wait.done:
                    self._finish(wait, result=True)
            self._summon()

    def came_back(self) -> None:
        """Note that this thread has left what it was observed in, since a test has begun meanwhile."""
        record = self.me()
        with self.mutex:
            record.observed = None
            self.roster.run(record)

    # Reading.

    @property
    def passed(self) -> float:
        """Test time."""
        return self.hands.passed

    def now(self) -> float:
        """Return the monotonic time of this process."""
        if not self.on:
            return self.hands.between_tests()
        if self.patience.read():
            with self.mutex:
                if self.on:
                    self._flows(None)
        return self.hands.frozen

    @property
    def moves(self) -> int:
        """How often a thread has begun to run, or has ended."""
        return self.roster.moves

    def waits(self) -> bool:
        """Return whether a thread is in a wait that a jump would end."""
        with self.mutex:
            return self.roster.first() is not None

    def yielded(self) -> None:
        """Note that a thread lets others run: it spins, as one does that reads the clock again and again."""
        if self.on:
            self.now()

    def ports(self) -> frozenset[int]:
        """Return the ports of the test's own servers in this process."""
        return self.test.ports() if self.test is not None else frozenset()

    def wall(self) -> float:
        """Return the wall clock's time."""
        if not self.on or self.hands.travellers:
            return REAL.time()
        self.now()
        return self.hands.wall()

    # Waiting.

    def block(self, wait: Wait, timeout: float | None) -> bool | None:
        """Park this thread till someone ends *wait*, or for *timeout* seconds; return whether it was ended in time.

        For a FileWait: whether a file is ready, or None if a test began or ended meanwhile.
        """
        if not self.mutex._is_owned():  # noqa: SLF001 - as threading.Condition does
            return self._block(wait, timeout)
        held = self.mutex._release_save()  # noqa: SLF001 - a finalizer waits, and who ends that needs the mutex
        try:
            return self._block(wait, timeout)
        finally:
            self.mutex._acquire_restore(held)  # noqa: SLF001

    def _block(self, wait: Wait, timeout: float | None) -> bool | None:
        record = self.me()
        wait.record, wait.timed = record, timeout is not None
        outer, record.wait = record.wait, wait  # last: a test that begins now looks at it
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
            self.test.jumped(raises=not record.guest)
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
        if not wait.pause(timeout) or wait.came:
            with self.mutex:
                if not wait.done:
                    self._finish(wait, result=wait.came, own=True)

    def _park(self, record: Record, wait: Wait, timeout: float | None) -> None:
        with self.mutex:
            if wait.done or not self.on:
                return
            generation = self._generation
            wait.deadline = None if timeout is None else self.hands.deadline(timeout)
            self.roster.park(record)
            self.patience.moved()
            pause = self._ask(wait)
        while not wait.done:
            wait.pause(pause)
            with self.mutex:
                if wait.done:
                    return
                if wait.came:
                    self._finish(wait, result=True, own=True)
                    return
                if generation != self._generation:
                    return
                pause = self._ask(wait) if self._asker is wait else None

    def _leave(self, record: Record, wait: Wait, outer: Wait | None) -> None:
        with self.mutex:
            if not wait.done:
                self._finish(wait, result=False, own=True)
            wait.close()
            record.wait = outer
            if outer is not None and not outer.done:  # a signal handler has waited within a wait
                self.roster.running.discard(record)
                self._asker = outer
                outer.ring()

    def _finish(self, wait: Wait, *, result: bool, own: bool = False) -> None:
        wait.done, wait.result = True, result
        if wait.record is not None and wait.record.wait is wait:
            self.roster.run(wait.record)
        if not own:
            wait.ring()
        if self._asker is wait:
            self._asker = None
            self._summon()

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
            asker = self._asker or self.roster.first()
            if asker is not None:
                self._asker = asker
                asker.ring()

    def _decide(self) -> float | None:
        """Jump if nothing can happen before; otherwise return in how many seconds to ask again, None if no use."""
        first = self.roster.first()
        if first is None or not self.on:
            return None
        if self._flows(self.roster.asleep):
            return TICK_S
        looked = REAL.monotonic()  # before the looks: on a busy machine they take any time
        # Cheaper than what follows: where two threads talk, one of them nearly always has something to read. It runs as
        # soon as it gets a processor, and decides when it parks again.
        if any(wait.ready() for wait in self.roster.parked()) or self._computes():
            return STALL_S
        missing = self._missing_silence_s(looked)
        if missing > 0:
            return min(missing, TICK_S)
        assert first.deadline is not None  # by it, it was chosen
        self._set(max(self.hands.passed, first.deadline))
        self._finish(first, result=False)
        return STALL_S

    def _computes(self) -> bool:
        """Whether a thread runs and is not merely asleep in something that nobody told of."""
        return bool(self.roster.running) and not self.roster.all_asleep(any_wait=self._owed_s() > 0)

    def _owed_s(self) -> float:
        return self.test.owed_s() if self.test is not None else 0.0

    def _missing_silence_s(self, looked: float) -> float:
        silence = self._owed_s()
        for wait in self.roster.parked():
            record = wait.record
            if record is None or record.busy is None:
                silence = max(silence, wait.silence_s())
        if silence == math.inf or self.holds or self.roster.others_work():
            return TICK_S
        if self._quiet[0] != self.moves:
            self._quiet = self.moves, looked
        return silence - (looked - self._quiet[1])

    # Moving.

    def advance(self, seconds: float) -> None:
        """Let test time pass at once, and wake who slept until then, in the order of their deadlines."""
        with self.mutex:
            self._set(self.hands.later(seconds))
            self._wake_due()

    def nudge(self) -> None:
        """Let as little time pass as there is."""
        with self.mutex:
            self._set(self.hands.next_moment())

    def _set(self, passed: float) -> None:
        self.hands.set(passed)
        self.patience.jumped()

    def _wake_due(self) -> None:
        passed = self.hands.passed
        due = [wait for wait in self.roster.parked() if wait.deadline is not None and wait.deadline <= passed]
        for wait in sorted(due, key=lambda wait: wait.deadline or 0):
            self._finish(wait, result=False)

    def _flows(self, asleep: Callable[[], bool] | None) -> bool:
        """Let real time pass if nothing else moves; return whether it did."""
        overdue = self.patience.overdue_s(asleep)
        if overdue is None:
            return False
        self.hands.set(self.hands.passed + overdue)
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
        passed, interrupts = self.passed, self.on
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
        self.runner = me.ident
        with self.mutex:
            self.hands.stop_at(self.now(), passed)
            self.patience.jumped()
            self.on = True
            self._generation += 1
            self.roster.begin(me)
            where = self.roster.adopt_others()
            for record in tuple(self.roster.by_ident.values()):
                if record is not me:
                    self._welcome(record, where)

    def _welcome(self, record: Record, where: dict[int, unseen.Place]) -> None:
        """Take stock of a thread when a test begins."""
        record.guest = True
        if record.outside:
            return
        record.first = unseen.where_it_waits(record, where)
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
            self.roster.run(record)

    def _end(self) -> None:
        with self.mutex:
            self.hands.go_on(self.hands.frozen)
            self.on = False
            self._generation += 1
            self._asker = None
            self.roster.running.clear()
            for record in tuple(self.roster.by_ident.values()):
                record.observed = None
                wait = record.wait
                if record.outside or wait is None or wait.done:
                    continue  # one outside has waited in real time all along
                if wait.timed or wait.of_files:
                    self._kick(record, wait)

    def _kick(self, record: Record, wait: Wait) -> None:
        """Have a parked thread go on in the other kind of time; until it is parked again it runs."""
        if self.on and not record.outside:
            self.roster.running.add(record)
        wait.ring()

    def after_fork(self) -> None:
        """Start anew in a child: it has this one thread, real time, and a clock that does not go back."""
        self.mutex = REAL.rlock()
        self.hands.go_on(self.now())
        self.on = False
        self.roster.after_fork()
        self.clocks.clear()
        self.test = None
        self.observed, self.holds, self._asker = {}, [], None
