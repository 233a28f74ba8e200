"""Pass the owner to everything that a test starts: threads, pool jobs, tasks of anyio's runner.

asyncio's tasks and callbacks, `asyncio.to_thread`, anyio's worker threads and gevent's greenlets copy the context, so
they need nothing. A pool's thread has no owner; each of its jobs has one.
"""

from __future__ import annotations

import _thread
import concurrent.futures.thread
import functools
import multiprocessing.pool
import threading
from collections.abc import Callable
from typing import Any

from pytest_s3errors._failures import SimulationError

from .imports import when_imported
from .owner import Owner, binding, job_of, own, working_for
from .seams import wrap

# What a pool's thread runs: it takes one job after another, for any owner.
_POOLS = frozenset({concurrent.futures.thread._worker, multiprocessing.pool.worker})  # type: ignore[attr-defined]  # noqa: SLF001


@functools.cache
def install() -> None:
    """Pass owners on from now on."""
    wrap(threading, "Thread.start", _thread_start)
    wrap(_thread, "start_new_thread", _raw_start)
    wrap(concurrent.futures, "ThreadPoolExecutor.submit", _submit)
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        wrap(multiprocessing.pool, f"ThreadPool.{name}", _submit)
    when_imported("anyio._backends._asyncio", lambda m: wrap(m, "TestRunner._call_in_runner_task", _in_runner))


def _thread_start(start: Callable[[threading.Thread], None]) -> Callable[..., None]:
    def starting(thread: threading.Thread) -> None:
        owner = own()
        if owner is not None and getattr(thread, "_target", None) not in _POOLS and thread.ident is None:
            before = vars(thread).get("run")
            thread.run = lambda: _run(thread, owner, before)  # type: ignore[method-assign]
        start(thread)

    return starting


def _run(thread: threading.Thread, owner: Owner, before: Callable[[], None] | None) -> None:
    if before is None:
        del thread.run
    else:
        thread.run = before  # type: ignore[method-assign]
    with working_for(owner):
        try:
            thread.run()
        except SimulationError:
            # Its own test knows of the error. If that test has ended, no one needs to.
            return


def _raw_start(start: Callable[..., int]) -> Callable[..., int]:
    def starting(function: Callable[..., object], *rest: Any) -> int:
        owner = own()
        return start(function if owner is None else job_of(owner, function), *rest)

    return starting


def _submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    def bind(_pool: Any, job: Callable[..., Any]) -> Any:
        owner = own()
        return job if owner is None else job_of(owner, job)

    return binding(submit, bind)


def _in_runner(call: Callable[..., Any]) -> Callable[..., Any]:
    """Set the owner in anyio's runner. It runs all tests of a session in one task, in the context of the first test."""

    def calling(runner: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        owner = own()

        async def owned(*a: Any, **k: Any) -> Any:
            with working_for(owner):
                return await function(*a, **k)

        return call(runner, owned, *args, **kwargs)

    return calling
