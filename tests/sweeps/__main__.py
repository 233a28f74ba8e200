"""Try what the sweep promises about its findings at full length, in an environment with the clients.

    python -m tests.sweeps museum       each exhibit's finding is one under its rule alone, outside pytest
    python -m tests.sweeps scorecard    so is each finding of the scorecard
    python -m tests.sweeps quick        quick finds what full finds
    python -m tests.sweeps same         50 sweeps of five workloads, with load on every core, find the same
    python -m tests.sweeps size         a test of 60 requests is swept in less than 60 s of one core

Exit status 1 if one does not hold.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.time.soak import load

from .alone import problem_of
from .runs import BAD, runs_of
from .sources import ROOT, SOURCES, WORKLOADS

MUSEUM = ROOT / "docs/museum"
FIVE = "boto3__write_large or boto3__list_and_delete or s3fs__write_large or s3fs__move or s3client__write_large"
TIMES = 50
SIXTY = {
    "boto3": """
import boto3, pytest

@pytest.mark.s3_bucket("data")
@pytest.mark.s3_sweep(budget=36_000)
def test_sixty(s3_sweep, s3_errors):
    s3 = boto3.client("s3")
    for key in map(str, range(10)):
        s3.put_object(Bucket="data", Key=key, Body=b"text")
        s3.head_object(Bucket="data", Key=key)
        s3.get_object(Bucket="data", Key=key)["Body"].read()
        s3.copy_object(Bucket="data", Key=f"copy {key}", CopySource=f"data/{key}")
        s3.list_objects_v2(Bucket="data", Prefix=key)
        s3.delete_object(Bucket="data", Key=key)
    assert s3_sweep.case is not None or s3_errors.attempts() == 60
""",
    "S3Client": """
import pytest
from s3_asyncio_client import retry_with_exponential_backoff as again

@pytest.mark.s3_sweep(budget=36_000)
async def test_sixty(s3_client, s3_sweep, s3_errors):
    for number in map(str, range(10)):
        await again(lambda: s3_client.put_object("data", number, b"text"))
        await again(lambda: s3_client.head_object("data", number))
        await again(lambda: s3_client.get_object("data", number))
        await again(lambda: s3_client.copy_object("data", number, "data", f"copy {number}"))
        await again(lambda: s3_client.list_objects("data", number))
        await again(lambda: s3_client.delete_object("data", number))
    assert s3_sweep.case is not None or s3_errors.attempts() == 60
""",
}
SIXTY_S = 60


def main() -> int:
    """Try what the command line names; return the exit status."""
    parts = {"museum": museum, "scorecard": scorecard, "quick": quick, "same": same, "size": size}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=parts, metavar="PART")
    problems = 0
    for part in parser.parse_args().parts:
        for problem in parts[part]():
            problems += 1
            print(f"{part}: {problem}", flush=True)
    print(f"{problems} problems")
    return 1 if problems else 0


def museum() -> Iterator[str]:
    """Yield each finding of the museum that is none under its rule alone."""
    for file in sorted(MUSEUM.glob("test_*.py")):
        yield from _alone(file)


def scorecard() -> Iterator[str]:
    """Yield each finding of the scorecard that is none under its rule alone."""
    yield from _alone(WORKLOADS)


def _alone(file: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, f"test_{file.stem.removeprefix('test_')}.py")
        copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        found = [(test, run) for test, runs in runs_of(Path(folder)).items() for run in runs if run.verdict in BAD]
        with ThreadPoolExecutor(4) as pool:  # most of the time is that of clients that wait for an answer
            problems = dict(zip(found, pool.map(lambda one: problem_of(copy, *one), found), strict=True))
    for (test, run), problem in problems.items():
        print(f"{file.name} {test}: {run.finding}, by {run.fault}: {problem or 'confirmed'}", flush=True)
    yield from (f"{file.name} {test}: {run}: {problem}" for (test, run), problem in problems.items() if problem)
    if not found:
        yield f"{file.name}: nothing is found here"


def quick() -> Iterator[str]:
    """Yield what full finds and quick does not."""
    for name, write in SOURCES.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            full, fast = (
                runs_of(Path(folder), "-n2", f"--s3-sweep={how}", "-m", "s3_sweep") for how in ("full", "quick")
            )
        found = [
            {(test, run.finding) for test in runs for run in runs[test] if run.verdict in BAD} for runs in (fast, full)
        ]
        for how, runs, findings in zip(("quick", "full"), (fast, full), found, strict=True):
            print(f"{name}, {how}: {sum(map(len, runs.values()))} runs, {len(findings)} findings", flush=True)
        for test, finding in sorted(found[1] - found[0]):
            by = {f"{run.request} {run.fault} {run.mode}" for run in full[test] if run.finding == finding}
            yield f"{name} {test}: only full finds {finding}, by {sorted(by)}"


def same() -> Iterator[str]:
    """Yield each of the FIVE workloads whose sweeps differ, with how often each result came."""
    again = f"pytestmark = [\n    pytest.mark.parametrize('again', range({TIMES})),\n"
    results: defaultdict[str, Counter[frozenset[tuple[str, ...]]]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as folder, load(os.cpu_count() or 1):
        text = WORKLOADS.read_text(encoding="utf-8").replace("pytestmark = [\n", again)
        Path(folder, "test_workloads.py").write_text(text.replace("():", "(again):").replace("(s3", "(again, s3"))
        for test, runs in runs_of(Path(folder), "-k", FIVE).items():
            results[test.partition("[")[0]][frozenset(run[:4] for run in runs)] += 1
    for test, seen in results.items():
        print(f"{test}: {sum(seen.values())} sweeps, {len(seen)} set{'s' * (len(seen) > 1)} of verdicts")
        if len(seen) > 1:
            usual = seen.most_common(1)[0][0]
            yield f"{test}: {[(count, sorted(one ^ usual)) for one, count in seen.most_common()]}"
    if len(results) != 5 or {sum(seen.values()) for seen in results.values()} != {TIMES}:
        yield f"{dict(results)} is not {TIMES} sweeps of five workloads"


def size() -> Iterator[str]:
    """Yield how long one core computes for the sweep of a test of 60 requests, where that is too long."""
    for client, source in SIXTY.items():
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_sixty.py").write_text(source, encoding="utf-8")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            (runs,) = runs_of(Path(folder)).values()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{client}: {len(runs)} runs of a test of 60 requests in {took_s:.0f} s of one core", flush=True)
        if took_s > SIXTY_S:
            yield f"{client}: {took_s:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
