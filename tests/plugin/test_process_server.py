"""The simulated S3 in a process of its own: the same rules, store and journal, through a pipe."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._backends.setup import Setup
from pytest_s3errors._core.rules.parse_rule import fail_rule, script_rule
from pytest_s3errors._core.s3.messages import Call
from pytest_s3errors._servers.pipe import read, write
from pytest_s3errors._servers.process import Process

CLIENTS = """
import os, socket, threading
import boto3, httpx
import botocore.exceptions
from botocore.config import Config

URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"

def s3(**options):
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 1}), **options)
"""
PROCESS = "s3_server = process"


def test_all_clients_meet_one_simulation(run):
    """By URL and rerouted, blocking and async: one set of rules, one store, one journal, as with a thread."""
    run(
        CLIENTS
        + """
@pytest.mark.s3_server("process")
@pytest.mark.s3_object("bucket", "key", b"hello", metadata={"a": "b"})
@pytest.mark.s3_script(503, "truncated_body", operation="GetObject")
async def test_it(s3_client, s3_errors, s3_store, s3_server):
    with pytest.raises(botocore.exceptions.ClientError, match="ServiceUnavailable"):
        s3(endpoint_url=s3_server.url).get_object(Bucket="bucket", Key="key")
    with pytest.raises(S3ConnectionError, match="after 2 of 5 bytes"):
        await s3_client.get_object("bucket", "key")
    assert s3().get_object(Bucket="bucket", Key="key")["Body"].read() == b"hello"
    assert httpx.get(URL).content == b"hello"
    async with httpx.AsyncClient() as client:
        assert (await client.get(URL)).content == b"hello"
    async with S3Client("a", "b", endpoint_url="https://minio.example:9000") as other:
        await other.put_object("bucket", "other", b"data")
    assert [(r.operation, r.status, r.fault) for r in s3_errors.requests] == [
        ("GetObject", 503, None), ("GetObject", 200, "truncated_body"), ("GetObject", 200, None),
        ("GetObject", 200, None), ("GetObject", 200, None), ("PutObject", 200, None)]
    assert s3_errors.requests[-1].url == "https://minio.example:9000/bucket/other"
    assert s3_errors.requests[2].url == URL
    assert s3_errors.attempts(operation="GetObject") == 5
    assert len(s3_errors.waits(key="*")) == 5
    assert "ServiceUnavailable" in s3_errors.timeline()
    assert s3_store.keys("bucket") == ["key", "other"]
    assert s3_store.get("bucket", "other").body == b"data"
    assert dict(s3_store.get("bucket", "key").metadata) == {"a": "b"}
    assert threading.active_count() == 1 or all("simulated" not in t.name for t in threading.enumerate())
"""
    ).assert_outcomes(passed=1)


TESTS = """
@pytest.mark.s3_fail("AccessDenied", key="secret", header={"host": "*.amazonaws.com"}, operation=["Put*", "Get*"])
def test_rules_and_store_are_set_from_the_body(s3_errors, s3_store):
    '''fail, script, handles and every part of s3_store, with the errors of the real one.'''
    client = s3()
    put = lambda key: client.put_object(Bucket="bucket", Key=key, Body=b"x")
    with s3_errors.fail("SlowDown", times=2) as rule:
        assert (rule.fired, rule.remaining) == (0, 2)
        with pytest.raises(botocore.exceptions.ClientError, match="SlowDown"):
            put("key")
        assert (rule.fired, rule.remaining) == (1, 1)
    assert rule.remaining == 0
    put("key")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        put("secret")
    s3_store.put("bucket", "arranged", b"there", content_type="text/plain")
    assert client.get_object(Bucket="bucket", Key="arranged")["ContentType"] == "text/plain"
    assert s3_store.buckets == ["bucket"]
    assert s3_store.exists("bucket", "key") and not s3_store.exists("bucket", "none")
    s3_store.delete("bucket", "key")
    with pytest.raises(KeyError, match="no object 'key'.*there are: 'arranged'"):
        s3_store.get("bucket", "key")
    with pytest.raises(ValueError, match="allows no bucket"):
        s3_store.put("no/bucket", "key", b"")
    with pytest.raises(AttributeError, match="no attribute 'kyes'"):
        s3_store.kyes("bucket")
    client.create_multipart_upload(Bucket="bucket", Key="big")
    assert [u.key for u in s3_store.unfinished_uploads] == ["big"]
    with pytest.raises(ValueError, match="did you mean"):
        s3_errors.fail("SlowDwon")

