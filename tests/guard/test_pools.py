"""Pools of workers that others wrote: each job works for the test that submits it, however old its worker is."""

from __future__ import annotations

import pytest

POOLS = ("joblib", "loky", "dask", "billiard")
for name in POOLS:
    pytest.importorskip(name, reason="pools of others have an environment in .ci/long")

# A pool is what makes a worker read an object at a port; the module is one that workers can import.
WORK = """
import contextlib, multiprocessing, multiprocessing.dummy, os
import boto3

def read(key, port):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    s3 = boto3.client("s3", "eu-west-1", endpoint_url=f"http://127.0.0.1:{port}", **keys)
    s3.get_object(Bucket="data", Key=key)["Body"].read()

@contextlib.contextmanager
def joblib(backend):
    import joblib
    with joblib.Parallel(n_jobs=2, backend=backend) as parallel:
        yield lambda *job: parallel([joblib.delayed(read)(*job)])
    if backend == "loky":
        from joblib.externals.loky import get_reusable_executor
        get_reusable_executor().shutdown(wait=True)

@contextlib.contextmanager
def loky(reusable):
    import loky
    with loky.get_reusable_executor(1) if reusable else loky.ProcessPoolExecutor(1) as pool:
        yield lambda *job: pool.submit(read, *job).result()

@contextlib.contextmanager
def dask(**how):
    import dask
    yield lambda *job: dask.compute(dask.delayed(read, pure=False)(*job), **how)

@contextlib.contextmanager
def dask_in_a_pool():
    with multiprocessing.get_context("spawn").Pool(1) as pool, dask(scheduler="processes", pool=pool) as run:
        yield run

@contextlib.contextmanager
def dummy():
    with multiprocessing.dummy.Pool(1) as pool:
        yield lambda *job: pool.apply(read, job)

@contextlib.contextmanager
def billiard(context, how):
    import billiard
    pool = billiard.get_context(context).Pool(1)
    yield {"apply": lambda *job: pool.apply(read, job), "map": lambda key, port: pool.starmap(read, [(key, port)])}[how]
    pool.terminate()
    pool.join()

POOLS = {
    "joblib by loky": lambda: joblib("loky"),
    "joblib by multiprocessing": lambda: joblib("multiprocessing"),
    "joblib by threads": lambda: joblib("threading"),
    "loky": lambda: loky(False),
    "loky that is used again": lambda: loky(True),
    "dask's threads": lambda: dask(scheduler="threads"),
    "dask's processes": lambda: dask(scheduler="processes", num_workers=1),
    "dask in a pool": dask_in_a_pool,
    "multiprocessing.dummy": dummy,
    "billiard by fork": lambda: billiard("fork", "apply"),
    "billiard by fork, map": lambda: billiard("fork", "map"),
    "billiard by spawn": lambda: billiard("spawn", "apply"),
}
"""

TESTS = """
from work import POOLS

# forks beside the threads of this session; loky's and billiard's own files
pytestmark = pytest.mark.filterwarnings("ignore")
marked = pytest.mark.s3_object("data", "k", b"simulated")

def seen(run):
    came.clear()
    run("k", PORT)
    return list(came)

@pytest.fixture(scope="session", params=POOLS)
def pool(request):
    with POOLS[request.param]() as run:
        yield run
"""


@pytest.mark.parametrize("first", ["unmarked", "marked"])
def test_a_pool_of_the_session_works_for_whichever_test_runs(run, pytester, first):
    """Whatever kind of test has begun it. For a test without the plugin it sends to where it is told to."""
    pytester.makepyfile(work=WORK)
    before = "def test_before(pool): assert seen(pool) == ['GET /data/k']\n"
    result = run(
        TESTS
        + (before if first == "unmarked" else "")
        + """
@marked
@pytest.mark.parametrize("number", [1, 2])
def test_it(number, pool, s3_errors):
    assert seen(pool) == []
    assert [record.status for record in s3_errors.requests] == [200]

def test_after(pool): assert seen(pool) == ['GET /data/k']
""",
        subprocess=True,
    )
    result.assert_outcomes(passed=12 * (4 if first == "unmarked" else 3))


def test_a_pool_of_the_test(run, pytester):
    """Its rules fire for the workers."""
    pytester.makepyfile(work=WORK)
    run(
        TESTS
        + """
@marked
@pytest.mark.s3_fail("SlowDown", times=1)
@pytest.mark.parametrize("name", POOLS)
def test_it(name, s3_errors):
    with POOLS[name]() as run:
        assert seen(run) == []
    assert [record.status for record in s3_errors.requests] == [503, 200]
""",
        subprocess=True,
    ).assert_outcomes(passed=12)
