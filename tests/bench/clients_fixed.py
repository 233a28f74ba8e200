"""What the other tools answer with: fixed answers, the same bytes as the loopback S3's, and servers in processes."""

from __future__ import annotations

import asyncio
import http.client
import io
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import cast

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.asyncio_server import Server

from .sides import PROGRAMS

BODY = bytes(range(256)) * 4
BUCKET, KEY = "bucket", "key"
URL = f"https://s3.us-east-1.amazonaws.com/{BUCKET}/{KEY}"
_MOTO = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """One request and its only answer. `name` is 503, GET or PUT; the first is a GET."""

    name: str
    wire: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        """The request's method."""
        return "PUT" if self.name == "PUT" else "GET"

    @property
    def sent(self) -> bytes | None:
        """The request's body."""
        return BODY if self.name == "PUT" else None


def rules_of(name: str) -> tuple[Rule, ...]:
    """What makes the simulator fail the request *name*, if it is to."""
    return (fail_rule((503,), {}),) if name == "503" else ()


def arrange(store: S3Store) -> None:
    """Put the object there that the GET reads."""
    store.put(BUCKET, KEY, BODY)


def fixed(name: str) -> Fixed:
    """The request *name* with what the loopback S3 answers."""
    store = S3Store(now=lambda: datetime.now(UTC))
    arrange(store)
    sent = BODY if name == "PUT" else b""
    method = "PUT" if sent else "GET"
    head = (
        f"{method} /{BUCKET}/{KEY} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    wire = asyncio.run(_answer_of(head.encode() + sent, rules=rules_of(name), store=store))
    answer = http.client.HTTPResponse(cast("socket.socket", SimpleNamespace(makefile=lambda _mode: io.BytesIO(wire))))
    answer.begin()
    body = answer.read()
    # A double is given the body whole: it has no framing to speak of.
    headers = {n: v for n, v in answer.getheaders() if n not in ("Content-Length", "Transfer-Encoding")}
    return Fixed(name=name, wire=wire, status=answer.status, headers=headers, body=body)


async def _answer_of(request: bytes, *, rules: tuple[Rule, ...], store: S3Store) -> bytes:
    """What the loopback S3 sends for *request*, byte for byte, so that the bare server can send the same."""
    simulator = Simulator(store=store, rules=rules, clock=asyncio.get_running_loop().time)
    simulator.armed = True
    server = Server(simulator, endpoints=lambda: (), origin_of=lambda _port: None)
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.start())
    writer.write(request)  # it says "Connection: close", so the answer is over where the connection ends
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    await server.stop()
    return answer


@contextmanager
def bare_process(answer: bytes) -> Iterator[str]:
    """The URL of a server in another process that answers *answer* to everything."""
    with _process(str(PROGRAMS / "bare.py"), answer.hex()) as url:
        yield url


@contextmanager
def moto_process() -> Iterator[str]:
    """The URL of moto's server in another process."""
    with _process("-c", _MOTO) as url:
        yield url


@contextmanager
def moto_thread() -> Iterator[str]:
    """The URL of moto's server in a thread of this process."""
    server = import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    logger = logging.getLogger("werkzeug")
    logger.disabled = True
    try:
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    finally:
        server.stop()
        logger.disabled = False


@contextmanager
def _process(*arguments: str) -> Iterator[str]:
    # What moto's server logs is of no interest; the end of its standard input ends it.
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None  # it is a pipe
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()
