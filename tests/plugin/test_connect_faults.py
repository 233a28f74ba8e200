"""Faults while connecting: no connection, the client's own exception, and each request decided once."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_rule import fail_rule

CLIENTS = """
import contextlib, errno, socket, ssl, threading, time, urllib.error, urllib.request
import boto3, httpx, urllib3
import botocore.exceptions
from botocore.config import Config

URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"
FAULTS = ["connection_refused", "dns_failure", "tls_failure", "connect_timeout"]
pytestmark = pytest.mark.s3_object("bucket", "key", b"hello")
once = pytest.mark.parametrize("fault", [pytest.param(f, marks=pytest.mark.s3_fail(f, times=1)) for f in FAULTS])

def s3(attempts=1, **config):
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(retries={"mode": "standard", "total_max_attempts": attempts},
                                      connect_timeout=0.05, **config))

def get(client):
    return client.get_object(Bucket="bucket", Key="key")["Body"].read()

def says(error):
    assert "127.0.0.1" not in f"{error} {error!r}"
"""


def test_blocking_clients_raise_their_own(run):
    """What their users see in production; the next request passes, and the journal has both once."""
    run(
        CLIENTS
        + """
BOTO3 = dict(zip(FAULTS, [botocore.exceptions.EndpointConnectionError, botocore.exceptions.EndpointConnectionError,
                          botocore.exceptions.SSLError, botocore.exceptions.ConnectTimeoutError]))
HTTPX = dict(zip(FAULTS, [httpx.ConnectError, httpx.ConnectError, httpx.ConnectError, httpx.ConnectTimeout]))
URLLIB = dict(zip(FAULTS, [ConnectionRefusedError, socket.gaierror, ssl.SSLError, TimeoutError]))
URLLIB3 = dict(zip(FAULTS, [urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError,
                            urllib3.exceptions.SSLError, urllib3.exceptions.ConnectTimeoutError]))

def journal(s3_errors, fault):
    first, second = s3_errors.requests
    assert (first.fault, first.status, first.url, first.operation) == (fault, None, URL, "GetObject")
    assert (second.fault, second.status, second.url, second.operation) == (None, 200, URL, "GetObject")
    assert first.ended_s is not None

@once
def test_boto3(fault, s3_errors):
    client = s3()
    with pytest.raises(BOTO3[fault]) as caught:
        get(client)
    says(caught.value)
    assert type(caught.value) is BOTO3[fault]
    assert get(client) == b"hello"
    journal(s3_errors, fault)

@once
def test_httpx(fault, s3_errors):
    with httpx.Client(timeout=0.5) as client:
        with pytest.raises(HTTPX[fault]) as caught:
            client.get(URL, timeout=0.05)
        says(caught.value)
        assert str(caught.value.request.url) == URL
        assert client.get(URL).content == b"hello"
    journal(s3_errors, fault)

@once
def test_urllib(fault, s3_errors):
    with pytest.raises(urllib.error.URLError) as caught:
        urllib.request.urlopen(URL, timeout=0.05)
    assert type(caught.value.reason) is URLLIB[fault]
    with urllib.request.urlopen(URL) as response:
        assert response.read() == b"hello"
    journal(s3_errors, fault)

@once
def test_urllib3(fault, s3_errors):
    with urllib3.PoolManager() as pool:
        with pytest.raises(URLLIB3[fault]) as caught:
            pool.request("GET", URL, timeout=0.05, retries=False)
        assert type(caught.value) is URLLIB3[fault]
        assert pool.request("GET", URL).data == b"hello"
    journal(s3_errors, fault)
"""
    ).assert_outcomes(passed=16)


def test_async_clients_raise_their_own(run):
    """aiohttp's and httpx's exceptions, with the host that was asked for."""
    run(
        CLIENTS
        + """
AIOHTTP = dict(zip(FAULTS, [aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError,
                            aiohttp.ClientConnectorSSLError, aiohttp.ConnectionTimeoutError]))
