"""Two protocols see the same of a connection in memory as of one over TCP on loopback."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from types import SimpleNamespace

import pytest

from pytest_s3errors._servers import memory
from pytest_s3errors._servers.asyncio_server import do_not_linger
from pytest_s3errors._servers.loops import LoopServers

from .simulated import GET, PATIENCE_S, simulated

SCRIPTS = {
    "to and fro": ["near write 5", "far write 7", "near write 1"],
    "a half that is closed": ["near end", "far write 9", "far close"],
    "a half that is closed, and the rest with it": ["near obey", "far write 3", "far end"],
    "FIN": ["near write 5", "far write 3", "far close"],
    "FIN of both": ["near close", "far close"],
    "twice": ["near close", "near close", "near abort", "far end", "far close"],
    "abort": ["far write 3", "far abort"],
    "RST": ["far write 3", "far reset"],
    "RST after FIN": ["far end", "far reset"],
    "data before FIN": ["near pause", "far write 3", "far close", "near resume"],
    "data before RST": ["near pause", "far write 3", "far reset", "near resume"],
    "FIN when it is read": ["near pause", "far end", "near resume"],
    "closed with unread data": ["far pause", "near write 5", "far write 3", "far close"],
    "written after the end": ["far close", "near write 5"],
    "written after the end, and again": ["far close", "near write 5", "near write 5"],
    "written after an RST": ["far end", "far reset", "near write 5", "near write 5", "near write 5"],
    "written after unread data": ["far pause", "near write 5", "far end", "far close", "near write 5"],
    "written after an own end": ["near end", "near write 5"],
    "written after an own close": ["near close", "near write 5"],
    "an end after a close": ["near close", "near end", "far write 1"],
    "held up": ["far pause", "near write 20000000", "far resume", "near write 1"],
    "held up at once": ["near limit 0", "far pause", "near write 20000000", "far resume"],
    "held up, then closed": ["far pause", "near write 20000000", "far close"],
    "closed while held up": ["far pause", "near write 20000000", "near close", "far resume"],
    "RST while held up": ["far pause", "near write 20000000", "far reset"],
    "aborted while held up": ["far pause", "near write 20000000", "near close", "near abort"],
    "much written after the end": ["far close", "near write 20000000"],
    "written after an RST that is not read": ["near pause", "near write 5", "far reset", "near write 5"],
    "a FIN and an RST that are not read": ["near pause", "far end", "far reset", "near resume"],
    "written after a FIN that is not read": ["far pause", "near close", "far write 3", "far write 3", "far resume"],
    "data and a FIN that are not read": ["far pause", "near write 3", "near close", "far write 3", "far resume"],
    "writing, not reading, at an RST": ["far pause", "near write 20000000", "far write 3", "near pause", "far close"],
    "writing after a FIN, at an RST": ["far end", "near pause", "far pause", "near write 20000000", "far close"],
    "closing at an RST": ["far pause", "near write 20000000", "near close", "far close"],
    "closing, both held up": ["near pause", "far pause", "near write 9000000", "far write 9000000", "far close"],
    "aborted while held up, then read": ["far pause", "near write 20000000", "far obey", "near abort"],
    "a limit set later": ["near limit 40000000", "far pause", "near write 20000000", "near limit 0", "far resume"],
    "after all": ["near close", "near write 3", "near end", "near abort", "near resume", "far write 3", "far close"],
    "large": ["near write 1000000", "far write 70000"],
    "nothing": ["near write 0", "far write 0", "near end"],
    "paused twice": ["near pause", "near pause", "far write 3", "near resume", "near resume"],
}


class Seen(asyncio.Protocol):
    """What the protocol of one end sees. Data that comes in several pieces counts once."""

    def __init__(self):
        self.events = []
        self.obeys = False
        self.made = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.made.set()

    def data_received(self, data):
        if self.events and self.events[-1][0] == "data":
            self.events[-1] = "data", self.events[-1][1] + len(data)
        else:
            self.events.append(("data", len(data)))

    def eof_received(self):
        self.events.append("end")
        return not self.obeys

    def connection_lost(self, exc):
        self.events.append(("lost", type(exc).__name__))

    def pause_writing(self):
        self.events.append("wait")

    def resume_writing(self):
        self.events.append("go on")

    def act(self, what, size=""):
        """Do one step of a script."""
        transport = self.transport
        if what == "write":
            try:
                transport.write(bytearray(int(size)))
            except RuntimeError as error:
                self.events.append(str(error))
        elif what == "limit":
            transport.set_write_buffer_limits(int(size))
        elif what == "obey":
            self.obeys = True
        elif what == "reset" and not isinstance(transport, memory.End):
            if not transport.is_closing():
                do_not_linger(transport.get_extra_info("socket"))
                transport.abort()
        else:
            names = {"end": "write_eof", "pause": "pause_reading", "resume": "resume_reading"}
            getattr(transport, names.get(what, what))()
        self.events.append(f"{what} {size}")


async def in_memory():
    made = []
    address = "127.0.0.1", 1
    near = memory.connect(Seen, lambda: made.append(Seen()) or made[0], client=address, server=address)
    return near, made[0]


async def over_tcp():
    made = asyncio.Queue()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: made.put_nowait(Seen()) or made._queue[-1], "127.0.0.1", 0)
    _, near = await loop.create_connection(Seen, *server.sockets[0].getsockname())
    far = await made.get()
    await far.made.wait()
    server.close()
    return near, far


async def played(script, connect, expected):
    """Play *script*; return what both ends saw after each step. *expected* is what to wait for."""
    near, far = await connect()
    for number, step in enumerate(script):
        end, *what = step.split()
        {"near": near, "far": far}[end].act(*what)
        until = time.monotonic() + PATIENCE_S
        for rounds in range(10**9):
            await asyncio.sleep(0)
            seen = near.events, far.events
            if rounds >= 100 and (expected is None or seen == expected[number] or time.monotonic() > until):
                break
        yield tuple(map(list, seen))
    for end in (near, far):
        if not end.transport.is_closing():
            end.transport.abort()
    await asyncio.sleep(0)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_it_is_as_over_tcp(script):
    here = [seen async for seen in played(script, in_memory, None)]
    assert [seen async for seen in played(script, over_tcp, here)] == here


async def test_bytes_arrive_as_they_were_and_in_order():
    """Also if the writer changes its buffer, and in pieces that asyncio would read."""
    near, far = await in_memory()
    pieces = []
    far.data_received = pieces.append
    sent = bytearray()
    for size in (1, 300_000, 5, 262_144, 70_000):
        data = bytearray((len(sent) + n) % 251 for n in range(size))
        near.transport.write(data)
        sent += data
        data[:] = bytes(size)
    for _ in range(10):
        await asyncio.sleep(0)
    assert b"".join(pieces) == sent
    assert max(map(len, pieces)) <= 256 * 1024


async def test_an_rst_is_known_before_a_write_finds_it_closed():
    """A client that uploads meanwhile reports the RST, as over TCP, and not that it can't write."""
    near, far = await in_memory()
    near.transport.write(bytes(3_000_000))
    far.transport.pause_reading()
    far.act("reset")
    closed = False
    while not closed:
        await asyncio.sleep(0)
        closed = near.transport.is_closing()
        assert closed is (("lost", "ConnectionResetError") in near.events)


