"""Two more players of a connection, as small as they can be: a thread with a plain socket, and a task of trio.

They show that the core decides all of it: what differs between them and the product's own is how they wait.

The client at the end is for the product's own player in the thread of its client.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from math import inf

import trio

from pytest_s3errors._core.play.actions import Close, Receive, Send
from pytest_s3errors._core.play.connection import Connection
from pytest_s3errors._servers.thread import ThreadServer

from .simulated import PATIENCE_S

_LINGER_0 = struct.pack("ii", 1, 0)


def play_blocking(sock: socket.socket, connection: Connection) -> None:
    """Play *connection* on *sock* until it is closed."""
    with sock:
        try:
            while not isinstance(action := connection.next_action(), Close):
                if isinstance(action, Send):
                    sock.sendall(action.data)
                elif not isinstance(action, Receive):
                    _pause(sock, connection, action.seconds)
                elif select.select([sock], [], [], action.seconds)[0]:
                    connection.receive(sock.recv(65536))
                else:
                    connection.expire()
            if action.reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        finally:
            connection.lost()


def _pause(sock: socket.socket, connection: Connection, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        readable, *_ = select.select([sock] if connection.reads else [], [], [], None if left == inf else left)
        if readable:
            data = sock.recv(65536)
            connection.receive(data)
            if not data:
                return


async def play_trio(stream: trio.SocketStream, connection: Connection) -> None:
    """Play *connection* on *stream* until it is closed."""
    async with stream:
        try:
            while not isinstance(action := connection.next_action(), Close):
                if isinstance(action, Send):
                    await stream.send_all(action.data)
                elif not isinstance(action, Receive):
                    await _pause_trio(stream, connection, action.seconds)
                else:
                    with trio.move_on_after(inf if action.seconds is None else action.seconds) as waiting:
                        connection.receive(await stream.receive_some())
                    if waiting.cancelled_caught:
                        connection.expire()
            if action.reset:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        finally:
            connection.lost()


async def _pause_trio(stream: trio.SocketStream, connection: Connection, seconds: float) -> None:
    with trio.move_on_after(seconds):
        data = b"?"
        while data:
            if not connection.reads:
                await trio.sleep_forever()
            data = await stream.receive_some()
            connection.receive(data)


class Client(socket.socket):
    """A client as the guard makes it: what it sends goes to the player in its thread, if there is one."""

    server: ThreadServer

    @classmethod
    def of(cls, server: ThreadServer) -> Client:
        """Return one that is connected to *server*."""
        client = cls()
        client.server = server
        client.settimeout(PATIENCE_S)
        server.meet(client)
        return client

    def sendall(self, data: bytes) -> None:
        player = self.server.player(self)
        if not data or player is None or not player.take(data):
            super().sendall(data)

    def shutdown(self, how: int) -> None:
        player = self.server.player(self)
        if player is not None:
            player.leave()
        super().shutdown(how)

    def close(self) -> None:
        super().close()
        self.server.look()

    def answer(self, ending: bytes = b"\r\n\r\n") -> bytes:
        """Return what arrives until *ending*, or until the end of the stream."""
        got = b""
        while ending not in got and (data := self.recv(65536)):
            got += data
        return got
