"""What the event loops of this process are about: they work, or they wait in their selectors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection
from typing import Any

from .silence import has_news


class Loops:
    """The loops that the clock drives. A thread tells of its own, and any thread may ask of all."""

    def __init__(self) -> None:
        # In which thread each works, or waits till a deadline (None: for ever), and whether it is in its selector.
        self._states: dict[asyncio.AbstractEventLoop, tuple[int | None, bool]] = {}
        self.woken = object()
        """Another one whenever a loop has begun to work, so that who looked at several knows that none did meanwhile.

        It changes before the loop reads anything: what it then has read, `news` may have missed.
        """

    def works(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note that *loop*, the one of this thread, does something."""
        self._states[loop] = threading.get_ident(), False
        self.woken = object()

    def waits(self, loop: asyncio.AbstractEventLoop, *, timed: bool) -> None:
        """Note that *loop*, the one of this thread, has nothing to do before its timer, if it is *timed*."""
        self._states[loop] = threading.get_ident() if timed else None, True

    def clear(self) -> None:
        """Forget all."""
        self._states.clear()

    def working(self, waiting: Collection[int]) -> bool:
        """Whether one does something in a thread that is none of *waiting*."""
        return any(
            thread is not None and thread not in waiting and loop.is_running()
            for loop, (thread, _) in tuple(self._states.items())
        )

    def news(self) -> bool:
        """Whether one is about to find something in its selector, whenever its thread gets to it.

        What was sent to a server, a connection that it has not accepted and a call from another thread are found so.
        What a loop does not want to read, such as the next request while it is late with an answer, is not.
        """
        return any(
            selecting and loop.is_running() and has_news(_selector(loop))
            for loop, (_, selecting) in tuple(self._states.items())
        )


def _selector(loop: Any) -> Any:
    return getattr(loop, "_selector", None)
