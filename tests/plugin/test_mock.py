"""The mock layer: aiohttp through aioresponses, httpx through respx, no socket opened."""

from __future__ import annotations

import aiohttp
import pytest

import pytest_s3errors._layers.mock.aiohttp
import pytest_s3errors._layers.mock.httpx
import pytest_s3errors._layers.mock.layer
from pytest_s3errors._layers.mock import aiohttp_response as mock_response

MOCK = """
import io
import aiohttp, httpx, respx, yarl
from aioresponses import CallbackResult, aioresponses

pytestmark = [pytest.mark.s3_layer("mock"), pytest.mark.s3_object("bucket", "key", b"hello")]
URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"
"""

# On the wire too: what holds here is no habit of the doubles.
BOTH = MOCK.replace('pytest.mark.s3_layer("mock"), ', "")


@pytest.fixture(params=["mock", "wire"])
def layer(request):
    return ("--s3-layer", request.param)


def test_aiohttp_is_answered_without_a_socket(run):
    """Under pytest-socket, which refuses every socket but those of event loops; the client's whole way works."""
    run(
        MOCK
        + """
import socket, warnings

@pytest.mark.s3_fail(503, times=1)
async def test_it(s3_client, s3_errors, s3_store):
    with warnings.catch_warnings(action="ignore"), pytest.raises(RuntimeError, match="socket.socket"):
        socket.socket()
    with pytest.raises(S3ServerError):
        await s3_client.put_object("bucket", "new", b"data")
    await s3_client.put_object("bucket", "new", b"data")
    assert (await s3_client.get_object("bucket", "new"))["body"] == b"data"
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        assert await response.read() == b"hello"
    async with httpx.AsyncClient() as client:
        assert (await client.get(URL)).content == b"hello"
    assert s3_errors.attempts() == 5

def test_blocking():
    with httpx.Client() as client:
        assert client.get(URL).content == b"hello"
""",
        "-p",
        "pytest_socket",
        "--disable-socket",
        "--allow-unix-socket",
    ).assert_outcomes(passed=2)


def test_the_code_sees_what_it_asked_for(run, layer):
    """URL, request_info and headers of an aiohttp response, a presigned URL and its query in their order."""
    run(
        BOTH
        + """
async def test_it(s3_client, s3_errors):
    url = s3_client.generate_presigned_url("GET", "bucket", "key", params={"z": "1 2", "a": "+"})
    async with aiohttp.ClientSession(headers={"x-mine": "1"}) as session:
        async with session.get(yarl.URL(url, encoded=True)) as response:
            assert (response.status, response.reason, await response.text()) == (200, "OK", "hello")
            assert str(response.url) == str(response.real_url) == str(response.request_info.url) == url
            assert response.request_info.headers["X-Mine"] == "1"
            assert (response.content_length, response.content_type) == (5, "binary/octet-stream")
            assert (response.headers["Server"], response.history) == ("AmazonS3", ())
        with pytest.raises(TypeError, match="unexpected keyword argument 'timout'"):
            await session.get(URL, timout=1)
        async with session.get(URL, params={"response-content-type": "text/x"}) as response:
            assert str(response.url) == URL + "?response-content-type=text/x"
            assert response.content_type == "text/x"
        async with session.get(URL + "none") as response:
            assert "<Code>NoSuchKey</Code>" in await response.text()
            with pytest.raises(aiohttp.ClientResponseError):
                response.raise_for_status()
    assert [r.status for r in s3_errors.requests] == [200, 200, 404]
""",
        *layer,
    ).assert_outcomes(passed=1)


def test_bodies_of_requests_arrive(run, layer):
    """Bytes, text, a file, a form, JSON, an async generator; with the Content-Type that aiohttp gives them."""
    run(
        BOTH
        + """
async def pieces():
    yield b"one "
    yield b"two"

@pytest.mark.parametrize(("sent", "stored", "kind"), [
    (dict(data=b"bytes"), b"bytes", "application/octet-stream"),
    (dict(data=bytearray(b"more")), b"more", "application/octet-stream"),
    (dict(data="täxt"), "täxt".encode(), "text/plain; charset=utf-8"),
    (dict(data=io.BytesIO(b"file")), b"file", "application/octet-stream"),
    (dict(data={"a": "1"}), b"a=1", "application/x-www-form-urlencoded"),
    (dict(json=[1]), b"[1]", "application/json"),
    (dict(data=b"own", headers={"Content-Type": "text/own"}), b"own", "text/own"),
    (dict(), b"", "application/octet-stream"),
])
async def test_it(sent, stored, kind, s3_store):
    async with aiohttp.ClientSession() as session, session.put(URL, **sent) as response:
        assert response.status == 200, await response.text()
    assert (s3_store.get("bucket", "key").body, s3_store.get("bucket", "key").content_type) == (stored, kind)
""",
        *layer,
    ).assert_outcomes(passed=8)


