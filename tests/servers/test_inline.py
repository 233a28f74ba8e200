"""A connection that is played in its client's thread, and what makes it leave for the server's."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

import pytest

from pytest_s3errors._servers import inline
from pytest_s3errors._servers.thread import THREAD, ThreadServer
from pytest_s3errors._time.kernel import descriptors

from .players import Client
from .simulated import BODY, GET, PATIENCE_S, PUT, simulated


class Served:
    """A server, and the clients that have met it."""

    def __init__(self, *rules, **options):
        self.simulator = simulated(*rules, **options)
        self.server = ThreadServer(self.simulator, endpoints=tuple)
        self.clients = []

    def client(self):
        self.clients.append(Client.of(self.server))
        return self.clients[-1]

    @property
    def has_thread(self):
        return THREAD in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def served(request):
    before = descriptors()
    found = Served(*getattr(request, "param", ()))
    yield found
    for client in found.clients:
        client.close()
    found.server.stop()
    assert not found.has_thread
    assert descriptors() == before


def rules(*kinds):
    return pytest.mark.parametrize("served", [kinds], indirect=True)


def test_what_is_sent_is_answered_before_send_returns(served):
    client = served.client()
    for _ in range(3):
        client.sendall(GET[:-3])
        client.sendall(GET[-3:])
        client.settimeout(0)  # nothing is waited for
        assert client.recv(65536).endswith(BODY)
        client.settimeout(PATIENCE_S)
    assert not served.has_thread
    assert [entry.status for entry in served.simulator.entries] == [200] * 3


def test_requests_sent_at_once_are_answered_one_after_another(served):
    client = served.client()
    client.sendall(PUT + GET + PUT)
    assert client.recv(65536).count(b"HTTP/1.1 200") == 3
    assert not served.has_thread


@rules("connection_reset")
def test_a_reset_is_one(served):
    client = served.client()
    client.sendall(GET)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(BrokenPipeError):
        client.sendall(GET)


@rules("connection_reset")
def test_a_reset_overtakes_nothing(served, monkeypatch):
    """It waits, in the thread, until the client's kernel has all that was sent before."""
    monkeypatch.setattr(inline, "bytes_on_the_way", lambda _: 1)
    client = served.client()
    client.sendall(GET)
    assert served.has_thread
    with pytest.raises(ConnectionResetError):
        client.recv(1)


@rules("SlowDown")
def test_an_answer_may_end_the_connection(served):
    client = served.client()
    client.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert client.answer(b"no such bytes").startswith(b"HTTP/1.1 503 ")
    assert not served.has_thread


