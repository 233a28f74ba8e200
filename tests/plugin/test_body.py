"""Where the body of a test begins and ends, and what its own failed assertion is worth."""

from __future__ import annotations

import pytest

UNITTEST = """
import unittest
import boto3
from botocore.exceptions import ClientError

class TestUpload(unittest.TestCase):
    def setUp(self):
        self.s3 = boto3.client("s3", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        self.s3.put_object(Bucket="data", Key="config", Body=b"")

    def tearDown(self):
        self.s3.put_object(Bucket="data", Key="config", Body=b"")

"""


def case(body):
    """Return a file with one test of a TestCase."""
    return UNITTEST + body


def test_set_up_is_no_part_of_the_body(run):
    """Nor is tearDown: no rule fires in them, and no request counts."""
    run(
        case(
            """
    @pytest.mark.s3_fail("AccessDenied", times=1)
    @pytest.mark.s3_expect(attempts=1)
    def test_denied(self):
        with self.assertRaises(ClientError):
            self.s3.put_object(Bucket="data", Key="k", Body=b"")

    @pytest.mark.s3_fail("AccessDenied")
    @pytest.mark.s3_expect(outcome=ClientError)
    def test_raises(self):
        self.s3.put_object(Bucket="data", Key="k", Body=b"")
"""
        )
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("body", "outcome", "says"),
    [
        ("pass", {"failed": 1}, "*s3_fail('AccessDenied') never fired.*"),
        ("self.assertEqual(1, 2)", {"failed": 1}, "*AssertionError: 1 != 2"),
        ("self.skipTest('no')", {"skipped": 1}, "*1 skipped*"),
    ],
)
def test_the_body_of_a_test_case_is_judged(run, body, outcome, says):
    """As any other is."""
    result = run(case(f"    @pytest.mark.s3_fail('AccessDenied')\n    def test_it(self): {body}\n"))
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines([says])


def test_the_body_of_an_async_test_case(run):
    """On virtual time, like any other."""
    run(
        """
        import unittest

        class TestUpload(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.s3 = S3Client("a", "b")
                await self.s3.put_object("data", "config", b"")

            async def asyncTearDown(self):
                await self.s3.close()

            @pytest.mark.s3_fail("AccessDenied", times=1)
            @pytest.mark.s3_expect(attempts=2, elapsed=(3600, 3600))
            async def test_denied(self):
                with self.assertRaises(S3AccessDeniedError):
                    await self.s3.put_object("data", "k", b"")
                await asyncio.sleep(3600)
                await self.s3.put_object("data", "k", b"")
        """
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("outcome", ["Exception", "(ValueError, Exception)", "S3Error"])
def test_a_failed_assertion_is_no_outcome(run, outcome):
    """Whatever is expected, and whatever it covers."""
    result = run(
        f"""
        @pytest.mark.s3_fail("AccessDenied")
        @pytest.mark.s3_expect(outcome={outcome})
        async def test_it(s3_client, s3_store):
            try:
                await s3_client.put_object("data", "k", b"")
            finally:
                assert s3_store.exists("data", "k")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E  *AssertionError: assert False*"])


def test_a_fixture_by_its_name(run):
    """A fixture may ask for one of ours; in the body it is too late, and that is said."""
    result = run(
        """
        import urllib.request

        @pytest.fixture
        def url(request):
            return request.getfixturevalue("s3_server").url

        def test_fixture(url):
            assert urllib.request.urlopen(url).status == 200

        def test_body(request):
            request.getfixturevalue("s3_server")
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*getfixturevalue('s3_server') comes too late*usefixtures(\"s3_server\")*"])


def test_an_error_about_a_rule_points_at_the_users_line(run):
    """No line of ours stands in between."""
    result = run(
        """
        def test_fail(s3_errors):
            s3_errors.fail("SlowDwn")

        def test_expect(s3_errors):
            s3_errors.expect(atempts=3)

        def test_attempts(s3_errors):
            s3_errors.attempts(operation="PutObjct")
        """
    )
    result.stdout.fnmatch_lines(
        [
            '>       s3_errors.fail("SlowDwn")',
            "E       pytest_s3errors.RuleError: *did you mean 'SlowDown'?*",
            ">       s3_errors.expect(atempts=3)",
            '>       s3_errors.attempts(operation="PutObjct")',
        ]
    )
    assert not any("pytest_s3errors/" in line for line in result.outlines)


def test_a_call_that_is_not_awaited_fails_a_plain_test(run):
    """It would do nothing, and nobody would be told."""
    result = run(
        """
        def test_lost(s3_client):
            s3_client.put_object("data", "k", b"")

        def test_kept_and_lost(s3_client):
            call = s3_client.get_object("data", "k")

        def test_awaited(s3_client):
            async def put():
                await s3_client.put_object("data", "k", b"")
                await s3_client.close()
            asyncio.run(put())

        async def test_async(s3_client):
            await s3_client.put_object("data", "k", b"")
        """
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["put_object() of the client was not awaited*", "get_object() of the client was not*"])
