"""The loopback S3 without a test around it: real time, no rules, no journal, buckets only where they were created."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_s3errors._core.play.connection import Limits
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS, Access
from pytest_s3errors._core.s3.store import Store
from pytest_s3errors._core.simulator import Simulator

from .asyncio_server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_s3errors._core.s3.access import Credentials


LIMITS = Limits(idle_s=60, head_s=20)
"""A client of a test may wait in test time for ever; here a silent one would stay until the server ends."""


class _Reported(list[str]):
    """What fails a test is told on standard error here, in one line unless it is a traceback, and forgotten.

    A server with a problem in its list serves nobody any more, so this list stays empty.
    """

    def append(self, problem: str) -> None:
        text = problem if "Traceback" in problem else problem.partition("\n")[0]
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of a command line tool


def serve(*, host: str, port: int, keys: tuple[Credentials, ...], env: bool, ownership: str) -> None:
    """Serve until SIGINT or SIGTERM, whose handlers are then what they were; the first line printed is the URL.

    Args:
        host: A loopback address.
        port: 0 for a free one.
        keys: Who is known; none: the credentials that the plugin gives its tests, which are printed then.
        env: Print environment variables by which SDKs find the server, one a line.
        ownership: Of buckets that say nothing of it themselves.

    Raises:
        OSError: The port is taken, or the address is none of this machine.
    """
    asyncio.run(_serve(host, port, keys, env=env, ownership=ownership))


async def _serve(host: str, port: int, keys: tuple[Credentials, ...], *, env: bool, ownership: str) -> None:
    simulator = Simulator(
        # Not armed: nothing is written down of requests that are over.
        store=Store(now=lambda: datetime.now(UTC), strict_buckets=True),
        seed=secrets.token_hex(),
        clock=time.monotonic,
        access=Access(known=keys or (TEST_CREDENTIALS,), declared=True, ownership=ownership),
    )
    simulator.problems = _Reported()
    server = Server(simulator, endpoints=tuple, origin_of=lambda _: None, limits=LIMITS)
    with _signalled() as stopped:
        try:
            bound = await server.start(host, port)
            url = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
            print(url, *_lines(url, keys, env=env), sep="\n", flush=True)  # noqa: T201 - what the caller waits for
            await stopped.wait()
        finally:
            await server.stop()


@contextlib.contextmanager
def _signalled() -> Iterator[asyncio.Event]:
    """Yield what SIGINT and SIGTERM set, until the block ends."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    before = {
        number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lines(url: str, keys: tuple[Credentials, ...], *, env: bool) -> Iterator[str]:
    if not keys or env:
        key = keys[0] if keys else TEST_CREDENTIALS
        yield f"AWS_ACCESS_KEY_ID={key.access_key}"
        yield f"AWS_SECRET_ACCESS_KEY={key.secret_key}"
    if env:
        yield f"AWS_ENDPOINT_URL_S3={url}"
        yield f"AWS_ENDPOINT_URL={url}"
        yield "AWS_DEFAULT_REGION=us-east-1"
        yield "AWS_REGION=us-east-1"
