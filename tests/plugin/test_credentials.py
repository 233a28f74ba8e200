"""`s3_credentials`, and what is verified without it, the same at every layer."""

from __future__ import annotations

import pytest

LAYERS = ["client", "mock", "wire"]


@pytest.mark.parametrize("layer", LAYERS)
def test_unknown_and_wrong_keys(run, layer):
    """A key that is not known is InvalidAccessKeyId, a secret that is not its own SignatureDoesNotMatch."""
    result = run(
        """
        CASES = [
            ("AKNOWN", "secret", None, None),
            ("AKNOWN", "other", None, "SignatureDoesNotMatch"),
            ("AKNOWN", "secret", "token", "InvalidToken"),
            ("ATEMP", "secret", "token", None),
            ("ATEMP", "secret", "tokem", "InvalidToken"),
            ("ATEMP", "secret", None, "InvalidAccessKeyId"),
            ("AOTHER", "secret", None, "InvalidAccessKeyId"),
        ]

        @pytest.mark.parametrize(("key", "secret", "token", "code"), CASES)
        @pytest.mark.s3_credentials("AKNOWN", "secret")
        @pytest.mark.s3_credentials("ATEMP", "secret", session_token="token")
        async def test_it(key, secret, token, code, s3_errors):
            async with S3Client(key, secret, session_token=token) as client:
                if code is None:
                    await client.create_bucket(f"bucket-of-{key.lower()}")
                    await client.put_object(f"bucket-of-{key.lower()}", "a b/ü", b"1", metadata={"x": "1"})
                    return
                with pytest.raises(S3ClientError) as error:
                    await client.put_object("data", "a b/ü", b"1", metadata={"x": "1"})
            assert error.value.error_code == code == s3_errors.requests[0].error_code
            assert "secret" not in s3_errors.timeline()
            assert "secret" not in str(error.value.details)
        """,
        f"--s3-layer={layer}",
    )
    result.assert_outcomes(passed=7)


@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_declared(run, layer):
    """Without the marker any key is let in, but the test's own key needs its own secret."""
    result = run(
        """
        from pytest_s3errors._core.s3.access import TEST_CREDENTIALS

        async def test_any(s3_errors):
            async with S3Client("any", "key") as client:
                await client.put_object("data", "a", b"1")

        async def test_own(s3_errors):
            async with S3Client(TEST_CREDENTIALS.access_key, "other") as client:
                with pytest.raises(S3AccessDeniedError) as error:
                    await client.put_object("data", "a", b"1")
            assert error.value.error_code == "SignatureDoesNotMatch"

        @pytest.mark.s3_credentials
        async def test_test_credentials(s3_client):
            await s3_client.put_object("data", "a", b"1")
            async with S3Client("any", "key") as client:
                with pytest.raises(S3AccessDeniedError, match="InvalidAccessKeyId"):
                    await client.put_object("data", "b", b"1")
        """,
        f"--s3-layer={layer}",
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("where", ["thread", "process"])
def test_unsigned_requests(run, where):
    """They are AccessDenied where credentials are declared, unless the marker lets anybody in."""
    result = run(
        f"""
        import urllib.request, urllib.error

        pytestmark = [pytest.mark.s3_server("{where}"), pytest.mark.s3_object("data", "a", b"1")]

        def read(server):
            try:
                with urllib.request.urlopen(server.url + "/data/a") as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        def test_undeclared(s3_server):
            assert read(s3_server) == 200

        @pytest.mark.s3_credentials
        def test_declared(s3_server):
            assert read(s3_server) == 403

        @pytest.mark.s3_credentials(anonymous=True)
        def test_anonymous(s3_server):
            assert read(s3_server) == 200
        """
    )
    result.assert_outcomes(passed=3)


def test_no_signature_in_a_report(run):
    """What S3 tells of a wrong signature is the client's to read; the plugin's own report shows none of it."""
    result = run(
        """
        import urllib.request, urllib.error

        @pytest.mark.s3_credentials("AKNOWN", "hush-hush")
        def test_it(s3_server):
            query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKNOWN&X-Amz-Signature=5ecre7"
            try:
                urllib.request.urlopen(s3_server.url + "/data/a?" + query)
            except urllib.error.HTTPError as error:
                error.close()
                raise AssertionError("no") from None
        """
    )
    result.assert_outcomes(failed=1)
    shown = result.stdout.str().partition("s3errors timeline")[2] or result.stdout.str()
    assert "hush-hush" not in shown.replace('s3_credentials("AKNOWN", "hush-hush")', "")
    assert "5ecre7" not in shown.replace('X-Amz-Signature=5ecre7"', "")


WRONG = [
    ('("a")', "together"),
    ('("a", "b", "c")', "session_token= by name"),
    ('("a", "b", anonymus=True)', "did you mean 'anonymous'?"),
    ("(anonymous=1)", "allowed are True and False"),
]


def test_a_wrong_marker_stops_the_run(refused):
    """A wrong argument names the test and what is allowed."""
    for (_, says), said in zip(WRONG, refused([f"s3_credentials{arguments}" for arguments, _ in WRONG]), strict=True):
        assert said.startswith("s3_credentials")
        assert says in said


@pytest.mark.parametrize("where", ["thread", "process"])
def test_a_form_upload(run, where):
    """What boto3 presigns for a browser is stored through the server, and a signature by another key is not."""
    result = run(
        f"""
        import boto3, urllib3

        @pytest.mark.s3_server("{where}")
        @pytest.mark.s3_bucket("data")
        @pytest.mark.s3_credentials("AKNOWN", "secret")
        @pytest.mark.parametrize(("secret", "status"), [("secret", 201), ("other", 403)])
        def test_it(s3_server, s3_store, s3_errors, secret, status):
            keys = dict(aws_access_key_id="AKNOWN", aws_secret_access_key=secret, region_name="us-east-1")
            client = boto3.client("s3", endpoint_url=s3_server.url, **keys)
            asked = {{"success_action_status": "201"}}
            post = client.generate_presigned_post("data", "up/${{filename}}", asked, [asked])
            client.close()
            fields = [*post["fields"].items(), ("file", ("a.txt", b"hello"))]
            with urllib3.PoolManager() as pool:
                answer = pool.request("POST", post["url"], fields=fields)
            assert answer.status == status
            assert s3_store.keys("data") == (["up/a.txt"] if status == 201 else [])
            assert s3_errors.requests[0].operation == "PostObject"
        """
    )
    result.assert_outcomes(passed=2)
