"""Whether a child of this process lives: only then can the other end of a pipe be elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from . import kernel


def alive() -> bool:
    """Return whether a child process runs, or may run where the system does not tell."""
    if kernel.ASKED:
        with contextlib.suppress(OSError):
            return any(_runs(pid) for pid in _children() - _helpers())
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _children() -> set[int]:
    listed = (path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    return {int(pid) for pids in listed for pid in pids.split()}


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2][1:2] != b"Z"
    except OSError:
        return False


def _helpers() -> set[int]:
    """Return the process by which multiprocessing cleans up after itself; it has no pipe but its own."""
    module = sys.modules.get("multiprocessing.resource_tracker")
    pid = getattr(getattr(module, "_resource_tracker", None), "_pid", None)
    return set() if pid is None else {pid}