HTTPX = dict(zip(FAULTS, [httpx.ConnectError, httpx.ConnectError, httpx.ConnectError, httpx.ConnectTimeout]))

@once
async def test_aiohttp(fault, s3_errors):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_connect=0.05)) as session:
        with pytest.raises(AIOHTTP[fault]) as caught:
            await session.get(URL)
        assert type(caught.value) is AIOHTTP[fault]
        assert "bucket.s3.eu-west-1.amazonaws.com" in str(caught.value)
        says(caught.value)
        async with session.get(URL) as response:
            assert await response.read() == b"hello"
    assert [(r.fault, r.status, r.url) for r in s3_errors.requests] == [(fault, None, URL), (None, 200, URL)]

@once
async def test_httpx(fault, s3_errors):
    async with httpx.AsyncClient() as client:
        with pytest.raises(HTTPX[fault]) as caught:
            await client.get(URL, timeout=0.05)
        assert type(caught.value) is HTTPX[fault]
        says(caught.value)
        assert (await client.get(URL)).content == b"hello"
    assert [(r.fault, r.status, r.url) for r in s3_errors.requests] == [(fault, None, URL), (None, 200, URL)]

@pytest.mark.s3_fail("connect_timeout", times=1)
@pytest.mark.parametrize("layer", [pytest.param("client", marks=pytest.mark.s3_layer("client")), "wire"])
@pytest.mark.parametrize(("timeout", "says"), [
    (aiohttp.ClientTimeout(total=0.02), "no answer in time"),
    (aiohttp.ClientTimeout(total=5, sock_connect=0.02), "timed out while connecting"),
])
async def test_client(layer, timeout, says):
    async with S3Client("a", "b", timeout=timeout) as client:
        with pytest.raises(S3TimeoutError, match=says):
            await client.get_object("bucket", "key")
        assert (await client.get_object("bucket", "key"))["body"] == b"hello"
"""
    ).assert_outcomes(passed=12)


def test_the_system_gives_up_on_a_connection(run):
    """After 127 s, where the client has no limit or a longer one, as Linux does after its last SYN."""
    run(
        CLIENTS
        + """
pytestmark = pytest.mark.s3_fail("connect_timeout")
patient = pytest.mark.parametrize("seconds", [None, 300])
layers = pytest.mark.parametrize("layer", [
    pytest.param("wire"), pytest.param("mock", marks=pytest.mark.s3_layer("mock")),
])

@pytest.fixture(autouse=True)
def takes(s3_clock):
    yield
    assert s3_clock.now == pytest.approx(127, abs=0.5)

@patient
@layers
async def test_aiohttp(layer, seconds):
    timeout = aiohttp.ClientTimeout(sock_connect=seconds)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(URL)
        assert caught.value.os_error.errno == errno.ETIMEDOUT

@patient
@pytest.mark.parametrize("layer", [pytest.param(n, marks=pytest.mark.s3_layer(n)) for n in ("wire", "mock", "client")])
async def test_client(layer, seconds):
    async with S3Client("a", "b", timeout=aiohttp.ClientTimeout(connect=seconds)) as client:
        with pytest.raises(S3ConnectionError, match="could not connect .*timed out"):
            await client.get_object("bucket", "key")

@patient
@layers
async def test_httpx(layer, seconds):
    async with httpx.AsyncClient(timeout=seconds) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(URL)

@patient
@layers
def test_blocking_httpx(layer, seconds):
    with pytest.raises(httpx.ConnectTimeout):
        httpx.get(URL, timeout=seconds)

@patient
def test_urllib3(seconds):
    with urllib3.PoolManager(retries=False) as pool, pytest.raises(urllib3.exceptions.ConnectTimeoutError):
        pool.request("GET", URL, timeout=urllib3.Timeout(connect=seconds))

def test_urllib():
    with pytest.raises(urllib.error.URLError) as caught:
        urllib.request.urlopen(URL)
    assert caught.value.reason.errno == errno.ETIMEDOUT
