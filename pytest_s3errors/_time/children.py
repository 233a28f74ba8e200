"""Whether a child of this process lives: only then can the other end of a pipe be elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from . import kernel


def alive(made: float = 0.0) -> bool:
    """Return whether a child process runs, or may run where the system does not tell.

    With *made*, the wall clock's time at which a pipe was made: one that may have got an end of it. A child that was
    there before has none, unless it is given open files later.
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


_UNSURE_S = 1.1  # the kernel tells when it has booted in whole seconds


def _forkserver() -> int | None:
    """Return multiprocessing's fork server, which is given open files for each of its children."""
    module = sys.modules.get("multiprocessing.forkserver")
    return getattr(getattr(module, "_forkserver", None), "_forkserver_pid", None)


def _helpers() -> set[int]:
    """Return the process by which multiprocessing cleans up after itself; it has no pipe but its own."""
    module = sys.modules.get("multiprocessing.resource_tracker")
    pid = getattr(getattr(module, "_resource_tracker", None), "_pid", None)
    return set() if pid is None else {pid}