def test_a_body_from_a_generator_arrives(run):
    """aioresponses joins its pieces; the client's streamed upload is unpacked from its signed chunks."""
    run(
        MOCK
        + """
async def pieces():
    yield b"one "
    yield b"two"

async def test_it(s3_client, s3_store):
    async with aiohttp.ClientSession() as session, session.put(URL, data=pieces()) as response:
        assert response.status == 200
    assert s3_store.get("bucket", "key").body == b"one two"
    await s3_client.put_object("bucket", "big", pieces(), content_length=7)
    assert s3_store.get("bucket", "big").body == b"one two"
"""
    ).assert_outcomes(passed=1)


def test_large_and_compressed_bodies(run, layer):
    """More than aiohttp's stream buffers at once; gzip is decoded where aiohttp would, and its damage noticed."""
    run(
        BOTH
        + """
import gzip
BIG = bytes(range(256)) * 8192

@pytest.mark.s3_object("bucket", "big", BIG)
@pytest.mark.s3_object("bucket", "zip", gzip.compress(BIG), content_encoding="gzip")
@pytest.mark.s3_fail("corrupted_body", at=20, after=1, key="zip")
async def test_it():
    async with aiohttp.ClientSession() as session:
        async with session.get(URL[:-3] + "big") as response:
            assert b"".join([piece async for piece in response.content.iter_chunked(5000)]) == BIG
        async with session.get(URL[:-3] + "zip") as response:
            assert await response.read() == BIG
        async with session.get(URL[:-3] + "zip") as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        async with session.get(URL[:-3] + "zip", auto_decompress=False) as response:
            assert len(await response.read()) == len(gzip.compress(BIG))
""",
        *layer,
    ).assert_outcomes(passed=1)


def test_a_broken_body_gives_what_came_before_the_break(run, layer):
    """Half of it can be read; then the error, for a reader of pieces as for one of the whole."""
    run(
        BOTH
        + """
@pytest.mark.s3_fail("truncated_body", at=2)
async def test_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        assert await response.content.readany() == b"he"
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readany()

@pytest.mark.s3_fail("reset_body", at=2)
def test_httpx():
    got = []
    with httpx.Client() as client, client.stream("GET", URL) as response:
        with pytest.raises(httpx.ReadError):
            got.extend(response.iter_raw())
    assert b"".join(got) == b"he"
""",
        *layer,
    ).assert_outcomes(passed=2)


def test_timeouts_are_the_clients_own(run, layer):
    """Of the session and of the request, for silence before and in the answer; a pause that is short enough is none."""
    run(
        BOTH
        + """
TOTAL, READ, CONNECT = (aiohttp.ClientTimeout(**{k: 7}) for k in ("total", "sock_read", "sock_connect"))

@pytest.mark.parametrize(("fault", "timeout", "error"), [
    ("stall", TOTAL, TimeoutError), ("stall", READ, aiohttp.SocketTimeoutError),
    ("stalled_body", TOTAL, TimeoutError), ("stalled_body", READ, aiohttp.SocketTimeoutError),
    ("connect_timeout", TOTAL, TimeoutError), ("connect_timeout", CONNECT, aiohttp.ConnectionTimeoutError),
])
async def test_aiohttp(fault, timeout, error, s3_errors, s3_clock):
    s3_errors.fail(fault)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        with pytest.raises(error):
            async with session.get(URL) as response:
                await response.read()
    assert s3_clock.now == pytest.approx(7, abs=0.5)

@pytest.mark.s3_fail("stall")
async def test_of_the_request():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.get(URL, timeout=aiohttp.ClientTimeout(total=3))

@pytest.mark.s3_fail("slow_body", bytes_per_second=1)
async def test_slow(s3_clock):
    async with aiohttp.ClientSession(timeout=READ) as session, session.get(URL) as response:
        assert await response.read() == b"hello"
    assert s3_clock.now == pytest.approx(5, abs=0.5)

@pytest.mark.parametrize(("fault", "error"), [
    ("stall", httpx.ReadTimeout), ("stalled_body", httpx.ReadTimeout), ("connect_timeout", httpx.ConnectTimeout),
])
class TestHttpx:
    async def test_async(self, fault, error, s3_errors, s3_clock):
        s3_errors.fail(fault)
        async with httpx.AsyncClient(timeout=7) as client:
            with pytest.raises(error):
                await client.get(URL)
        assert s3_clock.now == pytest.approx(7, abs=0.5)
""",
        *layer,
    ).assert_outcomes(passed=11)


