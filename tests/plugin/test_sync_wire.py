"""The wire layer for clients that block, and for httpx in async code."""

from __future__ import annotations

import pytest

BOTO3 = """
import threading
import boto3, httpx, urllib.request, urllib.error
from botocore.config import Config
from botocore.exceptions import ClientError

URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"

def s3(**config):
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, **config))
"""


def test_boto3_needs_no_change(run):
    """Whatever its addressing style; the error is its own, the journal has the URL that it asked for."""
    run(
        BOTO3
        + """
@pytest.mark.parametrize("style", ["virtual", "path"])
@pytest.mark.s3_fail("SlowDown", times=1)
def test_it(s3_errors, s3_store, style):
    client = s3(s3={"addressing_style": style})
    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket="bucket", Key="key", Body=b"hello")
    assert caught.value.response["Error"]["Code"] == "SlowDown"
    client.put_object(Bucket="bucket", Key="key", Body=b"hello")
    assert client.get_object(Bucket="bucket", Key="key")["Body"].read() == b"hello"
    assert s3_store.get("bucket", "key").body == b"hello"
    host = "bucket.s3.eu-west-1.amazonaws.com/" if style == "virtual" else "s3.eu-west-1.amazonaws.com/bucket/"
    assert {r.url for r in s3_errors.requests} == {f"https://{host}key"}
"""
    ).assert_outcomes(passed=2)


def test_a_blocking_client_in_a_coroutine_does_not_deadlock(run):
    """boto3 is answered from a thread while it blocks the loop; both clients see one store and one set of rules."""
    run(
        BOTO3
        + """
@pytest.mark.s3_fail(503, times=1)
async def test_it(s3_client, s3_errors):
    with pytest.raises(ClientError):
        s3().put_object(Bucket="bucket", Key="key", Body=b"hello")
    s3().put_object(Bucket="bucket", Key="key", Body=b"hello")
    assert (await s3_client.get_object("bucket", "key"))["body"] == b"hello"
    assert s3_errors.attempts() == 3
"""
    ).assert_outcomes(passed=1)


def test_threads_share_the_rules(run):
    """Eight threads, forty requests: exactly `times` fail, each is in the journal once."""
    run(
        BOTO3
        + """
@pytest.mark.s3_fail(503, times=7)
def test_it(s3_errors):
    failed = []
    def work(number):
        client = s3()
        for i in range(5):
            try:
                client.put_object(Bucket="bucket", Key=f"{number}-{i}", Body=b"x")
            except ClientError as error:
                failed.append(error)
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(failed) == 7
    assert len({r.key for r in s3_errors.requests}) == s3_errors.attempts() == 40
"""
    ).assert_outcomes(passed=1)


def test_httpx_and_urllib(run):
    """Blocking and async; the URL that they see is their own."""
    run(
        BOTO3
        + """
@pytest.mark.s3_object("bucket", "key", b"hello")
@pytest.mark.s3_fail(503, times=1)
def test_blocking():
    with httpx.Client() as client:
        assert client.get(URL).status_code == 503
        response = client.get(URL)
        assert (response.content, str(response.url)) == (b"hello", URL)

@pytest.mark.s3_object("bucket", "key", b"hello")
@pytest.mark.s3_fail(503, times=1)
async def test_async(s3_errors):
    async with httpx.AsyncClient() as client:
        assert (await client.get(URL)).status_code == 503
        response = await client.get(URL)
        assert (response.content, str(response.url)) == (b"hello", URL)
    assert [r.url for r in s3_errors.requests] == [URL, URL]

@pytest.mark.s3_object("bucket", "key", b"hello")
@pytest.mark.s3_fail(503, times=1)
def test_urllib():
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(URL)
    caught.value.close()
    with urllib.request.urlopen(URL) as response:
        assert response.read() == b"hello"
"""
    ).assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "httpx.ReadError"),
        ("disconnect", "httpx.RemoteProtocolError"),
        ("truncated_body", "httpx.RemoteProtocolError"),
        ("garbage", "httpx.RemoteProtocolError"),
    ],
)
def test_httpx_raises_its_own(run, fault, error):
    """The exception that its users see in production, blocking and async."""
    run(
        BOTO3
        + f"""
pytestmark = [pytest.mark.s3_fail("{fault}"), pytest.mark.s3_object("bucket", "key", b"x" * 100)]

def test_blocking():
    with httpx.Client() as client, pytest.raises({error}):
        client.get(URL)

async def test_async():
    async with httpx.AsyncClient() as client:
        with pytest.raises({error}):
            await client.get(URL)
"""
    ).assert_outcomes(passed=2)


