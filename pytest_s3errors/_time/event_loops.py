"""Event loops and other users of selectors: they are parked until a file is ready or the timeout is over."""

from __future__ import annotations

import asyncio
import functools
import inspect
import selectors
import sys
import time
from collections.abc import Callable
from typing import Any

from . import kernel, silence
from .clocks import Clock
from .originals import REAL
from .outsiders import REAL_TIME, package
from .registry import Registry
from .threads import Noted
from .waits import READ, FileWait, look, port_of

_NAMES = ("DefaultSelector", "SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")
SELECTORS = tuple({getattr(selectors, name) for name in _NAMES if hasattr(selectors, name)})


class SelectWait(FileWait):
    """A wait in `selector`."""

    __slots__ = ("selector",)

    def __init__(self, selector: selectors.BaseSelector, ports: Callable[[], frozenset[int]]) -> None:
        self.selector = selector
        super().__init__(_files(selector), lambda: silence.silence_s(selector, ports()))

    def ports(self) -> set[int | None]:
        """Return the local ports of all sockets in the selector."""
        files: list[Any] = [key.fileobj for key in tuple(self.selector.get_map().values())]
        return {port_of(file.getsockname) for file in files if hasattr(file, "getsockname")}


def _files(selector: Any) -> list[tuple[int, int]]:
    """Return what to poll: the selector's own descriptor, which stands for all files, or each of them."""
    if kernel.ASKED and hasattr(selector, "fileno"):
        return [(selector.fileno(), READ)]
    return [(key.fd, key.events) for key in tuple(selector.get_map().values())]


def selecting(registry: Registry, select: Callable[..., Any]) -> Callable[..., Any]:
    """Return the `select` of a selector that parks."""

    @functools.wraps(select)
    def selected(self: Any, timeout: float | None = None) -> Any:
        no_test_begins = not registry.on and registry.runner == REAL.get_ident()
        if no_test_begins or (timeout is not None and timeout <= 0):
            return select(self, timeout)
        until = None if timeout is None else registry.now() + timeout
        while True:
            while not registry.on:
                with Noted(registry, lambda: bool(look(_files(self), 0)), _bell_of(self)) as between_tests:
                    if between_tests:
                        return select(self, timeout)
            me = registry.me()
            ready = select(self, 0)
            if ready:
                me.polls = 0
                return ready
            if me.outside or (me.busy is None and package(sys._getframe(1)) in REAL_TIME):  # noqa: SLF001
                return select(self, timeout)
            exact = _bell_of(self) is not None  # timers of an event loop must not be late
            came = registry.block(SelectWait(self, registry.ports), timeout if exact else me.patience_s(timeout))
            if came is False:
                me.polls += 1
                return select(self, 0)
            ready = select(self, 0)
            if ready or came:
                me.polls = 0
                return ready
            timeout = None if until is None else max(0.0, until - registry.now())

    return selected


def _bell_of(selector: Any) -> Callable[[], object] | None:
    """Return a function that wakes this thread's event loop. None: no loop of this thread waits in *selector*."""
    loop: Any = asyncio._get_running_loop()  # noqa: SLF001 - get_running_loop raises where there is none
    return loop._write_to_self if loop is not None and getattr(loop, "_selector", None) is selector else None  # noqa: SLF001


def loop_time(registry: Registry) -> Callable[[Any], float]:
    """Return `BaseEventLoop.time`: test time even if `time.monotonic` is frozen; between tests, `time.monotonic`."""

    def now(_loop: Any) -> float:
        return registry.now() if registry.on else time.monotonic()

    return functools.wraps(asyncio.BaseEventLoop.time)(now)


def sleeping(registry: Registry, sleep: Callable[..., Any]) -> Callable[..., Any]:
    """Return an `asyncio.sleep` that the running test records."""

    async def noted(clock: Clock, delay: float, result: Any) -> Any:
        clock.check_loop()
        if delay > 0:
            clock.sleeps.append(delay)
        return await sleep(delay, result)

    @functools.wraps(sleep)
    def slept(delay: float, result: Any = None) -> Any:
        if not registry.clocks:
            return sleep(delay, result)  # asyncio's own coroutine
        return noted(registry.clocks[-1], delay, result)

    if hasattr(inspect, "markcoroutinefunction"):
        inspect.markcoroutinefunction(slept)
    else:
        slept._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]  # noqa: SLF001
    return slept
