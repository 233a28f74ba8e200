"""Threads from the call that starts them to their end, and who waits for that end."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from .originals import REAL
from .outsiders import TOOLS, busy_of, package
from .registry import Registry
from .waits import Record, Wait

_DEPTH = 6


class Threads:
    """Stand-ins for what starts a thread and what joins one."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def starting(self, start: Callable[..., Any]) -> Callable[..., Any]:
        """Return `_thread.start_new_thread` or one of its kin that counts the thread from this call on."""

        @functools.wraps(start)
        def started(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            owner = getattr(function, "__self__", None)
            record = self._registry.born(outside=_of_tool(sys._getframe(1)))  # noqa: SLF001 - who starts it decides
            if isinstance(owner, threading.Thread):
                record.owner, record.busy = owner, busy_of(owner)
                record.outside |= record.busy is not None and _reads_pipes(owner)
            try:
                return start(functools.partial(self._living, record, function), *args, **kwargs)
            except BaseException:
                self._registry.ended(record)
                raise

        return started

    def _living(self, record: Record, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        self._registry.lives(record)
        try:
            function(*args, **kwargs)
        finally:
            self._registry.ended(record)

    def joining(self, join: Callable[..., None]) -> Callable[..., None]:
        """Return `Thread.join` that parks while the other thread lives."""
        registry = self._registry

        @functools.wraps(join)
        def joined(thread: threading.Thread, timeout: float | None = None) -> None:
            record = registry.threads.get(thread.ident or 0)
            if record is None or record.owner is not thread or record.ident == REAL.get_ident():
                return join(thread, timeout)
            if not registry.on:
                with Noted(registry, lambda: record.ended):
                    return join(thread, timeout)
            if (timeout is not None and timeout <= 0) or registry.me().outside:
                return join(thread, timeout)
            wait = Wait()
            with registry.mutex:
                wait.done = wait.result = record.ended
                record.joiners.append(wait)
            if registry.block(wait, timeout):
                return join(thread)
            record.joiners.remove(wait)
            return None

        return joined


class Noted:
    """Around a wait of the system's own between tests: a test that begins meanwhile knows what it is about.

    *came* tells whether the wait is about to end by itself; *ring* ends it, so that it goes on in the test's time.
    """

    __slots__ = ("_ident", "_note", "_registry")

    def __init__(self, registry: Registry, came: Callable[[], bool], ring: Callable[[], object] | None = None) -> None:
        self._registry, self._note = registry, (came, ring)
        self._ident = REAL.get_ident()

    def __enter__(self) -> None:
        self._registry.observed[self._ident] = self._note

    def __exit__(self, *exc: object) -> None:
        # In this order: a test that begins now either finds no note, or is seen here.
        self._registry.observed.pop(self._ident, None)
        if self._registry.on:
            self._registry.came_back()


def _of_tool(frame: FrameType | None) -> bool:
    """Return whether a tool starts a thread from *frame*, at most through threading and a subclass of its Thread."""
    for _ in range(_DEPTH):
        if frame is None:
            return False
        name = package(frame)
        if name in TOOLS:
            return True
        if name != "threading":
            return False
        frame = frame.f_back
    return False


def _reads_pipes(owner: threading.Thread) -> bool:
    """Return whether the thread sits in a pipe of a multiprocessing.Pool for good, instead of in a selector."""
    return type(owner).__module__ != "concurrent.futures.process"
