"""One connection, played in the thread of its client.

A blocking client and a server in another thread pass the interpreter to each other some five times a request. On two
processors that takes longer than the work of the server. So the client's own call of `send` plays the connection: the
bytes go to the core at once, and the response is in the client's socket when `send` returns. Nobody has to wait, and
most tests need no thread.

The client has a real TCP connection all the same. Responses, FIN and RST come through the kernel; only its own bytes do
not. Nothing here ever waits. Whatever would have to, goes to the server's thread, with its connection and for good:
test time that must pass, a response that the client's kernel does not take at once, a large body, one that S3 does not
read to its end. After that the client really sends.

Bytes may also come by a way that is not seen: from a copy of the file descriptor, from a child process, from native
code. They arrive in the kernel, where `look` finds them. A client looks when it connects and when it closes, and the
watchdog looks from time to time. As long as there are any, test time does not pass.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_s3errors._core.play.actions import Action, Close, Receive, Send
from pytest_s3errors._time.kernel import bytes_on_the_way
from pytest_s3errors._time.originals import REAL

from .asyncio_server import do_not_linger

if TYPE_CHECKING:
    from pytest_s3errors._core.play.connection import Connection

_MOST_BYTES = 256 * 1024
"""Of one request. A larger one is sent and read by two threads at the same time."""

HandOver = Callable[[socket.socket, "Connection", Action | None], object]


class InlinePlayer:
    """Plays *connection* on *sock*, the server's end, until *hand_over* gets both and the action to begin with.

    *port* is the client's.
    """

    def __init__(self, port: int, sock: socket.socket, connection: Connection, hand_over: HandOver) -> None:
        self.port = port
        self._sock = sock
        self._connection = connection
        self._hand_over = hand_over
        self._lock = REAL.rlock()  # a signal handler may come while it is held
        self._received = 0
        self._over = False  # closed, or played by the server's thread

    def fileno(self) -> int:
        """Return the file descriptor of the server's end, whoever plays it. -1: it is closed."""
        return self._sock.fileno()

    def take(self, data: bytes | memoryview) -> bool:
        """Take what the client sends. Return whether that was done; if not, the client has to send it."""
        with self._lock:
            if self._over:
                return False
            self._received += len(data)
            if self._received > _MOST_BYTES or self._peek():  # what came unseen came before
                self._leave()
                return False
            self._connection.receive(data)
            self._play()
            return True

    def unseen(self) -> bool:
        """Return whether there are bytes that `take` did not get. Nothing is consumed."""
        return not self._over and bool(self._peek())

    def look(self) -> None:
        """Serve them, or the end of the stream. Do nothing while another thread plays: a finalizer must not wait."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            found = None if self._over else self._peek()
            if found:
                self._leave()
            elif found is not None:
                self._connection.receive(b"")
                self._play()
        finally:
            self._lock.release()

    def _peek(self) -> bytes | None:
        try:
            return socket.SocketType.recv(self._sock, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return b""  # the client has reset it

    def leave(self) -> None:
        """Let the server's thread play the connection from now on."""
        with self._lock:
            if not self._over:
                self._leave()

    def close(self) -> None:
        """Close the connection now."""
        with self._lock:
            if not self._over:
                self._over = True
                self._connection.lost()
                self._sock.close()

    def reset(self) -> None:
        """Reset the connection now."""
        with self._lock:
            if not self._over:
                do_not_linger(self._sock)
                self.close()

    def _leave(self, action: Action | None = None) -> None:
        self._hand_over(self._sock, self._connection, action)
        self._over = True  # not before the clock knows of the other thread

    def _play(self) -> None:
        """Play the connection's actions until it waits for its client."""
        connection = self._connection
        try:
            while True:
                action = connection.next_action()
                if isinstance(action, Send):
                    left = self._send(action.data)
                    if left:
                        self._leave(Send(left))
                        return
                elif isinstance(action, Receive) and connection.reads:
                    return
                elif isinstance(action, Close) and not (action.reset and bytes_on_the_way(self._sock.fileno())):
                    (self.reset if action.reset else self.close)()
                    return
                else:
                    self._leave(action)
                    return
        except BaseException as error:
            self.close()  # interrupted, or the client is gone
            if not isinstance(error, OSError):
                raise

    def _send(self, data: bytes) -> bytes:
        """Send *data*. Return what the client's kernel does not take now."""
        self._received = 0
        if not data:
            return data
        with contextlib.suppress(BlockingIOError):
            return data[socket.SocketType.send(self._sock, data) :]
        return data
