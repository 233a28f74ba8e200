"""Tests that would go on for ever: each ends red, and says where its code is."""

from __future__ import annotations

import textwrap

import pytest

LOOPS = {
    "an async loop": """
        @pytest.mark.s3_fail(503)
        async def test_it(s3_client):
            while True:
                try:
                    await s3_client.get_object("b", "k")  # here
                except Exception:
                    pass
        """,
    "a blocking loop, in a function that the test calls": """
        import httpx

        def fetch():
            httpx.get("https://b.s3.us-east-1.amazonaws.com/k")  # here

        @pytest.mark.s3_fail(503)
        def test_it():
            while True:
                fetch()  # calls
        """,
    "sleeps": """
        async def test_it(s3_client):
            while True:
                await asyncio.sleep(3600)  # here
        """,
    "blocking sleeps": """
        import time
        def test_it(s3_client):
            while True:
                time.sleep(3600)  # here
        """,
}


SERVED = [(loop, "thread") for loop in LOOPS] + [(loop, "process") for loop in LOOPS if "sleep" not in loop]


# Beside a server in a process time is real, and sleeps have no limit.
@pytest.mark.parametrize(("loop", "server"), SERVED)
def test_a_loop_without_end_is_named_by_its_line(run, loop, server):
    """Whatever it catches, wherever the server runs."""
    result = run(LOOPS[loop], ini=f"s3_max_time = 99999\ns3_max_alike = 25\ns3_server = {server}")
    result.assert_outcomes(failed=1)
    lines = result.outlines[result.outlines.index("The code is at") + 1 :]
    wanted = [line.strip() for line in LOOPS[loop].splitlines() if "# here" in line or "# calls" in line]
    named = [line.partition(": ")[2] for line in lines if line.startswith("  test_it.py:")]
    assert sorted(named) == sorted(wanted)


HANGS = {
    "async": """
        async def test_it(s3_client):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
                await session.get(S3)  # here
        """,
    "async, and it tries again for ever": """
        async def test_it(s3_client):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
                while True:
                    try:
                        await session.get(S3)  # here
                    except aiohttp.ClientError:
                        pass
        """,
    "without sockets": """
        @pytest.mark.s3_layer("mock")
        async def test_it(s3_client):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
                await session.get(S3)  # here
        """,
    "native code": """
        import ctypes, socket

        def test_it(s3_server):
            with socket.create_connection((s3_server.host, s3_server.port)) as client:
                client.sendall(b"GET /b/k HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
                assert ctypes.CDLL(None).recv(client.fileno(), ctypes.create_string_buffer(1), 1, 0) == -1  # here
        """,
    "native code that keeps the GIL": """
        import ctypes, socket

        @pytest.mark.s3_server("process")
        def test_it(s3_server):
            with socket.create_connection((s3_server.host, s3_server.port)) as client:
                client.sendall(b"GET /b/k HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
                assert ctypes.PyDLL(None).recv(client.fileno(), ctypes.create_string_buffer(1), 1, 0) == -1
        """,
    "a thread, in real time": """
        import httpx
        from concurrent.futures import ThreadPoolExecutor

        @pytest.mark.s3_time("real")
        def test_it(s3_server):
            with ThreadPoolExecutor() as pool:
                pool.submit(httpx.get, f"{s3_server.url}/b/k", timeout=None).result()  # here
        """,
}
MARKS = """
S3 = "https://b.s3.us-east-1.amazonaws.com/k"
pytestmark = [pytest.mark.s3_fail("stall"), pytest.mark.s3_limits(silence=1)]
"""


@pytest.mark.parametrize("hang", HANGS)
def test_a_hang_is_a_red_test(run, hang):
    """The watchdog breaks the connection, and tells who waited for what, and where."""
    result = run(MARKS + textwrap.dedent(HANGS[hang]))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["for 1 s a client *", "It waits for", "  GetObject b/k*", "*S3 timeline*"])
    here = [line.strip() for line in HANGS[hang].splitlines() if "# here" in line]
    assert all(any(f"in test_it: {line}" in told for told in result.outlines) for line in here)


