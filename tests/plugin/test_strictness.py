"""What fails a test for our own reasons, and that nothing can swallow it."""

from __future__ import annotations

import pytest

LAYERS = pytest.mark.parametrize("layer", ["client", "mock", "wire"])


@LAYERS
def test_a_rule_that_never_fired_fails_the_test(run, layer):
    """The report names the rule, the nearest request and the first field that differed."""
    result = run(
        """
        @pytest.mark.s3_fail("SlowDown", operation="PutObject", bucket="logs", key="*.csv")
        async def test_it(s3_client):
            await s3_client.put_object("other", "a.csv", b"")
            await s3_client.put_object("logs", "a.parquet", b"")
            await s3_client.list_objects("logs")
        """,
        f"--s3-layer={layer}",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "s3_fail('SlowDown', operation='PutObject', bucket='logs', key='*.csv') never fired.",
            "  3 requests came; the nearest was PutObject logs/a.parquet (PUT https://logs.s3.us-east-1.amazonaws.com/*",
            "  The first field that differed: key: wanted '?.csv', came 'a.parquet'.",
            "  If it need not fire, write optional=True.",
        ]
    )


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("s3_fail(503, after=5)", "*1 request matched, but after=5 lets 5 pass.*"),
        ("s3_fail(503, every=5)", "*1 request matched, but every=5 takes each 5. one.*"),
        ('s3_fail("truncated_body")', "*wanted one whose answer can show truncated_body, came 'PutObject'.*"),
        ("s3_fail(503)\n@pytest.mark.s3_fail(500)", "*Every request was taken by an earlier rule: s3_fail(503).*"),
    ],
)
def test_the_reason_why_is_the_true_one(run, marker, says):
    """A rule can stay silent for other reasons than a field that differs."""
    body = "try: await s3_client.put_object('bucket', 'key', b'')\n    except S3Error: pass"
    result = run(f"@pytest.mark.{marker}\nasync def test_it(s3_client):\n    {body}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([says])


def test_a_test_without_any_request_is_told_so(run):
    """The usual cause is a client that the layer does not see."""
    result = run("@pytest.mark.s3_fail(503)\ndef test_it(): pass")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*No request reached the simulated S3*"])


def test_an_optional_rule_need_not_fire(run):
    """optional=True says so; a skipped test and an expected failure owe nothing either."""
    run(
        """
        @pytest.mark.s3_fail(503, optional=True)
        def test_optional(): pass

        @pytest.mark.s3_fail(503)
        def test_skipped(): pytest.skip("not today")

        @pytest.mark.xfail(strict=True)
        @pytest.mark.s3_fail(503)
        def test_xfailed(): pytest.xfail("known")
        """
    ).assert_outcomes(passed=1, skipped=1, xfailed=1)


def test_a_failing_test_keeps_its_own_error(run):
    """Its message comes first; the silent rule is a note beside it."""
    result = run("@pytest.mark.s3_fail(503)\ndef test_it(): assert 1 == 2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "*S3 rules that never fired*", "s3_fail(503) never fired."])


SWALLOWING = """
async def swallow(attempt):
    for _ in range(5):
        try:
            return await attempt()
        except Exception:
            await asyncio.sleep(0)
"""


@LAYERS
def test_a_missing_operation_cannot_be_swallowed(run, layer):
    """A loop over `except Exception` ends in our message, which names the operation and a way out."""
    result = run(
        SWALLOWING
        + """
async def test_it(s3_client):
    await swallow(lambda: s3_client._make_request(method="GET", bucket="bucket", params={"cors": ""}))
""",
        f"--s3-layer={layer}",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*the simulated S3 has no operation GetBucketCors, which GET https://bucket.s3.us-east-1.*asks for.*",
            "*moto*",
        ]
    )


def test_a_single_try_cannot_swallow_it_either(run):
    """Even where the first error is caught and the test goes on as if nothing were."""
    result = run(
        """
        async def test_it(s3_client):
            try:
                await s3_client._make_request(method="GET", bucket="bucket", params={"cors": ""})
            except Exception:
                pass
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*the simulated S3 has no operation GetBucketCors, which GET https://bucket.s3.us-east-1.*asks for.*"]
    )


def test_a_missing_operation_can_be_answered_by_a_rule(run):
    """A rule comes before the model, so any operation of S3 can fail."""
    run(
        """
        @pytest.mark.s3_fail("AccessDenied", operation="GetBucketCors")
        async def test_it(s3_client):
            with pytest.raises(S3AccessDeniedError):
                await s3_client._make_request(method="GET", bucket="bucket", params={"cors": ""})
        """
    ).assert_outcomes(passed=1)


def test_an_escape_cannot_be_swallowed(run):
    """aiohttp beside the client layer, and any client that resolves S3's name: nothing is sent, the test fails."""
    result = run(
        SWALLOWING
        + """
import socket

@pytest.mark.s3_layer("client")
async def test_aiohttp():
    async with aiohttp.ClientSession() as session:
        await swallow(lambda: session.get("https://bucket.s3.eu-west-1.amazonaws.com/key"))

@pytest.mark.s3_layer("client")
def test_name(s3_errors):
    try:
        socket.create_connection(("s3.amazonaws.com", 443), timeout=1)
    except Exception:
        pass

@pytest.mark.s3_layer("client")
async def test_name_in_a_thread(s3_errors):
    loop = asyncio.get_running_loop()
    await swallow(lambda: loop.getaddrinfo("s3.amazonaws.com", 443))
"""
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*a request for bucket.s3.eu-west-1.amazonaws.com would have left this machine, by a client that this*",
            "*a request for s3.amazonaws.com would have left this machine, by a client that this layer does not*",
        ]
    )


def test_a_swallowed_problem_fails_unittest_tests_too(run):
    """IsolatedAsyncioTestCase keeps errors for itself; ours gets through."""
    result = run(
        """
        import unittest

        class Test(unittest.IsolatedAsyncioTestCase):
            @pytest.mark.s3_fail(503)
            async def test_it(self):
                async with S3Client("a", "b") as client:
                    try:
                        await client._make_request(method="GET", bucket="bucket", params={"cors": ""})
                    except Exception:
                        pass

            @pytest.mark.s3_fail(503, operation="PutObject")
            async def test_unfired(self):
                pass
        """
    )
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(["*never fired.*"])


SKIPS = ["pytest.skip('no S3')", "raise unittest.SkipTest", "pytest.importorskip('no_s3')"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("s3.list_bucket_analytics_configurations(Bucket='b')", "the simulated S3 has no operation"),
        ("boto3.client('sts').get_caller_identity()", r"a request for sts\.\S+ would have left"),
    ],
)
def test_a_skip_is_no_way_out(run, call, says):
    """Code that skips where S3 can't be asked would hide that a request was lost."""
    test = """
def test_{number}(s3_errors):
    s3 = boto3.client("s3")
    try:
        {call}
    except BaseException:
        {skip}
"""
    tests = (test.format(number=number, call=call, skip=skip) for number, skip in enumerate(SKIPS))
    result = run("import unittest\nimport boto3\n" + "".join(tests))
    result.assert_outcomes(failed=3)
    result.stdout.re_match_lines([line for n in range(3) for line in (rf"_+ test_{n} _+", says)])


