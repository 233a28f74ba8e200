"""One item, run several times: what is fresh in each run, what is kept, and what pytest gets to see."""

from __future__ import annotations

import sys

import pytest

LOOP = """
import pytest
from contextlib import contextmanager
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._insight.reruns import protocol, rerun

RULES = [(), (fail_rule((503,), {"times": 1, "optional": True}),), (fail_rule(("stall",), {"optional": True}),), ()]

def pytest_runtest_protocol(item, nextitem):
    def more(item, own):
        for rules in RULES:
            one = rerun(item, rules=rules, around=looking, expectations=())
            print("RUN", [r.outcome for r in one.reports], type(one.error).__name__)
    protocol(item, nextitem, more)
    return True

@contextmanager
def looking(run):
    before = run.simulator.store.keys("bucket")
    yield
    print("SAW", before, len(run.simulator.entries))
"""


def test_each_run_has_fresh_function_fixtures_and_the_same_wider_ones(run, pytester):
    pytester.makeconftest(LOOP)
    result = run(
        """
        counts = {"function": 0, "class": 0, "module": 0}

        @pytest.fixture(scope="module", autouse=True)
        def wide():
            counts["module"] += 1
            yield
            print("COUNTS", counts)

        @pytest.fixture(scope="class", autouse=True)
        def middle(): counts["class"] += 1

        @pytest.fixture(autouse=True)
        def narrow(s3_store, tmp_path):
            assert not list(tmp_path.iterdir())
            (tmp_path / "file").touch()
            counts["function"] += 1
            assert s3_store.keys("bucket") == []

        class TestIt:
            @pytest.mark.s3_expect(attempts=1)
            async def test_one(self, s3_client, record_property, capsys):
                assert not hasattr(self, "seen")
                self.seen = True
                record_property("a", 1)
                await s3_client.put_object("bucket", "key", b"")

            @pytest.mark.parametrize("number", [1, 2])
            def test_two(self, number):
                assert number
        """,
        "-s",
    )
    result.assert_outcomes(passed=3)
    lines = [line[line.index("RUN") :] for line in result.outlines if "RUN [" in line]
    passed = "RUN ['passed', 'passed', 'passed'] NoneType"
    failed = "RUN ['passed', 'failed', 'passed']"
    assert lines[:4] == [passed, f"{failed} S3ServerError", f"{failed} S3TimeoutError", passed]
    assert lines[4:] == [passed] * 8
    result.stdout.fnmatch_lines(["*COUNTS {'function': 15, 'class': 1, 'module': 1}*"])
    assert sum("SAW [] 1" in line for line in result.outlines) == 4


def test_reports_are_those_of_the_items_own_run(run, pytester):
    pytester.makeconftest(LOOP)
    result = run(
        """
        async def test_one(s3_client, record_property):
            print("said")
            record_property("a", 1)
            await s3_client.put_object("bucket", "key", b"")
        """,
        "--junitxml=report.xml",
        "-rA",
        "-o",
        "junit_family=xunit1",
    )
    result.assert_outcomes(passed=1)
    report = (pytester.path / "report.xml").read_text()
    assert report.count("<testcase") == report.count("<property ") == 1
    assert 'tests="1"' in report


