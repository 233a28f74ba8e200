"""The event loops in which a test talked to S3, and its own clients: what is open in each, and how it is closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent import futures
from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS

if TYPE_CHECKING:
    from s3_asyncio_client import S3Client

_PATIENCE_S = 1  # real seconds that the end of a test waits for a loop in another thread


class OpenLoops:
    """The loops that talked to S3 and have not been closed."""

    def __init__(self) -> None:
        self._clients: list[S3Client] = []
        self._closers: dict[asyncio.AbstractEventLoop, list[Callable[[], Awaitable[object]]]] = {}

    def client(self) -> S3Client:
        """Return a client with the test's credentials. It is closed with the loops."""
        from s3_asyncio_client import S3Client  # noqa: PLC0415 - aiohttp only where it is needed

        client = S3Client(TEST_CREDENTIALS.access_key, TEST_CREDENTIALS.secret_key)
        self._clients.append(client)
        return client

    def all(self) -> tuple[asyncio.AbstractEventLoop, ...]:
        """Return the loops, in the order in which they first talked to S3."""
        return tuple(self._closers)

    def before_close(self, loop: asyncio.AbstractEventLoop, closer: Callable[[], Awaitable[object]]) -> None:
        """Run *closer* in *loop* when the test ends or the loop closes, whichever is first."""
        if loop not in self._closers:
            close = loop.close

            def closing() -> None:
                if not loop.is_closed() and not loop.is_running():
                    self._close_in(loop)
                close()

            loop.close = closing  # type: ignore[method-assign]
        self._closers.setdefault(loop, []).append(closer)

    def close(self) -> None:
        """Close what is open in each loop, and the clients. The loops stay as they are."""
        for loop in self.all():
            if _runs_elsewhere(loop):
                self._close_beside(loop)
            elif not loop.is_closed() and not loop.is_running():
                self._close_in(loop)
        for client in self._clients:
            if client._session is not None:  # noqa: SLF001 - both packages are one distribution
                asyncio.run(client.close())

    def _close_in(self, loop: asyncio.AbstractEventLoop) -> None:
        close_servers = self._close_servers(loop)

        async def close_all() -> None:
            for client in self._clients:
                # Not client.close(): the client may continue in another loop.
                session, client._session = client._session, None  # noqa: SLF001
                if session is not None:
                    await session.close()
            await close_servers

        loop.run_until_complete(close_all())

    def _close_beside(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the servers in a loop that runs in a thread and outlives the test, as fsspec's does.

        If that thread is busy, they close as soon as it comes to it.
        """
        servers = self._close_servers(loop)
        try:
            closing = asyncio.run_coroutine_threadsafe(servers, loop)
        except RuntimeError:  # its thread has closed it meanwhile, and the servers before
            servers.close()
            return
        with contextlib.suppress(TimeoutError, futures.CancelledError):
            closing.result(_PATIENCE_S)

    async def _close_servers(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(AttributeError):
            del loop.close  # remove the instance's attribute; the class's is visible again
        for closer in self._closers.pop(loop, []):
            await closer()


def _runs_elsewhere(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return loop.is_running() and loop is not asyncio.get_running_loop()
    except RuntimeError:  # none runs in this thread
        return True
