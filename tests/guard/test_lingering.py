"""What a test started and did not end stays away from S3, and from the tests after it."""

from __future__ import annotations

import pytest

from pytest_s3errors._failures import SimulationError
from pytest_s3errors._guard import after, owner
from pytest_s3errors._guard.hosts import Hosts

UPLOAD = """
import boto3, urllib3, aiohttp
from botocore.config import Config
from concurrent.futures import ThreadPoolExecutor
from pytest_s3errors._failures import SimulationError

def put(key="late", endpoint=None):
    boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", endpoint_url=endpoint,
                 config=Config(retries={"total_max_attempts": 2})).put_object(Bucket="data", Key=key, Body=b"x")

go, ended = threading.Event(), []
MODULE_POOL = ThreadPoolExecutor(1)

def late(endpoint=None):
    go.wait(20)
    try:
        put(endpoint=endpoint)
    except BaseException as error:
        ended.append(type(error).__name__)
        raise

def wait_for_the_end(number=1):
    go.set()
    end = time.perf_counter() + 20
    while len(ended) < number and time.perf_counter() < end:
        time.sleep(0.001)
    assert ended == ["SimulationError"] * number
"""


@pytest.mark.parametrize(
    "start",
    [
        "threading.Thread(target=late, daemon=True).start()",
        "MODULE_POOL.submit(late)",
        "threading.Timer(0, late).start()",
        'threading.Thread(target=late, args=(f"http://127.0.0.1:{PORT}",), daemon=True).start()',
    ],
)
@pytest.mark.parametrize("mark", ["", '@pytest.mark.s3_bucket("data")'], ids=["unmarked", "marked"])
def test_a_late_request_is_refused(run, start, mark):
    """In an unmarked test and in a marked one, which neither fail nor see it."""
    run(
        UPLOAD
        + f"""
@pytest.mark.s3_bucket("data")
def test_starts():
    {start}

{mark}
def test_next(request):
    wait_for_the_end()
    assert came == []
    if {bool(mark)}:
        assert request.getfixturevalue("s3_errors").requests == []

@pytest.mark.s3_bucket("data")
def test_a_pool_goes_on(s3_store):
    MODULE_POOL.submit(put, "mine").result(20)
    assert s3_store.keys("data") == ["mine"]
""".replace("def test_next(request)", "def test_next(request, s3_errors)" if mark else "def test_next(request)")
    ).assert_outcomes(passed=3)


def test_no_retry_slips_out_while_the_test_ends(run):
    """The server closes its connections, the client tries again: the way is shut before."""
    run(
        UPLOAD
        + """
@pytest.mark.s3_fail("stall")
def test_starts(s3_errors):
    threading.Thread(target=late, daemon=True).start()
    go.set()
    end = time.perf_counter() + 20
    while not s3_errors.requests and time.perf_counter() < end:
        threading.Event().wait(0.001)

def test_next():
    wait_for_the_end()
"""
    ).assert_outcomes(passed=2)


def test_a_task_of_a_longer_loop(run):
    """It stays its test's in the loop of the module."""
    run(
        UPLOAD
        + """
pytestmark = pytest.mark.asyncio(loop_scope="module")
tasks = []

async def late_task(session):
    await asyncio.sleep(0)
    while not go.is_set():
        await asyncio.sleep(0)
    try:
        async with session.get("https://data.s3.amazonaws.com/k") as response:
            await response.read()
    except BaseException as error:
        ended.append(type(error).__name__)
        raise

@pytest.mark.s3_bucket("data")
async def test_starts(s3_errors):
    session = aiohttp.ClientSession()
    tasks.append((session, asyncio.create_task(late_task(session))))

@pytest.mark.s3_bucket("data")
async def test_next(s3_errors):
    go.set()
    (session, task), = tasks
    with pytest.raises(SimulationError, match="test_starts started and did not end"):
        await task
    await session.close()
    assert s3_errors.requests == []
"""
    ).assert_outcomes(passed=2)


def test_a_loop_that_outlives_its_tests(run):
    """It keeps no server, no socket and no store of theirs: fsspec runs one for the whole session."""
    run(
        """
import gc, weakref
from asyncio.base_events import Server
from s3_asyncio_client import S3Client

loop = asyncio.new_event_loop()
stores = []

@pytest.fixture(scope="module", autouse=True)
def thread():
    running = threading.Thread(target=loop.run_forever)
    running.start()
    yield
    loop.call_soon_threadsafe(loop.stop)
    running.join()
    loop.close()

async def put():
    loop.call_later(3600, print)  # it keeps the context of the test, as timers of aiohttp do
    async with S3Client("a", "b") as s3:
        await s3.put_object("data", "k", b"x")

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("number", range(4))
def test_it(s3_store, number):
    asyncio.run_coroutine_threadsafe(put(), loop).result(20)
    stores.append(weakref.ref(s3_store))

def test_nothing_is_left():
    gc.collect()
    assert [store() for store in stores] == [None] * 4
    assert [found for found in gc.get_objects() if isinstance(found, Server) and found.get_loop() is loop] == []
    assert "close" not in vars(loop)
"""
    ).assert_outcomes(passed=5)


