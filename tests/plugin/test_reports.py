"""Where the timeline stands: in the terminal, in JUnit XML, on a worker, with colours or without."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

FAILING = """
@pytest.mark.s3_script(503, "connection_reset", operation="PutObject")
@pytest.mark.s3_expect(attempts=1)
async def test_it(s3_client):
    await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b"x"), jitter=False)
"""
RULE = "  <- [1], "
LONG_KEY = """
async def test_it(s3_client, s3_errors):
    s3_errors.fail("SlowDown", key="folder/*" * 7)
    await s3_client.put_object("bucket", "folder/" * 20 + "file.parquet", b"data")
"""
LINES = [
    "s3_expect(attempts=1) does not hold.",
    "  attempts: wanted 1 request, seen 3.",
    "--------------------------------- S3 timeline ----------------------------------",
    f"   0.000 s PutObject b/k 1 B  503 ServiceUnavailable{RULE}1 of 2",
    "           : 1.000 s ===============",
    f"   1.000 s PutObject b/k 1 B  connection_reset{RULE}2 of 2",
    "           : 2.000 s ==============================",
    "   3.000 s PutObject b/k 1 B  200",
    "[1] s3_script(503, 'connection_reset', operation='PutObject')",
]


def is_line_for_line(shown: list[str]) -> bool:
    """Whether the report of `FAILING` is within *shown*."""
    return any(shown[at : at + len(LINES)] == LINES for at in range(len(shown)))


@pytest.mark.parametrize("args", [(), ("--tb=short",), ("--tb=long",), ("--show-capture=no",)])
def test_it_stands_in_every_kind_of_report(run, args):
    """Line for line."""
    result = run(FAILING, *args)
    result.assert_outcomes(failed=1)
    assert is_line_for_line(result.outlines)


def test_it_stands_in_junit_xml_without_colours(run, pytester):
    """As text, whatever the terminal shows."""
    run(FAILING, "--junitxml=junit.xml", "--color=yes").assert_outcomes(failed=1)
    (failure,) = ET.parse(pytester.path / "junit.xml").iter("failure")
    assert failure.text.splitlines()[: len(LINES)] == LINES
    assert "\x1b" not in failure.text
    assert "#x1B" not in failure.text


COLOURED = FAILING.replace("attempts=1", "attempts={'PutObject': 1}") + FAILING.replace("test_it", "test_other")


def are_in_colours(shown: str) -> None:
    """Green for what went well, red for what did not, faint waits, bold for what is to blame."""
    assert f"\x1b[31m   0.000 s PutObject b/k 1 B  503 ServiceUnavailable{RULE}1 of 2\x1b[0m" in shown
    assert f"\x1b[31m   1.000 s PutObject b/k 1 B  connection_reset{RULE}2 of 2\x1b[0m" in shown
    assert "\x1b[2m           : 1.000 s ===============\x1b[0m" in shown
    assert "\x1b[32m   3.000 s PutObject b/k 1 B  200\x1b[0m" in shown
    assert "\x1b[1;33m>  3.000 s PutObject b/k 1 B  200\x1b[0m" in shown
    assert "\x1b[2m[1] s3_script(503, 'connection_reset', operation='PutObject')\x1b[0m" in shown


def test_colours_are_for_terminals(run):
    """As they are asked for."""
    are_in_colours(run(COLOURED, "--color=yes").stdout.str())
    assert "\x1b" not in run(COLOURED, "--color=no").stdout.str()


def is_as_wide(shown: list[str], width: int) -> None:
    """A line for each request, and only the key gives way."""
    request = next(at for at, line in enumerate(shown) if "PutObject bucket/folder" in line)
    assert "- S3 timeline -" in shown[request - 1]
    rows = list(itertools.takewhile(lambda line: not line.startswith("="), shown[request:]))  # pytest's own follows
    assert len(rows[0]) == width
    assert rows[0].startswith("   0.000 s PutObject bucket/folder")
    assert rows[0].endswith("file.parquet 4 B  503 SlowDown  <- [1], 1")
    assert rows[1].startswith("[1] s3_errors.fail('SlowDown',")
    assert all(len(row) <= width for row in rows)


@pytest.mark.parametrize("width", [80, 120])
def test_it_is_as_wide_as_the_terminal(run, monkeypatch, width):
    """That of the run."""
    monkeypatch.setenv("COLUMNS", str(width))
    is_as_wide(run(LONG_KEY).outlines, width)


@pytest.mark.parametrize(("colours", "width"), [("yes", 80), ("no", 120)])
def test_a_worker_writes_for_the_terminal_of_the_run(run, monkeypatch, colours, width):
    """It has none: line for line, in colours or without, and as wide."""
    monkeypatch.setenv("COLUMNS", str(width))
    result = run(
        COLOURED + LONG_KEY.replace("test_it", "test_long"), f"--color={colours}", "-p", "xdist", "-n1", subprocess=True
    )
    shown = result.stdout.str()
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    is_as_wide(plain, width)
    if colours == "no":
        assert "\x1b" not in shown
    else:
        are_in_colours(shown)
        assert is_line_for_line(plain)


FIXTURES = """
@pytest.fixture
async def before(s3_client):
    await s3_client.get_object("before", "key")

@pytest.fixture
async def after(s3_client):
    yield
    await s3_client.get_object("after", "key")

async def test_before(before): pass
async def test_after(after): pass
async def test_twice(after, s3_client): await s3_client.get_object("body", "key")

@pytest.fixture
def breaks(s3_store): raise ValueError
def test_no_request(breaks): pass
"""


@pytest.mark.parametrize("server", ["thread", "process"])
def test_a_fixture_that_fails_shows_the_timeline(run, server):
    """Once for each test, and not without a request. A server in another process has forgotten a test that ended."""
    result = run(FIXTURES, f"--s3-server={server}", "--color=yes")
    result.assert_outcomes(errors=4, failed=1, passed=1)
    shown = re.sub(r"\x1b\[\d+(;\d+)*m", "", result.stdout.str())
    assert len(re.findall("- S3 timeline -", shown)) == {"thread": 3, "process": 2}[server]
    assert "GetObject before/key  404 NoSuchBucket" in shown
    assert ("GetObject after/key  404 NoSuchBucket" in shown) is (server == "thread")
    assert "GetObject body/key  404 NoSuchBucket" in shown
    assert "\x1b[31m" in result.stdout.str()
