"""The loopback S3 for blocking clients: in the client's own thread while nothing waits, otherwise in one of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import weakref
from typing import TYPE_CHECKING

from pytest_s3errors._time.waits import port_of, readable

from .asyncio_server import Server, let_go
from .inline import InlinePlayer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.play.actions import Action
    from pytest_s3errors._core.play.connection import Connection
    from pytest_s3errors._core.simulator import Simulator

_PATIENCE_S = 10
THREAD = "simulated S3"


class ThreadServer:
    """One loopback listener, and a thread for it. Reading `port` starts the thread; `meet` does without if it can.

    *meets* is called when a client connects.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        endpoints: Callable[[], tuple[str, ...]],
        meets: Callable[[], object] = bool,
    ) -> None:
        # The origins that rerouted clients believe they talk to, by the client's port.
        self.origins: dict[int, str] = {}
        self._server = Server(simulator, endpoints=endpoints, origin_of=self.origins.get)
        self._meets = meets
        self._starting = threading.RLock()  # a signal handler may connect, too
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start: asyncio.Task[int] | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        # By the client's file descriptor. One that is over stays until that number is used again.
        self._inline: dict[int, InlinePlayer] = {}

    @property
    def started_port(self) -> int | None:
        """The port. None: nobody has asked for it."""
        return None if self._server.listener is None else self._server.listener.port

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. Reading it starts the thread, which plays all connections from now on.

        A client that takes the port is another process, or native code: what it does with connections is not seen.
        """
        with self._starting:
            self._serve()
            port = self._server.listen().port
        for player in tuple(self._inline.values()):  # without the lock, which a player may need
            player.leave()
        return port

    def _serve(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of the thread, which runs."""
        with self._starting:
            if self._loop is None:
                # The kernel keeps whoever connects before the thread runs, so nobody waits for it.
                self._server.listen()
                self._loop = asyncio.new_event_loop()
                self._start = self._loop.create_task(self._server.start())
                self._thread = threading.Thread(target=self._loop.run_forever, name=THREAD, daemon=True)
                self._thread.start()
            return self._loop

    # Clients that are played in their own thread.

    def meet(self, sock: socket.socket) -> None:
        """Connect the client's *sock*."""
        self._meets()
        self.look()
        before, strangers = None, []
        with self._starting:
            inline = self._loop is None and sock.gettimeout() != 0
            if inline:
                end, port = self._server.listen().meet(sock)
                before = self._inline.get(sock.fileno())
                player = InlinePlayer(port, end, self._server.connection(port), self._adopt)
                self._inline[sock.fileno()] = player
                strangers = self._server.listen().strangers()
                _open.add(self)
        if before is not None:  # that file was closed, but a copy of it may still be open
            before.leave()  # without the lock, which it may need
        for end, port in strangers:
            self._adopt(end, self._server.connection(port), None)
        if not inline:
            sock.connect(("127.0.0.1", self.port))

    def _adopt(self, sock: socket.socket, connection: Connection, action: Action | None) -> None:
        with self._starting:
            if not self._stopped:
                asyncio.run_coroutine_threadsafe(self._server.adopt(sock, connection, action), self._serve())
                return
        connection.lost()
        sock.close()

    def player(self, sock: socket.socket) -> InlinePlayer | None:
        """Return who plays the connection of the client's *sock*. None: the thread does, or it is not ours."""
        player = self._inline.get(sock.fileno())
        return None if player is None or player.port != port_of(sock.getsockname) else player

    def unseen(self) -> bool:
        """Return whether bytes came past `player`, or a client past `meet`. Nothing is consumed."""
        return self._knocks() or any(player.unseen() for player in tuple(self._inline.values()))

    def look(self) -> None:
        """Serve what came past `player` and `meet`, and the ends of streams."""
        for player in tuple(self._inline.values()):
            player.look()
        with self._starting:
            if self._knocks():
                self._serve()

    def _knocks(self) -> bool:
        """Return whether a client has connected past `meet`, and no thread will see it."""
        listener = self._server.listener
        asleep = self._loop is None and not self._stopped
        return asleep and listener is not None and readable(listener.sock.fileno())

    def forget(self) -> list[int]:
        """Forget the connections, in a forked child. Return the file descriptors of this end."""
        numbers = [player.fileno() for player in self._inline.values()]
        self._inline.clear()
        return [number for number in numbers if number >= 0]

    # All clients.

    @property
    def runs_here(self) -> bool:
        """Whether the caller is in the server's own thread."""
        return threading.current_thread() is self._thread

    @property
    def parked(self) -> frozenset[int]:
        """The ports of clients that get no data until time has passed."""
        return frozenset(tuple(self._server.parked))

    def give_up(self, port: int) -> None:
        """Record that the client at *port* no longer waits."""
        self._server.give_up(port)

    def call(self, act: Callable[[], object]) -> None:
        """Call *act* in the server's event loop, if that runs. Return when it is done."""
        with self._starting:
            loop = self._loop
        if loop is not None:
            asyncio.run_coroutine_threadsafe(_do(act), loop).result(_PATIENCE_S)

    def break_off(self) -> None:
        """Reset every connection."""
        for player in tuple(self._inline.values()):
            player.reset()
        self._server.break_off()

    def stop(self) -> None:
        """Close every connection and the listener, and end the thread."""
        with self._starting:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
            self._stopped = True
        for player in tuple(self._inline.values()):
            player.close()
        if loop is not None and thread is not None:
            ended = asyncio.run_coroutine_threadsafe(self._end(), loop)
            thread.join(_PATIENCE_S)
            ended.result(0)
            loop.close()
        else:
            self._server.close()

    async def _end(self) -> None:
        assert self._start is not None  # it has a loop and a thread since it was started
        try:
            await self._start
            await self._server.stop()
        finally:  # in the round of the loop that hands on how this ended
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.stop)


async def _do(act: Callable[[], object]) -> None:
    act()


_open: weakref.WeakSet[ThreadServer] = weakref.WeakSet()


def _let_go() -> None:
    if _open:
        let_go(number for server in tuple(_open) for number in server.forget())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
