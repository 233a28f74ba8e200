"""Ends a test that hangs: one in which a client waits for the simulated S3 and nothing else moves.

Code inside the test can't do this. No exception reaches a client that waits in native code; only the end of its
connection does. So the watchdog runs in a thread of the plugin's, see `patrol`, and checks at intervals:

1. A client waits, and no request arrived, the test's clock stood still, and no CPU time was used for the whole limit.
   Record the problem with the stack of each thread, and make the servers reset their connections.
2. The test has a problem but continues, because its code catches everything or waits without a connection. Cancel the
   tasks of its event loops, then raise `SimulationError` in the thread that runs its body.

It pauses while a debugger is active. It begins with the test's first request and ends with the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_s3errors._core.report.limits import NO_PROGRESS
from pytest_s3errors._core.report.standstill import Sight, Standstill
from pytest_s3errors._core.report.timeline import target
from pytest_s3errors._failures import SimulationError
from pytest_s3errors._time.originals import REAL
from pytest_s3errors._time.processor import processor_s, queued_s

from .patrol import LONGEST_STEP_S, patrol
from .stacks import loops, stacks, told

if TYPE_CHECKING:
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.simulator import Simulator
    from pytest_s3errors._servers.process import RemoteSimulator
    from pytest_s3errors._time.real import Clock

_LOOKS = 20
_GRACE_S = 5.0  # for a failed test that cleans up
_MAX_STACKS = 20
_ROUNDS = 100
_DEBUGGERS = frozenset({"bdb", "pdb", "pudb", "ipdb", "pydevd", "_pydevd_bundle", "debugpy", "IPython"})


class Watchdog:
    """Watch one test. *break_off* resets the connections of its servers, *serve* has them look for unseen requests."""

    def __init__(
        self,
        simulator: Simulator | RemoteSimulator,
        clock: Clock,
        break_off: Callable[[], object],
        serve: Callable[[], object] = bool,
        *,
        silence_s: float,
    ) -> None:
        self._simulator = simulator
        self._clock = clock
        self._break_off = break_off
        self._serve = serve
        self._silence_s = silence_s
        self.step_s = min(LONGEST_STEP_S, silence_s / _LOOKS)
        self._body: int | None = None  # the thread that runs the test's body
        self._traced = False
        self._raised = False
        self._cancelled: set[asyncio.AbstractEventLoop] = set()
        self._lock = REAL.allocate_lock()
        self._started = False
        self.over = False

    def start(self) -> None:
        """Start watching. Do nothing if that was done."""
        with self._lock:
            if self._started:
                return
            self._started = True
        self._still, self._looked_s = self._standstill(self._silence_s), REAL.monotonic()
        self._failed_s: float | None = None
        patrol.add(self)

    def stop(self) -> None:
        """Stop watching. No look is under way when this returns."""
        self.over = True
        patrol.forget()

    @contextlib.contextmanager
    def body(self) -> Iterator[None]:
        """Wrap the test's body, which the watchdog may end."""
        self._body, self._traced = threading.get_ident(), _traces(sys.gettrace())
        try:
            yield
        finally:
            with self._lock:
                self._body = None
            if self._raised:
                with contextlib.suppress(SimulationError):  # an exception that is still pending is raised here
                    for _ in range(_ROUNDS):  # each looks for it
                        pass

    def look(self) -> None:
        """Look whether anything moves."""
        self._serve()
        now_s = REAL.monotonic()
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        events, waiting = self._simulator.pending()
        moved = events, self._clock.moves
        used = (processor_s(), queued_s()) if waiting else (0.0, 0.0)
        stands = self._still.look(Sight(bool(waiting), moved, *used), passed_s)
        if self._simulator.problems:
            self._failed_s = now_s if self._failed_s is None else self._failed_s
            if now_s - self._failed_s >= _GRACE_S or stands:
                self._end_body()
                self._failed_s = now_s
        elif stands and self._debugged():
            self._still = self._standstill(self._silence_s)
        elif stands:
            self._simulator.problems.append(_hang(waiting, self._silence_s))
            self._break_off()
            self._still = self._standstill(min(self._silence_s, _GRACE_S))

    def _standstill(self, limit_s: float) -> Standstill:
        return Standstill(limit_s=limit_s, step_s=2 * self.step_s)

    def _end_body(self) -> None:
        if self._debugged():
            return
        known, found = self._cancelled, set(loops())
        self._cancelled = found
        for loop in found - known:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(_cancel_all, loop)
        with self._lock:
            if found <= known and self._body is not None:
                self._raised = True
                _raise_in(self._body, SimulationError)

    def _debugged(self) -> bool:
        if self._traced or _traces(threading.gettrace()):
            return True
        monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
        if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
            return True
        frames = [frame for stack in stacks() for frame, _ in stack.frames]
        return any(
            str(frame.f_globals.get("__name__", "")).partition(".")[0] in _DEBUGGERS or _traces(frame.f_trace)
            for frame in frames
        )


def _traces(tracer: object) -> bool:
    """Return whether *tracer* may belong to a debugger. Coverage measurement does not stop code."""
    module = getattr(tracer, "__module__", None) or type(tracer).__module__
    return tracer is not None and module.partition(".")[0] not in {"coverage", "pytest_cov"}


def _hang(waiting: Sequence[Entry], silence_s: float) -> str:
    asked = "\n".join(
        f"  {target(entry.call)}, since {entry.started_s:.3f} s of test time"
        + (f", taken by {entry.firing.rule.rule.spelling}" if entry.firing else "")
        for entry in waiting
    )
    found = stacks()
    shown = "\n".join(f"  {line}" for stack in found[:_MAX_STACKS] for line in told(stack).splitlines())
    return (
        f"for {silence_s:g} s {NO_PROGRESS} and nothing else has moved: no request, no wait"
        " in test time, no processor time of this process or its children. Its connections were reset.\n"
        f"It waits for\n{asked}\n"
        "Does it have no timeout? For a test that needs more real time: s3_limits(silence=...), or ini"
        f" s3_max_silence.\n{shown}"
    )


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise *error* in *thread* when it next runs Python code.

    Never undo this: with a tracer, CPython 3.11 would then spin in that thread.
    """
    if sys.implementation.name == "cpython":
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
