"""Microseconds per request: each layer, through the shipped client and plain aiohttp, next to the bare server."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.store import Store
from pytest_s3errors._options import Settings
from pytest_s3errors._test.lifetime import Run
from pytest_s3errors._test.plan import Plan
from s3_asyncio_client import S3Client, S3ServerError

from .bare import BareServer, answer_of
from .timing import Took, stopwatch

BODY = bytes(range(256)) * 4
SETTINGS = Settings(layer="wire", seed="bench", control=False, endpoints=(), passthrough=())
_S3 = "https://s3.us-east-1.amazonaws.com"

Send = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to measure. `server` is client, wire or bare; `client` S3Client or aiohttp; `request` 503, PUT, GET."""

    server: str
    client: str
    request: str


CASES = tuple(
    Case(server=server, client=client, request=request)
    for request in ("503", "PUT", "GET")
    for client, server in itertools.product(("S3Client", "aiohttp"), ("client", "wire", "bare"))
    if (client, server) != ("aiohttp", "client")  # that layer is inside S3Client
)


def measure(*, rounds: int, requests: int) -> dict[Case, list[Took]]:
    """Microseconds per request, a number for each of *rounds*; every round goes through all cases in turn."""
    taken: dict[Case, list[Took]] = {case: [] for case in CASES}
    for _ in range(rounds):
        for case in CASES:
            taken[case].append(_one_round(case, requests))
    return taken


def pairs(taken: dict[Case, list[Took]], client: str, request: str) -> list[tuple[Took, Took]]:
    """The wire layer's times with those of the bare server, which were taken next to them."""
    wire, bare = (taken[Case(server=server, client=client, request=request)] for server in ("wire", "bare"))
    return list(zip(wire, bare, strict=True))


def _one_round(case: Case, requests: int) -> Took:
    rules = (fail_rule((503,), {}),) if case.request == "503" else ()
    if case.server == "bare":
        return asyncio.run(_bare_round(case, rules, requests))
    run = Run(Plan(rules=rules, layer=case.server, arrange=(_arrange,)), SETTINGS, test="bench")
    run.start()
    run.simulator.armed = True
    try:
        return asyncio.run(_timed(case, _S3, requests))
    finally:
        run.stop()


def _arrange(store: Store) -> None:
    store.put("bucket", "key", BODY)


async def _bare_round(case: Case, rules: tuple[Rule, ...], requests: int) -> Took:
    store = Store(now=lambda: datetime.now(UTC))
    _arrange(store)
    method, body = ("GET", b"") if case.request == "GET" else ("PUT", BODY)
    head = f"{method} /bucket/key HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = await answer_of(head.encode() + body, rules=rules, store=store)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BareServer(answer, len(body)), "127.0.0.1", 0)
    async with server:
        return await _timed(case, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests)


async def _timed(case: Case, endpoint: str, requests: int) -> Took:
    async with AsyncExitStack() as stack:
        send = await (_s3_client if case.client == "S3Client" else _plain)(stack, case.request, endpoint)
        for _ in range(max(requests // 10, 1)):
            await send()
        gc.collect()
        elapsed = stopwatch()
        for _ in range(requests):
            await send()
        return elapsed(1e6 / requests)


async def _s3_client(stack: AsyncExitStack, request: str, endpoint: str) -> Send:
    client = await stack.enter_async_context(S3Client("AKIDEXAMPLE", "secret", endpoint_url=endpoint))

    async def failing_put() -> None:
        with suppress(S3ServerError):
            await client.put_object("bucket", "key", BODY)
            raise AssertionError("the request was to fail")

    if request == "503":
        return failing_put
    if request == "PUT":
        return lambda: client.put_object("bucket", "key", BODY)
    return lambda: client.get_object("bucket", "key")


async def _plain(stack: AsyncExitStack, request: str, endpoint: str) -> Send:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    method, body = ("GET", None) if request == "GET" else ("PUT", BODY)
    wanted = 503 if request == "503" else 200

    async def send() -> None:
        async with session.request(method, f"{endpoint}/bucket/key", data=body) as response:
            await response.read()
            assert response.status == wanted

    return send
