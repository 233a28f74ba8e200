"""How long which sockets have to be silent before the clock may jump."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import os
import selectors
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from pytest_s3errors._time import children, kernel, registry, unseen
from pytest_s3errors._time.originals import REAL
from pytest_s3errors._time.silence import FOREIGN_S, STEP_S, silence_s
from pytest_s3errors._time.waits import Record, Wait


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
    """By the port at either end, or by both ends in this process; nothing watched at all is silent at once."""
    client, server, port = connection
    assert silence([port], client, server) == STEP_S
    assert silence([], client, server) == STEP_S
    assert silence([]) == 0


def test_a_connection_that_is_not_accepted_has_both_ends_here():
    """It waits in the backlog of the listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        assert silence([], client) == STEP_S
        assert silence([], listener) == STEP_S


SERVE = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
accepted, _ = listener.accept()
accepted.recv(1)
"""


def test_a_stranger_gets_more_time(connection):
    """One is enough."""
    client, _, port = connection
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        with socket.create_connection(("127.0.0.1", int(child.stdout.readline()))) as other:
            assert silence([port], client, other) == FOREIGN_S


def test_bytes_on_their_way_are_waited_for(connection):
    """More than the peer's kernel takes stays on its way until the peer reads."""
    client, _, port = connection
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            client.send(bytes(1 << 20))
    told = kernel.bytes_on_the_way(client.fileno()) > 0
    assert told is kernel.ASKED
    assert silence([port], client) == (FOREIGN_S if told else STEP_S)


def test_what_a_loop_wakes_itself_with_is_nobody(tmp_path, monkeypatch):
    """A pair of sockets without names; a named one is a stranger."""
    one, two = socket.socketpair()
    with one, two, socket.socket(socket.AF_UNIX) as named:
        assert silence([], one, two) == 0
        monkeypatch.chdir(tmp_path)
        named.bind("name")
        assert silence([], named) == FOREIGN_S


@pytest.fixture(autouse=True)
def no_other_children(monkeypatch):
    """Leave out the children of other tests, such as the server of a session."""
    found = children._children
    before = found() if kernel.ASKED else set()
    monkeypatch.setattr(children, "_children", lambda: found() - before)


@pytest.fixture
def child():
    """A process that lives until its input ends."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        yield child


def test_a_pipe_between_two_of_our_own_threads_is_silent():
    """Who writes is here, and would run."""
    read, write = os.pipe()
    try:
        assert not children.alive()
        assert silence([], read) == 0
        os.close(write)
        assert silence([], read) == math.inf  # somebody gave it to us
    finally:
        os.close(read)


def test_a_pipe_is_waited_for_while_a_child_lives(child):
    """It may have the other end, and a clock of its own; so may it have an end of a counter of the kernel's."""
    read, write = os.pipe()
    try:
        assert children.alive()
        assert silence([], read) == math.inf
    finally:
        os.close(read)
        os.close(write)
    if hasattr(os, "eventfd"):
        counter = os.eventfd(0)
        assert silence([], counter) == math.inf
        os.close(counter)


async def test_a_child_does_not_wake_our_loop(child):
    """It has at most a copy of the sockets that the loop wakes itself with; another pair may be its own."""
    one, two = socket.socketpair()
    with one, two:
        assert silence([], one) == FOREIGN_S
    loop = asyncio.get_running_loop()
    assert silence_s(loop._selector, frozenset()) == 0


@pytest.mark.skipif(not kernel.ASKED, reason="the kernel has to tell when a child was started")
def test_a_child_has_no_pipe_that_was_made_later(child, monkeypatch):
    """Such as a server that a fixture of the session started; the fork server is given open files at any time."""
    later = time.time() + 10
    assert not children.alive(later)
    fork_server = SimpleNamespace(_forkserver=SimpleNamespace(_forkserver_pid=child.pid))
    monkeypatch.setitem(sys.modules, "multiprocessing.forkserver", fork_server)
    assert children.alive(later)


def test_a_child_that_has_ended_is_nobody(child):
    """Also before anybody asked for its status, where the kernel tells."""
    assert child.stdin is not None
    child.stdin.close()
    while kernel.ASKED and children.alive():
        REAL.sleep(0.001)
    child.wait()
    assert not children.alive()


def test_what_was_closed_meanwhile_says_nothing(connection):
    """The selector still has its number."""
    client, _, port = connection
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        client.close()
        assert silence_s(selector, frozenset([port])) == 0


def test_a_thread_that_nobody_looked_at_may_have_run(monkeypatch):
    """Where the kernel tells nothing: on a busy machine the one who looks is late, as all others are."""
    now, looks = 100.0, SimpleNamespace(monotonic=lambda: now, process_time=lambda: 0.0)
    monkeypatch.setattr(kernel, "ASKED", False)
    monkeypatch.setattr(unseen, "REAL", looks)
    record, place = Record(1), (test_what_was_closed_meanwhile_says_nothing.__code__, 0)
    record.ident, record.first = 1, place
    slept = []
    for later in (0.0, 0.05, 0.05, 0.055, 0.1):
        now += later
        slept.append(unseen.sleeps(record, {1: place}))
    assert slept == [False, False, False, True, False]


def test_what_happens_during_one_look_is_not_silence(monkeypatch):
    """On a busy machine a look may take seconds. Only two looks tell that nothing has happened between them."""
    now = itertools.count(100.0, 5.0)
    threads, wait = registry.Registry(), Wait()
    monkeypatch.setattr(registry, "REAL", SimpleNamespace(monotonic=lambda: next(now)))
    monkeypatch.setattr(threads.roster, "others_work", lambda: False)
    monkeypatch.setattr(Wait, "silence_s", lambda _: 4.0)
    threads.roster.by_ident[1] = wait.record = Record(1)
    wait.record.wait, wait.deadline, threads.on = wait, 60.0, True
    threads.roster.moves = 1
    threads._decide()
    assert threads.passed == 0
    threads._decide()
    assert threads.passed == 60


@pytest.mark.skipif(not kernel.ASKED, reason="the other answers need looks in a row, see above")
def test_one_look_at_a_thread_does_not_tell_that_it_sleeps(monkeypatch):
    """Nor does a thread sleep for long that was seen to do so after a second of looking."""
    now = itertools.count(100.0)
    monkeypatch.setattr(unseen, "REAL", SimpleNamespace(monotonic=lambda: next(now), process_time=lambda: 0.0))
    monkeypatch.setattr(kernel, "asleep", lambda _thread: 0.25)
    record = Record(1)
    record.native = 7
    looks = [unseen.sleeps(record, {}, any_wait=True) for _ in range(2)]
    assert looks == [False, True]
