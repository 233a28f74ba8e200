"""--s3-cov: who met what and who looked, by every way to look; the same on one process and on two; files and limits."""

from __future__ import annotations

import json

import pytest

from pytest_s3errors.__main__ import main

RETRY = "await retry_with_exponential_backoff(lambda: s3_client.{}, jitter=False)"
PUT = RETRY.format("put_object('b', 'k', b'data')")
SUITE = f"""
@pytest.mark.s3_fail("SlowDown", times=2)
@pytest.mark.s3_expect(attempts=3)
async def test_checked(s3_client):
    {PUT}

@pytest.mark.s3_fail(500, times=1)
async def test_met(s3_client):
    {PUT}

@pytest.mark.s3_fail("lost_response")
async def test_fails(s3_client, s3_errors):
    with pytest.raises(S3ConnectionError):
        await s3_client.put_object("b", "k", b"data")
    assert s3_errors.attempts() == 2

@pytest.mark.s3_object("data", "a", bytes(50))
async def test_reads(s3_client, s3_store):
    await s3_client.get_object("data", "a")
    with pytest.raises(S3NotFoundError):
        await s3_client.head_object("data", "none")
"""


def cells(coverage) -> dict[str, tuple[int, bool]]:
    """What was met, by the values of a file or of a report."""
    operations = coverage["operations"]
    return {
        f"{operation} {error}": (cell["met"], cell["checked"])
        for operation, row in operations.items()
        for error, cell in row.items()
        if cell["met"]
    }


def test_nothing_is_measured_unless_asked(run, pytester):
    """No section, no file, no plugin."""
    result = run(SUITE)
    assert "coverage" not in result.stdout.str()
    assert not [path for path in pytester.path.iterdir() if path.name.startswith("s3")]


def test_a_suite_is_what_a_hand_count_says(run, pytester):
    """Also on two processes: the bytes are the same."""
    run(SUITE, "--s3-cov", "--s3-cov-report=json:one.json")
    run(SUITE, "--s3-cov", "--s3-cov-report=json:two.json", "-p", "xdist", "-n2", subprocess=True)
    assert cells(json.loads((pytester.path / "one.json").read_text())) == {
        "HeadObject 4xx": (1, True),
        "PutObject throttle": (2, True),
        "PutObject 5xx": (1, False),
        "PutObject lost answer": (1, False),
    }
    assert (pytester.path / "one.json").read_bytes() == (pytester.path / "two.json").read_bytes()


LOOKS = {
    "attempts": ("pass", "s3_errors.attempts()"),
    "waits": ("pass", "s3_errors.waits()"),
    "requests": ("pass", "s3_errors.requests"),
    "timeline": ("pass", "s3_errors.timeline()"),
    "get": ("pass", "s3_store.get('b', 'k')"),
    "exists": ("pass", "s3_store.exists('b', 'k')"),
    "keys": ("pass", "s3_store.keys('b')"),
    "unfinished uploads": ("pass", "s3_store.unfinished_uploads"),
    "expectations": ("s3_errors.expect(outcome='success')", "pass"),
    "raises": ("pass", "with pytest.raises(S3NotFoundError): await s3_client.get_object('b', 'none')"),
    "too early": ("s3_errors.attempts(), s3_store.keys('b')", "pass"),
    "no look": ("pass", "s3_store.put('b', 'other', b'')"),
    "raises nothing": ("pass", "with contextlib.suppress(S3Error): await s3_client.get_object('b', 'none')"),
}


LOOKING = """
@pytest.mark.s3_server("{server}")
@pytest.mark.s3_fail(500, times=1)
async def test_{number}(s3_client, s3_errors, s3_store):
    {before}
    await retry_with_exponential_backoff(lambda: s3_client.put_object('b', 'k', b'data'), base_delay=0)
    {after}
"""