"""
    ).assert_outcomes(passed=21)


def test_aiohttps_pool_and_traces_know_of_the_dial(run):
    """It holds a place in the pool, waits for one, and is traced, as a dial to a listener that does not answer is."""
    run(
        CLIENTS
        + """
pytestmark = [pytest.mark.s3_fail("connect_timeout", key="hole"), pytest.mark.s3_object("bucket", "key", b"hello")]

async def both(clock, *keys):
    dials, trace = [], aiohttp.TraceConfig()
    async def started(*_):
        dials.append(clock.now)
    trace.on_connection_create_start.append(started)
    pool, limits = aiohttp.TCPConnector(limit=1), aiohttp.ClientTimeout(total=None, sock_connect=1)
    async with aiohttp.ClientSession(connector=pool, timeout=limits, trace_configs=[trace]) as session:
        async def ask(key):
            try:
                async with session.get(URL.replace("key", key)) as response:
                    await response.read()
                return "got", clock.now
            except aiohttp.ClientError:
                return "failed", clock.now
        return await asyncio.gather(*map(ask, keys)), dials

async def test_it_holds_the_only_place(s3_clock):
    assert await both(s3_clock, "hole", "key") == ([("failed", 1.0), ("got", 1.0)], [0.0, 1.0])

@pytest.mark.s3_slow(first_byte=1.5, key="key")
async def test_it_waits_for_a_place(s3_clock):
    assert await both(s3_clock, "key", "hole") == ([("got", 1.5), ("failed", 2.5)], [0.0, 1.5])
"""
    ).assert_outcomes(passed=2)


def test_a_client_that_gives_up_does_not_wait_for_the_fault(run):
    """Its own limit ends the wait, whatever the rule's delay."""
    run(
        CLIENTS
        + """
pytestmark = pytest.mark.parametrize("fault", ["connection_refused", "connect_timeout"])
layers = pytest.mark.parametrize("layer", [pytest.param(n, marks=pytest.mark.s3_layer(n)) for n in ("wire", "mock")])

@pytest.fixture(autouse=True)
def takes(fault, s3_errors, s3_clock):
    s3_errors.fail(fault, delay=40)
    yield
    assert s3_clock.now == 4

@layers
async def test_aiohttp(layer, fault):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=4)) as session:
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await session.get(URL)

@layers
async def test_httpx(layer, fault):
    async with httpx.AsyncClient(timeout=4) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(URL)

def test_urllib3(fault):
    with urllib3.PoolManager(retries=False) as pool, pytest.raises(urllib3.exceptions.ConnectTimeoutError):
        pool.request("GET", URL, timeout=4)
"""
    ).assert_outcomes(passed=10)


@pytest.mark.parametrize("layer", ["wire", "mock", "client"])
def test_a_fake_sleep_does_not_see_our_delays(run, layer):
    """A test that counts what its own code sleeps counts only that, and time passes all the same."""
    run(
        CLIENTS
        + f"""
pytestmark = [pytest.mark.s3_layer({layer!r}), pytest.mark.s3_fail("connect_timeout", delay=2)]
blocking = pytest.mark.skipif({layer!r} == "client", reason="has no blocking client")
"""
        + """
@pytest.fixture(autouse=True)
def counts(monkeypatch, s3_clock):
    slept = []
    async def sleep(seconds, result=None):
        slept.append(seconds)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(time, "sleep", slept.append)
    yield
    assert (slept, s3_clock.sleeps, s3_clock.now) == ([], [], 3)

async def test_async():
    async with S3Client("a", "b", timeout=aiohttp.ClientTimeout(sock_connect=3)) as client:
        with pytest.raises(S3TimeoutError):
            await client.get_object("bucket", "key")

@blocking
def test_blocking():
    with pytest.raises(httpx.ConnectTimeout):
        httpx.get(URL, timeout=3)
"""
    ).assert_outcomes(**({"passed": 1, "skipped": 1} if layer == "client" else {"passed": 2}))


