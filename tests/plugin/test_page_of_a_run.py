"""--s3-report: which tests are on the page, where it goes, and what is not on it."""

from __future__ import annotations

import json

import pytest

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS

SUITE = """
@pytest.mark.s3_fail("SlowDown", times=1)
async def test_it(s3_client):
    await retry_with_exponential_backoff(lambda: s3_client.put_object("data", "a-key", b"1"))
    assert s3_client.secret_key == "other", s3_client.secret_key
@pytest.mark.s3_expect(attempts=2)
async def test_other(s3_client):
    await s3_client.put_object("data", "b-key", b"1")
def test_without(): pass

@pytest.mark.s3_sweep(faults=["AccessDenied", "SlowDown"])
async def test_swept(s3_client, s3_store):
    try:
        await s3_client.put_object("data", "key", b"1")
    except S3ClientError:
        pass
    assert s3_store.exists("data", "key")

@pytest.mark.s3_object("data", "key", b"1")
async def test_measured(s3_client, s3_retries):
    await s3_retries.measure(lambda: s3_client.get_object("data", "key"))
"""


@pytest.mark.parametrize("args", [(), ("-p", "xdist", "-n2")])
def test_the_page_has_every_test_that_used_s3(run, pytester, args):
    """Under its name and with its requests, in one process or on workers; no secret is in it.

    A sweep is there run by run, each with its verdict and requests, what replays a finding, and the outcome that the
    sweep made; so are profiles.
    """
    result = run(SUITE, "--s3-report=made/it.html", *args, subprocess=bool(args))
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(["S3 report written to made/it.html"])
    text = (pytester.path / "made" / "it.html").read_text(encoding="utf-8")
    for wanted in ("test_it.py::test_it", "test_it.py::test_other", "data/a-key", "data/b-key", "does not hold"):
        assert wanted in text
    assert "test_without" not in text
    assert "{{" not in text
    assert TEST_CREDENTIALS.secret_key not in text
    found = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    (sweep,) = found["findings"]
    assert (sweep["id"], sweep["requests"]) == ("test_it.py::test_swept", ["PutObject data/key"])
    assert sweep["faults"] == ["AccessDenied", "SlowDown"]
    assert [run[:4] for run in sweep["runs"]] == [
        [[0], [0], ["once"], "silent"],
        [[0], [1], ["once"], "gave up"],
        [[0], [0], ["always"], "silent"],
        [[0], [1], ["always"], "gave up"],
    ]
    assert sweep["runs"][0][5] == '@pytest.mark.s3_sweep(faults="AccessDenied", operation="PutObject", modes="once")'
    assert [row[8:10] for row in sweep["runs"][1][6]["rows"]] == [[503, "SlowDown"]]
    test = next(test for test in found["tests"] if test["id"] == sweep["id"])
    assert (test["outcome"], test["error"].splitlines()[1]) == (
        "failed",
        "1. silent at PutObject, by AccessDenied (once and always)",
    )
    (profile,) = found["profiles"]
    assert (profile["id"], profile["lines"][0]) == ("test_it.py::test_measured", ["500", "1 attempt"])


def test_the_page_has_a_name_of_its_own(run, pytester):
    """`--s3-report` alone; a path of tests after it is not taken for the name."""
    source = "def test_it(s3_store): pass"
    run(source, "--s3-report")
    assert (pytester.path / "s3-report.html").is_file()
    result = run(source, "--s3-report", "test_it.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--s3-report=test_it.py: the page is a file that ends in .html*"])
