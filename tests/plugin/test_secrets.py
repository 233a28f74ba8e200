"""No report shows a secret, in whichever frame, log or output it is."""

from __future__ import annotations

import pickle
from unittest.mock import Mock

import pytest

from pytest_s3errors._guard.credentials import secrets_of
from s3_asyncio_client import S3Client

SOURCE = """
    import logging
    import boto3
    from botocore.credentials import RefreshableCredentials
    from botocore.session import Session

    KEY_ID, SECRET = "AKIA" + "PLANTED000000001", "planted/" + "secret+" * 5
    ROLE = "planted/" + "role+" * 5
    TOKEN, SSE = "planted" + "Token" * 90, "U1NFQ3p6" + "UExBTlRFRA=="

    @pytest.mark.s3_fail("AccessDenied")
    def test_boto3():
        mine, hidden, short_lived = KEY_ID, SECRET, TOKEN
        s3 = boto3.client("s3", aws_access_key_id=mine, aws_secret_access_key=hidden, aws_session_token=short_lived)
        logging.getLogger().error("with %s: %s", hidden, s3.generate_presigned_url("list_buckets"))
        print(short_lived)
        s3.get_object(Bucket="b", Key="k")

    @pytest.mark.s3_fail("SlowDown", optional=True)
    def test_role():
        hidden = ROLE
        session = Session()
        session._credentials = RefreshableCredentials("role", hidden, "of-role", None, None, "assume-role")
        raise ValueError

    @pytest.mark.s3_bucket("b")
    def test_that_passes():
        s3 = boto3.client("s3", aws_access_key_id="passed", aws_secret_access_key="planted/" + "passed+" * 5)
        s3.list_buckets()
        logging.getLogger().error("with %s", s3._request_signer._credentials.secret_key)

    @pytest.mark.s3_fail("connection_refused")
    async def test_client():
        async with S3Client(KEY_ID, SECRET, session_token=TOKEN) as client:
            await client.get_object("b", "k")

    @pytest.mark.s3_fail("SlowDown")
    async def test_customer_key(s3_client):
        as_it_was = "SSECzz" + "PLANTED"
        headers = {"x-amz-server-side-encryption-customer-key": SSE}
        await s3_client._make_request(method="PUT", bucket="b", key="k", headers=headers, data=b"1")

    def test_user_in_a_url():
        S3Client("a", "b", endpoint_url=f"https://user:{KEY_ID[4:]}@s3.example.com")

    @pytest.mark.s3_fail("SlowDown", optional=True)
    def test_environment(original):
        leaked = original
        raise ValueError

    @pytest.fixture
    def original(monkeypatch):
        return "planted-in-the-environment"
"""
PLANTED = ("PLANTED000000001", "planted/", "TokenToken", "U1NFQ3p6", "SSECzzPLANTED", "planted-in-the")
ARGUMENTS = (
    ("-vvv", "-l"),
    ("-l",),
    ("--tb=short",),
    ("--tb=native", "-rA", "-o", "junit_logging=all"),
)


@pytest.mark.parametrize("args", ARGUMENTS)
def test_no_report_shows_a_secret(run, monkeypatch, pytester, args):
    """On the terminal, in the JUnit XML."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-in-the-environment")
    result = run(SOURCE, *args, "--junitxml=report.xml")
    result.assert_outcomes(failed=6, passed=1)
    shows_no_secret(result, pytester)


def shows_no_secret(result, pytester):
    """Hold both to it."""
    told = result.stdout.str() + (pytester.path / "report.xml").read_text()
    lines = [line for line in told.splitlines() if " + " not in line]  # the source itself
    assert [line for line in lines if any(planted in line for planted in PLANTED)] == []


def test_a_test_that_is_no_matter_of_s3_is_reported_as_ever(run):
    """Nothing of its failure is rewritten."""
    result = run(
        "import s3_asyncio_client\ndef test_it():\n    password = 'word'\n    raise ValueError('password=word')", "-l"
    )
    result.stdout.fnmatch_lines(["password   = 'word'", "*ValueError: password=word*"])


@pytest.mark.parametrize("odd", [Mock(access_key=Mock(), secret_key="", token=None), ("key", "secret", None)])
def test_credentials_of_any_kind_are_no_error(odd):
    """Such as a mock, or a class without a dictionary: what signs with them must not fail for us."""
    assert secrets_of(odd) == set()


def test_a_client_is_not_pickled():
    """Its keys would be in the file."""
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(S3Client("a", "b"))


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="from pytest 9.0 on")
def test_what_a_subtest_prints(run):
    """pytest adds it to a report that is made already."""
    result = run(
        """
        import logging
        import boto3

        def test_it(subtests, s3_errors):
            secret = "planted/" + "secret+" * 5
            s3 = boto3.client("s3", aws_access_key_id="planted", aws_secret_access_key=secret)
            with subtests.test(f"one {secret}", url=s3.generate_presigned_url("list_buckets"), n=1):
                print("with", secret)
                logging.getLogger().error("with %s", secret)
                s3.get_object(Bucket="b", Key="k")
        """
    )
    result.stdout.fnmatch_lines(["*Captured stdout call*", "with ***", "*Captured log call*", "*with ***"])
    result.stdout.fnmatch_lines(["SUBFAILED?one ****n=1*test_it.py::test_it*"])
    assert "planted/secret" not in result.stdout.str()
    assert "Signature=" not in result.stdout.str()


WARNING = """
    import threading
    import warnings
    import boto3

    @pytest.mark.s3_bucket("b")
    def test_it():
        secret = "planted/" + "secret+" * 5
        s3 = boto3.client("s3", aws_access_key_id="planted", aws_secret_access_key=secret)
        s3.list_buckets()
        url = s3.generate_presigned_url("list_buckets")
        warnings.warn(f"with {secret} for {url}")
        def fail():
            raise ValueError(f"no {secret}")
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    def test_that_is_no_matter_of_s3():
        warnings.warn("password=word")
"""


def hides_what_a_warning_says(result):
    """pytest shows it in the summary: one of the code, and what a thread raised."""
    result.stdout.fnmatch_lines(
        ["*UserWarning: with *** for https://s3.amazonaws.com/?***", "*ValueError: no ***", "*password=word"]
    )
    assert "planted/secret" not in result.stdout.str()


def test_what_a_warning_says(run):
    """The secrets in it are hidden, and no other test's words."""
    hides_what_a_warning_says(run(WARNING, ini="    default"))


def test_no_worker_shows_a_secret(run, monkeypatch, pytester):
    """Neither in a report nor in a warning: the controller gets both from it."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-in-the-environment")
    args = ("-l", "-p", "xdist", "-n1", "--junitxml=report.xml")
    result = run(SOURCE + WARNING, *args, ini="    default", subprocess=True)
    result.assert_outcomes(failed=6, passed=3, warnings=3)
    shows_no_secret(result, pytester)
    hides_what_a_warning_says(result)
