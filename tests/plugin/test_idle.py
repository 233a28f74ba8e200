"""How long which sockets have to be silent before the clock may jump."""

from __future__ import annotations

import contextlib
import math
import os
import selectors
import socket

import pytest

from pytest_s3errors._time.silence import FOREIGN_S, STEP_S, bytes_on_the_way, has_news, silence_s


@pytest.fixture
def connection():
    """A loopback connection: client, server side, and the port of its listener."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        server = stack.enter_context(listener.accept()[0])
        yield client, server, listener.getsockname()[1]


def silence(ports, *files):
    """The answer for a selector that watches *files*."""
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        return silence_s(selector, frozenset(ports))


def test_both_ends_of_our_connections_are_ours(connection):
    """By the port at either end; nothing watched at all is silent, too."""
    client, server, port = connection
    assert silence([port], client, server) == STEP_S
    assert silence([]) == STEP_S


def test_a_stranger_gets_more_time(connection):
    """One is enough; a listener of somebody else is one."""
    client, _, port = connection
    assert silence([port + 1], client) == FOREIGN_S
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert silence([port], client, other) == FOREIGN_S
        assert silence([other.getsockname()[1]], other) == STEP_S


def test_bytes_on_their_way_are_waited_for(connection):
    """More than the peer's kernel takes stays on its way until the peer reads."""
    client, _, port = connection
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            client.send(bytes(1 << 20))
    assert bytes_on_the_way(client.fileno()) > 0
    assert silence([port], client) == FOREIGN_S


def test_what_a_loop_wakes_itself_with_is_nobody(tmp_path, monkeypatch):
    """A pair of sockets without names; a named one is a stranger."""
    one, two = socket.socketpair()
    with one, two, socket.socket(socket.AF_UNIX) as named:
        assert silence([], one, two) == STEP_S
        monkeypatch.chdir(tmp_path)
        named.bind("name")
        named.listen()
        assert silence([], named) == FOREIGN_S


def test_a_pipe_is_waited_for_as_long_as_it_takes():
    """A process at its other end has a clock of its own."""
    read, write = os.pipe()
    try:
        assert silence([], read) == math.inf
    finally:
        os.close(read)
        os.close(write)


def test_what_was_closed_meanwhile_says_nothing(connection):
    """The selector still has its number."""
    client, _, port = connection
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        client.close()
        assert silence_s(selector, frozenset([port])) == STEP_S


def test_another_thread_can_tell_what_a_selector_would_find(connection):
    """Bytes that came, or the end, for what it watches; asking takes nothing away."""
    client, server, _ = connection
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        assert not has_news(selector)
        client.send(b"x")
        assert has_news(selector)
        assert has_news(selector)
        assert [key.fileobj for key, _ in selector.select(0)] == [server]
        server.recv(1)
        assert not has_news(selector)
        client.close()
        assert has_news(selector)
        selector.unregister(server)
        assert not has_news(selector)


def test_a_connection_that_is_not_accepted_is_news():
    """It waits in the backlog of the listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        assert not has_news(selector)
        with socket.create_connection(listener.getsockname()):
            assert has_news(selector)


def test_a_selector_that_cannot_be_asked_has_no_news(connection):
    """A kind that the system knows nothing of, a closed one, and that of a closed loop."""
    client, server, _ = connection
    client.send(b"x")
    with selectors.SelectSelector() as plain:
        plain.register(server, selectors.EVENT_READ)
        assert not has_news(plain)
    closed = selectors.DefaultSelector()
    closed.close()
    assert not has_news(closed)
    assert not has_news(None)
