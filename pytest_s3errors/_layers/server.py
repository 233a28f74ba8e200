"""The loopback S3: an asyncio protocol that plays out what the simulator decides, byte for byte."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import traceback
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from pytest_s3errors._core.envelope import reason
from pytest_s3errors._core.http1 import BadRequest, Head, RequestParser, encode_response
from pytest_s3errors._core.messages import Response
from pytest_s3errors._core.operations import parse_call
from pytest_s3errors._core.outcomes import Ending

try:
    import fcntl
    import termios
except ImportError:  # pragma: no cover - Windows has neither
    pass

if TYPE_CHECKING:
    from pytest_s3errors._core.journal import Entry
    from pytest_s3errors._core.messages import Call
    from pytest_s3errors._core.outcomes import Exchange
    from pytest_s3errors._core.simulator import Simulator

_POLL_S = 0.001
_LINGER_0 = struct.pack("ii", 1, 0)


class Server:
    """One loopback listener in one event loop. `origin_of` tells, by a connection's peer, what the client dialled."""

    def __init__(
        self, simulator: Simulator, *, endpoints: Callable[[], tuple[str, ...]], origin_of: Callable[[int], str | None]
    ) -> None:
        self.simulator = simulator
        self.endpoints = endpoints
        self.origin_of = origin_of
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a port of the system's choice on 127.0.0.1, and return it."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        return cast("int", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the listener and every connection; returns when the sockets are closed."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for connection in tuple(self.connections):
            connection.drop()
        while self.connections:  # noqa: ASYNC110 - connection_lost comes in the loop's next round
            await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """One client's connection. Requests are played one after another, in order, without a task of their own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = RequestParser()
        self._waiting: deque[tuple[Head, Entry, bytes]] = deque()
        self._head: tuple[Head, Entry] | None = None
        self._playing: tuple[Head, Entry] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._when_drained: Callable[[], None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # With the high-water mark at 0, resume_writing means that every byte is in the kernel's hands.
        self._transport.set_write_buffer_limits(0)
        self._port = self._transport.get_extra_info("peername")[1]
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._timer is not None:
            self._timer.cancel()
        if self._playing is not None:
            self._server.simulator.end(self._playing[1])
        self._server.connections.discard(self)

    def drop(self) -> None:
        """End the connection now, whatever is under way."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._parser.feed(data):
                if isinstance(event, Head):
                    self._begin(event)
                else:
                    assert self._head is not None  # the parser yields a body only after its head
                    self._waiting.append((*self._head, event))
                    self._head = None
                    self._next()
        except BadRequest as error:
            self._refuse(str(error))
        except Exception:  # noqa: BLE001 - a mistake of ours must fail the test, not look like a fault of S3
            self._server.simulator.problems.append(f"the simulated S3 failed:\n{traceback.format_exc()}")
            self.drop()

    def _begin(self, head: Head) -> None:
        origin = self._server.origin_of(self._port)
        call = call_of(head, origin, self._server.endpoints())
        entry = self._server.simulator.begin(call)
        self._head = (head, entry)
        if head.expects_continue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _next(self) -> None:
        """Play the next waiting request, unless one is being played."""
        while self._waiting and self._playing is None and not self._transport.is_closing():
            head, entry, body = self._waiting.popleft()
            self._playing = (head, entry)
            exchange = self._server.simulator.answer(entry, body)
            if exchange.delay_s:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(exchange.delay_s, self._play, head, entry.call, exchange)
            else:
                self._play(head, entry.call, exchange)

    def _play(self, head: Head, call: Call, exchange: Exchange) -> None:
        response = exchange.response(call)
        data, close = exchange.raw, not head.keep_alive
        if response is not None:
            if exchange.sent is not None or "Connection" in response.headers:
                close = True
            data += _encode(response, call, exchange)
        if data:
            self._transport.write(data)
        ending = exchange.ending
        if ending is Ending.KEEP and close:
            ending = Ending.CLOSE
        if ending is Ending.HANG:
            return
        self._finish(ending)

    def _finish(self, ending: Ending) -> None:
        if self._transport.get_write_buffer_size():
            self._when_drained = lambda: self._finish(ending)
            return
        if ending is Ending.RESET and _on_the_way(self._transport.get_extra_info("socket")):
            # RST throws away what the client's kernel has not confirmed; the client is to see the bytes before it.
            self._timer = asyncio.get_running_loop().call_later(_POLL_S, self._finish, ending)
            return
        if ending is Ending.RESET:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
            self._transport.abort()
        elif ending is Ending.CLOSE:
            self._transport.close()
        if self._playing is not None:
            self._server.simulator.end(self._playing[1])
            self._playing = None
        self._next()

    def resume_writing(self) -> None:
        then, self._when_drained = self._when_drained, None
        if then is not None:
            then()

    def _refuse(self, why: str) -> None:
        body = f"<Error><Code>BadRequest</Code><Message>{why.replace('&', '').replace('<', '')}</Message></Error>"
        response = Response(
            status=400, headers={"Content-Type": "application/xml", "Connection": "close"}, body=body.encode()
        )
        self._transport.write(
            encode_response(response, method="GET", reason="Bad Request", date=_date(), chunked=False)
        )
        self._transport.close()


def call_of(head: Head, origin: str | None, endpoints: tuple[str, ...]) -> Call:
    """What *head* asks of S3; *origin* is ``scheme://host`` as the client dialled it, None if it dialled us."""
    scheme = origin.partition("://")[0] if origin else "http"
    return parse_call(method=head.method, target=head.target, headers=head.headers, scheme=scheme, endpoints=endpoints)


def _encode(response: Response, call: Call, exchange: Exchange) -> bytes:
    code = getattr(exchange.answer, "code", None)
    return encode_response(
        response,
        method=call.method,
        reason=reason(response.status, code),
        date=_date(),
        # S3 sends errors chunked and objects with their length.
        chunked=response.status >= HTTPStatus.MULTIPLE_CHOICES and exchange.sent is None,
        sent=exchange.sent,
    )


def _on_the_way(sock: socket.socket) -> int:
    """How many sent bytes the peer has not confirmed; 0 where the system does not tell."""
    try:
        return cast("int", struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
    except (NameError, OSError):
        return 0


_last_date = (0, "")


def _date() -> str:
    """The Date header; formatting one costs more than all the rest of a head, so it is kept for its second."""
    global _last_date  # noqa: PLW0603 - a cache of one value
    now = int(time.time())
    if _last_date[0] != now:
        _last_date = (now, formatdate(now, usegmt=True))
    return _last_date[1]
