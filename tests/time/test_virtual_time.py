"""Virtual time: what it covers, what it leaves alone, and that it always ends."""

from __future__ import annotations

import re
import time

import pytest


def test_an_hour_of_backoff_takes_no_time(run):
    """The shipped retry, with its defaults, to the millisecond; and an hour's sleep around it."""
    began = time.perf_counter()
    run(
        """
        @pytest.mark.parametrize("layer", [pytest.param(x, marks=pytest.mark.s3_layer(x)) for x in ("client", "wire")])
        @pytest.mark.s3_fail("SlowDown", times=3)
        async def test_it(s3_client, s3_errors, s3_clock, layer):
            await asyncio.sleep(3600)
            await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b""), jitter=False)
            assert s3_errors.waits() == [1.0, 2.0, 4.0]
            assert s3_clock.now == 3607.0
            assert s3_clock.sleeps == [3600, 1.0, 2.0, 4.0]
        """
    ).assert_outcomes(passed=2)
    assert time.perf_counter() - began < 10


def test_an_hour_beside_a_server_of_the_session(run):
    """A thread that was there before and looks up every half second does not make an hour 7,200 steps long."""
    run(
        """
        import http.server, threading, time, urllib.request

        class Server(http.server.ThreadingHTTPServer):
            looks = 0
            def service_actions(self):
                self.looks += 1

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(204)
                self.end_headers()
            def log_message(self, *args): pass

        @pytest.fixture(scope="session")
        def server():
            with Server(("127.0.0.1", 0), Answer) as server:
                threading.Thread(target=server.serve_forever).start()
                yield server
                server.shutdown()

        def test_it(server, s3_clock):
            url = f"http://127.0.0.1:{server.server_port}"
            urllib.request.urlopen(url).close()
            began = s3_clock.now
            time.sleep(3600)
            assert s3_clock.now - began == 3600
            assert 30 < server.looks < 100
            urllib.request.urlopen(url).close()
            assert s3_clock.now - began == 3600
        """
    ).assert_outcomes(passed=1)


RUNNERS = {
    "pytest-asyncio": "async def test_it(s3_errors): await main()",
    "asyncio.run": "def test_it(s3_errors): asyncio.run(main())",
    "twice": "def test_it(s3_errors): asyncio.run(main()); asyncio.run(main())",
    "unittest": """
import unittest
class Test(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.s3_time("virtual")
    async def test_it(self): await main()
""",
    "anyio": """
@pytest.fixture
def anyio_backend(): return "asyncio"
@pytest.mark.anyio
async def test_it(s3_errors): await main()
""",
}
ANYIO = ("-p", "no:pytest_asyncio.plugin", "-p", "anyio.pytest_plugin", "-o", "asyncio_mode=", "-W", "ignore")


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_runner_of_event_loops(run, runner):
    """Sleeps, timeouts and timers of whichever loop the test runs in."""
    run(
        """
        import time

        async def main():
            began, loop = time.monotonic(), asyncio.get_running_loop()
            await asyncio.gather(asyncio.sleep(30), asyncio.sleep(60))
            assert time.monotonic() - began == 60
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(600):
                    await loop.create_future()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.sleep(3600), 60)
            assert loop.time() - began == 720

        """
        + RUNNERS[runner].replace("\n", "\n        "),
        *(ANYIO if runner == "anyio" else ()),
    ).assert_outcomes(passed=1)


def test_clients_time_out_by_the_virtual_clock(run):
    """aiohttp, httpx in both worlds and botocore meet a stall after exactly their own timeout."""
    run(
        """
        import boto3, botocore.exceptions, httpx
        from botocore.config import Config

        URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"
        pytestmark = pytest.mark.s3_fail("stall")

        async def test_aiohttp(s3_clock):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=40)) as session:
                with pytest.raises(aiohttp.SocketTimeoutError):
                    await session.get(URL)
            assert s3_clock.now == 40

        async def test_httpx(s3_clock):
            async with httpx.AsyncClient(timeout=40) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(URL)
            assert s3_clock.now == 40

        def test_blocking_httpx(s3_clock, s3_server, s3_errors):
            for url in (URL, f"{s3_server.url}/bucket/key"):
                with pytest.raises(httpx.ReadTimeout):
                    httpx.get(url, timeout=40)
            assert s3_clock.now == 80
            assert [(r.started_s, r.ended_s) for r in s3_errors.requests] == [(0, 40), (40, 80)]

        def test_botocore(s3_clock):
            config = Config(read_timeout=40, retries={"total_max_attempts": 1})
            s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                              config=config)
            with pytest.raises(botocore.exceptions.ReadTimeoutError):
                s3.get_object(Bucket="bucket", Key="key")
            assert s3_clock.now == 40
        """
    ).assert_outcomes(passed=4)