def test_a_silent_body_ends_where_the_client_lets_go(run):
    """In the journal: when the timeout comes, when the response is closed, or when the caller is cancelled."""
    run(
        MOCK
        + """
@pytest.mark.s3_fail("stalled_body")
async def test_it(s3_errors):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=7)) as session:
        with pytest.raises(aiohttp.SocketTimeoutError):
            async with session.get(URL) as response:
                await response.read()
        async with session.get(URL) as response:
            await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2), session.get(URL) as response:
                await response.read()
    took = [r.ended_s - r.started_s for r in s3_errors.requests]
    assert took == pytest.approx([7, 1, 2], abs=0.1)

@pytest.mark.s3_fail("stall")
async def test_no_answer(s3_errors):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await session.get(URL)
    async with httpx.AsyncClient(timeout=None) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await client.get(URL)
    assert [r.ended_s - r.started_s for r in s3_errors.requests] == pytest.approx([2, 3], abs=0.1)
"""
    ).assert_outcomes(passed=2)


def test_a_blocking_client_waits_on_its_own_thread(run):
    """httpx's blocking client runs into its timeout, and gets a late or a slow answer late."""
    run(
        MOCK
        + """
@pytest.mark.s3_fail("stall", times=1)
@pytest.mark.s3_fail(503, delay=0.05, times=1)
@pytest.mark.s3_fail("slow_body", bytes_per_second=100, times=1)
@pytest.mark.s3_fail("stalled_body", times=1)
def test_it(s3_clock):
    with httpx.Client(timeout=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(URL)
        assert client.get(URL).status_code == 503
        assert client.get(URL).content == b"hello"
        with pytest.raises(httpx.ReadTimeout):
            client.get(URL)
    assert s3_clock.now == pytest.approx(0.1 + 0.05 + 0.05 + 0.1, abs=0.2)
"""
    ).assert_outcomes(passed=1)


def test_aiohttp_resends_here_too(run, layer):
    """Once, an idempotent method, after a broken connection; not the client, and not after a refused connection."""
    run(
        BOTH
        + """
@pytest.mark.parametrize(("method", "fault", "attempts"), [
    ("GET", "connection_reset", 2), ("PUT", "disconnect", 2), ("POST", "disconnect", 1),
    ("GET", "connection_refused", 1), ("GET", "garbage", 1),
])
async def test_it(method, fault, attempts, s3_errors):
    s3_errors.fail(fault)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.request(method, URL + "?uploads")
    assert s3_errors.attempts() == attempts

@pytest.mark.s3_fail("disconnect")
async def test_client(s3_client, s3_errors):
    with pytest.raises(S3ConnectionError):
        await s3_client.get_object("bucket", "key")
    assert s3_errors.attempts() == 1
""",
        *layer,
    ).assert_outcomes(passed=6)


