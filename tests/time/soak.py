"""Ten timing tests, as often as one likes, with load on every core: each has to have one set of figures.

Run it as ``python -m tests.time.soak --times 1000``. It exits with 1 and shows the sets where there is more than one.
`S3ERRORS_PORTABLE_CLOCK=1` in the environment runs the same tests without the kernel's answers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = """
import asyncio, concurrent.futures as cf, json, os, random, threading, time
import pytest
from s3_asyncio_client import CircuitBreaker, CircuitOpenError, S3Client, retry_with_exponential_backoff

pytestmark = pytest.mark.parametrize("number", range(int(os.environ["SOAK_TIMES"])))
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}

@pytest.fixture
def tell(request, s3_clock, s3_errors):
    def told(*figures):
        requests = sorted((r.started_s, r.ended_s, r.status) for r in s3_errors.requests)
        with open(os.environ["SOAK_FIGURES"], "a") as file:
            file.write(json.dumps([request.node.originalname, repr((s3_clock.now, requests, figures))]) + "\\n")
    return told

def work(seconds=0.005):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end: pass

def boto(**options):
    import boto3
    from botocore.config import Config
    return boto3.client("s3", config=Config(**options), **KEYS)

@pytest.mark.s3_fail(503, times=3)
async def test_async(s3_client, tell, number):
    put = lambda: s3_client.put_object("b", "k", b"")
    await asyncio.gather(retry_with_exponential_backoff(put, jitter=False), asyncio.sleep(5))
    tell()

@pytest.mark.s3_slow(first_byte=7)
def test_blocking(tell, number):
    boto().put_object(Bucket="b", Key="k", Body=b"1")
    time.sleep(3)
    tell()

@pytest.mark.s3_bucket("b")
def test_threads(tell, number):
    out, barrier = [], threading.Barrier(4)
    def go(seconds):
        barrier.wait(); work(); time.sleep(seconds); out.append(seconds)
    threads = [threading.Thread(target=go, args=(n,)) for n in (3, 1, 2)]
    [t.start() for t in threads]; barrier.wait(60); [t.join() for t in threads]
    tell(out)

@pytest.mark.s3_bucket("b")
async def test_pools(tell, number):
    with cf.ThreadPoolExecutor(3) as pool:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(pool, lambda s=s: (work(), time.sleep(s))) for s in (5, 2, 4)]
        await asyncio.wait_for(asyncio.gather(*jobs, asyncio.wrap_future(pool.submit(work))), 30)
    tell()

@pytest.mark.s3_bucket("b")
def test_s3fs(tell, s3_errors, number):
    import s3fs
    once = {"retries": {"max_attempts": 0}}
    fs = s3fs.S3FileSystem(key="a", secret="b", skip_instance_cache=True, config_kwargs=once)
    fs.pipe("b/k", b"1")
    s3_errors.outage(10)
    work(0.02)
    with pytest.raises(Exception, match="reduce your request rate"):  # of which class depends on the version
        fs.pipe("b/k", b"2")
    time.sleep(11)
    fs.pipe("b/k", b"3")
    tell()

@pytest.mark.s3_fail("stall", times=1)
def test_stall(tell, number):
    from botocore.exceptions import ReadTimeoutError
    s3 = boto(read_timeout=20, retries={"total_max_attempts": 1})
    with pytest.raises(ReadTimeoutError):
        s3.put_object(Bucket="b", Key="k", Body=b"1")
    s3.put_object(Bucket="b", Key="k", Body=b"1")
    tell()

@pytest.mark.s3_outage(30)
async def test_outage(s3_client, tell, number):
    for _ in range(5):
        try:
            await s3_client.put_object("b", "k", b"")
        except Exception:
            await asyncio.sleep(8)
    tell()

@pytest.mark.s3_object("b", "k", bytes(40_000))
@pytest.mark.s3_fail("slow_body", bytes_per_second=1000)
async def test_slow_body(tell, number):
    async with S3Client("a", "b", timeout=300) as client:
        await asyncio.gather(client.get_object("b", "k"), client.get_object("b", "k"))
    tell()

@pytest.mark.s3_fail("SlowDown", times=3)
def test_adaptive_retries(tell, number):
    random.seed(7)
    s3 = boto(retries={"mode": "adaptive", "max_attempts": 6})
    for _ in range(4):
        s3.put_object(Bucket="b", Key="k", Body=b"1")
    tell()

@pytest.mark.s3_fail(503, times=2)
async def test_breaker(s3_client, tell, number):
    breaker, states = CircuitBreaker(1, timeout=30), []
    for _ in range(9):
        try:
            await breaker.call(lambda: s3_client.put_object("b", "k", b""))
        except Exception:
            pass
        states.append(breaker.state.value)
        await asyncio.sleep(10)
    tell(states)
"""
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep so many *processes* busy until the block ends."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def figures(times: int, only: str, busy: int) -> dict[str, Counter[str]]:
    """Return how often each set of figures came, by test.

    Raises:
        SystemExit: a test failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        home, told = Path(folder), Path(folder, "figures")
        (home / "test_soak.py").write_text(TESTS)
        (home / "pytest.ini").write_text(INI)
        told.touch()
        environment = os.environ | {"SOAK_TIMES": str(times), "SOAK_FIGURES": str(told)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--show-capture=no",
            "-k",
            only,
            folder,
        ]
        with load(busy):
            status = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
        if status:
            raise SystemExit(status)
        sets: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for line in told.read_text().splitlines():
            test, seen = json.loads(line)
            sets[test][seen] += 1
        return sets


def main() -> int:
    """Run the tests; return 0 if each had one set of figures."""
    parser = argparse.ArgumentParser(description="Repeat the timing tests under load.")
    parser.add_argument("--times", type=int, default=1000, help="how often each of them runs")
    parser.add_argument("--only", default="", help="which, as for pytest -k")
    parser.add_argument("--load", type=int, default=os.cpu_count() or 1, help="how many processes compute meanwhile")
    options = parser.parse_args()
    sets = figures(options.times, options.only, options.load)
    for test, seen in sorted(sets.items()):
        print(f"{test}: {sum(seen.values())} runs, {len(seen)} set{'s' * (len(seen) > 1)} of figures")
        if len(seen) > 1:
            print(*(f"  {count} x {text}" for text, count in seen.most_common()), sep="\n")
    return int(any(len(seen) > 1 for seen in sets.values()) or not sets)


if __name__ == "__main__":
    sys.exit(main())