def test_blocking_clients_wait_for_a_late_answer(run):
    """A delay shorter than their timeout passes; one in a thread does not hold up the loop's own time, nor skip it."""
    run(
        """
        import urllib.request

        URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"
        pytestmark = [pytest.mark.s3_object("bucket", "key", b"x"), pytest.mark.s3_slow(first_byte=30)]

        def get():
            with urllib.request.urlopen(URL, timeout=40) as answer:
                return answer.read()

        def test_plain(s3_clock):
            assert (get(), s3_clock.now) == (b"x", 30)

        async def test_in_a_thread(s3_clock):
            async with asyncio.timeout(31):
                results = await asyncio.gather(asyncio.to_thread(get), asyncio.to_thread(get), asyncio.sleep(20, b"y"))
            assert (results, s3_clock.now) == ([b"x", b"x", b"y"], 30)

        async def test_in_the_loops_own_thread(s3_clock):
            assert (get(), s3_clock.now) == (b"x", 30)
        """
    ).assert_outcomes(passed=3)


def test_sleeps_of_threads_overlap(run):
    """Three threads that sleep, and a coroutine: the longest counts, whatever imported the function."""
    run(
        """
        import time
        from time import sleep, monotonic
        from asyncio import sleep as asleep, to_thread

        async def test_it(s3_clock):
            began = monotonic()
            jobs = [to_thread(sleep, 300), to_thread(time.sleep, 100), to_thread(sleep, 200)]
            await asyncio.gather(*jobs, asyncio.sleep(250))
            assert monotonic() - began == s3_clock.now == 300
            assert sorted(s3_clock.sleeps) == [100, 200, 250, 300]

        def test_sync(s3_clock):
            wall = time.time()
            sleep(86400)
            assert s3_clock.now == 86400
            assert 86400 <= time.time() - wall < 86460
        """
    ).assert_outcomes(passed=2)


def test_real_work_is_waited_for(run, monkeypatch):
    """No timer is skipped to while an executor, another process or a stranger's socket is still busy.

    As long as it takes on a busy machine: how long the clock waits for a stranger is a matter of `test_idle`.
    """
    monkeypatch.setattr("pytest_s3errors._time.patience.PATIENCE_S", 300)
    monkeypatch.setattr("pytest_s3errors._time.silence.FOREIGN_S", 30)
    run(
        """
        import socket, subprocess, sys, threading, time
        from pytest_s3errors._time.originals import REAL

        NAP = "import time; time.sleep(0.3)"

        async def test_executor(s3_clock):
            async with asyncio.timeout(1):
                await asyncio.to_thread(REAL.sleep, 0.3)
            assert s3_clock.now == 0

        async def test_process(s3_clock):
            async with asyncio.timeout(1):
                process = await asyncio.create_subprocess_exec(sys.executable, "-c", NAP, stdout=subprocess.PIPE)
                await process.communicate()
            assert s3_clock.now == 0

        async def test_process_without_a_pipe(s3_clock):
            for start in (asyncio.create_subprocess_exec(sys.executable, "-c", NAP),
                          asyncio.create_subprocess_shell(f"'{sys.executable}' -c '{NAP}'")):
                async with asyncio.timeout(1):
                    assert await (await start).wait() == 0
            await asyncio.sleep(60)
            assert s3_clock.now == 60

        def test_blocking_process(s3_clock):
            subprocess.Popen([sys.executable, "-c", NAP]).wait(timeout=30)
            assert s3_clock.now < 30
            assert s3_clock.sleeps == []

        async def test_stranger(s3_clock):
            listener = socket.create_server(("127.0.0.1", 0))
            def serve():
                accepted, _ = listener.accept()
                REAL.sleep(0.02)
                accepted.sendall(b"hello")
                accepted.close()
            thread = threading.Thread(target=serve)
            thread.start()
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                assert await reader.read() == b"hello"
            writer.close()
            await writer.wait_closed()
            thread.join()
            listener.close()
            assert s3_clock.now == 0
        """
    ).assert_outcomes(passed=5)


