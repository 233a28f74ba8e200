"""Who keeps real time in a test on virtual time: tools around the test, and modules that wait for other processes."""

from __future__ import annotations

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
"""Packages whose threads hold up nothing."""

REAL_TIME = TOOLS | {"_pytest", "multiprocessing", "pytest", "subprocess"}
"""Packages that wait for another process, or measure the test: a jump would be no wait, and no measure."""

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
    """Return whether whoever waits in *frame* waits for real, looking past the waits of the standard library."""
    while frame is not None and package(frame) in _WAITS:
        frame = frame.f_back
    return frame is not None and package(frame) in REAL_TIME


def of_layer(frame: FrameType) -> bool:
    """Return whether one of our layers runs in *frame*: its sleep delays an answer, and is none of the test's."""
    return str(frame.f_globals.get("__name__", "")).startswith("pytest_s3errors._layers")


def busy_of(owner: Any) -> Any:
    """Return what tells whether jobs are under way that the thread *owner* fetches from other processes, or None."""
    kind = type(owner)
    if kind.__module__ == "concurrent.futures.process":
        pending = getattr(owner, "pending_work_items", {})
        return lambda: bool(pending)
    target = getattr(owner, "_target", None)
    if getattr(target, "__module__", None) == "multiprocessing.pool":
        cache = next((found for found in getattr(owner, "_args", ()) if isinstance(found, dict)), {})
        return lambda: bool(cache)
    return None
