"""The timeouts of one aiohttp request, for the layers that have no socket.

aiohttp has three limits: `total` for a whole request up to the last byte of its body, `connect` and `sock_connect` for
a connection, `sock_read` for the silence between two reads. The first one reached ends the wait with its own
exception. Without limits the wait never ends, except by `asyncio.timeout`, a cancellation or `s3_limits`.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from pytest_s3errors._core.play.exchange import Ending
from pytest_s3errors._layers.wire.connect_faults import seconds_of
from pytest_s3errors._time.pauses import pause_async

if TYPE_CHECKING:
    from pytest_s3errors._core.play.exchange import Exchange


class Limit(NamedTuple):
    """The end of a wait: after `seconds`, with `error`."""

    seconds: float
    error: Exception


class Patience:
    """The limits of one request that begins now."""

    def __init__(self, limits: aiohttp.ClientTimeout) -> None:
        self._limits = limits
        self._deadline: float | None = None
        if limits.total:
            self._deadline = asyncio.get_running_loop().time() + limits.total
            if limits.total >= limits.ceil_threshold:
                self._deadline = math.ceil(self._deadline)  # as aiohttp does, so that timers fire together

    @classmethod
    def of(cls, given: object, session: aiohttp.ClientSession) -> Patience:
        """Return the limits of a request in *session*. *given* is its `timeout` argument, if any."""
        if isinstance(given, int | float):
            return cls(aiohttp.ClientTimeout(total=given))
        return cls(given if isinstance(given, aiohttp.ClientTimeout) else session.timeout)

    def of_data(self) -> Limit | None:
        """Return the end of a wait for the next bytes. None: no limit."""
        return self._sooner(self._limits.sock_read, aiohttp.SocketTimeoutError("Timeout on reading data from socket"))

    def before(self, exchange: Exchange, url: object) -> tuple[float | None, Limit | None]:
        """Return the seconds until the first byte from *url* (None: it never comes), and the end of the wait for it."""
        if exchange.connect:
            return seconds_of(exchange.connect, exchange.delay_s), self._of_connection(url)
        silent = exchange.answer is None and exchange.ending is Ending.HANG
        return None if silent else exchange.delay_s, self.of_data()

    def _of_connection(self, url: object) -> Limit | None:
        own = [self._rounded(seconds) for seconds in (self._limits.connect, self._limits.sock_connect) if seconds]
        return self._sooner(min(own, default=None), aiohttp.ConnectionTimeoutError(f"Connection timeout to host {url}"))

    def _rounded(self, seconds: float) -> float:
        """Return the seconds until aiohttp's timer. It rounds long ones up, so that timers fire together."""
        now = asyncio.get_running_loop().time()
        return seconds if seconds <= self._limits.ceil_threshold else math.ceil(now + seconds) - now

    def _sooner(self, own: float | None, error: Exception) -> Limit | None:
        left = None if self._deadline is None else max(self._deadline - asyncio.get_running_loop().time(), 0.0)
        if own and (left is None or own <= left):
            return Limit(own, error)
        return None if left is None else Limit(left, TimeoutError())


async def wait(seconds: float | None, limit: Limit | None) -> None:
    """Wait *seconds*. None: forever.

    Raises:
        Exception: the error of *limit*, if that is reached first.
    """
    if limit is not None and (seconds is None or limit.seconds < seconds):
        await pause_async(limit.seconds)
        raise limit.error
    await (asyncio.get_running_loop().create_future() if seconds is None else pause_async(seconds))
