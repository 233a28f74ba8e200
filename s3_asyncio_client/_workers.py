"""Run workers concurrently, stop them together, and shield steps that must not be interrupted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

_T = TypeVar("_T")


async def run_workers(worker: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """Run *count* copies of *worker* concurrently until all have returned.

    After the first failure or a cancellation, the others are cancelled and awaited. Nothing is left running.

    Raises:
        BaseException: The first error as it was raised, with the others as notes on it.
    """
    errors: list[BaseException] = []

    async def guarded() -> None:
        try:
            await worker()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            errors.append(error)
            raise

    tasks = [asyncio.create_task(guarded()) for _ in range(count)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if errors:
        first, *others = errors
        for other in others:
            first.add_note(f"also failed: {type(other).__name__}: {other}")
        raise first


async def uninterrupted(action: Awaitable[_T], *, grace_s: float | None = None) -> _T:
    """Await *action* to its end even if the caller is cancelled. Raise the cancellation afterwards.

    Args:
        action: Must not stop halfway. After a cancellation its result is lost, so it should store what matters.
        grace_s: Seconds that it gets after a cancellation before it is cancelled too. None: no limit.
    """
    task = asyncio.ensure_future(action)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task], timeout=None if cancelled is None else grace_s)
            if not task.done():
                task.cancel()
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # marks it as retrieved, since the caller gets the cancellation
    raise cancelled