RESTS = {
    "the answer is late on purpose": """
        @pytest.mark.s3_fail("SlowDown", delay=1.5)
        def test_it(s3_server):
            assert httpx.get(f"{s3_server.url}/b/k", timeout=None).status_code == 503
        """,
    "no client waits": """
        import subprocess, sys

        def test_it(s3_server):
            with httpx.Client() as client:
                client.get(s3_server.url)
                subprocess.run([sys.executable, "-c", "import time; time.sleep(1.5)"], check=True)
        """,
    "a child works": """
        import subprocess, sys

        WORK = "import time\\nend = time.monotonic() + 1.8\\nwhile time.monotonic() < end: pass"

        @pytest.mark.s3_fail("stall")
        def test_it(s3_server):
            with subprocess.Popen([sys.executable, "-c", WORK]), pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{s3_server.url}/b/k", timeout=1.5)
        """,
    "somebody debugs": """
        def trace(frame, event, arg):
            return trace

        @pytest.mark.s3_fail("stall")
        def test_it(s3_server):
            sys.settrace(trace)
            try:
                with pytest.raises(httpx.ReadTimeout):
                    httpx.get(f"{s3_server.url}/b/k", timeout=1.5)
            finally:
                sys.settrace(None)
        """,
    "the client does not read what there is": """
        @pytest.mark.s3_object("b", "k", size=30_000_000, seed=1)
        def test_it(s3_server):
            with httpx.stream("GET", f"{s3_server.url}/b/k") as answer:
                time.sleep(1.5)
                assert len(answer.read()) == 30_000_000
        """,
}
REAL = """
import sys, time
import httpx
pytestmark = [pytest.mark.s3_time("real"), pytest.mark.s3_limits(silence=0.5)]
"""


@pytest.mark.parametrize("rest", RESTS)
def test_the_watchdog_rests_where(run, rest):
    """In real time, three times as long as the limit."""
    run(REAL + textwrap.dedent(RESTS[rest])).assert_outcomes(passed=1)


def test_nothing_is_left_of_the_watchdog(run):
    """Its thread ends with the test, and is none of `threading`'s in it."""
    run(
        """
        import threading
        from pytest_s3errors._time.own_threads import own_threads

        async def test_it(s3_client):
            before = threading.active_count()
            await s3_client.put_object("b", "k", b"")
            assert threading.active_count() == before
            assert len(own_threads) == 1

        def test_after():
            assert not own_threads
        """,
        subprocess=True,  # a native client that was imported gets a server, in a thread
    ).assert_outcomes(passed=2)


def test_tests_in_a_row_have_one_thread_for_their_watchdogs(run):
    """A later one may be less patient, and one that does not use the plugin meets no thread."""
    result = run(
        """
        from pytest_s3errors._time.own_threads import own_threads

        seen = set()

        async def test_first(s3_client):
            await s3_client.put_object("b", "k", b"")
            seen.update(own_threads)

        @pytest.mark.s3_fail("stall", operation="GetObject")
        @pytest.mark.s3_limits(silence=0.3)
        async def test_hangs(s3_client):
            assert own_threads == seen
            await s3_client.get_object("b", "k")

        async def test_without_a_request(s3_clock):
            assert own_threads == seen

        def test_unmarked():
            assert not own_threads

        async def test_again(s3_client):
            await s3_client.put_object("b", "k", b"")
            assert len(own_threads) == 1

        def test_last():
            assert not own_threads
        """,
        "--s3-time=real",
    )
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*for 0.3 s a client *"])


def test_a_loop_of_boto3_ends_at_its_line(run):
    """2,000 requests alike are the limit: at 5 ms of processor time each, the loop ends within 10 s."""
    result = run(
        """
        import boto3, time

        @pytest.mark.s3_fail("SlowDown")
        @pytest.mark.s3_limits(alike=400)
        def test_it():
            s3 = boto3.client("s3")
            began = time.process_time()
            try:
                while True:
                    try:
                        s3.put_object(Bucket="data", Key="k", Body=b"")
                    except Exception:
                        time.sleep(1)
            finally:
                print("in time" if time.process_time() - began < 400 * 0.005 else "too slow")
        """,
        subprocess=True,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "more than 400 requests asked for the same, PutObject data/k: the limit is s3_limits(alike=400).*",
            '  test_it.py:*in test_it: s3.put_object(Bucket="data", Key="k", Body=b"")',
            "in time",
        ]
    )
