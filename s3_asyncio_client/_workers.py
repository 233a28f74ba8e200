"""Run workers concurrently, stop them together, and finish what must be finished."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

__all__ = ["run_workers", "uninterrupted"]

_T = TypeVar("_T")


async def run_workers(worker: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """Run *worker* *count* times at once until all have returned.

    After the first failure, or a cancellation, the others are cancelled and waited for; nothing is left running.

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
    """Await *action* to its end even if the caller is canceled; raise the cancellation afterwards.

    Args:
        action: What must not stop half-way. Who needs its outcome after a cancellation lets it write that down.
        grace_s: Seconds that it gets after a cancellation before it is cancelled as well; None for as long as it takes.
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
        task.exception()  # taken note of: the cancellation is what the caller gets
    raise cancelled
