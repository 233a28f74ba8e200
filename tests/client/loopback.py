"""A loopback server that answers scripted bytes and keeps what it was sent: for what a mock of HTTP cannot say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from s3_asyncio_client import S3Client


@dataclass
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    body_size: int
    writer: asyncio.StreamWriter

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


Answer = bytes | Callable[[Request], Awaitable[bytes | None] | bytes | None]


def answer(status: int = 200, body: bytes = b"", *, length: int | None = None, **headers: str | None) -> bytes:
    """Spell a response; "_" in a header name stands for "-", *length* overrides Content-Length.

    A success has an ETag that is no digest, as S3 has for some objects; ``ETag=None`` leaves it out.
    """
    if status < 300:
        headers = {"ETag": '"opaque"', **headers}
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def error(status: int, code: str, *elements: str, **headers: str) -> bytes:
    """Spell an error document of S3."""
    body = f"<Error><Code>{code}</Code><Message>Because.</Message>{''.join(elements)}</Error>"
    return answer(status, b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode(), **headers)


def reset(request: Request) -> None:
    """Answer with a TCP reset."""
    linger = struct.pack("ii", 1, 0)
    request.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    request.writer.transport.abort()


def hang_up(request: Request) -> None:
    """Answer with the end of the connection."""
    request.writer.close()


async def stall(request: Request) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def cut(response: bytes, ending: Callable[[Request], object] = hang_up) -> Callable[[Request], Awaitable[None]]:
    """Answer with *response*, which promises more than it has, and end the connection."""

    async def respond(request: Request) -> None:
        request.writer.write(response)
        await request.writer.drain()
        if ending is reset:
            for _ in range(5):  # the client shares this loop: let it read, since a reset discards what is unread
                await asyncio.sleep(0)
        ended = ending(request)
        if asyncio.iscoroutine(ended):
            await ended

    return respond


@dataclass
class Loopback:
    """A server on a free port of 127.0.0.1: the n-th answer to the n-th request, or one callable for all."""

    answers: list[Answer] | Answer = field(default_factory=list)
    keep_bodies: bool = True
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def client(self, **options) -> S3Client:
        return S3Client("access", "secret", endpoint_url=self.url, **options)

    @property
    def seen(self) -> list[str]:
        """Method and target of every request."""
        return [f"{request.method} {request.target}" for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing() and await self._exchange(reader, writer):
                    pass
        except asyncio.CancelledError:
            writer.transport.abort()  # returned from, so that asyncio.streams does not report it
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size, body = int(headers.get("content-length", "0")), bytearray()
        for start in range(0, size, 65536):
            piece = await reader.readexactly(min(65536, size - start))
            if self.keep_bodies:
                body += piece
        request = Request(method, target, headers, bytes(body), size, writer)
        self.requests.append(request)
        response = await self._answer(request)
        if response is None:
            return False
        writer.write(response)
        await writer.drain()
        return True

    async def _answer(self, request: Request) -> bytes | None:
        scripted = self.answers
        if isinstance(scripted, list):
            scripted = (
                scripted[len(self.requests) - 1] if len(self.requests) <= len(scripted) else error(500, "NoScript")
            )
        if isinstance(scripted, bytes):
            return scripted
        response = scripted(request)
        return await response if asyncio.iscoroutine(response) else response
