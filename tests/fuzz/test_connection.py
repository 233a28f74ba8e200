"""Connections that send anything at all: the simulated S3 answers in HTTP or hangs up, and nothing else happens.

A run is the same for the same seed. S3ERRORS_FUZZ_SEED sets it and S3ERRORS_FUZZ_CASES the number of cases.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import re
import socket
import threading
import time
import tracemalloc
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import h11
import pytest

from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.asyncio_server import Player
from pytest_s3errors._servers.thread import ThreadServer

from .cases import case
from .drive import S3, Loop, Transport
from .material import DOCUMENTS, FORM, post_of

CASES = int(os.environ.get("S3ERRORS_FUZZ_CASES", "5000"))  # of .ci/long a million
SEED = int(os.environ.get("S3ERRORS_FUZZ_SEED", "1"))
BATCH = 100  # cases to one simulated S3, so that what they store does not add up
LONGEST_S = 5.0
_ANSWERED = re.compile(rb"(?:HTTP/1\.1 \d\d\d [^\r\n]*\r\n|\x15\x03)")


def seeds(cases: int) -> range:
    """The seeds of so many cases' batches."""
    return range(SEED * 1_000_000, SEED * 1_000_000 + -(-cases // BATCH))


@pytest.mark.parametrize("worker", range(4))
def test_no_bytes_make_it_fail(worker):
    """Each case is answered in HTTP or not at all, in time, and leaves nothing behind."""
    for seed in seeds(CASES)[worker::4]:
        draw, s3 = random.Random(seed), S3(seed)
        for number in range(BATCH):
            sent = case(draw, s3.upload_id)
            began = time.monotonic()
            written = s3.talk(sent, slow=draw.random() < 0.1)
            told = f"S3ERRORS_FUZZ_SEED={SEED}: case {number} of batch {seed} was {sent!r}"
            assert time.monotonic() - began < LONGEST_S, told
            assert s3.left() == "", told
            assert not written or _ANSWERED.match(written), told
        assert len(s3.simulator.entries) == 0 or s3.simulator.armed


REQUESTS = {
    "put": b"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
    "get": b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nRange: bytes=1-\r\n\r\n",
    "chunked": b"PUT /bucket/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nab\r\n1;x\r\nc\r\n0\r\nt: v\r\n\r\n",
    "aws-chunked": b"PUT /bucket/b HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nx-amz-decoded-content-length: 1\r\n"
    b"Content-Encoding: aws-chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "delete": post_of(DOCUMENTS["delete"]),
    "form": b"POST /bucket HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=edge\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(FORM), FORM),
    "list": b"GET /bucket?list-type=2&max-keys=1 HTTP/1.1\r\nHost: h\r\n\r\n",
    "refused": b"GET /bucket HTTP/1.1\r\nno colon\r\n\r\n",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_where_the_bytes_are_cut_does_not_matter(name):
    """Cut at every byte, and byte by byte, with another request behind it, a request has the same answer."""
    sent = REQUESTS[name] + REQUESTS["get"]

    def answer(pieces):
        return re.sub(rb"Date: [^\r]*", b"", S3().talk(pieces))

    whole = answer([sent])
    assert whole.startswith(b"HTTP/1.1 ")
    assert answer([sent[at : at + 1] for at in range(len(sent))]) == whole
    for at in range(1, len(sent)):
        assert answer([sent[:at], sent[at:]]) == whole, at


@pytest.mark.parametrize("slow", [False, True])
def test_many_requests_in_a_row_are_all_answered(slow):
    """Thousands that arrive at once do not nest, whether the client reads meanwhile or not."""
    assert S3().talk([REQUESTS["get"] * 2000], slow=slow).count(b"HTTP/1.1 206 ") == 2000


def test_a_client_that_does_not_read_has_to_wait():
    """While its answers do not leave, its further requests stay with it, and nothing of them is lost."""
    transport, s3 = Transport(port=1), S3()
    connection = Player(s3.server)
    connection.connection_made(transport)
    transport.is_full = True
    taken = 0
    while not transport.is_paused:
        connection.data_received(REQUESTS["get"])
        taken += 1
        assert taken < 1000
    transport.is_full = False
    with Loop() as loop:
        connection.resume_writing()
        loop.run()
    assert not transport.is_paused
    assert transport.written.count(b"HTTP/1.1 206 ") == taken
    connection.connection_lost(None)


def test_answers_are_http():
    """What is answered to a whole request, a client that we did not write can read, and its XML too."""
    read = 0
    for seed in seeds(CASES // 10):
        draw, s3 = random.Random(seed), S3(seed)
        if s3.simulator.armed:
            continue  # a fault may well break an answer
        for _ in range(BATCH):
            sent = case(draw, s3.upload_id)
            written = s3.talk(sent).replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
            assert s3.left() == ""
            if not written:
                continue
            method = "HEAD" if b"".join(sent).lstrip(b"\r\n").startswith(b"HEAD ") else "GET"
            client = h11.Connection(h11.CLIENT)
            client.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
            client.send(h11.EndOfMessage())
            client.receive_data(written)
            answer, body = client.next_event(), b""
            assert isinstance(answer, h11.Response)
            while isinstance(event := client.next_event(), h11.Data):
                body += event.data
            if body and dict(answer.headers).get(b"content-type") == b"application/xml" and answer.status_code >= 300:
                assert ET.fromstring(body).tag == "Error"
                read += 1
    assert read > CASES // 100


def test_nothing_piles_up():
    """After some thousand connections to one simulated S3 that stores nothing of theirs, its memory is what it was."""
    s3 = S3()
    sent = [REQUESTS["get"], REQUESTS["refused"], REQUESTS["list"], b"\0" * 500, REQUESTS["get"][:30]]

    def talk(times):
        for _ in range(times):
            for data in sent:
                s3.talk([data])
        gc.collect()

    talk(200)
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        talk(400)
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    grown = sum(difference.size_diff for difference in after.compare_to(before, "filename"))
    assert grown < 100_000
    assert s3.left() == ""


def _send(port, pieces):
    """Send *pieces* and read until the server hangs up, which it may do before it has them all."""
    client = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_S)
    with client, contextlib.suppress(OSError):
        for piece in pieces:
            client.sendall(piece)
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass


def test_a_real_socket_lives_through_it():
    """Over loopback the same holds: whatever was sent before, the next client is served, and no connection is left."""
    simulator = Simulator(store=S3Store(now=lambda: datetime.now(UTC)), clock=time.monotonic, lock=threading.RLock())
    simulator.store.put("bucket", "key", b"abc")
    server = ThreadServer(simulator, endpoints=tuple)
    draw = random.Random(SEED)
    try:
        for _ in range(CASES // 100):
            _send(server.port, case(draw, "none"))
            assert [problem for problem in simulator.problems if "failed" in problem] == []
            simulator.problems.clear()
            simulator.store.put("bucket", "key", b"abc")
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONGEST_S) as client:
            client.sendall(REQUESTS["get"])
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 206 ")
    finally:
        server.stop()
    assert server._server.players == set()
