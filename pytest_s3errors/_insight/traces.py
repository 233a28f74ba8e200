"""Observe one run of a test: its journal, the state of S3 before, during and after it, and what it left open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_s3errors import _servers
from pytest_s3errors._core.insight.invariants import ABSENT, State, Trace, most_pooled, state_of
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._servers.thread import THREAD
from pytest_s3errors._time.kernel import connections
from pytest_s3errors._time.originals import REAL

if TYPE_CHECKING:
    from pytest_s3errors._core.insight.targets import Place
    from pytest_s3errors._test.lifetime import Run

    from .case import S3Sweep

_OURS = str(Path(_servers.__file__).parent)  # not all of the plugin: its `asyncio.sleep` is a task of the body


class Tracer:
    """Observe a run: enter `around` around the test's body, then read `trace`.

    *usual* is the number of connections that a run without a fault leaves open, if known.
    """

    def __init__(self, usual: int | None = None) -> None:
        self._usual = usual
        self.trace: Trace | None = None
        self.problems: tuple[str, ...] = ()

    @contextlib.contextmanager
    def around(self, run: Run) -> Iterator[None]:
        """Record the state of S3 before and after the body."""
        store = run.simulator.store
        before = _states(store)
        threads = set(threading.enumerate())
        if type(store) is S3Store:  # to `isinstance` every store is one
            store.history = []
        try:
            yield
        finally:
            passed: defaultdict[Place, set[State]] = defaultdict(set)
            if type(store) is S3Store:
                for bucket, key, replaced in store.history or ():
                    passed[bucket, key].add(state_of(replaced))
                store.history = None
            self.problems = tuple(run.simulator.problems)
            for loop in run.loops.all():
                _settle(loop)
            self.trace = Trace(
                entries=run.simulator.entries,
                before=before,
                states=_states(store),
                passed={place: frozenset(states) for place, states in passed.items()},
                left={
                    "unfinished_uploads": len(store.unfinished_uploads),
                    "connections": _connections(run, self._usual),
                    "tasks": _tasks(run),
                    "threads": _threads(threads),
                },
                elapsed_s=run.verdict.elapsed_s,
            )


def acknowledged(told: S3Sweep) -> dict[Place, State]:
    """Return the states of S3 that a response confirmed to the test."""
    return {
        place: ABSENT if body is None else f"{len(body)} bytes {sha256(body).hexdigest()[:16]}"
        for place, body in told.acknowledged.items()
    }


def _states(store: S3Store) -> dict[Place, State]:
    return {(bucket, key): state_of(store.get(bucket, key)) for bucket in store.buckets for key in store.keys(bucket)}


def _settle(loop: asyncio.AbstractEventLoop) -> None:
    """Let a loop of another thread finish: whoever waits for a result has it before its task and connection end."""
    for _ in range(_ROUNDS if loop.is_running() else 0):
        went_round = REAL.allocate_lock()
        went_round.acquire()
        with contextlib.suppress(RuntimeError):  # it is closed meanwhile
            loop.call_soon_threadsafe(went_round.release)
            went_round.acquire(timeout=_LONGEST_ROUND_S)


_ROUNDS = 3  # the task's end, the close of its transport, the loss of the connection
_LONGEST_ROUND_S = 1.0


def _connections(run: Run, usual: int | None) -> int:
    """Count the open connections."""
    if usual is not None and _open(run) > most_pooled(usual):
        gc.collect()  # an unreachable object is no leak
    return _open(run)


def _open(run: Run) -> int:
    return connections(run.owns) + run.rerouting.in_memory


def _tasks(run: Run) -> int:
    """Count the unfinished tasks of the body in the loops that talked to S3."""
    tasks = [task for loop in run.loops.all() if not loop.is_closed() for task in asyncio.all_tasks(loop)]
    codes = [getattr(task.get_coro(), "cr_code", None) for task in tasks if not task.done()]
    return sum(code is not None and not code.co_filename.startswith(_OURS) for code in codes)


def _threads(before: set[threading.Thread]) -> int:
    """Count the threads that the body left running, except the server's, which starts where something has to wait.

    Those of pools don't count either: they wait for work, in random numbers.
    """
    left = [thread for thread in threading.enumerate() if thread not in before and thread.name != THREAD]
    return sum(getattr(getattr(one, "_target", None), "__module__", "") != "concurrent.futures.thread" for one in left)
