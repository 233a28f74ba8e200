"""Where the code under test is now, seen from outside: the stacks of all threads and of their suspended tasks.

A thread that runs an event loop shows the loop, not the coroutine that waits. So each suspended task gets its own stack
here: the frames of its coroutine and of everything that the coroutine awaits.
"""

from __future__ import annotations

import asyncio
import linecache
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import s3_asyncio_client
from pytest_s3errors._servers.thread import THREAD
from pytest_s3errors._time.unseen import current_frames

_MAX_OWN = 8
_STDLIB = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_PACKAGES = (str(Path(__file__).parents[1]), str(Path(s3_asyncio_client.__file__).parent))
_INSTALLED = ("site-packages", "dist-packages")
_RUNNERS = ("_pytest.", "pluggy.")


_Frames = tuple[tuple[FrameType, int], ...]


class Stack(NamedTuple):
    """A thread or task, and its frames with the line of each, outermost first."""

    name: str
    frames: _Frames


def stacks() -> list[Stack]:
    """Return the stacks of all suspended tasks, and of all threads except the caller and the server.

    Stacks in the user's own code come first. The frames through which pytest called the test are left out.
    """
    me = threading.get_ident()
    found = [Stack(f"thread {name}", _without_runner(frames)) for ident, name, frames in _current() if ident != me]
    found += [stack for loop in loops() for stack in _tasks(loop)]
    return sorted(found, key=lambda stack: not any(_is_own(frame) for frame, _ in stack.frames))


def loops() -> list[asyncio.AbstractEventLoop]:
    """Return the running event loops of all threads, without those of the simulated S3."""
    return [loop for _, _, frames in _current() for loop in _loops(frames)]


def own_lines() -> str:
    """Return the current lines of the user's own code, including the calling thread. Empty: there are none."""
    mine = Stack("", _without_runner(_frames(sys._getframe(1))))  # noqa: SLF001 - where the caller was called
    tasks = [stack for loop in _loops(mine.frames) for stack in _tasks(loop)]
    told_: dict[str, None] = {}
    for stack in (mine, *tasks, *stacks()):
        own = [(frame, line) for frame, line in stack.frames if _is_own(frame)]
        for frame, line in own[-_MAX_OWN:]:
            told_[_line(frame, line)] = None
    return "\n".join(told_)


def told(stack: Stack) -> str:
    """Return *stack* as text, one line per frame."""
    lines = [f"{stack.name}:", *(f"  {_line(frame, line)}" for frame, line in stack.frames)]
    return "\n".join(lines if stack.frames else [f"{stack.name}: no Python code"])


def _current() -> list[tuple[int, str, _Frames]]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return [
        (ident, name, _frames(frame))
        for ident, frame in current_frames().items()
        if (name := names.get(ident, str(ident))) != THREAD
    ]


def _frames(frame: FrameType | None) -> _Frames:
    found = []
    while frame is not None:
        found.append((frame, frame.f_lineno))
        frame = frame.f_back
    return tuple(reversed(found))


def _without_runner(frames: _Frames) -> _Frames:
    ours = [n for n, (frame, _) in enumerate(frames) if str(frame.f_globals.get("__name__", "")).startswith(_RUNNERS)]
    return frames[ours[-1] + 1 :] if ours else frames


def _loops(frames: _Frames) -> Iterator[asyncio.AbstractEventLoop]:
    for frame, _ in frames:
        loop = frame.f_locals.get("self") if frame.f_code.co_name == "run_forever" else None
        if isinstance(loop, asyncio.AbstractEventLoop):
            yield loop


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[Stack]:
    for task in asyncio.all_tasks(loop):
        frames = tuple(_awaited(task.get_coro()))
        if frames:
            yield Stack(f"task {task.get_name()}", frames)


def _awaited(waiting: Any) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames from a suspended coroutine to what it awaits. A running one is in its thread's stack."""
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if not isinstance(frame, FrameType) or getattr(waiting, "cr_running", False):
            return
        yield frame, frame.f_lineno
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)


def _is_own(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    return not path.startswith(("<", *_STDLIB, *_PACKAGES)) and not any(part in path for part in _INSTALLED)


def _line(frame: FrameType, number: int) -> str:
    code = frame.f_code
    source = linecache.getline(code.co_filename, number, frame.f_globals).strip()
    path = Path(code.co_filename)
    shown = path.name if _is_own(frame) else "/".join(path.parts[-2:])
    return f"{shown}:{number} in {code.co_name}: {source}".rstrip(": ")