@pytest.mark.parametrize("server", ["thread", "process"])
def test_every_way_to_look_counts(run, server):
    """If the error came before it; to arrange something is no look, nor is to swallow an error."""
    tests = [
        LOOKING.format(server=server, number=number, before=before, after=after)
        for number, (before, after) in enumerate(LOOKS.values())
    ]
    result = run("import contextlib\n" + "".join(tests), "--s3-cov")
    result.assert_outcomes(passed=len(LOOKS))
    bodies = [report for report in result.reprec.getreports("pytest_runtest_logreport") if report.when == "call"]
    met = {look: cells(report.s3_coverage)["PutObject 5xx"] for look, report in zip(LOOKS, bodies, strict=True)}
    assert met == {look: (1, look not in {"too early", "no look", "raises nothing"}) for look in LOOKS}


def test_the_terminal_shows_a_table_and_what_is_missing(run):
    """A marker for each error that nobody met, ready to paste."""
    lines = run(SUITE, "--s3-cov", "--s3-cov-report=term-missing").stdout
    lines.fnmatch_lines(
        [
            "*= S3 error coverage =*",
            "operation   thr  5xx  4xx conn time lost  cut corr in200 prot",
            "GetObject     -    -    -    -    -         -    -          -",
            "HeadObject    -    -    1    -    -                         -",
            "PutObject     2   1?    -    -    -   1?                    -",
            "4 of 21 errors met (19 %), 2 of them checked",
            '@pytest.mark.s3_fail("SlowDown", operation="GetObject", times=1)',
        ]
    )
    lines.no_fnmatch_line('*s3_fail("InternalError", operation="PutObject"*')
    run(SUITE, "--s3-cov").stdout.no_fnmatch_line("@pytest.mark*")


@pytest.mark.parametrize(("least", "status"), [("19", 0), ("19.5", 1)])
def test_too_little_fails_the_session(run, least, status):
    """By its status, and it says so; a session that failed anyway keeps its own."""
    passing = SUITE.replace("attempts() == 2", "attempts() == 1")
    result = run(passing, "--s3-cov", f"--s3-cov-fail-under={least}")
    assert result.ret == status
    said = "ERROR: S3 error coverage of 19.05 % is less than --s3-cov-fail-under=19.5"
    assert (said in result.stdout.str()) == bool(status)


def test_every_report_goes_where_it_is_told(run, pytester):
    """Or under a name of its own; the folder is made."""
    reports = ("html", "html:a/b", "json", "json:c/d.json", "markdown", "markdown:e.md")
    run(SUITE, "--s3-cov", *(f"--s3-cov-report={report}" for report in reports))
    files = ("s3htmlcov/index.html", "a/b/index.html", "s3cov.json", "c/d.json", "s3cov.md", "e.md")
    for file in files:
        text = (pytester.path / file).read_text(encoding="utf-8")
        assert "PutObject" in text
        assert "data" not in text or file.endswith("html")


@pytest.mark.parametrize("wrong", ["xml", "term:file", "JSON"])
def test_a_report_that_is_none_stops_the_run(run, wrong):
    """With those that there are."""
    result = run(SUITE, f"--s3-cov-report={wrong}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--s3-cov-report={wrong}: allowed are term, term-missing, html[[]:dir], *"])


@pytest.mark.parametrize("option", ["--s3-cov-report=json", "--s3-cov-fail-under=100", "--s3-cov-fail-under=0"])
def test_a_report_or_a_floor_is_enough(run, pytester, option):
    """Without `--s3-cov`, too: a floor in CI must not be ignored."""
    result = run("async def test_it(s3_client): await s3_client.put_object('b', 'k', b'')", option)
    result.stdout.fnmatch_lines(["*S3 error coverage*"])
    assert result.ret == (option == "--s3-cov-fail-under=100")
    assert (pytester.path / "s3cov.json").exists() == (option == "--s3-cov-report=json")


@pytest.mark.parametrize("wrong", ["101", "-1", "nan"])
def test_a_floor_that_is_no_percentage_stops_the_run(run, wrong, capsys):
    """As is a report that is none, with the option's name."""
    result = run(SUITE, f"--s3-cov-fail-under={wrong}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--s3-cov-fail-under={wrong}: allowed is a number from 0 to 100"])
    with pytest.raises(SystemExit):
        main(["cov", "combine", "none.json", f"--fail-under={wrong}"])
    assert f"--fail-under={wrong}: allowed is a number from 0 to 100" in capsys.readouterr().err


