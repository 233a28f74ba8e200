"""The thread in which watchdogs look, handed on from test to test.

To start a thread and to end it takes a sixth of a short test. So it stays from the first request of a test to the end
of the last test in a row that uses the plugin: no other test meets it. It is not created by `threading`, so tools don't
count it as the test's.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Protocol

from pytest_s3errors._time.originals import REAL
from pytest_s3errors._time.own_threads import start_own_thread

LONGEST_STEP_S = 1.0
_STOP_S = 2.0


class Looking(Protocol):
    """A watchdog. It looks every *step_s* real seconds, until it is *over*."""

    step_s: float
    over: bool

    def look(self) -> None:
        """Look at the test."""


class Patrol:
    """One thread for the watchdogs of a test and of the tests inside it."""

    def __init__(self) -> None:
        self.lives = False
        self._looking: list[Looking] = []
        self._step_s = LONGEST_STEP_S
        self._make_locks()

    def _make_locks(self) -> None:
        self._lock = REAL.allocate_lock()  # real locks, even when the test's clock replaces threading's
        self._wake = REAL.allocate_lock()
        self._wake.acquire()

    def add(self, looking: Looking) -> None:
        """Have *looking* look from now on, unless it is over."""
        with self._lock:
            if looking.over:
                return
            self._looking.append(looking)
            if not self.lives:
                self.lives, self._step_s = True, looking.step_s
                self._ended = REAL.allocate_lock()
                self._ended.acquire()
                start_own_thread(functools.partial(self._run, self._ended))
            elif looking.step_s < self._step_s:
                self._rouse()

    def forget(self) -> None:
        """Forget the watchdogs that are over. None of their looks is under way when this returns."""
        if self._lock.acquire(timeout=_STOP_S):
            self._looking = [one for one in self._looking if not one.over]
            self._lock.release()

    def end(self) -> None:
        """End the thread, unless a test needs it. It has ended when this returns."""
        with self._lock:
            if self._looking or not self.lives:
                return
            self.lives = False
            self._rouse()
        self._ended.acquire(timeout=_STOP_S)

    def _rouse(self) -> None:
        if self._wake.locked():
            self._wake.release()

    def _run(self, ended: Any) -> None:
        try:
            while True:
                self._wake.acquire(timeout=self._step_s)
                with self._lock:
                    if not self.lives:
                        return
                    self._look()
        finally:
            self.lives = False
            ended.release()

    def _look(self) -> None:  # not in the loop above, where the last watchdog would stay a variable, with its test
        for looking in self._looking:
            if not looking.over:
                looking.look()
        self._step_s = min((one.step_s for one in self._looking), default=LONGEST_STEP_S)

    def after_fork(self) -> None:
        """Begin anew in a child, which has no such thread."""
        self.lives = False
        self._make_locks()


patrol = Patrol()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=patrol.after_fork)
