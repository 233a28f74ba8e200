"""What only sockets show: each player does what the connection says, and a client sees the same of all of them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import select
import socket
import struct
import threading
import time
from functools import partial

import pytest
import trio

from pytest_s3errors._core.play.actions import Close
from pytest_s3errors._core.play.connection import Connection, Limits, Settings
from pytest_s3errors._servers import asyncio_server
from pytest_s3errors._servers.asyncio_server import Player, Server
from pytest_s3errors._servers.thread import ThreadServer
from pytest_s3errors._time.kernel import is_broken

from .players import Client, play_blocking, play_trio
from .simulated import BODY, GET, PATIENCE_S, PUT, simulated


@contextlib.contextmanager
def in_thread(run):
    """Have *run*, a function that takes a listener, serve in a thread; it ends when its one client has left.

    Like all players here it yields how a client connects.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        try:
            yield partial(socket.create_connection, listener.getsockname(), PATIENCE_S)
        finally:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def blocking(simulator, limits):
    def run(listener):
        sock, _ = listener.accept()
        with contextlib.suppress(OSError):
            play_blocking(sock, Connection(Settings(simulator, time.time, limits=limits), "mark"))

    return in_thread(run)


def in_trio(simulator, limits):
    async def play(listener):
        sock, _ = await listener.accept()
        with contextlib.suppress(trio.BrokenResourceError):
            await play_trio(trio.SocketStream(sock), Connection(Settings(simulator, time.time, limits=limits), "mark"))

    return in_thread(lambda listener: trio.run(play, trio.socket.from_stdlib_socket(listener)))