@pytest.mark.parametrize(
    "request_",
    [
        b"PUT /bucket/large HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000),
        b"GET /bucket/large HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
    ids=["upload", "download"],
)
def test_what_is_large_goes_by_the_thread(served, request_):
    served.simulator.store.put("bucket", "large", bytes(30_000_000))
    client = served.client()
    client.sendall(request_)
    assert served.has_thread
    answer = client.answer()
    assert answer.startswith(b"HTTP/1.1 200 ")
    client.sendall(GET)


@rules("stalled_body", "slow_body")
def test_what_has_to_wait_goes_by_the_thread(served):
    stalled, slow = served.client(), served.client()
    stalled.sendall(GET)
    assert served.has_thread
    slow.sendall(GET)
    assert BODY[:5] in slow.answer(BODY[:5])
    assert stalled.answer().startswith(b"HTTP/1.1 200 ")


def unseen_write(client):
    os.write(client.fileno(), GET)


def unseen_copy(client):
    with socket.fromfd(client.fileno(), client.family, client.type) as copy:
        copy.sendall(GET)


def unseen_child(client):
    if not os.fork():
        os.write(client.fileno(), GET)
        os._exit(0)
    os.wait()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("send", [unseen_write, unseen_copy, unseen_child])
def test_what_came_unseen_is_found(served, send):
    client = served.client()
    client.sendall(GET)
    client.recv(65536)
    assert not served.server.unseen()
    send(client)
    assert served.server.unseen()
    served.server.look()
    assert client.recv(65536).endswith(BODY)
    client.sendall(GET)
    assert client.recv(65536).endswith(BODY)
    assert len(served.simulator.entries) == 3


def test_who_connects_unseen_is_found(served):
    """It has the address of a connection that it knows."""
    first = served.client()
    with socket.create_connection(first.getpeername(), PATIENCE_S) as client:
        client.sendall(GET)
        assert served.server.unseen()
        served.server.look()
        assert client.recv(65536).endswith(BODY)
    assert not served.server.unseen()


def test_who_connects_unseen_as_another_client_does_is_served(served, monkeypatch):
    """What connects the other client finds both at the listener."""
    first = served.client()
    with socket.create_connection(first.getpeername(), PATIENCE_S) as client:
        monkeypatch.setattr(served.server, "look", bool)
        assert served.server.player(served.client()) is not None
        client.sendall(GET)
        assert client.recv(65536).endswith(BODY)


def test_a_look_does_not_wait_for_another_thread(served):
    """A finalizer may look, whatever its thread holds."""
    client = served.client()
    player = served.server.player(client)
    os.write(client.fileno(), GET)
    looks = threading.Thread(target=player.look)
    with player._lock:
        looks.start()
        looks.join(PATIENCE_S)
        assert not looks.is_alive()
    assert served.server.unseen()
    player.look()
    assert client.recv(65536).endswith(BODY)


def test_what_came_unseen_came_first(served):
    client = served.client()
    os.write(client.fileno(), PUT[:9])
    client.sendall(PUT[9:])
    assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_keeps_no_end_of_the_server(served):
    """The client would otherwise not learn that its connection has ended."""
    client = served.client()
    client.sendall(GET)
    client.recv(65536)
    (begun, begins), (waits, ends) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(ends)
        os.write(begins, b"!")
        os.read(waits, 1)
        os._exit(0)
    os.read(begun, 1)
    served.server.stop()
    assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", served.server.started_port), PATIENCE_S)
    os.close(ends)
    os.waitpid(child, 0)
    for end in (begun, begins, waits):
        os.close(end)


@pytest.mark.parametrize("sent", [b"", GET, PUT[:-1]])
def test_a_client_that_closes_is_noticed(served, sent):
    client = served.client()
    client.sendall(sent) if sent else None
    client.close()
    served.server.look()
    assert not served.simulator.open
    assert all(player.fileno() < 0 for player in served.server._inline.values())
    assert not served.has_thread


def test_a_file_descriptor_may_be_used_again(served):
    """The first connection lives on in a copy; the second is not taken for it."""
    first = served.client()
    number = first.fileno()
    with socket.fromfd(number, first.family, first.type) as copy:
        first.close()
        second = served.client()
        assert second.fileno() == number
        second.sendall(GET)
        assert second.recv(65536).endswith(BODY)
        copy.settimeout(PATIENCE_S)
        copy.sendall(GET)
        assert copy.recv(65536).endswith(BODY)


def test_it_may_be_used_again_while_another_thread_looks(served, monkeypatch):
    first = served.client()
    listener, player = served.server._server.listen(), served.server.player(first)
    looks, meet = threading.Thread(target=player.look), listener.meet

    def met(sock):
        looks.start()
        while player._lock.acquire(blocking=False):
            player._lock.release()
        return meet(sock)

    monkeypatch.setattr(listener, "meet", met)
    with socket.fromfd(first.fileno(), first.family, first.type) as copy:
        first.close()
        os.write(copy.fileno(), GET)
        monkeypatch.setattr(served.server, "look", bool)
        served.client()
        looks.join(PATIENCE_S)
        assert not looks.is_alive()
        copy.settimeout(PATIENCE_S)
        assert copy.recv(65536).endswith(BODY)


def test_another_socket_with_that_descriptor_is_not_ours(served):
    client = served.client()
    number = client.fileno()
    client.close()
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert other.fileno() == number
        assert served.server.player(other) is None


def test_an_interrupted_answer_ends_the_connection(served, monkeypatch):
    client = served.client()

    def interrupted(*_args):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(served.simulator, "answer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.sendall(GET)
    assert client.recv(1) == b""
    assert not served.simulator.open
    again = served.client()
    again.sendall(GET)
    assert again.recv(65536).endswith(BODY)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a system without timers")
def test_a_signal_handler_may_send_while_an_answer_is_made(served, monkeypatch):
    outer, inner, got = served.client(), [], []
    answer = served.simulator.answer

    def slowly(*args):
        monkeypatch.undo()
        signal.raise_signal(signal.SIGUSR1)
        return answer(*args)

    def handler(*_args):
        inner.append(served.client())
        inner[0].sendall(GET)
        got.append(inner[0].recv(65536))

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        monkeypatch.setattr(served.simulator, "answer", slowly)
        outer.sendall(GET)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert got[0].endswith(BODY)
    assert outer.recv(65536).endswith(BODY)


@pytest.fixture
def often():
    """Let threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("often")
def test_many_threads_at_once(served):
    """They use each other's file descriptors again as soon as those are closed."""

    def use(number):
        kept = Client.of(served.server)
        for _ in range(40):
            with Client.of(served.server) as client:
                for each in (kept, client):
                    each.sendall(PUT.replace(b"key", b"key%d" % number))
                    assert each.recv(65536).startswith(b"HTTP/1.1 200 ")
        kept.close()
        done.append(number)

    done: list[int] = []
    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(8))
    assert len(served.simulator.entries) == 640
    assert not served.simulator.open


def test_after_the_thread_has_started_all_connections_are_its(served):
    before = served.client()
    assert served.server.port == served.server.started_port
    after = served.client()
    assert not served.server.player(before).take(GET)
    assert served.server.player(after) is None
    for client in (before, after):
        client.sendall(GET)
        assert client.recv(65536).endswith(BODY)


def test_what_is_open_when_the_server_stops_is_closed(served):
    served.server.port  # noqa: B018 - starts the thread
    client = Served().client()
    client.server.stop()
    assert client.recv(1) == b""
    client.close()