@pytest.mark.s3_object("bucket", "key", b"hello")
@pytest.mark.s3_script("connection_refused", "ok", "dns_failure", "ok", "connection_refused", "ok")
async def test_faults_while_connecting(s3_errors):
    '''They are decided in the other process before a client dials; other requests are not counted twice.'''
    client = s3()
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        client.get_object(Bucket="bucket", Key="key")
    assert client.get_object(Bucket="bucket", Key="key")["Body"].read() == b"hello"
    async with httpx.AsyncClient() as client, aiohttp.ClientSession() as session:
        with pytest.raises(httpx.ConnectError):
            await client.get(URL)
        assert (await client.get(URL)).content == b"hello"
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(URL)
        async with session.get(URL) as response:
            assert await response.read() == b"hello"
    assert [(r.fault, r.status) for r in s3_errors.requests] == [
        ("connection_refused", None), (None, 200), ("dns_failure", None), (None, 200),
        ("connection_refused", None), (None, 200)]
    assert all(r.ended_s is not None for r in s3_errors.requests)

@pytest.mark.s3_object("bucket", "key", b"hello")
def test_the_path_of_an_endpoint_is_no_bucket(s3_errors):
    '''Nor that of the next endpoint, which the process has not heard of before.'''
    for url in ("http://storage.example:9000/some/path", "http://storage.example/s3", "https://storage.example/s3/b"):
        assert s3(endpoint_url=url).get_object(Bucket="bucket", Key="key")["Body"].read() == b"hello"
    assert {(r.bucket, r.key) for r in s3_errors.requests} == {("bucket", "key")}

async def test_a_client_of_the_fixture_is_closed_in_its_loop(s3_client):
    '''Nothing is left of it: no transport, no session, no pipe.'''
    await s3_client.put_object("bucket", "key", b"x")

def test_nothing_is_left_of_it():
    import gc
    gc.collect()

seen = []

@pytest.mark.parametrize("number", range(3))
@pytest.mark.s3_fail(503, times=1)
def test_one_process_serves_the_session(number, s3_server, s3_errors, s3_store, request):
    '''Each test has an S3 of its own, on a port of its own; late requests of an earlier test reach nobody.'''
    from pytest_s3errors._test.keys import SETTINGS
    process = request.config.stash[SETTINGS].process._process.pid
    seen.append((process, s3_server.port))
    assert s3_store.buckets == []
    with httpx.Client(base_url=s3_server.url) as client:
        assert [client.put("/bucket/key", content=b"x").status_code for _ in range(2)] == [503, 200]
    assert s3_errors.attempts() == 2
    for _, port in seen[:-1]:
        if port != s3_server.port:
            with pytest.raises(httpx.ConnectError):
                httpx.put(f"http://127.0.0.1:{port}/bucket/key")
    assert len({process for process, _ in seen}) == 1

@pytest.mark.s3_layer("client")
@pytest.mark.s3_fail("SlowDown", times=1)
async def test_the_clients_layer_works_with_it(s3_client, s3_errors, s3_store):
    '''Requests that no socket carries are decided and answered there as well.'''
    with pytest.raises(S3ServerError, match="SlowDown"):
        await s3_client.put_object("bucket", "key", b"data")
    await s3_client.put_object("bucket", "key", b"data")
    assert s3_store.get("bucket", "key").body == b"data"
    assert [(r.status, r.body_size) for r in s3_errors.requests] == [(503, 4), (200, 4)]
    assert all(r.ended_s is not None for r in s3_errors.requests)

import ctypes, socket

def holding(sock):
    # PyDLL calls keep the GIL, as some native clients do while they wait.
    libc = ctypes.PyDLL(None)
    data = ctypes.create_string_buffer(4096)
    size = libc.recv(sock.fileno(), data, 4096, 0)
    return data.raw[:size]

