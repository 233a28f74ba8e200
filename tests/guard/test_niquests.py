"""niquests, and with it boto3 and requests on urllib3-future, which installs itself in urllib3's place."""

from __future__ import annotations

import pytest

pytest.importorskip("niquests", reason="it takes urllib3's place, so .ci/long has an environment for it")

CLIENTS = """
import _socket, asyncio, boto3, niquests, requests, urllib3
from botocore.config import Config

asked = []

def resolve(host, *args, resolve=_socket.getaddrinfo, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and not name.startswith("127."):
        asked.append(name)
        raise socket.gaierror(-2, "the test's resolver knows no names")
    return resolve(host, *args, **kwargs)

_socket.getaddrinfo = resolve

HOST = "data.s3.us-east-1.amazonaws.com"
PROXY, GONE = f"http://127.0.0.1:{PORT}", "https://proxy.invalid:3128"
OWN = f"in-memory://default/?hosts={HOST}:127.0.0.1"
marked = pytest.mark.s3_bucket("data")
each_url = pytest.mark.parametrize("url", [f"https://{HOST}/k", f"http://{HOST}/k"])
SESSIONS = {
    "none": ({}, {}),
    "proxy": ({}, {"proxies": dict.fromkeys(("http", "https"), PROXY)}),
    "a proxy that nobody knows": ({}, {"proxies": dict.fromkeys(("http", "https"), GONE)}),
    "SOCKS": ({}, {"proxies": dict.fromkeys(("http", "https"), PROXY.replace("http", "socks5h"))}),
    "a resolver": ({"resolver": OWN}, {}),
    "a resolver, asked early": ({"resolver": OWN, "happy_eyeballs": True}, {}),
    "multiplexed": ({"multiplexed": True}, {}),
}
sessions = pytest.mark.parametrize("way", SESSIONS)

@pytest.fixture(autouse=True)
def nothing_leaves():
    asked.clear()
    yield
    assert (asked, came) == ([], [])

@pytest.fixture
def proxied(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, PROXY)

def put(**kwargs):
    with contextlib.closing(boto3.client("s3", **kwargs)) as s3:
        s3.put_object(Bucket="data", Key="k", Body=b"x")
"""


def test_they_are_served(run):
    """By whatever proxy or resolver they would go, blocking and async; nobody is asked for a name."""
    result = run(
        CLIENTS
        + """
def test_it_is_in_urllib3s_place():
    assert urllib3.__name__ == "urllib3" and hasattr(urllib3, "AsyncPoolManager")

@marked
@each_url
@sessions
def test_niquests(way, url, s3_store):
    made, sent = SESSIONS[way]
    with niquests.Session(**made) as session:
        for _ in range(2):
            assert session.put(url, data=b"x", **sent).status_code == 200
    assert s3_store.keys("data") == ["k"]

@marked
@each_url
@sessions
async def test_niquests_async(way, url, s3_store):
    made, sent = SESSIONS[way]
    async with niquests.AsyncSession(**made) as session:
        answers = [await session.put(url, data=b"x", **sent) for _ in range(2)]
        await session.gather()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert s3_store.keys("data") == ["k"]

@marked
@each_url
@pytest.mark.parametrize("client", [niquests, requests], ids=["niquests", "requests"])
def test_a_proxy_of_the_environment(client, url, s3_store, proxied):
    assert client.put(url, data=b"x").status_code == 200
    assert s3_store.keys("data") == ["k"]

@marked
@pytest.mark.parametrize("proxies", [None, {"https": PROXY}])
def test_boto3(proxies, s3_store, proxied):
    put(config=Config(proxies=proxies))
    assert s3_store.keys("data") == ["k"]

@marked
@pytest.mark.parametrize("fault", ["connection_refused", "dns_failure", "tls_failure", "connect_timeout",
                                   "connection_reset", "disconnect", "stall", "SlowDown"])
def test_boto3_tries_again(fault, s3_errors):
    with s3_errors.fail(fault, times=1):
        put()
    assert s3_errors.attempts() == 2

@marked
@pytest.mark.s3_fail("stall")
async def test_timeouts_are_virtual(s3_clock):
    with pytest.raises(niquests.Timeout):
        niquests.get(f"https://{HOST}/k", timeout=50)
    async with niquests.AsyncSession() as session:
        with pytest.raises(niquests.Timeout):
            await session.get(f"https://{HOST}/k", timeout=50)
    assert s3_clock.now == pytest.approx(100, abs=1)

@marked
async def test_presigned_urls_of_other_stores(s3_store):
    signed = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{PORT}").generate_presigned_url
    url = signed("put_object", Params={"Bucket": "data", "Key": "k"})
    assert niquests.put(url, data=b"x").status_code == 200
    async with niquests.AsyncSession() as session:
        assert (await session.put(url, data=b"x")).status_code == 200
"""
    )
    assert result.parseoutcomes() == {"passed": 45}


def test_a_connection_from_before_is_not_used(run):
    """A session's pool has one to the real store; in a test it leads to the simulated one, and back."""
    run(
        CLIENTS
        + """
session = niquests.Session()
url = f"http://127.0.0.1:{PORT}/data/k"

def get():
    content = session.get(url).content
    before, came[:] = len(came), []
    return content, before

def test_before(): assert get() == (b"real", 1)

@pytest.mark.s3_object("data", "k", b"simulated")
@pytest.mark.parametrize("number", [1, 2])
def test_it(number): assert get() == get() == (b"simulated", 0)

def test_after(): assert get() == (b"real", 1)
""",
        ini="s3_endpoints = 127.0.0.1",
    ).assert_outcomes(passed=4)


def test_other_endpoints_of_amazon_are_refused(run):
    """Blocking and async."""
    run(
        CLIENTS
        + """
@marked
def test_blocking():
    niquests.get("https://sts.amazonaws.com/")

@marked
async def test_async():
    async with niquests.AsyncSession() as session:
        await session.get("https://sts.amazonaws.com/")
"""
    ).assert_outcomes(failed=2)