def test_redirects_are_followed_as_aiohttp_does(run, layer):
    """307 keeps method and body, unless nobody is to follow; a 301 of S3's has no Location; a circle ends."""
    run(
        BOTH
        + """
@pytest.mark.s3_fail("redirect", status=307, times=2)
@pytest.mark.s3_fail("redirect", times=1)
async def test_it(s3_store, s3_errors):
    async with aiohttp.ClientSession() as session:
        async with session.put(URL, data=b"new") as response:
            assert [r.status for r in response.history] == [307, 307, 301]
            assert (response.status, str(response.url)) == (301, URL)
        async with session.put(URL, data=b"new") as response:
            assert response.status == 200
    assert s3_store.get("bucket", "key").body == b"new"

@pytest.mark.s3_fail("redirect", status=307)
async def test_limits(s3_errors):
    async with aiohttp.ClientSession() as session:
        async with session.get(URL, allow_redirects=False) as response:
            assert (response.status, response.history) == (307, ())
        with pytest.raises(aiohttp.TooManyRedirects):
            await session.get(URL, max_redirects=2)
    assert s3_errors.attempts() == 3
""",
        *layer,
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("own", ["mock", "wire"])
def test_mount_joins_an_aioresponses_of_the_tests(run, own):
    """Its routes are asked first and its other requests stay unmatched; S3 is the simulator's, at any layer."""
    run(
        BOTH
        + """
@pytest.mark.s3_fail(503, times=1)
async def test_it(s3_errors):
    with aioresponses() as router:
        router.get("https://api.example/", exception=OSError("mine"))
        router.get(URL + "-mine", exception=OSError("mine too"))
        s3_errors.mount(router)
        async with aiohttp.ClientSession() as session:
            for status in (503, 200):
                async with session.get(URL) as response:
                    assert response.status == status
            for url in ("https://api.example/", URL + "-mine"):
                with pytest.raises(OSError, match="mine"):
                    await session.get(url)
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get("https://api.example/other")
        assert len(router.requests) == 4
        router.assert_any_call(URL)
    assert s3_errors.attempts() == 2
""",
        "--s3-layer",
        own,
    ).assert_outcomes(passed=1)


def test_an_aioresponses_that_passes_needs_no_mount(run):
    """What it lets through comes to the simulator."""
    run(
        MOCK
        + """
async def test_it(s3_errors):
    with aioresponses(passthrough_unmatched=True):
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert await response.read() == b"hello"
    assert s3_errors.attempts() == 1
"""
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
@pytest.mark.parametrize("own", ["mock", "wire"])
def test_mount_joins_a_respx_router_of_the_tests(run, using, own):
    """Its routes are asked first, its base_url is not S3's, and S3's route need not be called; gone afterwards."""
    run(
        BOTH
        + f"""
router = respx.mock(base_url="https://api.example", using={using!r})

@pytest.mark.s3_fail(503, times=1, delay=0.01)
async def test_it(s3_errors):
    s3_errors.mount(router)
    with router:
        router.get("/mine").respond(299)
        async with httpx.AsyncClient() as client:
            assert [(await client.get(URL)).status_code for _ in range(2)] == [503, 200]
            assert (await client.get("https://api.example/mine")).status_code == 299
            with pytest.raises(respx.models.AllMockedAssertionError):
                await client.get("https://other.example/")
        with httpx.Client() as client:
            assert client.get(URL).content == b"hello"
            client.get("https://api.example/mine")
        assert len(s3_errors.requests) == 3
    assert s3_errors.attempts() == 3

def test_not_called(s3_errors):
    with respx.mock as other:
        s3_errors.mount(other)

def test_nothing_is_left():
    assert not router.routes
""",
        "--s3-layer",
        own,
    ).assert_outcomes(passed=3)


def test_a_respx_router_needs_no_mount(run):
    """S3 goes to the simulator, everything else to the test's router; without one, other hosts are left alone."""
    run(
        MOCK
        + """
def test_it(respx_mock, s3_errors):
    respx_mock.get("https://api.example/").respond(299)
    assert httpx.get("https://api.example/").status_code == 299
    assert httpx.get(URL).content == b"hello"
    assert s3_errors.attempts() == 1
""",
        "-p",
        "respx.plugin",
    ).assert_outcomes(passed=1)


def test_mount_takes_nothing_else(run):
    """The message says what it takes."""
    run(
        MOCK
        + """
def test_it(s3_errors):
    with pytest.raises(TypeError, match=r"takes an aioresponses\\(\\) or a respx router, such as respx_mock; 5 came"):
        s3_errors.mount(5)
"""
    ).assert_outcomes(passed=1)


def test_other_hosts_pass_untouched(run):
    """A server of the test's own is reached, by aiohttp with a body from a generator and by httpx."""
    run(
        MOCK
        + """
from aiohttp import web

async def pieces():
    yield b"mine"

@pytest.mark.s3_time("real")
async def test_it(s3_errors):
    async def echo(request): return web.Response(body=await request.read())
    app = web.Application()
    app.router.add_post("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as session, session.post(url, data=pieces()) as response:
        assert await response.read() == b"mine"
    async with httpx.AsyncClient() as client:
        assert (await client.post(url, content=b"mine")).content == b"mine"
    await runner.cleanup()
    assert s3_errors.attempts() == 0
"""
    ).assert_outcomes(passed=1)


def test_a_client_that_it_does_not_know_cannot_escape(run):
    """Nothing leaves the machine, and the message says which layer this is."""
    result = run(
        MOCK
        + """
import urllib.request

def test_it():
    try:
        urllib.request.urlopen(URL)
    except Exception:
        pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a request for bucket.s3.eu-west-1.amazonaws.com would have left this machine*"])
    result.stdout.fnmatch_lines(["The s3 layer of this test is 'mock'; nothing was sent."])


def test_httpx_without_respx_says_what_to_install(run, monkeypatch):
    """Only if it is used, and even if the code swallows it."""
    find_spec = pytest_s3errors._layers.mock.layer.importlib.util.find_spec
    monkeypatch.setattr(
        pytest_s3errors._layers.mock.layer.importlib.util,
        "find_spec",
        lambda name, *args: None if name == "respx" else find_spec(name, *args),
    )
    result = run(
        MOCK
        + """
async def test_unused(s3_client):
    assert (await s3_client.get_object("bucket", "key"))["body"] == b"hello"

def test_blocking():
    try:
        httpx.get(URL)
    except Exception:
        pass

async def test_async():
    async with httpx.AsyncClient() as client:
        await client.get(URL)
"""
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*is missing: pip install pytest-s3errors[[]httpx]*"])


def test_a_missing_operation_stops_the_test(run):
    """It is no answer that a retry loop could take for one of S3's."""
    result = run(
        MOCK
        + """
async def test_it():
    async with aiohttp.ClientSession() as session:
        try:
            await session.get(URL + "?torrent")
        except Exception:
            pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the simulated S3 has no operation GetObjectTorrent*"])


def test_fifty_at_once(run):
    """Exactly `times` fail, of aiohttp, httpx and threads with a blocking client together."""
    run(
        MOCK
        + """
@pytest.mark.s3_time("real")
@pytest.mark.s3_fail(503, times=7)
async def test_it(s3_errors):
    async with aiohttp.ClientSession() as session, httpx.AsyncClient() as client:
        async def one(number):
            if number % 3 == 0:
                async with session.get(URL) as response:
                    return response.status
            if number % 3 == 1:
                return (await client.get(URL)).status_code
            return (await asyncio.to_thread(httpx.get, URL)).status_code
        statuses = await asyncio.gather(*map(one, range(51)))
    assert (statuses.count(503), statuses.count(200), s3_errors.attempts()) == (7, 44, 51)
"""
    ).assert_outcomes(passed=1)


def test_nothing_is_left(run):
    """No patch, and nothing kept of the requests while they are made."""
    run(
        '''
import gc, httpcore, httpx, respx
URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"

def state():
    return (aiohttp.ClientSession._request, aiohttp.ClientSession._build_url, aiohttp.BaseConnector.connect,
            httpx.AsyncHTTPTransport.handle_async_request, httpcore.ConnectionPool.handle_request)

def test_first(s3_errors):
    """What the guard watches it watches from the first such test on."""

def test_before():
    global before
    before = state()

@pytest.mark.s3_layer("mock")
@pytest.mark.s3_object("bucket", "big", b"x" * 100_000)
async def test_it():
    async with aiohttp.ClientSession() as session:
        for _ in range(200):
            async with session.get(URL[:-3] + "big") as response:
                await response.read()
    gc.collect()
    kept = [thing for thing in gc.get_objects() if isinstance(thing, aiohttp.ClientResponse)]
    assert len(kept) < 5
    assert state() != before

def test_after():
    assert state() == before
''',
        subprocess=True,  # this process has objects of other tests
    ).assert_outcomes(passed=4)


def test_a_response_takes_what_the_next_aiohttp_may_ask_for(run, monkeypatch):
    """A keyword that nobody here has heard of is given as None."""
    init = aiohttp.ClientResponse.__init__

    def newer(self, method, url, *, writer, continue100, timer, request_info, traces, loop, session, novelty, **more):
        assert novelty is None
        known = {"stream_writer": mock_response.SimpleNamespace(output_size=0)}
        wanted = mock_response.inspect.signature(init).parameters
        more = {name: value for name, value in known.items() if name in wanted}
        init(
            self,
            method,
            url,
            writer=writer,
            continue100=continue100,
            timer=timer,
            request_info=request_info,
            traces=traces,
            loop=loop,
            session=session,
            **more,
        )

    monkeypatch.setattr(aiohttp.ClientResponse, "__init__", newer)
    mock_response._asked_for.cache_clear()
    try:
        run(
            MOCK
            + """
async def test_it(s3_client):
    assert (await s3_client.get_object("bucket", "key"))["body"] == b"hello"
"""
        ).assert_outcomes(passed=1)
    finally:
        mock_response._asked_for.cache_clear()
