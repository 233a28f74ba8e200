"""The control URL of a server with rules: a few plain HTTP requests, on another port than S3.

It has its own port because every path on the S3 port can be a bucket. A web page in a browser on this machine could
send requests here too. Such a request is recognized by its Origin, or by a Host that is not ours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from pytest_s3errors._core.play.http1 import BadRequest, Head, RequestParser

JSON, TEXT = "application/json", "text/plain; charset=utf-8"


class Reply(NamedTuple):
    """The reply to one request."""

    body: str
    media_type: str = TEXT
    status: HTTPStatus = HTTPStatus.OK


def as_json(value: Any) -> Reply:
    """Return *value* as a reply in JSON."""
    return Reply(json.dumps(value, indent=1, default=str) + "\n", JSON)


Routes = Mapping[tuple[str, str], Callable[[bytes], Reply]]
"""Maps method and path to a function. It takes the request's body, and raises ValueError if that is wrong."""


def url_of(host: str, port: int) -> str:
    """Return the URL of *port* at the address *host*."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Control:
    """Serves *routes* on one loopback port of the running event loop."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._server: asyncio.Server | None = None
        self.url = ""
        self.connections: set[asyncio.Transport] = set()

    async def start(self, host: str, port: int) -> None:
        """Listen on *host*, a loopback address, and *port*. 0: a free one.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port)
        self.url = url_of(host, self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        for transport in tuple(self.connections):
            transport.abort()

    def reply_to(self, head: Head, body: bytes) -> Reply:
        """Return the reply to the request with *head* and *body*."""
        port = self.url.rpartition(":")[2]
        hosts = {self.url.partition("//")[2], f"localhost:{port}"}
        if "origin" in head.headers or head.headers.get("host") not in hosts:
            return Reply("only programs on this machine are answered, no web pages\n", status=HTTPStatus.FORBIDDEN)
        answer = self._routes.get((head.method, head.target))
        if answer is None:
            known = "".join(f"{method} {self.url}{path}\n" for method, path in self._routes)
            found = head.target in {path for _, path in self._routes}
            status = HTTPStatus.METHOD_NOT_ALLOWED if found else HTTPStatus.NOT_FOUND
            return Reply(f"{head.method} {head.target} is none of\n{known}", status=status)
        try:
            return answer(body)
        except ValueError as error:
            return Reply(f"{error}\n", status=HTTPStatus.BAD_REQUEST)


class _Connection(asyncio.Protocol):
    def __init__(self, control: Control) -> None:
        self._control = control
        self._parser = RequestParser()
        self._head: Head | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._control.connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._control.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._parser.receive(data)
        try:
            while (event := self._parser.next_event()) is not None:
                if isinstance(event, Head):
                    self._head = event
                    if event.expects_continue:
                        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                elif self._head is not None:
                    self._send(self._control.reply_to(self._head, bytes(event)), keep=self._head.keep_alive)
        except BadRequest as error:
            self._send(Reply(f"{error}\n", status=HTTPStatus.BAD_REQUEST), keep=False)

    def _send(self, reply: Reply, *, keep: bool) -> None:
        body = reply.body.encode()
        lines = (
            f"HTTP/1.1 {reply.status.value} {reply.status.phrase}",
            f"Content-Type: {reply.media_type}",
            f"Content-Length: {len(body)}",
            f"Connection: {'keep-alive' if keep else 'close'}",
        )
        self._transport.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        if self._head is None or self._head.method != "HEAD":
            self._transport.write(body)
        if not keep:
            self._transport.close()