HELD = """
import selectors, threading
import httpx
from pytest_s3errors._time.originals import REAL

@pytest.fixture(autouse=True)
def held(monkeypatch):
    select = selectors.DefaultSelector.select

    def late(selector, timeout=None):
        events = select(selector, timeout)
        if events and threading.current_thread().name == "simulated S3":
            REAL.sleep(0.1)
        return events

    monkeypatch.setattr(selectors.DefaultSelector, "select", late)

@pytest.fixture
def url(held, s3_server):
    return s3_server.url

async def test_aiohttp(s3_clock, {fixture}):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
        for _ in range(2):
            async with session.put(f"{{{url}}}/bucket", data=b"") as answer:
                assert answer.status == 200
    assert s3_clock.now == 0

async def test_httpx(s3_clock, {fixture}):
    async with httpx.AsyncClient(timeout=1) as client:
        for _ in range(2):
            assert (await client.put(f"{{{url}}}/bucket")).status_code == 200
    assert s3_clock.now == 0

@pytest.mark.s3_slow(first_byte=30)
async def test_late_on_purpose(s3_clock, {fixture}):
    async with httpx.AsyncClient(timeout=40) as client:
        answers = await asyncio.gather(*(client.put(f"{{{url}}}/bucket{{n}}") for n in "12"), asyncio.sleep(20))
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert s3_clock.now == 30

async def test_a_sleep_meanwhile(s3_clock, {fixture}):
    async with httpx.AsyncClient(timeout=40) as client:
        request = asyncio.ensure_future(client.put(f"{{{url}}}/bucket"))
        request.add_done_callback(lambda _: ended.append(s3_clock.now))
        ended = []
        await asyncio.sleep(5)
    assert ended == [0]
"""


@pytest.mark.parametrize(("fixture", "url"), [("url", "url"), ("s3_server", "s3_server.url")], ids=["before", "in it"])
def test_an_async_client_waits_for_a_thread_that_is_not_scheduled(run, fixture, url):
    """What the server in a thread owes is no silence, however late it gets to it; it began in or before the body."""
    run(HELD.format(fixture=fixture, url=url)).assert_outcomes(passed=4)


def test_what_a_client_leaves_unread_holds_up_nothing(run):
    """The server has answered and closed, and the client's loop does not look at it."""
    run(
        """
        async def test_it(s3_clock, s3_server):
            reader, writer = await asyncio.open_connection("127.0.0.1", s3_server.port)
            writer.transport.pause_reading()
            writer.write(b"GET / HTTP/1.1\\r\\nHost: s3\\r\\nConnection: close\\r\\n\\r\\n")
            await asyncio.sleep(60)
            assert s3_clock.now == 60
            writer.transport.resume_reading()
            assert await reader.readline() == b"HTTP/1.1 200 OK\\r\\n"
            writer.close()
        """
    ).assert_outcomes(passed=1)


def test_a_loops_own_thread_may_block(run):
    """What has come for the loop meanwhile waits until it is back, and holds up nothing."""
    run(
        """
        import time

        async def test_it(s3_clock):
            asyncio.get_running_loop().call_soon_threadsafe(list)
            time.sleep(60)
            assert s3_clock.now == 60
        """
    ).assert_outcomes(passed=1)


def test_a_loop_that_only_looks_at_the_clock_ends(run, monkeypatch):
    """After some real seconds without a jump the clock runs on, so that spinning code does not hang."""
    monkeypatch.setattr("pytest_s3errors._time.patience.PATIENCE_S", 0.05)
    monkeypatch.setattr("pytest_s3errors._time.patience.COMPUTING_PATIENCE_S", 0.1)
    run(
        """
        import concurrent.futures, time

        async def test_it(s3_clock):
            deadline = asyncio.get_running_loop().time() + 0.1
            while asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0)

        def test_sync(s3_clock):
            deadline = time.monotonic() + 0.1
            while time.monotonic() < deadline:
                pass

        def test_threads(s3_clock):
            deadline = time.monotonic() + 0.1
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                while time.monotonic() < deadline:
                    pool.submit(int).result()
        """
    ).assert_outcomes(passed=3)


