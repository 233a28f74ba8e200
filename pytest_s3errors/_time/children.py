"""Whether this process has a living child: only then can the other end of a pipe be in another process."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from . import kernel


def alive(made: float = 0.0) -> bool:
    """Return whether a child process runs. True if the system can't tell.

    Args:
        made: When a pipe was created, in seconds since the epoch. Then only children that may hold an end of it count:
            an older child holds none, unless it is given open files later.
    """
    if kernel.ASKED:
        with contextlib.suppress(OSError):
            return any(_runs(pid, made) for pid in _children() - _helpers())
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


def _runs(pid: int, made: float) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    if fields[0] == b"Z":
        return False
    started = kernel.booted() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return made < started + _UNSURE_S or pid == _forkserver()


_UNSURE_S = 1.1  # the kernel reports its boot time in whole seconds


def _forkserver() -> int | None:
    """Return the process id of multiprocessing's fork server, which is given open files for each of its children."""
    module = sys.modules.get("multiprocessing.forkserver")
    return getattr(getattr(module, "_forkserver", None), "_forkserver_pid", None)


def _helpers() -> set[int]:
    """Return the process id of multiprocessing's resource tracker. It holds no pipe except its own."""
    module = sys.modules.get("multiprocessing.resource_tracker")
    pid = getattr(getattr(module, "_resource_tracker", None), "_pid", None)
    return set() if pid is None else {pid}
