"""The loopback S3: an asyncio protocol that plays out what the simulator decides, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from pytest_s3errors._core.body import Body, LongBody, pieces
from pytest_s3errors._core.play.framing import body_size, call_of, encoded, piece_size, refusal
from pytest_s3errors._core.play.http1 import BadRequest, Encoded, Head, RequestParser
from pytest_s3errors._core.play.outcomes import Ending
from pytest_s3errors._spool import Spooled
from pytest_s3errors._time.real import real_sleep, real_time
from pytest_s3errors._time.silence import bytes_on_the_way

if TYPE_CHECKING:
    from pytest_s3errors._core.play.outcomes import Exchange
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.simulator import Simulator

_POLL_S = 0.0001
_MAX_WAITING = 100
_LINGER_0 = struct.pack("ii", 1, 0)
_CLIENT_HELLO = b"\x16\x03"
_TLS = (
    "a client began a TLS handshake with the simulated S3, which speaks plain HTTP: its https can't be taken away.\n"
    "Give it the address of the fixture s3_server as its endpoint: s3_server.url, or s3_server.env for a subprocess."
)

MARK = "x-s3errors-mark"
"""The header by which a request says that it was decided before it was sent; nobody but the server sees it."""


class Server:
    """One loopback listener in one event loop. `origin_of` tells, by a connection's peer, what the client dialled."""

    def __init__(
        self, simulator: Simulator, *, endpoints: Callable[[], tuple[str, ...]], origin_of: Callable[[int], str | None]
    ) -> None:
        self.simulator = simulator
        self.endpoints = endpoints
        self.origin_of = origin_of
        self.connections: set[_Connection] = set()
        # Whose answer is late on purpose, by the client's port: what waits for it may let time pass.
        self.parked: dict[int, Entry] = {}
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen on *host*, a loopback address, and return the port: *port*, or one of the system's choice for 0."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        return cast("int", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the listener and every connection; returns when the sockets are closed."""
        if self._server is None:
            return
        server, self._server = self._server, None
        # A connection that was accepted just now is made in the loop's next rounds, and fails, its socket open, if the
        # server is closed by then.
        with contextlib.suppress(NotImplementedError):  # Windows' loop has no readers
            asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        server.close()
        for connection in tuple(self.connections):
            connection.drop()
        while self.connections:  # noqa: ASYNC110 - connection_lost comes in the loop's next round
            await asyncio.sleep(0)

    def give_up(self, port: int) -> None:
        """Note that the client at *port* waits no longer; its connection will tell later."""
        entry = self.parked.get(port)
        if entry is not None:
            self.simulator.end(entry)


class _Request(NamedTuple):
    """A request that is to be answered; `whole` is False where its body was not read to the end."""

    head: Head
    entry: Entry
    body: Body
    whole: bool = True


