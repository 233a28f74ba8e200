"""Where the timeline stands: in the terminal, in JUnit XML, on a worker, with colours or without."""

from __future__ import annotations

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


@pytest.mark.parametrize("args", [(), ("--tb=short",), ("--tb=long",), ("-n1",), ("--show-capture=no",)])
def test_it_stands_in_every_kind_of_report(run, args):
    """Line for line."""
    result = run(FAILING, *args, subprocess="-n1" in args)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in LINES], consecutive=True)


def test_it_stands_in_junit_xml_without_colours(run, pytester):
    """As text, whatever the terminal shows."""
    run(FAILING, "--junitxml=junit.xml", "--color=yes").assert_outcomes(failed=1)
    (failure,) = ET.parse(pytester.path / "junit.xml").iter("failure")
    assert failure.text.splitlines()[: len(LINES)] == LINES
    assert "\x1b" not in failure.text
    assert "#x1B" not in failure.text


@pytest.mark.parametrize("args", [(), ("-n1",)])
def test_colours_are_for_terminals(run, args):
    """Green for what went well, red for what did not, faint waits, bold for what is to blame."""
    source = FAILING.replace("attempts=1", "attempts={'PutObject': 1}") + FAILING.replace("test_it", "test_other")
    shown = run(source, "--color=yes", *args, subprocess=bool(args)).stdout.str()
    assert f"\x1b[31m   0.000 s PutObject b/k 1 B  503 ServiceUnavailable{RULE}1 of 2\x1b[0m" in shown
    assert f"\x1b[31m   1.000 s PutObject b/k 1 B  connection_reset{RULE}2 of 2\x1b[0m" in shown
    assert "\x1b[2m           : 1.000 s ===============\x1b[0m" in shown
    assert "\x1b[32m   3.000 s PutObject b/k 1 B  200\x1b[0m" in shown
    assert "\x1b[1;33m>  3.000 s PutObject b/k 1 B  200\x1b[0m" in shown
    assert "\x1b[2m[1] s3_script(503, 'connection_reset', operation='PutObject')\x1b[0m" in shown
    assert "\x1b" not in run(source, "--color=no", *args, subprocess=bool(args)).stdout.str()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("args", [(), ("-n1",)])
def test_it_is_as_wide_as_the_terminal(run, monkeypatch, args, width):
    """On a worker, which has none, as well: a line for each request, and only the key gives way."""
    monkeypatch.setenv("COLUMNS", str(width))
    shown = run(LONG_KEY, *args, subprocess=bool(args)).outlines
    rows = shown[next(at for at, line in enumerate(shown) if "- S3 timeline -" in line) + 1 :]
    assert len(rows[0]) == width
    assert rows[0].startswith("   0.000 s PutObject bucket/folder")
    assert rows[0].endswith("file.parquet 4 B  503 SlowDown  <- [1], 1")
    assert rows[1].startswith("[1] s3_errors.fail('SlowDown',")
    assert all(len(row) <= width for row in rows)