def test_wider_fixtures_end_once_and_their_errors_are_told(run, pytester):
    pytester.makeconftest(LOOP)
    result = run(
        """
        @pytest.fixture(scope="module")
        def wide():
            yield
            raise RuntimeError("at the very end")

        def test_one(wide, s3_store): pass
        def test_two(s3_store, wide): pass
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*RuntimeError: at the very end"])


@pytest.mark.parametrize(
    ("body", "outcome"), [("assert False", "failed"), ("pytest.skip()", "skipped"), ("pytest.xfail()", "xfailed")]
)
def test_what_does_not_pass_runs_once(run, pytester, body, outcome):
    pytester.makeconftest(LOOP)
    result = run(f"def test_one(s3_store):\n    {body}", "-s")
    result.assert_outcomes(**{outcome: 1})
    assert not any("RUN [" in line for line in result.outlines)


def test_unittest_runs_again(run, pytester):
    pytester.makeconftest(LOOP)
    result = run(
        """
        import unittest
        class TestIt(unittest.TestCase):
            def setUp(self): self.x = 0
            def test_one(self):
                self.x += 1
                assert self.x == 1
        """,
        "-s",
    )
    result.assert_outcomes(passed=1)
    assert sum("RUN ['passed', 'passed', 'passed'] NoneType" in line for line in result.outlines) == 4


def test_each_run_has_the_whole_time_of_pytest_timeout(run, pytester):
    pytest.importorskip("pytest_timeout")
    pytester.makeconftest(LOOP)
    result = run(
        """
        import time
        @pytest.mark.s3_time("real")
        @pytest.mark.timeout(1.0)
        def test_one(): time.sleep(0.4)
        """,
        "-s",
        "-p",
        "pytest_timeout",
    )
    result.assert_outcomes(passed=1)
    assert sum("RUN ['passed', 'passed', 'passed'] NoneType" in line for line in result.outlines) == 4


SUBTESTS = """
import unittest
import boto3

class TestIt(unittest.TestCase):
    MARK
    def test_it(self):
        s3 = boto3.client("s3")
        for key in ("one", "two"):
            with self.subTest(key=key):
                s3.put_object(Bucket="b", Key=key, Body=b"1")

    def test_after(self): pass
"""
FIXTURE = """
import boto3

MARK
def test_it(subtests):
    s3 = boto3.client("s3")
    for key in ("one", "two"):
        with subtests.test(key=key):
            s3.put_object(Bucket="b", Key=key, Body=b"1")

def test_after(): pass
"""
NO_FIXTURE = pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="pytest has subtests from 9.0 on")
EACH_KIND = pytest.mark.parametrize("source", [SUBTESTS, pytest.param(FIXTURE, marks=NO_FIXTURE)])


def test_the_error_of_a_test_case_is_seen(run):
    """unittest catches it; pytest hears of it when it makes the report."""
    source = """
        import unittest
        import boto3

        class TestIt(unittest.TestCase):
            MARK
            def test_it(self):
                boto3.client("s3").put_object(Bucket="b", Key="k", Body=b"1")
        """
    swept = run(source.replace("MARK", "@pytest.mark.s3_sweep(faults='AccessDenied')"), "-v")
    swept.stdout.fnmatch_lines(["*::test_it: 2 runs with a fault: 2 gave up"])
    run(source.replace("MARK", "@pytest.mark.s3_expect(outlasts=900)")).assert_outcomes(failed=1)


@EACH_KIND
def test_subtests_of_our_runs_are_not_told(run, source):
    """Those of the sweep's runs fail as they should; the item passes."""
    result = run(source.replace("MARK", "@pytest.mark.s3_sweep(faults='AccessDenied')"), "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*::test_it: 4 runs with a fault: 4 gave up"])


@EACH_KIND
def test_a_subtest_that_fails_in_one_of_our_runs(run, source):
    """It is the failure of that run."""
    result = run(source.replace("MARK", "@pytest.mark.s3_expect(outlasts=900)"))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*ClientError*InternalError*", "*does not survive s3_outage(900*, what=500*"])


@EACH_KIND
def test_a_subtest_that_fails_by_itself(run, source):
    """There are no further runs."""
    source = source.replace("MARK", "@pytest.mark.s3_sweep").replace('Key=key, Body=b"1"', "Key=key, Body=1")
    result = run(source, "-rA")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("*runs with a fault*")
    result.stdout.fnmatch_lines(["*ParamValidationError*"])


PLANNED = """
@pytest.fixture
def narrow(): pass

@pytest.mark.s3_sweep(faults="SlowDown")
@pytest.mark.s3_expect(outlasts=0.1)
def test_it(s3_store, narrow):
    asyncio.run(upload())

async def upload():
    async with S3Client("a", "b") as client:
        await retry_with_exponential_backoff(lambda: client.put_object("b", "k", b"1"))
"""


@pytest.mark.parametrize("option", ["--setup-plan", "--setup-only", "--setup-show"])
def test_fixtures_are_shown_once(run, option):
    """Those of the item's own run; without a body there is nothing to sweep."""
    result = run(PLANNED, option)
    assert result.ret == pytest.ExitCode.OK
    assert sum("SETUP    F narrow" in line for line in result.outlines) == 1


def test_without_a_terminal(run, pytester):
    """There is nobody to show a traceback to, and no option for its style."""
    run(PLANNED, "--collect-only")
    done = pytester.run(sys.executable, "-m", "pytest", "-p", "no:terminal", "-p", "no:cacheprovider")
    assert done.ret == pytest.ExitCode.OK
    assert "Traceback" not in done.stderr.str()