def test_the_clock_can_be_set_forward(run):
    """What is due then happens next; time does not go back."""
    run(
        """
        def refuses(clock):
            for seconds in (-1, float("nan"), float("inf"), "3", True, None):
                with pytest.raises(ValueError, match=f"0 or more seconds, not by {seconds!r}"):
                    clock.advance(seconds)

        async def test_it(s3_clock):
            sleeper = asyncio.ensure_future(asyncio.sleep(50))
            await asyncio.sleep(0)
            s3_clock.advance(60)
            await sleeper
            assert s3_clock.now == 60
            refuses(s3_clock)

        @pytest.mark.s3_time("real")
        def test_real(s3_clock):
            s3_clock.advance(0.02)
            assert 0.02 <= s3_clock.now < 10
            refuses(s3_clock)
        """
    ).assert_outcomes(passed=2)


def test_the_breaker_reads_the_same_clock(run):
    """It opens, and half opens when its timeout has passed on the virtual clock."""
    run(
        """
        @pytest.mark.s3_fail(503, times=1)
        async def test_it(s3_client):
            breaker = CircuitBreaker(1, timeout=30)
            put = lambda: s3_client.put_object("b", "k", b"")
            with pytest.raises(S3ServerError):
                await breaker.call(put)
            await asyncio.sleep(29.9)
            with pytest.raises(CircuitOpenError):
                await breaker.call(put)
            await asyncio.sleep(0.1)
            await breaker.call(put)
        """
    ).assert_outcomes(passed=1)


THIRD_PARTY = """
    import stamina, tenacity

    @tenacity.retry(wait=tenacity.wait_exponential(min=4, max=60), stop=tenacity.stop_after_delay(100))
    async def with_tenacity(client):
        await client.put_object("b", "k", b"")

    @tenacity.retry(wait=tenacity.wait_fixed(100), stop=tenacity.stop_after_attempt(3), reraise=True)
    def blocking():
        raise KeyError

    @stamina.retry(on=S3ServerError, wait_initial=10, wait_jitter=0, wait_max=100, timeout=None)
    async def with_stamina(client):
        await client.put_object("b", "k", b"")
"""


def test_third_party_sleepers_need_nothing(run):
    """tenacity and stamina sleep and measure by the functions that are replaced."""
    run(
        THIRD_PARTY
        + """
    @pytest.mark.s3_fail(503, times=2)
    async def test_tenacity(s3_client, s3_errors):
        await with_tenacity(s3_client)
        assert s3_errors.waits() == [4, 4]

    def test_blocking(s3_clock):
        with pytest.raises(KeyError):
            blocking()
        assert s3_clock.now == 200

    @pytest.mark.s3_fail(503, times=3)
    async def test_stamina(s3_client, s3_errors):
        await with_stamina(s3_client)
        assert s3_errors.waits() == [10, 20, 40]
    """
    ).assert_outcomes(passed=3)


MODES = [
    ("@pytest.mark.s3_time('real')", (), ""),
    ("", ("--s3-time=real",), ""),
    ("", (), "s3_time = real"),
]


@pytest.mark.parametrize(("marker", "args", "ini"), MODES)
def test_real_time_is_real(run, marker, args, ini):
    """By marker, command line or ini; sleeps are noted all the same, and the nearer one wins."""
    run(
        f"""
        import time
        real = time.perf_counter

        {marker}
        async def test_it(s3_clock):
            began = real()
            await asyncio.sleep(0.02)
            time.sleep(0.02)
            assert real() - began >= 0.04
            assert 0.04 <= s3_clock.now < 10
            assert s3_clock.sleeps == [0.02, 0.02]

        @pytest.mark.s3_time("virtual")
        async def test_other(s3_clock):
            await asyncio.sleep(3600)
        """,
        *args,
        ini=ini,
    ).assert_outcomes(passed=2)


IDENTITIES = """
import queue, selectors, socket, threading, time
def now():
    return (time.sleep, time.monotonic, time.time, asyncio.sleep, asyncio.tasks.sleep, asyncio.BaseEventLoop.time,
            selectors.DefaultSelector.select, socket.socket.recv, threading.Condition.wait, threading.Lock,
            threading.RLock, threading.Thread.start, threading.Thread.join, queue.SimpleQueue)
OWN = now()
"""


def test_a_session_that_does_not_use_it_keeps_every_function(run):
    """Nothing is replaced before the first test that uses the plugin."""
    run(f"{IDENTITIES}\ndef test_it(): assert now() == OWN and 'recv' not in vars(socket.socket)", fresh=True)


