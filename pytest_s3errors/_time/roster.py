"""All threads of the process, and which of them run. Every change here happens under the mutex."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from . import kernel, unseen
from .originals import REAL
from .outsiders import place_in_pool
from .own_threads import own_threads
from .waits import Record, Wait


class Roster:
    """The records of all threads.

    `running` has those that run or are about to. It is complete while a test runs on virtual time.
    """

    def __init__(self) -> None:
        self.by_ident: dict[int, Record] = {}
        self.running: set[Record] = set()
        self.moves = 0
        """How many times a thread has begun to run, or has ended, in tests on virtual time."""
        self._unborn: set[Record] = set()  # started, but the system does not know them yet
        self._births = itertools.count(1)

    def adopt(self, ident: int, *, outside: bool) -> Record:
        """Add a thread that was not announced."""
        in_pipe, busy = place_in_pool(unseen.thread(ident))
        record = Record(next(self._births), stranger=True, outside=outside or in_pipe or ident in own_threads)
        record.ident, record.native, record.busy = ident, unseen.native_id(ident), busy
        self.by_ident[ident] = record
        return record

    def adopt_others(self) -> dict[int, unseen.Place]:
        """Add all threads that were not announced. Return where each thread is."""
        where, tools = unseen.places(self.by_ident)
        for ident in where.keys() - self.by_ident.keys():
            self.adopt(ident, outside=ident in tools)
        return where

    def born(self, *, outside: bool) -> Record:
        """Add a thread that is about to be started. It counts as running from now on."""
        record = Record(next(self._births), outside=outside)
        self._unborn.add(record)
        self.run(record)
        return record

    def lives(self, record: Record) -> None:
        """Record that the thread of *record*, the current one, has begun."""
        record.ident, record.native = REAL.get_ident(), REAL.get_native_id()
        self.by_ident[record.ident] = record
        self._unborn.discard(record)
        self.run(record)

    def ended(self, record: Record) -> None:
        """Record that a thread has ended, or was never started."""
        if record.ident is not None and self.by_ident.get(record.ident) is record:
            del self.by_ident[record.ident]
        self._unborn.discard(record)
        record.ended = True
        self.moves += 1
        self.running.discard(record)

    def run(self, record: Record) -> None:
        """Record that a thread is about to run."""
        self.moves += 1
        record.sample = None  # wherever it is seen next, it has not been there since the last sample
        if not (record.outside or record.stranger):
            self.running.add(record)
        else:
            self.running.discard(record)

    def park(self, record: Record) -> None:
        """Record that a thread parks.

        Before, it may have woken any thread that was not announced. Without the kernel's answers such a thread looks
        asleep until it gets a processor, so from now on it has to be seen asleep anew.
        """
        self.running.discard(record)
        if not kernel.ASKED:
            for other in tuple(self.by_ident.values()):
                other.sample = None

    def begin(self, me: Record) -> None:
        """Begin a test: this thread runs, and so do those that are being started."""
        me.stranger = me.outside = False
        me.sample = None
        self.running = {me, *self._unborn}

    def after_fork(self) -> None:
        """Forget all threads except this one, the only one in a forked child."""
        ident = REAL.get_ident()
        for record in (*self.by_ident.values(), *self.running):
            record.ended |= record.ident != ident
        mine = self.by_ident.get(ident)
        self.by_ident = {} if mine is None else {ident: mine}
        self.running, self._unborn = set(), set()

    # Questions.

    def parked(self) -> Iterator[Wait]:
        """Yield the waits of all parked threads."""
        for record in tuple(self.by_ident.values()):  # a finalizer may wait meanwhile, and threads begin and end
            wait = record.wait
            if wait is not None and not (wait.done or record.outside or record in self.running):
                yield wait

    def first(self) -> Wait | None:
        """Return the wait with the earliest deadline; of several, that of the oldest thread. None: there is none."""
        first, best = None, (math.inf, 0)
        for wait in self.parked():
            if wait.deadline is not None and wait.record is not None:
                key = wait.deadline, wait.record.born
                if key < best:
                    first, best = wait, key
        return first

    def all_asleep(self, *, any_wait: bool) -> bool:
        """Return whether all threads that count as running sleep in locks in C, or with *any_wait* in any call."""
        where, _ = unseen.places(self.by_ident)
        # Ask about all of them each time: a thread's sleep is measured from the first time that it was seen asleep.
        awake = [record for record in tuple(self.running) if not unseen.sleeps(record, where, any_wait=any_wait)]
        return not awake

    def asleep(self) -> bool:
        """Return whether all threads that could run are asleep at this moment."""
        if not kernel.ASKED:
            return self.all_asleep(any_wait=True)
        waiting = {wait.record for wait in self.parked() if not wait.ready()}
        could = [
            r for r in tuple(self.by_ident.values()) if not r.outside and r not in waiting and r.native is not None
        ]
        return not self._unborn and all(kernel.asleep(r.native or 0) is not None for r in could)

    def others_work(self) -> bool:
        """Return whether jobs run in other processes, or a thread that was not announced is awake."""
        strangers = any(record.stranger for record in tuple(self.by_ident.values()))
        unknown = REAL.thread_count() != len(self.by_ident) - 1
        where = self.adopt_others() if strangers or unknown else {}
        works = [record for record in tuple(self.by_ident.values()) if self._works(record, where)]  # all, as above
        return bool(works)

    def _works(self, record: Record, where: dict[int, unseen.Place]) -> bool:
        if record.stranger and record.ident not in where:
            self.by_ident.pop(record.ident or 0, None)
            return False
        if record.busy is not None and record.busy():
            return True
        if record.outside:
            return False
        if record.observed is not None:
            return record.observed()
        if not record.stranger or (record.wait is not None and record.wait.parked):
            return False  # the others are in `running` from before they park and after they are woken
        return not unseen.sleeps(record, where, any_wait=record.busy is not None)  # a fetcher without jobs only waits
