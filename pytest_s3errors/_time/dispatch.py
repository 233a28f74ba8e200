"""The one place that replaces functions of the standard library for the clock.

Nothing is replaced before the first test that uses the plugin, and nothing is restored before the interpreter ends: see
`registry` and `system_clock`. A function that another tool has replaced stays replaced by that tool; each test checks
again. References that existed before are replaced once, see `copies`. Later imports find the replacements.
"""

from __future__ import annotations

import _thread
import asyncio
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from . import blocking_reads, event_loops, locks, other_clocks, polls, readings
from .copies import replace_copies
from .originals import REAL
from .registry import Registry
from .threads import Threads

Row = tuple[Any, str, Any, Any]
"""Owner, attribute, expected current value, replacement."""


def the_registry() -> Registry:
    """Return the registry of this process, with all replacements installed."""
    if REAL.registry is None:
        REAL.registry = Registry()
        _install(REAL.registry)
    else:
        for home, name, system, ours in REAL.registry.rows:
            if vars(home).get(name) is system:
                setattr(home, name, ours)
    other_clocks.guard(REAL.registry)
    return REAL.registry  # type: ignore[no-any-return]


def _install(registry: Registry) -> None:
    other_clocks.before(registry)
    registry.rows = tuple(_rows(registry))
    for home, name, system, ours in registry.rows:
        if getattr(home, name) is system:
            setattr(home, name, ours)
    # Only functions: other code does not keep references to the methods.
    replace_copies({id(old): (old, new) for home, _, old, new in registry.rows if isinstance(home, ModuleType)})
    os.register_at_fork(
        before=lambda: registry.mutex.acquire(),  # noqa: PLW0108 - `after_fork` replaces the mutex
        after_in_parent=lambda: registry.mutex.release(),  # noqa: PLW0108
        after_in_child=registry.after_fork,
    )


def _rows(registry: Registry) -> Iterator[Row]:
    stand_ins = readings.stand_ins(registry)
    for name, ours in stand_ins.items():
        yield time, name, getattr(REAL, name), ours
    yield threading, "_time", REAL.monotonic, stand_ins["monotonic"]
    yield queue, "time", REAL.monotonic, stand_ins["monotonic"]
    system: Any = asyncio.tasks.sleep
    sleep = event_loops.sleeping(registry, system)
    yield asyncio.tasks, "sleep", system, sleep
    yield asyncio, "sleep", system, sleep
    yield from _methods(asyncio.BaseEventLoop, ("time",), lambda _: event_loops.loop_time(registry))
    yield select, "select", REAL.select, polls.selecting(registry, REAL.select)
    if REAL.poll is not None:
        yield select, "poll", REAL.poll, polls.poll_maker(registry, REAL.poll)
    for kind in event_loops.SELECTORS:
        yield from _methods(kind, ("select",), lambda method: event_loops.selecting(registry, method))
    yield from _methods(socket.socket, blocking_reads.READS, lambda method: blocking_reads.reading(registry, method))
    yield from _methods(threading.Condition, ("wait",), lambda method: locks.waiting(registry, method))
    yield threading, "Lock", threading.Lock, locks.LockMaker
    yield threading, "RLock", threading.RLock, locks.RLockMaker
    yield queue, "SimpleQueue", queue.SimpleQueue, locks.SimpleQueueMaker
    threads = Threads(registry)
    yield from _methods(threading.Thread, ("join",), threads.joining)
    for home, name in (
        (threading, "_start_new_thread"),
        (threading, "_start_joinable_thread"),
        (_thread, "start_new_thread"),
        (_thread, "start_new"),
        (_thread, "start_joinable_thread"),
    ):
        if hasattr(home, name):
            yield home, name, getattr(home, name), threads.starting(getattr(home, name))


def _methods(kind: type, names: tuple[str, ...], make: Callable[[Any], Any]) -> Iterator[Row]:
    for name in names:
        method = getattr(kind, name, None)
        if method is not None:
            yield kind, name, method, make(method)
