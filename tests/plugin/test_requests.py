"""Faults on requests: S3 answers before the body is through, breaks off in it, or refuses it by its head."""

from __future__ import annotations

import socket

import pytest

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._options import Settings
from pytest_s3errors._test.lifetime import Run
from pytest_s3errors._test.plan import Plan

SIZE = 8_000_000


@pytest.fixture
def served(request):
    """A simulated S3 with one rule (the parameter, if any), listening in a thread."""
    settings = Settings(layer="wire", seed="0", control=False, endpoints=(), passthrough=(), time="real")
    rule = getattr(request, "param", None)
    run = Run(Plan(rules=() if rule is None else (fail_rule(*rule),)), settings, test="same")
    run.start()
    run.simulator.armed = True
    yield run
    run.simulator.armed = False
    run.stop()


def dial(run: Run) -> socket.socket:
    """A connection to the server, without a client in between."""
    return socket.create_connection(("127.0.0.1", run.blocking_server.port), 5)


def head(*lines: str, size: int | None = None, method: str = "PUT") -> bytes:
    """A request's head; *size* is its Content-Length."""
    length = [] if size is None else [f"Content-Length: {size}"]
    fields = ["Host: bucket.s3.amazonaws.com", *length, *lines]
    return "\r\n".join([f"{method} /key HTTP/1.1", *fields, "", ""]).encode()


def everything(sock: socket.socket) -> bytes:
    """What comes until the server closes; RST ends it too."""
    got = b""
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionResetError:
        got += b"<RST>"
    return got


def only(run: Run):
    """The journal's only record, once its request has ended."""
    (record,) = run.simulator.requests
    return record


early = pytest.mark.parametrize("served", [(("SlowDown",), {"early": True})], indirect=True)


@early
def test_an_early_answer_comes_while_the_body_is_sent(served):
    """The whole answer, with Connection: close; what is still sent then meets a closed connection."""
    with dial(served) as sock:
        sock.sendall(head(size=SIZE) + bytes(1000))
        got = everything(sock)
        assert got.startswith(b"HTTP/1.1 503 Slow Down\r\n")
        assert b"\r\nConnection: close\r\n" in got
        assert b"</Error>" in got
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            sock.sendall(bytes(SIZE))
    assert (only(served).status, only(served).body_size) == (503, 0)
    assert served.simulator.store.keys("bucket") == []


@early
def test_an_early_answer_to_a_request_without_a_body(served):
    """It is the same answer; the connection closes in good order."""
    with dial(served) as sock:
        sock.sendall(head(method="GET"))
        got = everything(sock)
    assert got.startswith(b"HTTP/1.1 503 Slow Down\r\n")
    assert not got.endswith(b"<RST>")


@pytest.mark.parametrize(
    ("served", "read"),
    [
        ((("connection_reset",), {"at": 0.5}), 50_000),
        ((("connection_reset",), {"at": 0}), 0),
        ((("connection_reset",), {"at": 70_001}), 70_001),
        ((("connection_reset",), {"at": 200_000}), 100_000),
        ((("connection_reset",), {}), 100_000),
        ((("disconnect",), {"at": 0.25}), 25_000),
    ],
    indirect=["served"],
)
@pytest.mark.parametrize("framing", ["length", "chunked", "all at once"])
def test_half_of_a_request_is_read(served, read, framing):
    """S3 takes `at` bytes of the body and breaks off without an answer; the journal says how many they were."""
    body = bytes(100_000)
    with dial(served) as sock:
        if framing == "chunked":
            # In one go: a server that reads nothing of the body is gone after the head.
            sock.sendall(head("Transfer-Encoding: chunked", "x-amz-decoded-content-length: 100000") + b"186a0\r\n")
            rest, end = body, b"\r\n0\r\n\r\n"
        else:
            sock.sendall(head(size=len(body)) + (body if framing == "all at once" else b""))
            rest, end = (b"" if framing == "all at once" else body), b""
        try:
            sock.sendall(rest)
            sock.sendall(end)
        except OSError:
            pass  # the server was faster
        got = everything(sock)
    assert got in (b"<RST>", b"")
    assert (only(served).body_size, only(served).status) == (read, None)
    assert served.simulator.store.keys("bucket") == []


@pytest.mark.parametrize("served", [(("AccessDenied",), {}), (("redirect",), {}), (("html_body",), {})], indirect=True)
def test_expect_a_refusal_by_the_head_has_no_100(served):
    """The final status comes at once, the body is never asked for, the connection closes (as S3 does)."""
    with dial(served) as sock:
        sock.sendall(head("Expect: 100-continue", size=SIZE))
        got = everything(sock)
    assert b"100 Continue" not in got
    assert got.startswith((b"HTTP/1.1 403", b"HTTP/1.1 301", b"HTTP/1.1 503"))
    assert b"\r\nConnection: close\r\n" in got
    assert only(served).body_size == 0


