"""Threads from the call that starts them to their end, and the threads that join them."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

from .originals import REAL
from .outsiders import TOOLS, package, place_in_pool, starter
from .registry import Registry
from .waits import Record, Wait


class Threads:
    """Replacements of the functions that start and join threads."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def starting(self, start: Callable[..., Any]) -> Callable[..., Any]:
        """Return a *start*, such as `_thread.start_new_thread`, that counts the thread from this call on."""

        @functools.wraps(start)
        def started(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            owner = getattr(function, "__self__", None)
            frame = starter(sys._getframe(1))  # noqa: SLF001 - the caller decides
            record = self._registry.born(outside=frame is not None and package(frame) in TOOLS)
            if isinstance(owner, threading.Thread):
                record.owner = owner
                in_pipe, record.busy = place_in_pool(owner)
                record.outside |= in_pipe
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
        """Return a `Thread.join` that parks while the other thread lives."""
        registry = self._registry

        @functools.wraps(join)
        def joined(thread: threading.Thread, timeout: float | None = None) -> None:
            record = registry.roster.by_ident.get(thread.ident or 0)
            if record is None or record.owner is not thread or record.ident == REAL.get_ident():
                return join(thread, timeout)
            while not registry.on:
                with Noted(registry, lambda: record.ended) as between_tests:
                    if between_tests:
                        return join(thread, timeout)
            if (timeout is not None and timeout <= 0) or registry.me().outside or record.outside:
                return join(thread, timeout)  # one of the two keeps real time, so test time stands still meanwhile
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
    """A note about a wait in the system between tests, for a test that begins before it ends.

    *came* tells whether the wait is about to end on its own. *ring* ends it, so that it continues in the test's time.
    Entering it returns False if a test has begun before the note was there: nobody has read it, so do not wait.
    """

    __slots__ = ("_ident", "_note", "_registry")

    def __init__(self, registry: Registry, came: Callable[[], bool], ring: Callable[[], object] | None = None) -> None:
        self._registry, self._note = registry, (came, ring)
        self._ident = REAL.get_ident()

    def __enter__(self) -> bool:
        self._registry.observed[self._ident] = self._note
        return not self._registry.on

    def __exit__(self, *exc: object) -> None:
        # In this order: a test that begins now either finds no note, or is noticed here.
        self._registry.observed.pop(self._ident, None)
        if self._registry.on:
            self._registry.came_back()