@pytest.mark.s3_object("bucket", "key", b"hello")
@pytest.mark.s3_server("process")
def test_a_client_that_holds_the_gil_is_answered(s3_server):
    '''It waits for the answer without letting any other thread of the process run.'''
    with socket.create_connection((s3_server.host, s3_server.port)) as sock:
        sock.sendall(b"GET /bucket/key HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        sock.setblocking(True)
        assert holding(sock).endswith(b"hello")
"""


def test_tests_beside_one_process(run):
    """Rules, store, faults and clients, in one run: a process takes longer to start than a test."""
    run(CLIENTS + TESTS, ini=PROCESS).assert_outcomes(passed=10)


def test_what_fails_a_test_fails_it_here_too(run):
    """A rule that never fired, an operation that is not there, TLS at the plain server; with the timeline."""
    result = run(
        CLIENTS
        + """
@pytest.mark.s3_fail(503, operation="DeleteObject")
def test_never():
    s3().list_buckets()

def test_lacking(s3_errors):
    try:
        s3().get_bucket_cors(Bucket="bucket")
    except BaseException:
        pass

def test_tls(s3_server):
    with socket.create_connection((s3_server.host, s3_server.port)) as sock:
        sock.sendall(b"\\x16\\x03\\x01\\x02\\x00\\x01")
        try:
            sock.recv(1)
        except ConnectionResetError:
            pass
""",
        ini=PROCESS,
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        ["*never fired*", "*differed: operation*", "*has no operation GetBucketCors*", "*TLS handshake*"]
    )


@pytest.mark.parametrize(
    ("source", "ini", "says"),
    [
        ('@pytest.mark.s3_server("proces")', "", "'proces' is not one of thread, process; did you mean 'process'?"),
        ("@pytest.mark.s3_server()", "", "s3_server() takes one argument"),
        ("@pytest.mark.s3_fail(503)", "s3_server = fork", "ini s3_server: 'fork' is not one of thread, process"),
    ],
)
def test_a_wrong_place_stops_the_run(run, source, ini, says):
    """Marker and ini option, with what is allowed."""
    result = run(source + "\ndef test_it(): httpx", ini=ini)
    assert says in result.stdout.str() + result.stderr.str()
    assert result.ret != 0


def started():
    """A process with one test."""
    process = Process()
    return process, process.start_test(Setup(), endpoints=tuple)


def test_a_test_that_is_over_is_over():
    """What its leftovers ask is refused and does not reach the next test's simulation, which begins empty as well."""
    process, old = started()
    assert old.simulator.store.buckets == []
    new = process.start_test(Setup(), endpoints=tuple)
    with pytest.raises(RuntimeError, match="that test is over"):
        old.simulator.store.put("bucket", "key", b"")
    assert new.simulator.store.buckets == []
    process.stop()
    with pytest.raises(RuntimeError, match="not there any more"):
        _ = new.simulator.entries


def test_a_process_that_was_killed_is_told_and_replaced():
    """The test that lost it fails with what happened; the next one gets another."""
    process, test = started()
    process._process.kill()
    process._process.wait()
    with pytest.raises(RuntimeError, match="has ended"):
        _ = test.simulator.entries
    again = process.start_test(Setup(), endpoints=tuple)
    assert again.simulator.entries == []
    process.stop()


PARENT = """
import os, sys
from pytest_s3errors._backends.setup import Setup
from pytest_s3errors._servers.process import Process

process = Process()
process.start_test(Setup(), endpoints=tuple)
if sys.argv[1] == "fork" and os.fork() == 0:
    import time
    os.close(1)
    time.sleep(60)
print(process._process.pid, flush=True)
sys.stdin.read()
"""


def alive(pid: int) -> bool:
    """Whether there is such a process, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks into /proc")
@pytest.mark.parametrize("how", ["plain", "fork"])
def test_it_dies_with_its_parent(how):
    """Killed without a word; also where a forked sibling holds the pipe open."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with parent:
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 5
        while alive(child) and time.monotonic() < deadline:
            os.sched_yield()
        gone = not alive(child)
        if how == "fork":
            os.killpg(parent.pid, signal.SIGKILL)
    assert gone


def through(value):
    """*value* after its way through a pipe."""
    ends = [os.fdopen(fd, mode) for fd, mode in zip(os.pipe(), ("rb", "wb"), strict=True)]
    with ends[0], ends[1]:
        write(ends[1], value)
        return read(ends[0])


def test_what_cannot_travel_is_told():
    """And nothing of it is sent; a closed pipe is the end."""
    near, far = os.pipe()
    with os.fdopen(near, "rb") as reader, os.fdopen(far, "wb") as writer:
        with pytest.raises(TypeError, match="can't be sent to another process"):
            write(writer, lambda: None)
        write(writer, MappingProxyType({"a": 1}))
        assert read(reader) == {"a": 1}
        writer.close()
        with pytest.raises(EOFError):
            read(reader)


text = st.text(st.characters(codec="utf-8"), max_size=5)


@given(method=st.sampled_from(["GET", "PUT"]), bucket=text, key=text, header=text)
def test_a_rule_decides_the_same_after_its_way(method, bucket, key, header):
    """Conditions travel with the rule: globs, lists of operations, headers, numbers."""
    rules = [
        fail_rule((503,), {"bucket": "a*", "method": "GET"}),
        fail_rule(("truncated_body",), {"key": "*.txt", "header": {"X-A": "b*"}, "operation": ["Get*", "List*"]}),
        fail_rule((), {"code": "SlowDown", "endpoint": "s3.*"}),
        script_rule((503, "ok", "lost_response"), {"operation": "UploadPart", "part": 3}),
    ]
    call = Call(
        method=method, url="https://x/", endpoint="s3.amazonaws.com", operation=f"{method.title()}Object",
        bucket=bucket, key=key, headers={"x-a": header},
    )  # fmt: skip
    for rule in rules:
        twin = through(rule)
        assert twin.match.difference(call) == rule.match.difference(call)
        assert (twin.outcomes, twin.times, twin.spelling) == (rule.outcomes, rule.times, rule.spelling)
    assert through(call) == call
    assert pickle.dumps(through(rules[0].outcomes)) == pickle.dumps(rules[0].outcomes)
