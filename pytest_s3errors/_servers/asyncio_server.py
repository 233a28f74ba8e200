"""The loopback S3 in an event loop: a player that does what the core's `Connection` asks, and decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import struct
import types
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, cast

from pytest_s3errors._core.play.actions import Close, Receive, Send, Wait
from pytest_s3errors._core.play.connection import Connection, Settings
from pytest_s3errors._spool import Spooled
from pytest_s3errors._time.kernel import bytes_on_the_way, is_broken
from pytest_s3errors._time.originals import REAL

from . import memory
from .listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from pytest_s3errors._core.play.actions import Action
    from pytest_s3errors._core.play.connection import Limits
    from pytest_s3errors._core.simulator import Simulator

    from .memory import Address

_POLL_S = 0.0001
_POLLS = 20
_MORE_POLLS = 70
_in_memory = itertools.count(65536)  # in place of a client's port, and no port
_GONE = "", 0  # a client that has reset its connection before we look


class Server:
    """The players of connections in one event loop, in memory or from one loopback listener.

    `origin_of` takes the port of a client and returns the origin that it dialed. `has_left` returns whether it has
    closed its end. `gone` is told that its connection is over.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        endpoints: Callable[[], tuple[str, ...]],
        origin_of: Callable[[int], str | None],
        has_left: Callable[[int], bool] = lambda _: False,
        gone: Callable[[int], object] = bool,
        limits: Limits | None = None,
    ) -> None:
        self.settings = Settings(simulator, REAL.time, endpoints=endpoints, spool=Spooled, limits=limits)
        self.origin_of = origin_of
        self.has_left = has_left
        self.gone = gone
        self.players: set[Player] = set()
        # Connections whose response is delayed on purpose, by the client's port. Time may pass for their clients.
        self.parked: dict[int, Connection] = {}
        self.listener: Listener | None = None
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def connection(self, port: int) -> Connection:
        """Return the core's side of a new connection with the client at *port*."""
        return Connection(
            self.settings,
            f"port {port}",
            origin=partial(self.origin_of, port),
            left=partial(self.has_left, port),
        )

    def listen(self) -> Listener:
        """Return the listener. The first call opens it."""
        if self.listener is None:
            self.listener = Listener()
            _listening.add(self)
        return self.listener

    async def start(self, host: str | None = None, port: int = 0) -> int:
        """Accept whoever connects, at a port of this machine that the system chooses, or at *port* of *host*.

        Return the port.
        """
        loop = self._loop = asyncio.get_running_loop()
        where: Any = {"sock": self.listen().sock} if host is None else {"host": host, "port": port}
        self._server = await loop.create_server(lambda: Player(self), **where)
        _listening.add(self)
        return cast("int", self._server.sockets[0].getsockname()[1])

    def connect(self, make: Callable[[], asyncio.BaseProtocol], address: Address) -> asyncio.BaseProtocol:
        """Return the protocol that *make* returns, connected in memory, in the running loop. It sees *address*."""
        self._loop = asyncio.get_running_loop()
        client = "127.0.0.1", next(_in_memory)
        return memory.connect(make, lambda: Player(self), client=client, server=address)

    @property
    def in_memory(self) -> int:
        """The number of open connections that have no socket."""
        return sum(player.is_in_memory for player in tuple(self.players))

    async def stop(self) -> None:
        """Close the listener and every connection. Return when the sockets are closed."""
        server, self._server = self._server, None
        if server is not None:
            # A connection that was just accepted gets its transport in the next rounds of the loop. If the server were
            # closed by then, that would fail and leave its socket open.
            with contextlib.suppress(NotImplementedError):  # Windows' loop has no readers
                asyncio.get_running_loop().remove_reader(server.sockets[0].fileno())
            for _ in range(3):
                await one_round()
            server.close()
        self.close()
        while self.players:  # connection_lost is called in the next round of the loop, and so is connection_made
            for player in tuple(self.players):
                player.drop()
            await one_round()

    def close(self) -> None:
        """Close the listener."""
        _listening.discard(self)
        if self.listener is not None:
            self.listener.close()

    async def adopt(self, sock: socket.socket, connection: Connection, action: Action | None = None) -> None:
        """Play *connection* on *sock* from now on, beginning with *action*."""
        await asyncio.get_running_loop().connect_accepted_socket(lambda: Player(self, connection, action), sock)

    def break_off(self) -> None:
        """Reset every connection, from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._reset_all)

    def _reset_all(self) -> None:
        for player in tuple(self.players):
            player.reset()

    def file_numbers(self) -> list[int]:
        """Return the file descriptors of the listener and of every connection."""
        sockets = () if self._server is None else self._server.sockets
        listening = () if self.listener is None else self.listener.files()
        files: tuple[socket.socket | Player, ...] = (*listening, *sockets, *self.players)
        return [number for number in (file.fileno() for file in files) if number >= 0]

    def give_up(self, port: int) -> None:
        """Record that the client at *port* no longer waits. Its connection notices later."""
        connection = self.parked.get(port)
        if connection is not None:
            connection.give_up()


@types.coroutine
def one_round() -> Generator[None, None, None]:
    """Let the running loop make one round. `asyncio.sleep` would do, but a test may have replaced it, and count."""
    yield


def do_not_linger(sock: socket.socket) -> None:
    """Make the end of *sock* an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Player(asyncio.Protocol):
    """Plays one connection, in the callbacks of the loop, without a task.

    A connection that began elsewhere goes on with *action*.
    """

    def __init__(self, server: Server, connection: Connection | None = None, action: Action | None = None) -> None:
        self._server = server
        self._began = connection
        self._next = action
        self._reads = True
        self._waits_for: type | None = None  # the action that must be complete before the next: Receive, Wait or Send
        self._timer: asyncio.Handle | None = None
        self._began_s: float | None = None  # when the first of the Waits that go on began, in the loop's time
        self._paced_s = 0.0  # how long they take together
        self._polls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # With a high-water mark of 0, resume_writing means that the kernel has every byte.
        self._transport.set_write_buffer_limits(0)
        self._port: int = (transport.get_extra_info("peername") or _GONE)[1]
        self._connection = self._began or self._server.connection(self._port)
        self._server.players.add(self)
        self._play()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._wake()
        self._connection.lost()
        self._server.players.discard(self)
        self._server.gone(self._port)

    def fileno(self) -> int:
        """Return the file descriptor of the socket. -1: it is closed, or there is none."""
        sock = self._transport.get_extra_info("socket")
        return -1 if sock is None else cast("int", sock.fileno())

    @property
    def is_in_memory(self) -> bool:
        """Whether the connection is open and has no socket."""
        return isinstance(self._transport, memory.End) and self._transport.is_established

    def drop(self) -> None:
        """Close the connection now, even in the middle of an answer."""
        self._transport.abort()

    def reset(self) -> None:
        """Reset the connection now."""
        if isinstance(self._transport, memory.End):
            self._transport.reset()
        else:
            do_not_linger(self._transport.get_extra_info("socket"))
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._connection.receive(data)
        if self._waits_for is Receive:
            self._play()
        elif self._reads is not self._connection.reads:
            self._listen()

    def eof_received(self) -> bool:
        self._connection.receive(b"")
        if self._waits_for is not Send:
            self._play()
        return True  # the connection decides when to close

    def resume_writing(self) -> None:
        if self._waits_for is Send:
            # Not at once: if we closed the transport in this callback, connection_lost would be called twice.
            asyncio.get_running_loop().call_soon(self._play)

    def _play(self) -> None:
        """Play the connection's actions until one has to wait."""
        transport, connection = self._transport, self._connection
        self._wake()
        while not transport.is_closing():
            action, self._next = self._next or connection.next_action(), None
            if self._reads is not connection.reads:
                self._listen()
            if isinstance(action, Send):
                if action.data:
                    transport.write(action.data)
                if transport.get_write_buffer_size():
                    self._began_s = None  # what is not sent while the client does not read is not made up for
                    connection.held_up()
                    self._wait(Send, connection.patience_s, self._expire)
                    return
            elif isinstance(action, Receive):
                self._wait(Receive, action.seconds, self._expire)
                return
            elif isinstance(action, Close):
                self._close(action)
                return
            elif (seconds := self._seconds_of(action)) > 0:
                self._server.parked[self._port] = connection
                self._wait(Wait, None if seconds == inf else seconds, self._play)
                return

    def _seconds_of(self, wait: Wait) -> float:
        """Return how long *wait* lasts from now on."""
        now_s = asyncio.get_running_loop().time()
        if not wait.goes_on or self._began_s is None:
            self._began_s, self._paced_s = now_s, 0.0
        self._paced_s += wait.seconds  # apart from the beginning, which may be so large that a sum loses nanoseconds
        return self._began_s - now_s + self._paced_s

    def _wait(self, what: type, seconds: float | None, then: Callable[[], None]) -> None:
        self._waits_for = what
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _wake(self) -> None:
        if self._waits_for is Wait:
            self._server.parked.pop(self._port, None)
        self._waits_for = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._connection.expire()
        self._play()

    def _listen(self) -> None:
        """Pause or resume reading, as the connection asks."""
        self._reads = not self._reads
        (self._transport.resume_reading if self._reads else self._transport.pause_reading)()

    def _close(self, action: Close) -> None:
        """Close as soon as the client's kernel has everything.

        RST, which unread bytes cause too, discards what that kernel has not acknowledged. The acknowledgment takes
        microseconds, during which no test time may pass, unless the client does not read.
        """
        number = self.fileno()
        lossy = number >= 0 and (action.reset or not self._reads)
        if lossy and bytes_on_the_way(number) and not is_broken(number) and self._polls < _MORE_POLLS:
            self._polls += 1
            loop, longer = asyncio.get_running_loop(), self._polls - _POLLS
            if longer < 0:
                REAL.sleep(_POLL_S)
                self._timer = loop.call_soon(self._close, action)
            else:
                self._timer = loop.call_later(min(1.0, _POLL_S * 2**longer), self._close, action)
            return
        if action.reset:
            self.reset()
        else:
            self._transport.close()


_listening: set[Server] = set()


def let_go(numbers: Iterable[int]) -> None:
    """Drop a forked child's copies of sockets. While it holds one, the client can't see that the connection ended."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(null, number, inheritable=False)  # not close: the socket object lives on and closes this number
    os.close(null)


def _let_go() -> None:
    if _listening:
        let_go(number for server in _listening for number in server.file_numbers())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
