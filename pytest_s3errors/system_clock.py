"""The system's clock as it was before anything could fake it, and what `_time` makes of it.

The package imports this module when pytest starts. So pytester, which forgets what a test imported, does not forget it.
"""

from __future__ import annotations

import _thread
import atexit
import select
import time
from typing import Any

kept: dict[str, Any] = {
    "start_new_thread": _thread.start_new_thread,
    "poll": getattr(select, "poll", None),  # Windows has none
    "select": select.select,
    **{
        name: getattr(time, name)
        for name in ("monotonic", "monotonic_ns", "process_time", "sleep", "thread_time", "time", "time_ns")
    },
}
"""By name: functions of the standard library, and the objects of which a process has one."""


@atexit.register  # early, so it is called late, and no clock goes back before
def put_back() -> None:
    """Put the system's functions back. A finalizer may call them when our modules are empty."""
    for home, name, system, ours in getattr(kept.get("registry"), "rows", ()):
        if vars(home).get(name) is ours:
            setattr(home, name, system)