def test_expect_no_such_bucket_is_known_by_the_head(served):
    """S3 itself refuses without the body, too."""
    served.simulator.store.declare_bucket("other")
    with dial(served) as sock:
        sock.sendall(head("Expect: 100-continue", size=SIZE))
        got = everything(sock)
    assert got.startswith(b"HTTP/1.1 404")
    assert b"<Code>NoSuchBucket</Code>" in got


@pytest.mark.parametrize(
    "served", [None, (("connection_reset",), {}), (("lost_response",), {}), (("error_in_200",), {})], indirect=True
)
def test_expect_the_body_is_asked_for_where_it_is_needed(served):
    """100 first; then the body is read, and then comes what comes."""
    with dial(served) as sock:
        sock.sendall(head("Expect: 100-continue", "Connection: close", size=3))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert served.simulator.requests[0].ended_s is None
        sock.sendall(b"abc")
        got = everything(sock)
    assert only(served).body_size == 3
    assert got == b"<RST>" or got.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("served", "framing"),
    [
        ((("truncated_body",), {"at": 10, "chunked": True}), b"64\r\n" + b"x" * 10),
        ((("truncated_body",), {"at": 10}), b"x" * 10),
        ((("reset_body",), {"at": 10, "chunked": True}), b"64\r\n" + b"x" * 10 + b"<RST>"),
        ((("short_body",), {"at": 10, "chunked": True}), b"a\r\n" + b"x" * 10 + b"\r\n0\r\n\r\n"),
        ((("slow_body",), {"bytes_per_second": 1e5, "chunked": True}), b"64\r\n" + b"x" * 100 + b"\r\n0\r\n\r\n"),
        ((("slow_body",), {"bytes_per_second": 1e4}), b"x" * 100),
        ((("replaced_object",), {"at": 10}), b"x" * 10),
        ((("replaced_object",), {"at": 10, "chunked": True}), b"64\r\n" + b"x" * 10),
    ],
    indirect=["served"],
)
def test_bodies_break_in_either_framing(served, framing):
    """S3 uses both: with Content-Length, and chunked on request."""
    served.simulator.store.put("bucket", "key", b"x" * 100)
    with dial(served) as sock:
        sock.sendall(head("Connection: close", method="GET"))
        headers, _, body = everything(sock).partition(b"\r\n\r\n")
    assert body == framing
    assert (b"Transfer-Encoding: chunked" in headers) is framing.startswith((b"64", b"a\r\n"))
    assert (b"Content-Length" in headers) is not framing.startswith((b"64", b"a\r\n"))


@pytest.mark.parametrize("served", [(("slow_body",), {"bytes_per_second": 2000})], indirect=True)
def test_a_slow_body_takes_its_time(served):
    """Bytes divided by the rate, in pieces; the head comes at once."""
    served.simulator.store.put("bucket", "key", bytes(400))
    with dial(served) as sock:
        sock.sendall(head("Connection: close", method="GET"))
        first = sock.recv(65536)
        assert len(first.partition(b"\r\n\r\n")[2]) < 200
        everything(sock)
    while (record := only(served)).ended_s is None:
        pass  # the server's thread is a step behind
    assert record.ended_s - record.started_s >= 0.19


@pytest.mark.parametrize(
    "served",
    [(("replaced_object",), {"times": 1}), (("replaced_object",), {"times": 1, "body": b"new"})],
    indirect=True,
)
def test_a_replaced_object_is_another_by_the_second_read(served):
    """The first read breaks off half-way; then key and content type are the same, body and ETag are not."""
    store = served.simulator.store
    before = store.put("bucket", "key", b"old body", content_type="text/plain", metadata={"a": "b"})
    for line in (f'If-Match: "{before.etag}"', "Range: bytes=4-"):
        with dial(served) as sock:
            sock.sendall(head("Connection: close", line, method="GET"))
            got = everything(sock)
        if line.startswith("If-Match"):
            assert got.endswith(b"\r\n\r\nold ")
    after = store.get("bucket", "key")
    assert after.body in (b"new", bytes(byte ^ 0xFF for byte in b"old body"))
    assert (after.etag == before.etag, after.content_type, dict(after.metadata)) == (False, "text/plain", {"a": "b"})
    assert [r.fault for r in served.simulator.requests] == ["replaced_object", None]


@pytest.mark.parametrize("served", [(("replaced_object",), {"times": 1})], indirect=True)
def test_nothing_is_replaced_where_nothing_is(served):
    """A read of a key that is not there gets S3's answer."""
    served.simulator.store.create_bucket("bucket")
    with dial(served) as sock:
        sock.sendall(head("Connection: close", method="GET"))
        assert b"<Code>NoSuchKey</Code>" in everything(sock)
    assert served.simulator.store.keys("bucket") == []