class _Connection(asyncio.Protocol):
    """One client's connection. Requests are played one after another, in order, without a task of their own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = RequestParser(Spooled)
        self._waiting: deque[_Request | bytes] = deque()  # bytes: a refusal, after which comes nothing
        self._head: tuple[Head, Entry] | None = None
        self._stop: int | None = None  # so much of the body of the request under way is read, None: all
        self._fresh = True
        self._deaf = False
        self._choosing = self._held = False
        self._playing: Entry | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._when_drained: Callable[[], None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # With the high-water mark at 0, resume_writing means that every byte is in the kernel's hands.
        self._transport.set_write_buffer_limits(0)
        self._port = self._transport.get_extra_info("peername")[1]
        self._mark = f"port {self._port}"  # what a request without one of its own bears
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._timer is not None:
            self._timer.cancel()
        self._server.parked.pop(self._port, None)
        if self._playing is not None:
            self._server.simulator.end(self._playing)
        self._server.simulator.forget(self._mark)
        self._server.connections.discard(self)

    def drop(self) -> None:
        """End the connection now, whatever is under way."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._server.simulator.problems:
            self.drop()  # so that the client dials again, and is told
            return
        if self._fresh:
            self._fresh = False
            if data.startswith(_CLIENT_HELLO):
                self._server.simulator.problems.append(_TLS)
                self.drop()
                return
        try:
            self._read(data)
        except BadRequest as error:
            self._stop_reading(refusal(error, self._server.simulator.ids(), now_s=int(real_time())))
        except Exception:  # noqa: BLE001 - a mistake of ours must fail the test, not look like a fault of S3
            self._fail()

    def _fail(self) -> None:
        self._server.simulator.problems.append(f"the simulated S3 failed:\n{traceback.format_exc()}")
        self.drop()

    def _read(self, data: bytes) -> None:
        if self._deaf:
            return
        for event in self._parser.feed(data):
            if isinstance(event, Head):
                self._begin(event)
                if self._stop == 0:
                    break
            elif self._stop is not None and len(event) > self._stop:
                self._break_off(event)
                return
            else:
                assert self._head is not None  # the parser yields a body only after its head
                self._waiting.append(_Request(*self._head, event))
                self._head = self._stop = None
                self._next()
        if self._stop is not None and self._parser.received >= self._stop:
            self._break_off(self._parser.take_received())
        elif len(self._waiting) > _MAX_WAITING:
            self._held = True  # till all of them are answered
            self._transport.pause_reading()

    def _begin(self, head: Head) -> None:
        simulator = self._server.simulator
        mark = head.headers.pop(MARK, None) or self._mark
        call = call_of(head, self._server.origin_of(self._port), self._server.endpoints())
        entry = simulator.begin(call, mark)
        self._head = (head, entry)
        fault = entry.firing.fault if entry.firing else None
        self._stop = None if fault is None else fault.reads(body_size(head))
        if head.expects_continue:
            # S3 refuses by the head if it can: the answer without 100, and the body never comes (fact 41).
            if self._stop is None and simulator.refuses_early(entry):
                self._stop = 0
            if self._stop != 0:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _break_off(self, body: Body) -> None:
        """Leave the rest of the request under way unread, and with it the connection."""
        assert self._head is not None  # a request is under way
        self._stop_reading(_Request(*self._head, body[: self._stop], whole=False))

    def _stop_reading(self, last: _Request | bytes) -> None:
        """Take nothing more from the client, and answer it with *last* when what came before is answered."""
        self._waiting.append(last)
        self._head, self._deaf = None, True
        self._transport.pause_reading()
        self._next()

    def _next(self) -> None:
        """Play the next waiting request, unless one is being played."""
        if self._choosing:
            return  # what has just been played says so to the loop below
        self._choosing = True
        try:
            self._play_waiting()
        finally:
            self._choosing = False

    def _play_waiting(self) -> None:
        while self._waiting and self._playing is None and not self._transport.is_closing():
            request = self._waiting.popleft()
            if isinstance(request, bytes):
                self._write_last(request, Ending.CLOSE)
                return
            self._playing = request.entry
            exchange = self._server.simulator.answer(request.entry, request.body)
            if exchange.delay_s:
                self._later(exchange.delay_s, partial(self._play, request, exchange))
                return
            self._play(request, exchange)
        if self._held and not (self._waiting or self._deaf or self._transport.is_closing()):
            self._held = False
            self._transport.resume_reading()

    def _later(self, delay_s: float, then: Callable[[], None]) -> None:
        self._park()
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._resume, then)

    def _park(self) -> None:
        assert self._playing is not None  # what is late is an answer
        self._server.parked[self._port] = self._playing

    def _resume(self, then: Callable[[], None]) -> None:
        self._server.parked.pop(self._port, None)
        self._go_on(then)

    def _go_on(self, then: Callable[[], None]) -> None:
        """Do *then*, outside of `data_received`; a mistake of ours fails the test from here, too."""
        if self._transport.is_closing():
            return
        try:
            then()
        except Exception:  # noqa: BLE001 - as in data_received
            self._fail()

    def _play(self, request: _Request, exchange: Exchange) -> None:
        call = request.entry.call
        response = exchange.response(call)
        ending, out = exchange.ending, Encoded(exchange.raw, b"")
        if not (request.head.keep_alive and request.whole) and ending is Ending.KEEP:
            ending = Ending.CLOSE
        if response is not None:
            if not request.whole:
                response = replace(response, headers={**response.headers, "Connection": "close"})
            if ending is Ending.KEEP and "Connection" in response.headers:
                ending = Ending.CLOSE
            out = encoded(response, call, exchange, chunks=request.head.chunks, now_s=int(real_time()))
        if exchange.bytes_per_second is not None:
            self._transport.write(out.head)
            pace = exchange.bytes_per_second
            rest = pieces(out.body, piece_size(len(out.body), pace))
            self._drip(next(rest, b""), rest, out.tail, pace, ending)
        elif isinstance(out.body, LongBody):
            rest = pieces(out.body)
            self._pour(out.head + next(rest, b""), rest, out.tail, ending)
        else:
            self._write_last(out.head + out.body + out.tail, ending)

    def _drip(self, piece: bytes, rest: Iterator[bytes], tail: bytes, bytes_per_second: float, ending: Ending) -> None:
        """Send *piece* and *rest* at a rate: each piece after the time that it takes."""

        def send() -> None:
            following = next(rest, None)
            if following is None:
                self._write_last(piece + tail, ending)
            else:
                self._transport.write(piece)
                self._drip(following, rest, tail, bytes_per_second, ending)

        self._later(len(piece) / bytes_per_second, send)

    def _pour(self, piece: bytes, rest: Iterator[bytes], tail: bytes, ending: Ending) -> None:
        """Send *piece* and *rest*, each piece when the kernel has taken the one before."""
        for following in rest:
            self._transport.write(piece)
            piece = following
            if self._transport.is_closing():
                return
            if self._transport.get_write_buffer_size():
                self._when_drained = partial(self._pour, piece, rest, tail, ending)
                return
        self._write_last(piece + tail, ending)

    def _write_last(self, data: bytes, ending: Ending) -> None:
        """Write the end of the answer. The journal has it before a client in another thread can have read it."""
        if self._playing is not None and ending is not Ending.HANG:
            self._server.simulator.end(self._playing)
        if data:
            self._transport.write(data)
        if self._playing is not None and self._transport.get_write_buffer_size():
            self._server.simulator.reopen(self._playing)  # the kernel did not take it all at once
        self._finish(ending)

    def _finish(self, ending: Ending) -> None:
        if ending is Ending.HANG:
            self._park()
            return
        if self._transport.get_write_buffer_size():
            self._when_drained = partial(self._finish, ending)
            return
        if (ending is Ending.RESET or self._deaf) and bytes_on_the_way(
            self._transport.get_extra_info("socket").fileno()
        ):
            # RST, which unread bytes cause too, throws away what the client's kernel has not confirmed; the client is
            # to see the bytes before it. A matter of the kernel's, so that no test time passes.
            real_sleep(_POLL_S)
            asyncio.get_running_loop().call_soon(self._finish, ending)
            return
        if self._playing is not None:
            self._server.simulator.end(self._playing)
            self._playing = None
        if ending is Ending.RESET:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
            self._transport.abort()
        elif ending is Ending.CLOSE:
            self._transport.close()
        self._next()

    def resume_writing(self) -> None:
        then, self._when_drained = self._when_drained, None
        if then is not None:
            # Not at once: a transport that is closed in here is told twice that its connection is lost.
            asyncio.get_running_loop().call_soon(self._go_on, then)