def test_only_the_body_of_a_test_that_uses_s3_is_touched(run):
    """Fixtures, and tests without marker or fixture, run in real time, by whichever functions."""
    run(
        """
        import queue, threading, time

        def takes():
            began = time.perf_counter()
            time.sleep(0.02)
            threading.Event().wait(0.02)
            asyncio.run(asyncio.sleep(0.02))
            return time.perf_counter() - began >= 0.06

        @pytest.fixture
        def arranged(s3_clock):
            assert takes()
            yield
            assert takes()
            assert s3_clock.now == 0.06

        def test_body(arranged):
            takes()

        def test_other():
            assert takes()
            assert type(threading.Lock()).__module__ == type(queue.SimpleQueue()).__module__[:7] == "_thread"
        """.replace('[:7] == "_thread"', ".replace('_queue', '_thread')")
    ).assert_outcomes(passed=2)


def test_a_test_that_sleeps_for_ever_is_ended(run):
    """The limit is a day unless the ini option says otherwise."""
    result = run("async def test_it(s3_clock):\n    while True: await asyncio.sleep(3600)")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "test time went beyond 86400 s, the limit of the ini option s3_max_time; does something sleep for ever?",
            "*S3 timeline*",
        ]
    )


@pytest.mark.parametrize(
    "wait", ["time.sleep(30)", "asyncio.run(asyncio.sleep(30))", "s3_clock.advance(30)", "asyncio.run(stalled())"]
)
def test_the_limit_holds_wherever_time_passes(run, wait):
    """At exactly the limit a test is fine, beyond it it fails."""
    source = f"""
        import time

        async def stalled():
            async with asyncio.timeout(30):
                await asyncio.get_running_loop().create_future()

        def test_it(s3_clock):
            for _ in range(COUNT):
                try:
                    {wait}
                except Exception:
                    pass
        """
    run(source.replace("COUNT", "3"), ini="s3_max_time = 90").assert_outcomes(passed=1)
    result = run(source.replace("COUNT", "4"), ini="s3_max_time = 90")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test time went beyond 90 s*"])


@pytest.mark.parametrize("layer", ["client", "wire"])
def test_a_test_that_asks_for_ever_is_ended(run, layer):
    """At the limit of requests it is fine, beyond it it fails with the timeline, whatever it catches."""
    source = """
        @pytest.mark.s3_fail(503)
        async def test_it(s3_client):
            for _ in range(COUNT):
                try:
                    await s3_client.put_object("b", "k", b"")
                except Exception:
                    pass
        """
    args, ini = [f"--s3-layer={layer}"], "s3_max_requests = 60"
    run(source.replace("COUNT", "60"), *args, ini=ini).assert_outcomes(passed=1)
    result = run(source.replace("COUNT", "10**9"), *args, ini=ini)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*more than 60 requests came: the limit is s3_limits(requests=60), or *s3_max_requests.*"]
    )
    result.stdout.fnmatch_lines(["*S3 timeline*", "   0.000 s PutObject b/k *", "*... 60 more like this"])


