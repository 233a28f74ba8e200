"""How clients try again: measured from outside, and held to specifications."""

from __future__ import annotations

import sys

import pytest

from pytest_s3errors.__main__ import main
from pytest_s3errors._insight.specifications import specification, specifications

BOTO3 = """
    import boto3
    from botocore.config import Config

    pytestmark = [pytest.mark.s3_object("b", "k", b"1"), pytest.mark.s3_limits(alike=5_000)]

    def client(**retries):
        config = Config(retries=retries)
        s3 = boto3.client("s3", region_name="us-east-1", config=config)
        return lambda: s3.get_object(Bucket="b", Key="k")
"""


def test_botocores_modes_are_what_they_are_known_to_be(run):
    """Attempts, waits and quota, with a fresh client for each probe and with one for all; more attempts are told."""
    result = run(
        BOTO3
        + """
    @pytest.mark.parametrize(("mode", "name"), [("legacy", "legacy"), ("standard", STANDARD)])
    def test_fresh(s3_retries, mode, name):
        s3_retries.measure(factory=lambda: client(mode=mode)).check(name)

    def test_one(s3_retries):
        profile = s3_retries.measure(client(mode="standard"))
        profile.check(STANDARD)
        assert profile.fits == (STANDARD, [])

    def test_mutant(s3_retries):
        s3_retries.measure(factory=lambda: client(mode="standard", total_max_attempts=4)).check(STANDARD)
    """.replace("STANDARD", repr(standard()))
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines([f"this client is not {standard()}:", "  500: wanted 3 attempts, saw 4 attempts"])


def standard():
    """What botocore's mode "standard" keeps to."""
    import botocore

    return "aws-standard-2.0" if botocore.__version__ < "1.44" else "aws-standard-2.1"


def test_a_coroutine_is_measured_in_its_loop(run):
    """The client of this package makes one request."""
    run(
        """
        @pytest.mark.s3_object("b", "k", b"1")
        async def test_it(s3_retries, s3_client):
            profile = await s3_retries.measure(lambda: s3_client.get_object("b", "k"))
            profile.check("none")
            assert str(profile).splitlines()[-1].split() == ["fits", "best", "none"]
        """
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("measure(lambda: 1)", "ValueError: the call made no request to S3"),
        ("measure(lambda: 1 / 0)", "ValueError: the call fails without a fault: ZeroDivisionError*"),
        ("measure()", "TypeError: measure() takes a call, or factory=*"),
    ],
)
def test_what_can_not_be_measured_is_told(run, call, says):
    """Before anything is measured."""
    run(f"def test_it(s3_retries): s3_retries.{call}").stdout.fnmatch_lines([f"E*{says}"])


def test_a_project_adds_its_own_specification(tmp_path):
    """In a file; a name that is not there is told with those that are."""
    path = tmp_path / "ours.toml"
    path.write_text('[patient]\nattempts = 9\nretried = ["500"]\n')
    assert specification(f"{path}:patient").attempts == 9
    with pytest.raises(ValueError, match="there is no specification 'other'; there are patient"):
        specification(f"{path}:other")
    assert set(specifications()) >= {"none", "legacy", "aws-standard-2.0", "aws-standard-2.1"}


PROGRAM = """
import sys, urllib.request
for attempt in range(int(sys.argv[2])):
    try:
        urllib.request.urlopen(sys.argv[1]).read()
    except Exception:
        continue
    sys.exit(0)
sys.exit(1)
"""


@pytest.mark.parametrize(
    ("attempts", "name", "status", "says"),
    [
        ("1", "none", 0, "none: ok"),
        ("2", "none", 1, "differs: 500: wanted 1 attempt, saw 2 attempts"),
        ("0", "none", 2, "not measured: without a fault the program ends with 1"),
        ("1", "unknown", 2, "not measured: there is no specification 'unknown'"),
    ],
)
def test_a_program_is_measured_by_its_requests(capfd, attempts, name, status, says):
    """In any language; the exit status says how it went."""
    program = [sys.executable, "-S", "-c", PROGRAM, "{url}/{bucket}/{key}", attempts]
    assert main(["retries", "--check", name, "--", *program]) == status
    told = capfd.readouterr()
    assert says in told.out + told.err


def test_a_program_that_is_not_there_is_told(capfd):
    """With exit status 2."""
    assert main(["retries", "--", "/nowhere/program"]) == 2
    assert "not measured" in capfd.readouterr().err