@contextlib.contextmanager
def in_asyncio(simulator, limits):
    """The product's own player, in a loop in a thread; no connection is left in the end."""
    server = Server(simulator, endpoints=tuple, origin_of=lambda _: None, limits=limits)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def left():
        while server.players:  # noqa: ASYNC110 - a few rounds of the loop
            await asyncio.sleep(0)
        assert server.parked == {}
        await server.stop()

    try:
        port = asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_S)
        yield partial(socket.create_connection, ("127.0.0.1", port), PATIENCE_S)
        asyncio.run_coroutine_threadsafe(left(), loop).result(PATIENCE_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.contextmanager
def in_the_client(simulator, limits):
    """The client's own thread, as long as nothing waits, then a loop in a thread."""
    assert limits is None  # this server has none
    server = ThreadServer(simulator, endpoints=tuple)
    yield partial(Client.of, server)
    while simulator.open:
        time.sleep(0)  # until its thread has seen the end
    server.stop()


PLAYERS = pytest.mark.parametrize("player", [blocking, in_trio, in_asyncio])
ALL = pytest.mark.parametrize("player", [blocking, in_trio, in_asyncio, in_the_client])


def seen(connect, *sent, wait_for=b""):
    """What a client of plain sockets receives until the end, and how that comes."""
    got = b""
    with connect() as client:
        for data in sent:
            client.sendall(data)
        try:
            while data := client.recv(65536):
                got += data
                if wait_for and wait_for in got:
                    return got, "open"
        except ConnectionResetError:
            return got, "RST"
    return got, "FIN"


@ALL
@pytest.mark.parametrize(
    ("rule", "options", "sent", "status", "body", "ending"),
    [
        ("SlowDown", {"after": 9, "optional": True}, GET, b"200", BODY, "open"),
        ("SlowDown", {}, GET, b"503", b"</Error>", "FIN"),
        ("SlowDown", {"early": True}, PUT[:-5], b"503", b"</Error>", "FIN"),
        ("connection_reset", {}, GET, None, b"", "RST"),
        ("connection_reset", {"at": 3}, PUT[:-1], None, b"", "RST"),
        ("disconnect", {"delay": 0.001}, GET, None, b"", "FIN"),
        ("truncated_body", {"at": 10}, GET, b"200", BODY[:10], "FIN"),
        ("reset_body", {"at": 10}, GET, b"200", BODY[:10], "RST"),
        ("stalled_body", {"at": 10}, GET, b"200", BODY[:10], "open"),
        ("slow_body", {"bytes_per_second": 10_000}, GET, b"200", BODY, "open"),
        ("garbage", {}, GET, None, b" no HTTP here\r\n\r\n", "FIN"),
    ],
)
def test_a_client_sees_the_same_of_every_player(player, rule, options, sent, status, body, ending):
    """Bytes and endings; a client that leaves an open connection ends it."""
    simulator = simulated(rule, **options)
    with player(simulator, None) as connect:
        got, ended = seen(connect, sent, wait_for=body if ending == "open" else b"")
    assert re.findall(rb"^HTTP/1.1 (\d+)", got) == ([status] if status else [])
    assert body in got
    assert ended == ending
    assert simulator.entries[0].ended_s is not None
    assert simulator.problems == []


@PLAYERS
@pytest.mark.parametrize(("sent", "status"), [(b"", []), (GET[:5], [b"400"]), (PUT[:-1], [b"400"])])
def test_a_silent_client_is_left(player, sent, status):
    """With limits, a client that stops is answered and left, whatever it was about."""
    with player(simulated(), Limits(idle_s=0.02, head_s=0.02)) as connect:
        got, ended = seen(connect, sent)
    assert re.findall(rb"^HTTP/1.1 (\d+)", got) == status
    assert ended == "FIN"


@ALL
def test_half_of_the_stream_may_end_before_the_answer(player):
    """A client that has sent all and says so gets its answers."""
    with player(simulated(), None) as connect, connect() as client:
        client.sendall(GET + PUT)
        client.shutdown(socket.SHUT_WR)
        got = b""
        while data := client.recv(65536):
            got += data
    assert got.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize("sent", [b"x\r\n\r\n", GET, GET * 20, PUT[:-1], b""])
@pytest.mark.parametrize("rule", ["SlowDown", "stall", "slow_body", "reset_body"])
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("player", [in_asyncio, in_the_client])
def test_a_client_that_hangs_up_leaves_nothing(sent, rule, reset, player):
    """By FIN or RST, before, while or after it is answered: no connection stays."""
    with player(simulated(rule, delay=0.001, optional=True), None) as connect:
        for _ in range(20):
            client = connect()
            client.sendall(sent)
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()


def connected():
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return listener.accept()[0], client


@pytest.mark.skipif(not hasattr(select, "poll"), reason="a system that can't be asked")
def test_a_reset_connection_confirms_nothing_more():
    """What was sent to a client that has closed stays on its way for ever; the connection is known to be broken."""
    server, client = connected()
    with server:
        assert not is_broken(server.fileno())
        client.close()
        server.sendall(b"late")
        deadline = time.monotonic() + PATIENCE_S
        while not is_broken(server.fileno()):
            assert time.monotonic() < deadline


class _Loop:
    """The running loop, which counts what is to be called later."""

    def __init__(self, monkeypatch):
        self.waits = []
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def call_soon(self, then, *args):
        self.call_later(0, then, *args)

    def call_later(self, seconds, then, *args):
        self.waits.append(seconds)
        self.then = lambda: then(*args)


def test_a_client_that_never_reads_is_not_waited_for_without_end(monkeypatch):
    """Its kernel confirms nothing: the server asks ever less often, and closes after a minute."""
    loop = _Loop(monkeypatch)
    monkeypatch.setattr(asyncio_server, "bytes_on_the_way", lambda _: 1)
    server, client = connected()
    closed = []

    class Transport:
        def get_extra_info(self, _name):
            return server

        def abort(self):
            closed.append(True)

    player = Player(Server(simulated(), endpoints=tuple, origin_of=lambda _: None))
    player._transport = Transport()
    with server, client:
        player._close(Close(reset=True))
        while not closed:
            loop.then()
    assert loop.waits[:10] == [0] * 10
    assert loop.waits[-1] == 1
    assert 30 < sum(loop.waits) < 90


def test_a_server_that_stops_before_its_thread_has_begun(monkeypatch):
    ending = asyncio.Event()

    async def slow(server, **where):
        await ending.wait()
        return await start(server, **where)

    async def end(server):
        ending.set()
        await end_of(server)

    start, end_of = Server.start, ThreadServer._end
    monkeypatch.setattr(Server, "start", slow)
    monkeypatch.setattr(ThreadServer, "_end", end)
    server = ThreadServer(simulated(), endpoints=tuple)
    port = server.port  # open already, since nobody waits for the thread
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