CLIENTS = {
    "blocking, by its name": "with httpx.Client() as client: ask(client, 'https://b.s3.us-east-1.amazonaws.com/k')",
    "blocking, by address": "with httpx.Client() as client: ask(client, f'{s3_server.url}/b/k')",
    "async": "asyncio.run(ask_async('https://b.s3.us-east-1.amazonaws.com/k'))",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_pooled_connection_does_not_go_on_for_ever(run, client):
    """The limit reaches clients that never dial again, too."""
    result = run(
        f"""
        import httpx

        def ask(client, url):
            while True:
                try:
                    client.get(url)
                except Exception:
                    pass

        async def ask_async(url):
            async with httpx.AsyncClient() as client:
                while True:
                    try:
                        await client.get(url)
                    except Exception:
                        pass

        def test_it(s3_server):
            {CLIENTS[client]}
        """,
        ini="s3_max_requests = 20",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["more than 20 requests came: the limit is s3_limits(requests=20), or *s3_max_requests.*"]
    )


@pytest.mark.parametrize(
    ("ini", "says"),
    [
        (
            "s3_time = vitual",
            "*ini s3_time: 'vitual' is not one of virtual, real; did you mean 'vir*",
        ),
        ("s3_max_time = soon", "*ini s3_max_time: 'soon' is not a whole number from 1 up*"),
        ("s3_max_requests = 0", "*ini s3_max_requests: '0' is not a whole number from 1 up*"),
    ],
)
def test_a_wrong_ini_value_is_told(run, ini, says):
    """With what is allowed."""
    result = run("def test_it(s3_clock): pass", ini=ini)
    assert result.ret != 0
    pytest.LineMatcher([*result.outlines, *result.errlines]).fnmatch_lines([says])


def test_a_wrong_time_marker_stops_collection(refused):
    """With the two that there are."""
    for said in refused(["s3_time('vitual')", "s3_time()", "s3_time('real', 'virtual')", "s3_time(mode='real')"]):
        assert re.match(r"s3_time\(\).*virtual.*real", said)


UNSUPPORTED = {
    "uvloop._*Loop": """
        import uvloop
        def test_it(s3_client):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(USE)
        """,
    "trio": """
        import trio
        def test_it(s3_client):
            trio.run(trio.sleep, 1)
        """,
}


@pytest.mark.parametrize("use", ["asyncio.sleep(1)", "s3_client.head_object('b', 'k')"])
@pytest.mark.parametrize("name", UNSUPPORTED)
def test_an_event_loop_of_its_own_kind_is_refused(run, name, use):
    """uvloop and trio keep their own time: the test fails with the way out, and with that it runs."""
    pytest.importorskip(name[:4].replace("uvlo", "uvloop"))
    source = UNSUPPORTED[name].replace("USE", use)
    result = run(source, "-W", "ignore")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"{name.replace('_*', '*')} keeps time by itself, which s3errors can't make virtual.",
            'Let this test run in real time with @pytest.mark.s3_time("real"), or all with --s3-time=real.',
        ]
    )
    said = run(source, "--s3-time=real", "-W", "ignore").stdout.str()
    assert "keeps time by itself" not in said


def test_a_clock_that_nobody_reads_changes_nothing(run):
    """Warnings are errors here: no coroutine, socket or task is left by the jumps, nor by the limit."""
    run(
        """
        async def never():
            await asyncio.sleep(10**9)

        async def test_it(s3_errors):
            background = asyncio.ensure_future(never())
            await asyncio.sleep(1)
            background.cancel()
        """
    ).assert_outcomes(passed=1)


FIGURES = """
import pathlib

@pytest.mark.parametrize("number", range({count}))
@pytest.mark.s3_object("bucket", "other", bytes(50_000))
@pytest.mark.s3_script(503, "stall", "connection_reset", "truncated_body", "slow_body", operation="GetObject")
@pytest.mark.s3_slow(first_byte=0.7, operation="HeadObject")
async def test_it(s3_errors, number):
    async with S3Client("a", "b", timeout=20) as client:
        await client.head_object("bucket", "other")
        reads = [retry_with_exponential_backoff(lambda: client.get_object("bucket", "other"), 9, jitter=False)]
        await asyncio.gather(*reads, asyncio.sleep(3))
    with open({out!r}, "a") as file:
        print(*((r.started_s, r.ended_s) for r in s3_errors.requests), file=file)
"""


def test_the_same_figures_each_time(run, tmp_path):
    """A stall, a reset, a slow body and retries: one set of times in every repetition."""
    out = tmp_path / "figures"
    run(FIGURES.format(count=30, out=str(out))).assert_outcomes(passed=30)
    assert len(set(out.read_text().splitlines())) == 1


def test_a_hundred_tests_with_backoff_are_quick(run, tmp_path):
    """Three retries each, 1 + 2 + 4 s: twelve minutes of backoff in less than ten seconds.

    On a busy machine in less than five times of what the same tests take without backoff, which take turns with them.
    """
    took = tmp_path / "took"
    run(
        f"""
        import collections
        from pytest_s3errors._time.originals import REAL

        TOOK = collections.Counter()

        @pytest.fixture(autouse=True)
        def measured(request):
            began = REAL.monotonic()
            yield
            TOOK[request.node.originalname] += REAL.monotonic() - began

        async def put(s3_client):
            await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b""), jitter=False)

        @pytest.mark.parametrize("number", range(100), scope="module")
        class TestIt:
            @pytest.mark.s3_fail(503, times=3)
            async def test_backoff(self, s3_client, s3_clock, number):
                await put(s3_client)
                assert s3_clock.now == 7

            async def test_none(self, s3_client, s3_clock, number):
                await put(s3_client)
                assert s3_clock.now == 0

        def test_took():
            with open({str(took)!r}, "w") as file:
                print(TOOK["test_backoff"], TOOK["test_none"], file=file)
        """
    ).assert_outcomes(passed=201)
    backoff, none = map(float, took.read_text().split())
    assert backoff < 10 or backoff < 5 * none


