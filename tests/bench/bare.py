"""The yardstick: an asyncio server that reads one kind of request and answers the same bytes, without a thought."""

from __future__ import annotations

import asyncio
from typing import cast

from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.store import Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.asyncio_server import Server


class BareServer(asyncio.Protocol):
    """Answers *answer* to every request with a body of *body_size* bytes; one request at a time per connection."""

    def __init__(self, answer: bytes, body_size: int) -> None:
        self._answer = answer
        self._body_size = body_size
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head >= 0 and len(self._buffer) == head + 4 + self._body_size:
            self._buffer = b""
            self._transport.write(self._answer)


async def answer_of(request: bytes, *, rules: tuple[Rule, ...], store: Store) -> bytes:
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
