"""The processor time used by this process and its descendants, except by the thread that asks.

Linux reports running processes too. Elsewhere a child counts only after its end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import kernel
from .originals import REAL

_PROC = Path("/proc")


class _Process(NamedTuple):
    pid: int
    parent: int
    ticks: int  # its own and its ended children's


def processor_s() -> float:
    """Return the seconds of processor time that all descendants and all threads except this one have used.

    It takes milliseconds to read every process of a busy machine, so a thread that asks often would count itself.
    """
    times = os.times()
    living_s = _living_s()
    return REAL.process_time() - REAL.thread_time() + times.children_user + times.children_system + living_s


def queued_s() -> float:
    """Return the seconds that threads of this process, except this one, were ready to run but had no processor.

    Threads that have ended are not counted. 0 if the system can't tell.
    """
    queued = kernel.queued_s()
    queued.pop(REAL.get_native_id(), None)
    return sum(queued.values())


def _living_s() -> float:
    try:
        a_second = os.sysconf("SC_CLK_TCK")
    except (AttributeError, ValueError, OSError):
        return 0.0  # Windows
    children: dict[int, list[_Process]] = {}
    for process in _processes():
        children.setdefault(process.parent, []).append(process)
    ticks, parents = 0, [os.getpid()]
    while parents:
        for child in children.pop(parents.pop(), ()):
            ticks += child.ticks
            parents.append(child.pid)
    return ticks / a_second


def _processes() -> Iterator[_Process]:
    for place in _PROC.glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may contain anything.
            fields = place.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        yield _Process(int(place.parent.name), int(fields[1]), sum(map(int, fields[11:15])))