def test_time_stands_still_while_another_s3_works(run):
    """However long that takes in another thread, a sleep is not over meanwhile."""
    run(
        """
import threading, time
from pytest_s3errors._time.originals import REAL

def test_it(s3_clock):
    began, seen = threading.Event(), []

    def work():
        with s3_clock.working():
            began.set()
            REAL.sleep(0.1)
            seen.append(s3_clock.now)

    thread = threading.Thread(target=work)
    thread.start()
    began.wait()
    time.sleep(60)
    thread.join()
    assert seen == [0] and s3_clock.now == 60

@pytest.mark.s3_time("real")
def test_real_time_goes_on(s3_clock):
    with s3_clock.working():
        before = s3_clock.now
        REAL.sleep(0.001)
        assert s3_clock.now > before
"""
    ).assert_outcomes(passed=2)


def test_work_begins_while_another_thread_decides(run):
    """It needs no lock of the clock's, which the other thread may hold while it waits for the worker's own."""
    run(
        """
import threading
from pytest_s3errors._time.originals import REAL

def test_it(s3_clock):
    go, began = REAL.allocate_lock(), REAL.allocate_lock()
    go.acquire(), began.acquire()

    def work():
        go.acquire()
        with s3_clock.working():
            began.release()

    thread = threading.Thread(target=work)
    thread.start()
    with REAL.registry.mutex:
        go.release()
        assert began.acquire(timeout=10)
    thread.join()
"""
    ).assert_outcomes(passed=1)


def test_time_can_be_read_until_the_interpreter_ends(run):
    """By a finalizer that runs when our modules are emptied, as that of a forgotten session, which logs."""
    result = run(
        """
        import logging, threading, time
        from time import monotonic, monotonic_ns, time as wall, time_ns

        KEPT = []

        class Forgotten:
            def __del__(self, logger=logging.getLogger("it"), threading=threading, time=time,
                        copies=(monotonic, monotonic_ns, wall, time_ns)):
                with threading.Lock():
                    time.sleep(0.001)
                    threading.Event().wait(0.001)
                logger.error("late: %s", [copy() > 0 for copy in copies])

        def test_it(s3_clock):
            KEPT.append(Forgotten())
            time.sleep(5)
        """,
        fresh=True,
    )
    result.assert_outcomes(passed=1)
    assert result.stderr.lines == ["late: [True, True, True, True]"]


def test_executors_are_shut_down_in_real_time(run):
    """From Python 3.12 a loop that ends gives its executor 300 s; they do not pass while the threads end."""
    result = run(
        """
        import concurrent.futures
        from pytest_s3errors._time.originals import REAL

        def test_it(monkeypatch, s3_clock):
            shutdown = concurrent.futures.ThreadPoolExecutor.shutdown

            def late(executor, *args, **kwargs):
                REAL.sleep(0.2)
                return shutdown(executor, *args, **kwargs)

            monkeypatch.setattr(concurrent.futures.ThreadPoolExecutor, "shutdown", late)
            asyncio.run(asyncio.to_thread(int))
            assert s3_clock.now == 0
        """
    )
    result.assert_outcomes(passed=1)


def test_a_thread_of_the_session_survives_the_limit(run):
    """A server that polls lets time pass as well. The test fails, and the server goes on."""
    result = run(
        """
        import threading, time

        ticks, over = [], []

        def tick():
            while not over:
                time.sleep(1)
                ticks.append(None)

        threading.Thread(target=tick, daemon=True).start()

        @pytest.fixture(scope="module", autouse=True)
        def session():
            yield
            over.append(None)

        def ticked(times):
            until = len(ticks) + times
            while len(ticks) < until:
                time.sleep(0.01)

        @pytest.mark.s3_object("bucket", "key", b"x")
        def test_before():
            ticked(2)

        @pytest.mark.s3_object("bucket", "key", b"x")
        def test_it():
            time.sleep(100)

        def test_after():
            ticked(1)
        """,
        ini="s3_max_time = 90",
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["test time went beyond 90 s*"])
