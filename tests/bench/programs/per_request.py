"""A request: each layer, through the shipped client and plain aiohttp, next to a server that does not think."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from bare import ANSWERS, BODY, BareServer
from turns import turns

from s3_asyncio_client import S3Client, S3ServerError

S3 = "https://s3.us-east-1.amazonaws.com"
Send = Callable[[], Awaitable[object]]


@asynccontextmanager
async def s3_client(kind: str, endpoint: str) -> AsyncIterator[Send]:
    async with S3Client("AKIDEXAMPLE", "secret", endpoint_url=endpoint) as client:

        async def failing_put() -> None:
            with suppress(S3ServerError):
                await client.put_object("bucket", "key", BODY)
                raise AssertionError("the request was to fail")

        yield {
            "503": failing_put,
            "PUT": lambda: client.put_object("bucket", "key", BODY),
            "GET": lambda: client.get_object("bucket", "key"),
        }[kind]


@asynccontextmanager
async def plain(kind: str, endpoint: str) -> AsyncIterator[Send]:
    method, body = ("GET", None) if kind == "GET" else ("PUT", BODY)
    async with aiohttp.ClientSession() as session:

        async def send() -> None:
            async with session.request(method, f"{endpoint}/bucket/key", data=body) as response:
                await response.read()
                assert response.status == (503 if kind == "503" else 200)

        yield send


CLIENTS = {"S3Client": s3_client, "aiohttp": plain}


async def measure(kind: str, client: str, server: str, endpoint: str) -> None:
    async with CLIENTS[client](kind, endpoint) as send:
        for times in turns(f"{kind} {client} {server}"):
            for _ in range(times):
                await send()


@pytest.mark.s3_object("bucket", "key", BODY)
@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize(
    ("client", "server"),
    [
        pytest.param(client, layer, marks=pytest.mark.s3_layer(layer))
        for client, layers in {"S3Client": ("client", "mock", "wire"), "aiohttp": ("mock", "wire")}.items()
        for layer in layers
    ],
)
async def test_simulated(kind, client, server, s3_errors):
    if kind == "503":
        s3_errors.fail(503)
    await measure(kind, client, server, S3)


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_bare(kind, client):
    size = 0 if kind == "GET" else len(BODY)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BareServer(ANSWERS[kind], size), "127.0.0.1", 0)
    async with server:
        await measure(kind, client, "bare", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