def test_a_pooled_connection_does_not_save_a_request(run):
    """Each client holds an open connection to the host when the fault comes; it is told all the same."""
    run(
        CLIENTS
        + """
def fails(client_get, error, s3_errors):
    assert client_get() == b"hello"
    with s3_errors.fail("connection_refused", times=1) as rule, pytest.raises(error):
        client_get()
    assert rule.fired == 1
    assert client_get() == b"hello"
    assert s3_errors.attempts() == 3

def test_boto3(s3_errors):
    client = s3()
    fails(lambda: get(client), botocore.exceptions.EndpointConnectionError, s3_errors)

def test_httpx(s3_errors):
    with httpx.Client() as client:
        fails(lambda: client.get(URL).content, httpx.ConnectError, s3_errors)

def test_urllib3(s3_errors):
    with urllib3.PoolManager(retries=False) as pool:
        fails(lambda: pool.request("GET", URL).data, urllib3.exceptions.NewConnectionError, s3_errors)

async def test_async(s3_errors):
    async with aiohttp.ClientSession() as session, httpx.AsyncClient() as client:
        async def with_aiohttp():
            async with session.get(URL) as response:
                return await response.read()
        async def with_httpx():
            return (await client.get(URL)).content
        for ask in (with_aiohttp, with_httpx):
            assert await ask() == b"hello"
            with s3_errors.fail("dns_failure", times=1), pytest.raises(
                (aiohttp.ClientConnectorDNSError, httpx.ConnectError)
            ):
                await ask()
            assert await ask() == b"hello"
    assert s3_errors.attempts() == 6
"""
    ).assert_outcomes(passed=4)


def test_retries_inside_a_client_are_attempts(run):
    """botocore, urllib3 and httpcore dial again by themselves: each time is asked anew, and in the journal."""
    run(
        CLIENTS
        + """
pytestmark = [pytestmark, pytest.mark.s3_fail("connection_refused", times=2)]

def test_botocore(s3_errors, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert get(s3(attempts=3)) == b"hello"
    assert [r.fault for r in s3_errors.requests] == ["connection_refused", "connection_refused", None]

def test_urllib3(s3_errors):
    with urllib3.PoolManager(retries=urllib3.Retry(3, backoff_factor=0)) as pool:
        assert pool.request("GET", URL).data == b"hello"
    assert s3_errors.attempts() == 3

def test_httpx(s3_errors):
    with httpx.Client(transport=httpx.HTTPTransport(retries=2)) as client:
        assert client.get(URL).content == b"hello"
    assert [r.fault for r in s3_errors.requests] == ["connection_refused", "connection_refused", None]

async def test_async_httpx(s3_errors):
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=2)) as client:
        assert (await client.get(URL)).content == b"hello"
    assert s3_errors.attempts() == 3
"""
    ).assert_outcomes(passed=4)


def test_the_other_rules_of_such_a_test_hold(run):
    """A request that gets a connection is decided once: codes, faults on the wire, scripts, and no stray header."""
    run(
        CLIENTS
        + """
@pytest.mark.s3_script("connection_refused", 503, "truncated_body", "ok")
@pytest.mark.parametrize("kind", ["boto3", "httpx", "aiohttp", "async httpx", "client"])
async def test_script(kind, s3_errors, s3_client):
    outcomes = []
    async with aiohttp.ClientSession() as session, httpx.AsyncClient() as async_client:
        with httpx.Client() as client:
            for _ in range(4):
                try:
                    if kind == "boto3":
                        outcomes.append(get(s3()))
                    elif kind == "httpx":
                        outcomes.append(client.get(URL).status_code)
                    elif kind == "async httpx":
                        outcomes.append((await async_client.get(URL)).status_code)
                    elif kind == "client":
                        outcomes.append((await s3_client.get_object("bucket", "key"))["body"])
                    else:
                        async with session.get(URL) as response:
                            await response.read()
                            outcomes.append(response.status)
                except Exception as error:
                    outcomes.append(type(error).__name__)
    assert [(r.fault, r.status) for r in s3_errors.requests] == [
        ("connection_refused", None), (None, 503), ("truncated_body", 200), (None, 200)]
    assert len(outcomes) == 4
    assert outcomes[-1] in (b"hello", 200)

@pytest.mark.s3_fail("dns_failure", header={"x-s3errors-*": "*"}, optional=True)
def test_the_mark_is_nobodys(s3_errors):
    get(s3())
    httpx.get(URL)
    assert s3_errors.attempts() == 2

@pytest.mark.s3_fail("tls_failure", times=1)
def test_without_tls(s3_errors):
    assert httpx.get(URL.replace("https", "http")).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(URL)
"""
    ).assert_outcomes(passed=7)


