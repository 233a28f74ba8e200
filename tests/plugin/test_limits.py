"""What the simulated S3 takes from a connection, and how it refuses the rest: S3's own envelope, then the end."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from http.client import HTTPResponse
from xml.etree import ElementTree as ET

import pytest

from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.thread import ThreadServer
from s3_asyncio_client._core.limits import MAX_HEADER_SECTION_BYTES

PUT = b"PUT /bucket/key HTTP/1.1\r\nHost: h\r\n"


@pytest.fixture
def simulator():
    """A simulated S3 of its own."""
    return Simulator(store=S3Store(now=lambda: datetime.now(UTC)), clock=time.monotonic)


@pytest.fixture
def server(simulator):
    """Serves it; at the end nothing failed."""
    server = ThreadServer(simulator, endpoints=tuple)
    yield server
    server.stop()
    assert simulator.problems == []


@pytest.fixture
def ask(server):
    """Sends bytes and returns the answer, its body, and what came behind it."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:

        def asked(data, method="GET"):
            client.sendall(data)
            answer = HTTPResponse(client, method=method)
            answer.begin()
            return answer, answer.read()

        yield asked


def head_of(size):
    """A request whose head has *size* bytes, without the empty line at its end."""
    start = b"GET /bucket HTTP/1.1\r\nHost: h\r\nx-amz-meta-a: "
    return start + b"a" * (size - len(start)) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"nonsense\r\n\r\n", "BadRequest"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "BadRequest"),
        (PUT + b"Content-Length: -1\r\n\r\n", "BadRequest"),
        (PUT + b"Content-Length:\r\n\r\n", "BadRequest"),
        (PUT + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "BadRequest"),
        (PUT + b"Transfer-Encoding: gzip\r\n\r\n", "BadRequest"),
        (PUT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "BadRequest"),
        (head_of(MAX_HEADER_SECTION_BYTES + 1), "RequestHeaderSectionTooLarge"),
        (b"GET /" + b"a" * MAX_HEADER_SECTION_BYTES + b" HTTP/1.1\r\n\r\n", "RequestHeaderSectionTooLarge"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * (MAX_HEADER_SECTION_BYTES + 1), "RequestHeaderSectionTooLarge"),
    ],
)
def test_what_is_no_request_gets_s3s_envelope(ask, data, code):
    """400, XML with the ids of the headers, and no further answer on this connection."""
    answer, body = ask(data)
    assert (answer.status, answer.reason) == (400, "Bad Request")
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Connection"] == "close"
    error = {child.tag: child.text for child in ET.fromstring(body)}
    assert error["Code"] == code
    assert error["RequestId"] == answer.headers["x-amz-request-id"]
    assert error["HostId"] == answer.headers["x-amz-id-2"]
    assert error.get("MaxSizeAllowed") == ("8192" if code == "RequestHeaderSectionTooLarge" else None)


def test_a_head_of_the_largest_size_is_taken(ask):
    """The limit itself is allowed."""
    assert b"<Code>NoSuchBucket</Code>" in ask(head_of(MAX_HEADER_SECTION_BYTES))[1]


def test_a_refusal_waits_for_the_answers_before_it(ask):
    """A broken request behind a good one does not take the good one's answer."""
    answer, _ = ask(PUT + b"Content-Length: 1\r\n\r\na" + b"nonsense\r\n\r\n")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("fields", "status"), [(b"", 411), (b"Content-Length: 0\r\n", 200), (b"Transfer-Encoding: chunked\r\n", 200)]
)
def test_a_put_says_how_long_its_body_is(ask, fields, status):
    """Neither length nor chunks is MissingContentLength, and the connection goes on."""
    answer, body = ask(PUT + fields + b"\r\n" + (b"0\r\n\r\n" if b"chunked" in fields else b""))
    assert answer.status == status
    assert (b"<Code>MissingContentLength</Code>" in body) == (status == 411)
    assert answer.headers["Connection"] is None


def test_a_bucket_needs_no_length(ask):
    """CreateBucket without a body may leave the length out."""
    assert ask(b"PUT /bucket HTTP/1.1\r\nHost: h\r\n\r\n")[0].status == 200


@pytest.mark.parametrize(("version", "framing"), [(b"1.1", "chunked"), (b"1.0", None)])
def test_documents_and_errors_come_in_chunks(ask, version, framing):
    """As S3 sends both, except to HTTP/1.0, which has no chunks."""
    get = b"GET /bucket%b HTTP/%b\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"
    assert ask(PUT + b"Content-Length: 0\r\n\r\n")[0].status == 200
    for target in (b"", b"/absent"):
        answer, body = ask(get % (target, version))
        assert answer.headers["Transfer-Encoding"] == framing
        assert (answer.headers["Content-Length"] is None) == (framing is not None)
        assert body.endswith((b"</ListBucketResult>", b"</Error>"))


def test_many_requests_at_once_are_answered_in_order(ask, server):
    """However many are on their way, nothing of them is lost."""
    count = 3000
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        get = b"GET /bucket?max-keys=%d HTTP/1.1\r\nHost: h\r\n\r\n"
        assert ask(PUT + b"Content-Length: 0\r\n\r\n")[0].status == 200
        last = b"GET /bucket?max-keys=1000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        client.sendall(b"".join(get % (n % 1000) for n in range(count)) + last)
        got = b""
        while piece := client.recv(1 << 20):
            got += piece
    found = [int(part.partition(b"<")[0]) for part in got.split(b"<MaxKeys>")[1:]]
    assert found == [*(n % 1000 for n in range(count)), 1000]