async def test_nothing_is_kept_of_a_connection_that_is_over():
    """Its number is not used again, as a port is, so what is known by it would pile up."""
    scene = SimpleNamespace(
        remote=None, simulator=simulated(), endpoints=tuple, at_hang=bool, before_close=lambda loop, close: None
    )
    servers = LoopServers(scene)
    client = await servers.connect(Seen, ("127.83.51.51", 443))
    port = client.transport.get_extra_info("sockname")[1]
    servers.origins[port], servers.left[port] = "https://h", lambda: False
    client.transport.write(GET)
    for _ in range(5):
        await asyncio.sleep(0)
    assert client.events[0][0] == "data"
    assert (list(servers.origins), list(servers.left)) == ([port], [port])
    client.transport.close()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (servers.origins, servers.left) == ({}, {})


@pytest.mark.parametrize("how", ["abort", "reset"])
async def test_what_an_end_holds_back_is_lost_with_it(how):
    """It is not in the kernel yet."""
    near, far = await in_memory()
    far.transport.pause_reading()
    for _ in range(20):
        near.transport.write(bytes(1_000_000))
    held = near.transport.get_write_buffer_size()
    getattr(near.transport, how)()
    far.transport.resume_reading()
    for _ in range(100):
        await asyncio.sleep(0)
    assert far.events[0] == ("data", 20_000_000 - held)
    assert near.events == ["wait", ("lost", "NoneType")]
    assert near.transport.get_write_buffer_size() == 0


@pytest.mark.parametrize("steps", ["near close", "far close", "near reset", "far abort", "near write 9, far close"])
async def test_nothing_refers_to_an_end_that_is_lost(steps):
    """A test with many connections does not wait for the garbage collector."""
    gc.collect()  # A warning from a finalizer keeps the frame that it came in, and so may keep an end.
    gc.disable()
    try:
        near, far = await in_memory()
        gone = [weakref.ref(each) for each in (near, far, near.transport, far.transport)]
        for step in steps.split(", "):
            end, *what = step.split()
            {"near": near, "far": far}[end].act(*what)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        near.transport.abort()
        far.transport.abort()
        await asyncio.sleep(0)
        assert near.transport.get_protocol() is None
        del near, far
        assert [each() for each in gone] == [None] * 4
    finally:
        gc.enable()


@pytest.mark.parametrize("size", [262_144, 700_000, 20_000_000])
async def test_one_read_takes_a_part_of_a_large_write(size):
    """So a client that reads slowly holds up the server, as over TCP."""
    near, far = await in_memory()
    pieces = []
    far.data_received = pieces.append
    near.transport.write(bytes(size))
    await asyncio.sleep(0)
    assert sum(map(len, pieces)) == 262_144
    for _ in range(100):
        await asyncio.sleep(0)
    assert sum(map(len, pieces)) == size
    assert all(type(piece) is bytes and len(piece) <= 262_144 for piece in pieces)


async def test_it_says_what_a_transport_says():
    near, far = await in_memory()
    transport = near.transport
    assert transport.get_extra_info("peername") == ("127.0.0.1", 1)
    assert transport.get_extra_info("socket") is None
    assert transport.get_protocol() is near
    assert transport.can_write_eof()
    assert transport.is_reading()
    transport.set_write_buffer_limits(40)
    assert transport.get_write_buffer_limits() == (10, 40)
    other = Seen()
    transport.set_protocol(other)
    far.transport.write(b"1")
    await asyncio.sleep(0)
    assert other.events == [("data", 1)]
    transport.close()
    assert transport.is_closing()
    assert not transport.is_reading()