def test_a_skip_alone_owes_nothing(run):
    """A refusal that S3 itself would give is no problem of the plan; nor does a rule have to fire."""
    run(
        """
        @pytest.mark.s3_fail("SlowDown", key="other")
        async def test_it(s3_client):
            try:
                await s3_client.head_object("b", "none")
            except S3Error:
                pytest.skip("not there")
        """
    ).assert_outcomes(skipped=1)


def test_pytest_exit_ends_the_run(run):
    """Whatever else is wrong with the test."""
    result = run(
        """
        import boto3

        def test_it(s3_errors):
            with pytest.raises(BaseException):  # S3's answer, or ours if that was first
                boto3.client("s3").list_bucket_analytics_configurations(Bucket="b")
            pytest.exit("enough")

        def test_after(): pass
        """
    )
    result.assert_outcomes()
    result.stdout.fnmatch_lines(["*Exit: enough*"])


def test_a_failure_of_the_simulator_itself_is_ours(run):
    """A bug in our server is not a fault of S3: the test fails with the traceback, whatever it caught."""
    result = run(
        """
        async def test_it(s3_client, monkeypatch):
            from pytest_s3errors._core.simulator import Simulator
            monkeypatch.setattr(Simulator, "answer", lambda *args: 1 / 0)
            try:
                await s3_client.head_object("bucket", "key")
            except Exception:
                pass
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the simulated S3 failed:", "*ZeroDivisionError*"])


def test_the_timeline_shows_what_happened(run):
    """One line per request: time, operation, target, outcome, rule and its how-manieth, and the waits."""
    result = run(
        """
        @pytest.mark.s3_fail("SlowDown", operation="UploadPart", part=2, times=2)
        async def test_it(s3_client):
            from s3_asyncio_client.multipart import create_multipart_upload, upload_part
            upload = await create_multipart_upload(s3_client, "bucket", "key")
            await retry_with_exponential_backoff(
                lambda: upload_part(s3_client, "bucket", "key", upload, 2, b"x"), base_delay=0.02)
            assert False
        """
    )
    result.stdout.re_match_lines(
        [
            r"-+ S3 timeline -+",
            r" +\d\.\d{3} s CreateMultipartUpload bucket/key +200$",
            r" +\d\.\d{3} s UploadPart bucket/key part 2 1 B +503 SlowDown  <- \[1\], 1 of 2$",
            r" +: 0\.\d{3} s =+$",
            r" +\d\.\d{3} s UploadPart bucket/key part 2 1 B +503 SlowDown  <- \[1\], 2 of 2$",
            r" +: 0\.\d{3} s ={30}$",
            r" +\d\.\d{3} s UploadPart bucket/key part 2 1 B +200$",
            r"\[1\] s3_fail\('SlowDown', operation='UploadPart', part=2, times=2\)$",
        ],
    )


def test_a_long_timeline_is_folded(run):
    """At most one screen, and it says how much is left out."""
    result = run(
        """
        @pytest.mark.s3_fail(503, every=2)
        async def test_it(s3_client):
            for _ in range(100):
                try:
                    await s3_client.put_object("bucket", "key", b"x")
                except S3Error:
                    pass
            assert False
        """
    )
    result.stdout.fnmatch_lines(["*... 64 more requests, 32 of them failed ...*"])


@LAYERS
def test_nothing_secret_is_printed(run, layer):
    """Neither keys nor signatures nor tokens, not in a failure, a record or the timeline."""
    result = run(
        """
        @pytest.mark.s3_fail(503, times=2)
        async def test_it(s3_errors):
            client = S3Client("AKIDVISIBLE", "TOPSECRET", session_token="SECRETTOKEN")
            async with client:
                url = client.generate_presigned_url("GET", "bucket", "key")
                for _ in range(2):
                    try:
                        await client.put_object("bucket", "key", b"x")
                    except S3Error as error:
                        print(error, repr(error), vars(error))
                if LAYER == "wire":
                    async with aiohttp.ClientSession() as session, session.get(url) as response:
                        print(await response.text())
                print(s3_errors.requests)
                raise AssertionError(s3_errors.timeline())
        """.replace("LAYER", repr(layer)),
        f"--s3-layer={layer}",
        "-rA",
    )
    result.assert_outcomes(failed=1)
    shown = result.stdout.str().partition("Captured stdout call")[2]
    for secret in ("TOPSECRET", "SECRETTOKEN", "Signature="):
        assert secret not in shown
    if layer == "wire":
        assert "/key?***" in shown
