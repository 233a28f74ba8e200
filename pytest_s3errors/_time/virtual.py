"""Test time. On the virtual clock sleeps, timeouts and delays of a test's body take no real time.

`time.monotonic`, which asyncio reads through its module, stands still while code runs. Where a thread would wait (an
event loop in its selector, `time.sleep`) it says until when, and once nothing else can happen before, the clock jumps
to the earliest of these deadlines. "Nothing else" is a matter of looking (`_idle`, `_loops`): sockets stay silent, no
executor works, no other event loop runs, or would if its thread were scheduled.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import selectors
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from pytest_s3errors._core.report.limits import TOO_LONG

from .blocking_reads import Answering
from .blocking_reads import install as install_receive
from .dispatch import LAYERS, noting_async, replace
from .event_loops import Loops
from .real import real_sleep
from .silence import FOREIGN_S, STEP_S, silence_s

_PATIENCE_S = 5.0
_DIGITS = 9  # asyncio takes timers as due that are a nanosecond off
_monotonic, _time = time.monotonic, time.time
# They wait for another process with `time.sleep`; a jump would be no wait.
_WAIT_FOR_REAL = ("subprocess", "multiprocessing")


class VirtualClock:
    """A clock that jumps over every wait, see the module's first lines.

    *limit_s* is how far it goes: past that, *refuse* is called with the reason, and what it returns (None: nothing) is
    raised where the time was to pass. *ports* are those of the servers in this process, whose connections are not
    foreign. *server* is the one that blocking clients wait for, None if there is none; *check* raises if they need
    wait no longer, since the test has failed.
    """

    def __init__(
        self,
        *,
        limit_s: float = math.inf,
        refuse: Callable[[str], BaseException | None],
        ports: Callable[[], frozenset[int]] = frozenset,
        server: Callable[[], Answering | None] = lambda: None,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        self.sleeps: list[float] = []
        self.moves = 0
        """How often time was moved."""
        self._limit_s = limit_s
        self._refuse = refuse
        self._ports = ports
        self._server = server
        self.check = check
        self._start = 0.0
        self._at = 0.0, 0.0  # test time at the last jump, and when that was; one value, so that threads see both
        self._on = False
        self._lock = threading.Lock()
        self._deadlines: dict[int, float] = {}  # by thread
        self._jobs: dict[object, int] = {}  # what executors do, and in which thread
        self._ending: set[int] = set()  # threads whose loop waits, with a timer, for its executor's threads to end
        self._loops = Loops()
        self._processes: weakref.WeakSet[asyncio.SubprocessTransport] = weakref.WeakSet()
        self._receiving: dict[int, tuple[int, Callable[[], bool]]] = {}  # by thread: port, and whether time may pass

    @property
    def now(self) -> float:
        """Seconds since the test's body began.

        Code that spins until a time has come, or waits for another process, would do so for ever: after five real
        seconds without a jump this clock runs on like any other.
        """
        passed, moved = self._at
        return passed + max(0.0, _monotonic() - moved - _PATIENCE_S) if self._on else passed

    def advance(self, seconds: float) -> None:
        """Let time pass at once; what became due meanwhile happens when its event loop or thread gets to it.

        Raises:
            ValueError: *seconds* is negative, NaN or infinite.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"time goes on by 0 or more seconds, not by {seconds!r}")
        self._move(self.now + seconds)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start at 0, and be the time of this process until the block ends."""
        with pytest.MonkeyPatch.context() as patches:
            self._install(patches)
            # A whole number: aiohttp rounds its deadlines up to full seconds of this clock.
            self._start, self._at, self._on = math.ceil(_monotonic()), (0.0, _monotonic()), True
            try:
                server = self._server()
                if server is not None:  # its loop waits in the system's selector, from where it says nothing
                    server.call(lambda: self._loops.works(asyncio.get_running_loop()))
                yield
            finally:
                self._at, self._on = (self.now, 0.0), False
                self._loops.clear()

    def check_loop(self) -> None:
        """Raise if the running event loop is one that this clock does not drive."""
        loop = _running_loop()
        if loop is not None and not isinstance(getattr(loop, "_selector", None), selectors.DefaultSelector):
            self._unsupported(f"{type(loop).__module__}.{type(loop).__qualname__}")

    # What is in place of the system's.

    def _install(self, patches: pytest.MonkeyPatch) -> None:
        select = selectors.DefaultSelector.select
        run_in_executor = asyncio.BaseEventLoop.run_in_executor
        replace(
            patches,
            (time, "monotonic", lambda: self._start + self.now),
            (time, "time", lambda: _time() + self.now),
            (time, "sleep", self._sleep),
            (asyncio, "sleep", noting_async(self, asyncio.sleep)),
        )

        def selecting(selector: selectors.BaseSelector, timeout: float | None = None) -> Any:
            return self._select(functools.partial(select, cast("Any", selector)), selector, timeout)

        def executing(loop: Any, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
            return self._execute(functools.partial(run_in_executor, loop, executor), executor, func, args)

        shut_down = asyncio.BaseEventLoop.shutdown_default_executor

        async def ending(loop: Any, *args: Any, **kwargs: Any) -> None:
            me = threading.get_ident()
            self._ending.add(me)
            try:
                await shut_down(loop, *args, **kwargs)
            finally:
                self._ending.discard(me)

        patches.setattr(asyncio.BaseEventLoop, "shutdown_default_executor", ending)
        patches.setattr(selectors.DefaultSelector, "select", selecting)
        patches.setattr(asyncio.BaseEventLoop, "run_in_executor", executing)
        for name in ("subprocess_exec", "subprocess_shell"):
            patches.setattr(asyncio.BaseEventLoop, name, self._noting_process(getattr(asyncio.BaseEventLoop, name)))
        install_receive(patches, self, self._server)
        self._refuse_trio(patches)

    def _refuse_trio(self, patches: pytest.MonkeyPatch) -> None:
        trio: Any = sys.modules.get("trio")
        for module, name in ((trio, "run"), (getattr(trio, "lowlevel", None), "start_guest_run")):
            if hasattr(module, name):
                patches.setattr(module, name, lambda *_args, **_kwargs: self._unsupported("trio"))

    def _unsupported(self, what: str) -> None:
        error = self._refuse(
            f"{what} keeps time by itself, which s3errors can't make virtual.\n"
            'Let this test run in real time with @pytest.mark.s3_time("real"), or all with --s3-time=real.'
        )
        if error is not None:
            raise error

    def _sleep(self, seconds: float) -> None:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))  # noqa: SLF001 - who sleeps decides how
        if not (self._on and seconds > 0) or caller.partition(".")[0] in _WAIT_FOR_REAL:
            return real_sleep(seconds)
        if not caller.startswith(LAYERS):
            self.sleeps.append(seconds)
        self._wait(self.now + seconds, functools.partial(real_sleep, STEP_S), lambda: STEP_S)
        return None

    def _select(
        self, select: Callable[[float | None], Any], selector: selectors.BaseSelector, timeout: float | None
    ) -> Any:
        loop = _running_loop()
        if not self._on or getattr(loop, "_selector", None) is not selector:
            return select(timeout)
        assert loop is not None  # it has a selector
        # From the first look on: a loop that always finds something to do never gets to wait.
        self._loops.works(loop)
        events = select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        self._loops.waits(loop, timed=timeout is not None)
        try:
            if timeout is None:
                return select(None)
            return self._wait(self.now + timeout, functools.partial(select, STEP_S), lambda: self._silence_s(selector))
        finally:
            if self._on:
                self._loops.works(loop)

    def _execute(self, run: Callable[..., Any], executor: Any, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        job = object()
        self._jobs[job] = 0

        def noting() -> Any:
            self._jobs[job] = threading.get_ident()
            return func(*args)

        # What goes to another process has to be pickled, and does not sleep in a thread of this one.
        threads = executor is None or isinstance(executor, _thread_pool())
        try:
            future = run(noting) if threads else run(func, *args)
        except BaseException:
            del self._jobs[job]
            raise
        # In the loop's thread: the job is done when the loop knows of it. What is cancelled is nobody's business.
        future.add_done_callback(lambda _: self._jobs.pop(job, None))
        return future

    def _noting_process(self, start: Callable[..., Any]) -> Callable[..., Any]:
        async def started(*args: Any, **kwargs: Any) -> Any:
            transport, protocol = await start(*args, **kwargs)
            self._processes.add(transport)
            return transport, protocol

        return started

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Stand still while this thread does what others wait for."""
        job = object()
        self._jobs[job] = threading.get_ident()
        try:
            yield
        finally:
            del self._jobs[job]

    def _silence_s(self, selector: selectors.BaseSelector) -> float:
        server = self._server()
        if (
            server is not None
            and server.runs_here
            and server.parked - {port for port, _ in tuple(self._receiving.values())}
        ):
            return FOREIGN_S  # a client that is late itself, or one of another process, may still come to wait for us
        # Its pipes are closed before it ends, and before Python 3.12 a thread that nobody knows of waits for the end.
        if any(process.get_returncode() is None for process in tuple(self._processes)):
            return math.inf
        return silence_s(selector, self._ports())

    def receive(self, port: int, deadline: float, look: Callable[[], Any], parked: Callable[[], bool]) -> Any:
        """Wait at *port* until *look* finds something or it is *deadline*; time passes only while *parked* says so."""
        me = threading.get_ident()
        self._receiving[me] = port, parked
        try:
            return self._wait(deadline, look, lambda: STEP_S if parked() else math.inf)
        finally:
            del self._receiving[me]

    # Waiting.

    def _wait(self, deadline: float, look: Callable[[], Any], silence: Callable[[], float]) -> Any:
        """Return what *look* finds, or nothing when it is *deadline*; *look* takes a step of real time.

        *silence* tells for how many seconds there has to be nothing before time may pass.
        """
        me = threading.get_ident()
        self._deadlines[me] = deadline
        try:
            quiet_since = _monotonic()
            while True:
                found = look()
                if found or not self._on or self.now >= deadline:
                    return found
                if self._busy(deadline):
                    quiet_since = _monotonic()
                elif _monotonic() - quiet_since >= silence():
                    self._move(deadline)
                    return found
        finally:
            del self._deadlines[me]

    def _busy(self, deadline: float) -> bool:
        """Whether something may happen before *deadline* although this thread waits for it.

        One after another, while the other threads go on: first what says that a thread waits, then what would end its
        wait. If none has woken until the end, all waited at once, and nothing had come for them.
        """
        me, woken = threading.get_ident(), self._loops.woken
        return (
            me in self._ending
            or self._loops.working(self._deadlines)
            or any(thread not in self._deadlines for thread in tuple(self._jobs.values()))
            or any(other < deadline for other in tuple(self._deadlines.values()))
            or any(thread != me and not parked() for thread, (_, parked) in tuple(self._receiving.items()))
            or self._loops.news()
            or self._loops.woken is not woken
        )

    def _move(self, to: float) -> None:
        with self._lock:
            self.moves += 1
            self._at = round(max(to, self.now), _DIGITS), _monotonic()
        if self._at[0] <= self._limit_s:
            return
        error = self._refuse(
            f"{TOO_LONG}{self._limit_s:g} s, the limit of the ini option s3_max_time; does something sleep for ever?"
        )
        self._limit_s += self._limit_s  # what is cleaned up now may take its time
        if error is not None:
            raise error


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _thread_pool() -> type:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - the package imports it when it is asked for

    return ThreadPoolExecutor
