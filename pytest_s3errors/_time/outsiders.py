"""Code that keeps real time in a test on virtual time: test tools, and modules that wait for other processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

TOOLS = frozenset(
    {
        "_pydevd_bundle",
        "_pydevd_frame_eval",
        "debugpy",
        "execnet",
        "pydevd",
        "pytest_rerunfailures",
        "pytest_timeout",
        "xdist",
    }
)
"""Packages whose threads do not stop time."""

REAL_TIME = TOOLS | {"_pytest", "multiprocessing", "pytest", "subprocess"}
"""Packages that wait for another process or measure the test. A jump would falsify both."""

_THREADS_OF_POOL = "multiprocessing.dummy"
_PIPES = "multiprocessing.queues"
_STARTS = frozenset({"pytest_s3errors", "threading"})
_WAITS = frozenset({"concurrent", "queue", "threading"})


def package(frame: FrameType) -> str:
    """Return the name of the package that *frame* runs in."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def is_tool(frame: FrameType) -> bool:
    """Return whether the thread that runs *frame* was started by a tool or by multiprocessing."""
    outermost: FrameType | None = frame
    while outermost is not None:
        if package(outermost) in TOOLS:
            return True
        outermost = outermost.f_back
    return False


def keeps_real_time(frame: FrameType | None) -> bool:
    """Return whether the caller in *frame* waits in real time. The standard library's own waits are skipped."""
    while frame is not None:
        name = package(frame)
        if name not in _WAITS:
            return name in REAL_TIME and not _waits_for_thread_pool(frame)
        frame = frame.f_back
    return False


def _waits_for_thread_pool(frame: FrameType) -> bool:
    """Return whether the wait is for a result of `multiprocessing.pool.ThreadPool`, whose jobs are in this process."""
    pools: Any = sys.modules.get("multiprocessing.pool")
    return pools is not None and isinstance(getattr(frame.f_locals.get("self"), "_pool", None), pools.ThreadPool)


def starter(frame: FrameType | None) -> FrameType | None:
    """Return the caller that starts a thread in *frame*. Frames of threading and of the guard are skipped."""
    while frame is not None and package(frame) in _STARTS:
        frame = frame.f_back
    return frame


def place_in_pool(owner: Any) -> tuple[bool, Callable[[], bool] | None]:
    """Return the role of the thread *owner* in a pool.

    Returns:
        A pair. First, whether the thread always blocks in a pipe instead of a selector or a queue; such a thread does
        not stop time. Second, a function that tells whether jobs run in other processes whose results the thread
        fetches; None if it fetches none.
    """
    pending = getattr(owner, "pending_work_items", None)
    if isinstance(pending, dict):  # a ProcessPoolExecutor's, also of loky
        return False, lambda: bool(pending)
    target = getattr(owner, "_target", None)
    if getattr(target, "__module__", None) != "multiprocessing.pool" or type(owner).__module__ == _THREADS_OF_POOL:
        return False, None
    if target == sys.modules["multiprocessing.pool"].Pool._handle_workers:  # noqa: SLF001
        return True, None
    given = getattr(owner, "_args", ())
    if not any(type(found).__module__ == _PIPES for found in given):
        return False, None  # of a ThreadPool: they wait in queues
    cache = next((found for found in given if isinstance(found, dict)), {})
    return True, lambda: bool(cache)