def test_files_of_several_runs_are_added_up(run, pytester, capsys):
    """The sum is that of one run; a limit is for all of them."""
    first, second = SUITE.split('@pytest.mark.s3_fail("lost_response")')
    run(SUITE, "--s3-cov", "--s3-cov-report=json:all.json")
    run(first, "--s3-cov", "--s3-cov-report=json:1.json")
    run('@pytest.mark.s3_fail("lost_response")' + second, "--s3-cov", "--s3-cov-report=json:2.json")
    files = [str(pytester.path / name) for name in ("1.json", "2.json")]
    together = pytester.path / "together.json"
    capsys.readouterr()
    reports = ("--report", f"json:{together}", "--report", "term")
    assert main(["cov", "combine", *files, *reports, "--fail-under", "50"]) == 1
    assert together.read_bytes() == (pytester.path / "all.json").read_bytes()
    said = capsys.readouterr().out
    assert "PutObject     2   1?" in said
    assert said.endswith("ERROR: S3 error coverage of 19.05 % is less than --s3-cov-fail-under=50\n")


INFINITE = '{"version": 1, "operations": {"PutObject": {"5xx": {"met": 1e400, "checked": true}}}}'


@pytest.mark.parametrize("content", ["{", "{}", "[]", INFINITE, None])
def test_a_file_that_is_none_is_named(tmp_path, capsys, content):
    """Whether it is something else or is not there."""
    file = tmp_path / "it.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SystemExit) as ended:
        main(["cov", "combine", str(file)])
    assert ended.value.code == 2
    assert f"error: {file}: " in capsys.readouterr().err


def test_a_sum_that_can_not_be_written(tmp_path, capsys):
    """The exit status is that of a wrong command line."""
    file = tmp_path / "it.json"
    file.write_text('{"version": 1, "operations": {}}')
    with pytest.raises(SystemExit) as ended:
        main(["cov", "combine", str(file), "--report", f"html:{file}"])
    assert ended.value.code == 2
    assert f"error: can't write {file}/index.html: " in capsys.readouterr().err


SUBTESTS = """
import unittest
import boto3

class TestIt(unittest.TestCase):
    @pytest.mark.s3_fail("SlowDown", times=1)
    def test_it(self):
        boto3.client("s3").put_object(Bucket="b", Key="k", Body=b"1")
        for n in range(3):
            with self.subTest(n=n):
                assert n != 1

@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="from pytest 9.0 on")
class TestFixture:
    @pytest.mark.s3_fail("SlowDown", times=1)
    def test_it(self, request):
        subtests = request.getfixturevalue("subtests")
        boto3.client("s3").put_object(Bucket="b", Key="k", Body=b"1")
        for n in range(3):
            with subtests.test(n=n):
                assert n != 1
"""


def test_an_error_of_a_test_with_subtests_counts_once(run, pytester):
    """On the page a test with a subtest that failed has failed."""
    run(SUBTESTS, "--s3-cov", "--s3-cov-report=json:cov.json", "--s3-report=page.html")
    count = 2 if hasattr(pytest, "Subtests") else 1
    assert cells(json.loads((pytester.path / "cov.json").read_text())) == {"PutObject throttle": (count, False)}
    page = (pytester.path / "page.html").read_text()
    assert (page.count('"outcome":"failed"'), page.count('"outcome":"passed"')) == (count, 0)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--s3-cov-report=json:file/cov.json", "ERROR: can't write file/cov.json: *"),
        ("--s3-cov-report=markdown:folder", "ERROR: can't write folder: Is a directory"),
        ("--s3-report=folder.html", "ERROR: can't write folder.html: Is a directory"),
    ],
)
def test_a_report_that_can_not_be_written(run, pytester, option, says):
    """The tests have run by then: their results are told, and the exit status is 1."""
    (pytester.path / "file").touch()
    (pytester.path / "folder").mkdir()
    (pytester.path / "folder.html").mkdir()
    result = run("def test_it(s3_store): pass", "--s3-cov", option)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([says])
