"""Threads of the plugin's own that are not the test's: they wait in real time, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Callable

from pytest_s3errors.system_clock import kept

from .originals import REAL

own_threads: set[int] = kept.setdefault("own_threads", set())
"""The threads of `start_own_thread`, by their idents."""


def start_own_thread(run: Callable[[], object]) -> None:
    """Have *run* called in a thread that is not the test's."""
    known = REAL.allocate_lock()

    def running() -> None:
        with known:
            pass
        try:
            run()
        finally:
            own_threads.discard(REAL.get_ident())

    with known:  # so that no clock meets it before it is known
        own_threads.add(REAL.start_new_thread(running, ()))