def test_a_tls_handshake_is_told_from_http(served):
    """It ends at once, and the test fails with what to do: TLS that can't be taken away needs s3_server.url."""
    with dial(served) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))
        assert everything(sock) in (b"", b"<RST>")
    (problem,) = served.simulator.problems
    assert "TLS handshake" in problem
    assert "s3_server.url" in problem


@pytest.mark.parametrize("served", [(("connection_refused",), {}), (("connect_timeout",), {})], indirect=True)
def test_who_comes_by_the_servers_url_is_reset(served):
    """A client that dialled before the fault was known: the nearest that a server can do."""
    with dial(served) as sock:
        sock.sendall(head(method="GET"))
        if only_fault(served) == "connect_timeout":
            sock.settimeout(0.05)
            with pytest.raises(TimeoutError):
                sock.recv(1)
        else:
            assert everything(sock) == b"<RST>"


def only_fault(run: Run) -> str | None:
    """The fault of the rule, known before the request has come."""
    return run.simulator.schedule.rules[0].rule.outcomes[0].kind


CLIENTS = """
import boto3, httpx
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"

def s3():
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""


def test_boto3_waits_for_100_and_sends_no_body_when_refused(run):
    """It asks with Expect on every upload: refused by the head, nothing of the body crosses the wire."""
    run(
        CLIENTS
        + f"""
@pytest.mark.s3_fail("AccessDenied", times=1)
def test_it(s3_errors, s3_store):
    with pytest.raises(ClientError, match="AccessDenied"):
        s3().put_object(Bucket="bucket", Key="key", Body=bytes({SIZE}))
    s3().put_object(Bucket="bucket", Key="key", Body=b"hello")
    refused, stored = s3_errors.requests
    assert refused.body_size == 0 < stored.body_size
    assert s3_store.get("bucket", "key").body == b"hello"
"""
    ).assert_outcomes(passed=1)


def test_boto3_meets_a_status_without_a_standard_phrase(run):
    """botocore understands a refused upload only if its status line has a reason phrase."""
    run(
        CLIENTS
        + """
@pytest.mark.s3_fail(520)
def test_it():
    with pytest.raises(ClientError) as caught:
        s3().put_object(Bucket="bucket", Key="key", Body=b"hello")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 520
"""
    ).assert_outcomes(passed=1)


def test_clients_live_with_an_early_answer(run):
    """A large upload is refused half-way: each client ends with the answer or its own connection error, and goes on."""
    run(
        CLIENTS
        + f"""
pytestmark = pytest.mark.s3_fail("SlowDown", early=True, times=1)

def test_boto3(s3_errors):
    with pytest.raises((ClientError, ConnectionClosedError)):
        s3().put_object(Bucket="bucket", Key="key", Body=bytes({SIZE}))
    s3().put_object(Bucket="bucket", Key="key", Body=bytes({SIZE}))
    assert [r.status for r in s3_errors.requests] == [503, 200]

def test_httpx(s3_errors):
    with httpx.Client() as client:
        try:
            assert client.put(URL, content=bytes({SIZE})).status_code == 503
        except httpx.TransportError:
            pass
        assert client.put(URL, content=bytes({SIZE})).status_code == 200
    assert [r.status for r in s3_errors.requests] == [503, 200]

async def test_client(s3_client, s3_errors):
    with pytest.raises((S3ServerError, S3ConnectionError)):
        await s3_client.put_object("bucket", "key", bytes({SIZE}))
    await s3_client.put_object("bucket", "key", bytes({SIZE}))
    assert [r.status for r in s3_errors.requests] == [503, 200]
"""
    ).assert_outcomes(passed=3)


def test_clients_live_with_half_a_request(run):
    """S3 resets in the middle of an upload: the client's own connection error, nothing stored."""
    run(
        CLIENTS
        + f"""
pytestmark = pytest.mark.s3_fail("connection_reset", at=0.5, times=1)

def test_httpx(s3_errors, s3_store):
    with httpx.Client() as client, pytest.raises(httpx.TransportError):
        client.put(URL, content=bytes({SIZE}))
    assert s3_errors.requests[0].body_size == {SIZE} // 2
    assert s3_store.keys("bucket") == []

async def test_client(s3_client, s3_errors, s3_store):
    with pytest.raises(S3ConnectionError):
        await s3_client.put_object("bucket", "key", bytes({SIZE}))
    assert s3_errors.requests[0].body_size == {SIZE} // 2
    assert s3_store.keys("bucket") == []
"""
    ).assert_outcomes(passed=2)