def test_a_subprocess_finds_the_server(run):
    """s3_server.env is all it needs; the journal and the rules are the test's."""
    run(
        BOTO3
        + """
import os, subprocess, sys

@pytest.mark.s3_object("bucket", "key", b"hello")
@pytest.mark.s3_fail(503, times=1)
def test_it(s3_server, s3_errors):
    program = "import boto3; print(boto3.client('s3').get_object(Bucket='bucket', Key='key')['Body'].read())"
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, **s3_server.env},
                          capture_output=True, text=True, timeout=60)
    assert done.stdout == "b'hello'\\n", done.stderr
    assert s3_errors.attempts(operation="GetObject") == 2
    assert "127.0.0.1" in s3_server.env["no_proxy"]  # programs read one spelling or the other
"""
    ).assert_outcomes(passed=1)


def test_nothing_is_left(run):
    """No thread, no patch."""
    run(
        BOTO3
        + """
import socket, ssl

def state():
    return (socket.getaddrinfo, ssl.SSLContext.wrap_socket, httpx.Client, threading.active_count())

def test_first(s3_errors):
    pass  # what the guard watches it watches from here on

def test_before():
    global before
    before = state()

@pytest.mark.s3_fail("stall")
def test_it(s3_errors):
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(URL, timeout=0.05)

def test_after():
    assert state() == before
"""
    ).assert_outcomes(passed=4)


@pytest.mark.parametrize("body", ["plain", "framed"])
def test_a_partial_delete_through_another_client(run, body):
    """Digests and framing of the request are those of the whole list; the rest of the list is deleted all the same."""
    run(
        BOTO3
        + f"""
@pytest.mark.s3_fail("partial_delete", keys="keep*")
def test_it(s3_store):
    for key in ("keep", "gone"):
        s3_store.put("bucket", key, b"x")
    if {body == "plain"}:
        answer = s3().delete_objects(Bucket="bucket", Delete={{"Objects": [{{"Key": "keep"}}, {{"Key": "gone"}}]}})
        assert [error["Key"] for error in answer["Errors"]] == ["keep"]
    else:
        document = b"<Delete><Object><Key>keep</Key></Object><Object><Key>gone</Key></Object></Delete>"
        framed = b"%x\\r\\n%b\\r\\n0\\r\\n\\r\\n" % (len(document), document)
        headers = {{"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(document))}}
        response = httpx.post("https://bucket.s3.amazonaws.com/?delete", content=framed, headers=headers)
        assert "<Key>keep</Key><Code>AccessDenied</Code>" in response.text
    assert s3_store.keys("bucket") == ["keep"]
"""
    ).assert_outcomes(passed=1)


def test_a_completion_whose_answer_is_lost_is_asked_for_again(run):
    """S3 gives the second request the answer of the first; there is one object, and one version of it."""
    run(
        BOTO3
        + """
@pytest.mark.s3_bucket("data", versioning=True)
@pytest.mark.s3_fail("lost_response", operation="CompleteMultipartUpload", times=1)
@pytest.mark.s3_expect(attempts={"CompleteMultipartUpload": 2}, unfinished_uploads=0)
def test_it(s3_store):
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    name = {"Bucket": "data", "Key": "big"}
    name["UploadId"] = client.create_multipart_upload(**name)["UploadId"]
    part = client.upload_part(**name, PartNumber=1, Body=b"body")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    done = client.complete_multipart_upload(**name, MultipartUpload={"Parts": parts})
    (stored,) = s3_store.versions("data", "big")
    assert (stored.version_id, stored.body) == (done["VersionId"], b"body")
"""
    ).assert_outcomes(passed=1)