def test_a_servers_url_is_its_tests_own(run):
    """What is left of one test does not reach the server of the next, even by its address."""
    run(
        UPLOAD
        + """
address = []

def by_url():
    go.wait(20)
    try:
        urllib3.PoolManager(retries=False).request("PUT", f"{address[0]}/data/late", body=b"x")
    except BaseException as error:
        ended.append(type(error).__name__)
        raise

@pytest.mark.s3_bucket("data")
def test_starts():
    threading.Thread(target=by_url, daemon=True).start()

def test_next(s3_server, s3_errors):
    address.append(s3_server.url)
    wait_for_the_end()
    assert s3_errors.requests == []
"""
    ).assert_outcomes(passed=2)


def test_the_server_of_a_session_serves_whichever_test_runs(run):
    """Its threads were started in the set-up of the first test, by a fixture of a wider scope."""
    run(
        UPLOAD
        + """
import urllib.request

class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        put(self.path[1:])
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args): pass

@pytest.fixture(scope="session")
def app():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), App) as app:
        threading.Thread(target=app.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{app.server_port}"
        app.shutdown()

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("key", ["one", "two"])
def test_it(app, key, s3_store):
    assert urllib.request.urlopen(f"{app}/{key}").status == 204
    assert s3_store.keys("data") == [key]
"""
    ).assert_outcomes(passed=2)


def test_a_marked_test_inside_a_marked_test(run):
    """Each has its own S3, and the outer one goes on."""
    run(
        UPLOAD
        + '''
pytest_plugins = ["pytester"]

@pytest.mark.s3_bucket("data")
def test_outer(pytester, s3_store, s3_errors):
    put("before")
    pytester.makepyfile("""
        import boto3, pytest
        @pytest.mark.s3_fail("SlowDown", times=1)
        @pytest.mark.s3_bucket("inner")
        def test_inner(s3_store):
            boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b").put_object(
                Bucket="inner", Key="k", Body=b"x")
            assert s3_store.keys("inner") == ["k"]
    """)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "s3errors").assert_outcomes(passed=1)
    put("after")
    assert s3_store.keys("data") == ["after", "before"]
    assert s3_errors.attempts() == 2
'''
    ).assert_outcomes(passed=1)


def test_an_interrupt_leaves_what_any_end_leaves(run):
    """Ctrl-C ends the session in the middle of a test; whoever runs on in the process has its own environment."""

    def left(end):
        result = run(
            f"""
import atexit, os

atexit.register(lambda: print("left:", sorted(name for name in os.environ if name.startswith("AWS_"))))

def test_it(s3_server):
    {end}
""",
            subprocess=True,
        )
        return [line for line in result.outlines if line.startswith("left:")], result.ret

    usual, _ = left("pass")
    assert usual
    assert left("raise KeyboardInterrupt") == (usual, pytest.ExitCode.INTERRUPTED)


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
@pytest.mark.parametrize("scope", ["function", "module"])
def test_an_interrupt_while_fixtures_end(run, scope, end):
    """The test's simulation has ended by then, or ends with the session: in either case once."""
    result = run(
        f"""
        @pytest.fixture(scope="{scope}")
        def broken_off():
            yield
            {end}

        def test_it(s3_server, broken_off): pass

        def test_after(): pass
        """,
        interrupted=True,
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "Traceback" not in result.stderr.str()


def test_ended_tests_have_the_rules_of_the_latest_only(monkeypatch):
    """A test that comes after may treat other hosts as S3, and what is left of the ones before does so too."""
    monkeypatch.setattr(owner.after(), "door", None)
    monkeypatch.setattr(after._gate, "hosts", after._gate.hosts)
    ended = owner.Owner("an ended one")
    owner.begin(ended)
    after.install(Hosts(("store.example",), (), tuple))
    owner.end(ended)
    with pytest.raises(SimulationError):
        ended.door.takes("store.example", 443)
    after.install(Hosts((), (), tuple))
    assert not ended.door.takes("store.example", 443)


def test_jobs_given_by_name_are_taken(run):
    """multiprocessing calls them `func`; without any job the pool itself says what is missing."""
    run(
        """
        import multiprocessing
        from multiprocessing.pool import ThreadPool

        @pytest.mark.parametrize("make", [multiprocessing.Pool, ThreadPool])
        @pytest.mark.s3_bucket("bucket")
        def test_it(make):
            with make(1) as pool:
                assert pool.apply_async(func=abs, args=(-1,)).get(60) == 1
                assert list(pool.imap(func=abs, iterable=[-2])) == [2]
                with pytest.raises(TypeError, match="func"):
                    pool.apply_async()
        """,
        subprocess=True,
    ).assert_outcomes(passed=2)