def test_a_rule_on_tls_says_what_it_waits_for(run):
    """A request over http can't meet it; the report says so."""
    result = run(
        CLIENTS
        + """
@pytest.mark.s3_fail("tls_failure")
def test_it():
    httpx.get(URL.replace("https", "http"))
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*differed: url: wanted one with https, where tls_failure can show, came 'http'.*"])


def test_exactly_once_under_any_interleaving(run):
    """Threads with blocking clients beside async ones: `times` fail, none is counted twice, none is lost."""
    run(
        CLIENTS
        + """
@pytest.mark.parametrize("fault", [
    pytest.param(f, marks=pytest.mark.s3_fail(f, times=9, after=4)) for f in ("connection_refused", 503, "disconnect")
])
async def test_it(fault, s3_errors):
    failed, asked = [], []

    def note(key, ask):
        asked.append(key)
        try:
            ask(key)
        except Exception:
            failed.append(key)

    def blocking(number):
        boto = s3()
        with httpx.Client() as client:
            for i in range(6):
                note(f"boto3-{number}-{i}", lambda key: boto.put_object(Bucket="bucket", Key=key, Body=b"x"))
                note(f"httpx-{number}-{i}", lambda key: client.put(
                    f"https://bucket.s3.amazonaws.com/{key}", content=b"x").raise_for_status())

    async def put(client, key):
        asked.append(key)
        try:
            await client.put_object("bucket", key, b"x")
        except S3Error:
            failed.append(key)

    async with S3Client("a", "b") as client:
        await asyncio.gather(*(asyncio.to_thread(blocking, n) for n in range(3)),
                             *(put(client, f"client-{i}") for i in range(20)))
    assert len(failed) == 9
    assert sorted(r.key for r in s3_errors.requests) == sorted(asked)
    assert sorted(r.key for r in s3_errors.requests if r.rule) == sorted(failed)
    assert len(asked) == 56
"""
    ).assert_outcomes(passed=3)


def test_the_hooks_are_the_tests_own(run):
    """A rule's hooks, those of one from a body too, do nothing in the next test."""
    run(
        CLIENTS
        + """
@pytest.mark.s3_fail("dns_failure")
def test_marker():
    with pytest.raises(httpx.ConnectError):
        httpx.get(URL)

def test_body(s3_errors):
    with s3_errors.fail("dns_failure"), pytest.raises(httpx.ConnectError):
        httpx.get(URL)

def test_next(s3_errors, s3_store):
    s3_store.put("bucket", "key", b"")
    assert httpx.get(URL).status_code == 200
    assert urllib3.PoolManager().request("GET", URL).status == 200
    assert s3_errors.attempts() == 2
"""
    ).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("what", "options", "says"),
    [
        ("slow_body", {"bytes_per_second": 0}, "allowed is a number of bytes, above 0"),
        ("truncated_body", {"chunked": 1}, "allowed are True and False"),
        ("stall", {"at": 3}, 'options of "stall" are: none'),
        ("connection_refused", {"at": 3}, 'options of "connection_refused" are: none'),
        (503, {"early": "yes"}, "allowed are True and False"),
        (503, {"chunked": True}, "not to an error answer"),
        ("replaced_object", {"body": 3}, "allowed is bytes or str"),
        ("replaced_object", {"operation": "PutObject"}, "is about GetObject only"),
    ],
)
def test_wrong_options_are_refused(what, options, says):
    """With what is allowed."""
    with pytest.raises(RuleError, match=says):
        fail_rule((what,), options)
