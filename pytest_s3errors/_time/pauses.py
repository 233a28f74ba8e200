"""Delays of our own: they last as long as the test's clock says, and the code under test has no part in them.

`time.sleep` and `asyncio.sleep` may be a fake of the test, which counts what the code under test waits.
"""

from __future__ import annotations

import asyncio

from .originals import REAL
from .waits import Wait


def now() -> float:
    """Return the time that pauses take a part of, in seconds since some moment."""
    registry = REAL.registry
    return registry.now() if registry is not None and registry.on else REAL.monotonic()


def pause(seconds: float) -> None:
    """Block this thread."""
    if REAL.registry is None:
        REAL.sleep(seconds)
    else:
        REAL.registry.block(Wait(), seconds)


async def pause_async(seconds: float) -> None:
    """Wait, while the event loop runs."""
    over = asyncio.Event()
    timer = asyncio.get_running_loop().call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()
