"""Threads of the plugin that do not belong to a test: they wait in real time, and the clock does not wait for them."""

from __future__ import annotations

from collections.abc import Callable

from pytest_s3errors.system_clock import kept

from .originals import REAL

own_threads: set[int] = kept.setdefault("own_threads", set())
"""The threads of `start_own_thread`, by their idents."""


def start_own_thread(run: Callable[[], object]) -> None:
    """Call *run* in a thread that does not belong to the test."""
    known = REAL.allocate_lock()

    def running() -> None:
        with known:
            pass
        try:
            run()
        finally:
            own_threads.discard(REAL.get_ident())

    with known:  # it starts only when the clock can recognize it
        own_threads.add(REAL.start_new_thread(running, ()))
