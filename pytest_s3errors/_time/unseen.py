"""Whether a thread that is not in one of our waits is asleep, as seen from outside.

This is only needed for threads that were started before the first test that uses the plugin, and for locks in C: those
created before that test, and those of C code. A thread counts as asleep after it has slept for `STALL_S` and used no
nanosecond of processor time. That is not enough, since name lookups and native code on the network sleep too. So the
place counts as well: a call that takes a lock, or the place where the thread waited when the test began.

Without answers from the kernel, the thread must stay at one instruction, for longer, in an idle process. The thread
that looks must also be scheduled in time: on a busy machine none is, and that is not a sleep.
"""

from __future__ import annotations

import dis
import functools
import gc
import re
import sys
import threading
from collections.abc import Container
from types import CodeType, FrameType
from typing import Any

from . import kernel
from .originals import REAL
from .outsiders import is_tool
from .own_threads import own_threads
from .waits import Record

Place = tuple[CodeType, int]

STALL_S = 0.03
PORTABLE_STALL_S = 0.15
_IDLE_SHARE = 0.25
_MISSED_S = 0.06  # twice the interval between two looks
_CONSTANTS = frozenset({"LOAD_CONST", "LOAD_SMALL_INT"})  # all other loads have a name
_WORD = re.compile(r"\w+")
_LOCKS = frozenset({"__enter__", "acquire", "get", "join", "put", "wait"})


def native_id(ident: int) -> int | None:
    """Return the kernel's id for a thread of this process. None: unknown."""
    if ident == REAL.get_ident():
        return REAL.get_native_id()
    found = thread(ident)
    return found.native_id if found is not None else None


def thread(ident: int) -> threading.Thread | None:
    """Return the `Thread` object of a thread of this process. None: it has none."""
    return threading._active.get(ident)  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001 - enumerate() takes its lock


def current_frames() -> dict[int, FrameType]:
    """Return the frame of each thread, as `sys._current_frames`, but without a garbage collection meanwhile.

    CPython 3.11 holds the lock of its list of threads. A finalizer that gives up the interpreter to a thread that
    starts or ends waits for that lock for ever (https://github.com/python/cpython/issues/106883).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()  # noqa: SLF001 - the documented way
    finally:
        if collects:
            gc.enable()


def places(known: Container[int]) -> tuple[dict[int, Place], set[int]]:
    """Return where each thread is, and which threads other than the *known* ones belong to a tool.

    The frames are released before another thread gets a turn. A frame keeps its variables alive, and this function's
    own frame, which refers to all of them, would do so until the next garbage collection.
    """
    frames = current_frames()
    new: dict[int, FrameType] = {}
    try:
        found = {ident: (frame.f_code, frame.f_lasti) for ident, frame in frames.items()}
        new = {ident: frame for ident, frame in frames.items() if ident not in known}
        return found, {ident for ident, frame in new.items() if ident in own_threads or is_tool(frame)}
    finally:
        frames.clear()
        new.clear()


def where_it_waits(record: Record, where: dict[int, Place]) -> Place | None:
    """Return where the thread waits as a test begins. None: it is awake."""
    return None if remember(record, where) is None else where.get(record.ident or 0)


def remember(record: Record, where: dict[int, Place]) -> Any:
    """Return a sample of what the thread does, and record since when, for `sleeps`. None: it is awake."""
    looked = REAL.monotonic()
    seen: Any = where.get(record.ident or 0)
    if kernel.ASKED and record.native is not None:
        seen = kernel.asleep(record.native)
    missed = not kernel.ASKED and looked - record.looked > _MISSED_S
    if seen != record.sample or missed:
        record.sample, record.since, record.cpu = seen, REAL.monotonic(), REAL.process_time()
    record.looked = looked
    return seen


def sleeps(record: Record, where: dict[int, Place], *, any_wait: bool = False) -> bool:
    """Return whether the thread has slept long enough in a lock, or with *any_wait* in any call."""
    seen = remember(record, where)
    slept = record.looked - record.since  # from one look to another, however long each took on a busy machine
    if seen is None or slept < (STALL_S if kernel.ASKED else PORTABLE_STALL_S):
        return False
    if not kernel.ASKED and REAL.process_time() - record.cpu > slept * _IDLE_SHARE:
        record.sample = None
        return False
    place = where.get(record.ident or 0)
    return any_wait or (place is not None and (place == record.first or _is_lock_call(*place)))


@functools.lru_cache(maxsize=256)
def _is_lock_call(code: CodeType, offset: int) -> bool:
    """Return whether the instruction at *offset* begins a `with`, or calls something named like a method of locks.

    Variables count too: the workers of ThreadPool keep such a method in a variable.
    """
    done = [instruction for instruction in dis.get_instructions(code) if instruction.offset <= offset]
    here = done[-1]
    line = here.positions and here.positions.lineno
    return here.opname == "BEFORE_WITH" or any(
        loaded.opname.startswith("LOAD_")
        and loaded.opname not in _CONSTANTS
        and (loaded.positions and loaded.positions.lineno) == line
        and not _LOCKS.isdisjoint(_WORD.findall(loaded.argrepr))
        for loaded in done
    )
