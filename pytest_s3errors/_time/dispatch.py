"""The one place that replaces functions of the standard library, for the clock: what, by what, and when.

Nothing is replaced before the first test that uses the plugin, and nothing is taken back after it: see `registry`. A
function that somebody else has replaced stays theirs; before each test it is looked at again. Copies that others made
before (`from time import sleep`, `clock=time.monotonic` as a default, an attribute) are found by the garbage collector
once and replaced as well; what is imported later finds the stand-ins.
"""

from __future__ import annotations

import _thread
import asyncio
import gc
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import CellType, FunctionType, ModuleType
from typing import Any

from pytest_s3errors.system_clock import kept

from . import blocking_reads, event_loops, locks, other_clocks, readings
from .originals import REAL
from .outsiders import REAL_TIME
from .registry import Registry
from .threads import Threads

Row = tuple[Any, str, Any, Any]
"""Home, name, what has to stand there to be replaced, and by what."""


def the_registry() -> Registry:
    """Return the registry of this process, with everything in its place."""
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
    registry.rows = list(_rows(registry))
    for home, name, system, ours in registry.rows:
        if getattr(home, name) is system:
            setattr(home, name, ours)
    # Of functions only: nobody copies a method to replace it.
    replace_copies({id(old): (old, new) for home, _, old, new in registry.rows if isinstance(home, ModuleType)})
    os.register_at_fork(
        before=lambda: registry.mutex.acquire(),  # noqa: PLW0108 - the child gets another one
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


# Copies.


def replace_copies(swaps: dict[int, tuple[Any, Any]]) -> None:
    """Put each new function in the place of its old one wherever that stands by another name.

    *swaps* has, by the identity of the old one, the old and the new. Modules that wait for other processes, and test
    tools, keep what they have.
    """
    holders = gc.get_referrers(*(old for old, _ in swaps.values()))
    tuples = [holder for holder in holders if isinstance(holder, tuple)]
    for holder in holders:
        if isinstance(holder, dict):
            _in_dict(holder, swaps)
        elif not isinstance(holder, _BUILT_IN):
            _in_attributes(holder, swaps)
    for holder in gc.get_referrers(*tuples) if tuples else ():
        if isinstance(holder, FunctionType) and _follows(holder.__module__):
            holder.__defaults__ = holder.__defaults__ and tuple(_new(x, swaps) or x for x in holder.__defaults__)


def _new(value: Any, swaps: dict[int, tuple[Any, Any]]) -> Any:
    found = swaps.get(id(value))
    return found[1] if found is not None else None


def _in_dict(holder: dict[Any, Any], swaps: dict[int, tuple[Any, Any]]) -> None:
    name = holder.get("__name__", holder.get("__module__"))
    if holder is kept or not _follows(name) or name in {"time", "_thread", "_queue", "threading", "queue"}:
        return  # the table names what changes at home
    for key, value in tuple(holder.items()):
        new = _new(value, swaps)
        if new is not None and key != "__wrapped__":
            holder[key] = new


def _in_attributes(holder: Any, swaps: dict[int, tuple[Any, Any]]) -> None:
    if not _follows(type(holder).__module__):
        return
    for key, value in tuple(getattr(holder, "__dict__", {}).items()):
        new = _new(value, swaps)
        if new is not None:
            object.__setattr__(holder, key, new)


def _follows(module: object) -> bool:
    return str(module).partition(".")[0] not in _OWN_TIME


_BUILT_IN = (tuple, list, set, frozenset, type, ModuleType, FunctionType, CellType)
_OWN_TIME = REAL_TIME | {"_pytest", "freezegun", "pytest_s3errors", "time_machine", "_time_machine"}
