"""What S3's own clients send is S3's, whatever host it goes to; what others send to the same port is not."""

from __future__ import annotations

import pytest

from pytest_s3errors._guard.senders import is_presigned

BOTO3 = """
import boto3
from botocore.config import Config

KEYS = dict(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
ONCE = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})

def client(url, service="s3"):
    return boto3.client(service, endpoint_url=url, config=ONCE, **KEYS)

MADE_BEFORE = client(f"http://127.0.0.1:{PORT}")
"""


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{PORT}",
        "http://localhost:{PORT}",
        "https://127.0.0.1:{PORT}",
        "http://[::1]:{PORT}",
        "https://minio.invalid:9000",
        "https://gateway.invalid/s3/v1",
        "http://10.255.255.1",
    ],
)
def test_boto3_with_an_endpoint(run, url):
    """Names and literals, ports and paths: the store that is there hears nothing."""
    run(
        BOTO3
        + f"""
@pytest.mark.s3_fail("SlowDown", operation="GetObject", bucket="data", key="a/b")
def test_it(s3_store, s3_errors):
    s3 = client(f"{url}")
    s3.put_object(Bucket="data", Key="a/b", Body=b"x")
    with pytest.raises(s3.exceptions.ClientError, match="SlowDown"):
        s3.get_object(Bucket="data", Key="a/b")
    assert s3_store.keys("data") == ["a/b"]
    assert came == []
    assert s3_errors.requests[0].url.startswith(f"{url}")
"""
    ).assert_outcomes(passed=1)


def test_clients_made_before_and_neighbors_on_the_same_port(run):
    """LocalStack's port is S3's and SQS's: one is simulated, the other is reached, and so is its page of health."""
    run(
        BOTO3
        + """
import requests, urllib.request, httpx

@pytest.mark.s3_bucket("data")
def test_it(s3_store, s3_errors):
    url = f"http://127.0.0.1:{PORT}"
    MADE_BEFORE.put_object(Bucket="data", Key="k", Body=b"x")
    with contextlib.suppress(Exception):
        client(url, "sqs").list_queues()
    assert came == ["POST /"]
    session = requests.Session()
    assert session.get(f"{url}/health").text == "real"
    assert urllib.request.urlopen(f"{url}/health").read() == b"real"
    assert httpx.get(f"{url}/health").text == "real"
    assert MADE_BEFORE.get_object(Bucket="data", Key="k")["Body"].read() == b"x"
    assert len(came) == 4
    assert s3_errors.attempts() == 2

def test_after():
    assert MADE_BEFORE.get_object(Bucket="data", Key="k")["Body"].read() == b"real"
"""
    ).assert_outcomes(passed=2)


@pytest.mark.usefixtures("clients")
def test_aiobotocore_and_minio(run):
    """Over aiohttp, over httpx, and over urllib3."""
    run(
        """
import io
import minio
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession
from aiobotocore.session import get_session

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("kwargs", [{}, {"http_session_cls": HttpxSession}], ids=["aiohttp", "httpx"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_aiobotocore(kwargs, host, s3_store):
    async with get_session().create_client(
        "s3", endpoint_url=f"http://{host}:{PORT}", region_name="us-east-1",
        aws_access_key_id="a", aws_secret_access_key="b", config=AioConfig(**kwargs),
    ) as s3:
        await s3.put_object(Bucket="data", Key="k", Body=b"x")
    assert s3_store.keys("data") == ["k"]
    assert came == []

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_minio(host, s3_store):
    s3 = minio.Minio(f"{host}:{PORT}", "a", "b", secure=False, region="us-east-1")
    s3.put_object("data", "k", io.BytesIO(b"x"), 1)
    assert s3_store.keys("data") == ["k"]
    assert came == []
""",
        ini="    ignore:aiobotocore's httpx backend:DeprecationWarning",
    ).assert_outcomes(passed=6)


def test_httpx2(run):
    """In blocking and in async code, imported within the test or before it, with a fault while connecting."""
    pytest.importorskip("httpx2", reason="httpx2 is not installed; the extra `clients` has it")
    run(
        """
import asyncio

@pytest.mark.s3_bucket("data")
@pytest.mark.s3_fail("connection_refused", times=1)
@pytest.mark.parametrize("again", [False, True])
def test_it(again, s3_store, s3_errors):
    import httpx2
    url = "https://data.s3.us-east-1.amazonaws.com"
    with pytest.raises(httpx2.ConnectError):
        httpx2.put(f"{url}/refused", content=b"x")
    assert httpx2.put(f"{url}/blocking", content=b"x").status_code == 200

    async def put():
        async with httpx2.AsyncClient() as client:
            assert (await client.put(f"{url}/async", content=b"x")).status_code == 200

    asyncio.run(put())
    assert s3_store.keys("data") == ["async", "blocking"]
    assert s3_errors.attempts() == 3
    assert came == []
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


@pytest.mark.usefixtures("clients")
def test_presigned_urls(run):
    """Anybody's client may send one; the signature tells what it is."""
    run(
        BOTO3
        + """
import aiohttp, httpx, minio, requests, urllib.request
from datetime import timedelta

def urls():
    for at in ("", "/gateway"):
        yield client(f"http://127.0.0.1:{PORT}{at}").generate_presigned_url(
            "get_object", Params={"Bucket": "data", "Key": "k"})
    old = boto3.client("s3", endpoint_url=f"http://localhost:{PORT}",
                       config=Config(signature_version="s3", s3={"addressing_style": "path"}), **KEYS)
    yield old.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "k"})
    yield minio.Minio(f"127.0.0.1:{PORT}", "a", "b", secure=False, region="us-east-1").presigned_get_object(
        "data", "k", timedelta(hours=1))

@pytest.mark.s3_object("data", "k", b"simulated")
def test_blocking():
    for url in urls():
        assert requests.get(url).content == b"simulated", url
        assert httpx.get(url).content == b"simulated", url
        assert urllib.request.urlopen(url).read() == b"simulated", url
    assert came == []

@pytest.mark.s3_object("data", "k", b"simulated")
async def test_async():
    for url in urls():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert await response.read() == b"simulated", url
        async with httpx.AsyncClient() as s3:
            assert (await s3.get(url)).content == b"simulated", url
    assert came == []
"""
    ).assert_outcomes(passed=2)


@pytest.mark.usefixtures("clients")
def test_headers_signed_by_hand(run):
    """So do requests-aws4auth and its likes, and many a script: only the header tells whose request it is."""
    run(
        BOTO3
        + """
import aiohttp, httpx, requests, urllib3, urllib.request
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

URL = f"http://127.0.0.1:{PORT}/data/k"

def headers(signer=S3SigV4Auth, service="s3", url=URL):
    request = AWSRequest("GET", url)
    signer(Credentials("a", "b"), service, "us-east-1").add_auth(request)
    return dict(request.headers)

HEADERS = [headers(), {"authorization": "AWS a:c2lnbmF0dXJl"}]

@pytest.mark.s3_object("data", "k", b"simulated")
def test_blocking():
    with requests.Session() as session, httpx.Client() as client:
        for own in HEADERS:
            assert session.get(URL).content == b"real"
            assert session.get(URL, headers=own).content == b"simulated"
            assert session.get(URL, headers=headers(SigV4Auth, "sqs")).content == b"real"
            assert client.get(URL, headers=own).content == b"simulated"
            assert urllib3.request("GET", URL, headers=own).data == b"simulated"
            with urllib.request.urlopen(urllib.request.Request(URL, headers=own)) as answer:
                assert answer.read() == b"simulated"
    assert came == ["GET /data/k"] * 4

@pytest.mark.s3_object("data", "k", b"simulated")
def test_the_bucket_in_front(s3_errors):
    guessed = f"http://data.localhost:{PORT}/data/k"  # nothing has told yet that localhost is the endpoint
    assert requests.get(guessed, headers=headers(url=guessed)).content == b"simulated"
    client(f"http://localhost:{PORT}").list_buckets()
    url = f"http://data.localhost:{PORT}/k"
    assert requests.get(url, headers=headers(url=url)).content == b"simulated"
    assert client(f"http://localhost:{PORT}").get_object(Bucket="data", Key="k")["Body"].read() == b"simulated"
    assert s3_errors.requests[2].bucket == "data"

@pytest.mark.s3_object("data", "k", b"simulated")
async def test_async():
    del came[:]
    async with aiohttp.ClientSession() as session, httpx.AsyncClient() as client:
        for own in HEADERS:
            async with session.get(URL, headers=own) as response:
                assert await response.read() == b"simulated"
            async with session.get(URL) as response:
                assert await response.read() == b"real"
            assert (await client.get(URL, headers=own)).content == b"simulated"
    assert came == ["GET /data/k"] * 2
"""
    ).assert_outcomes(passed=3)


def test_presigned_forms(run):
    """They have their signature in the body; so the URL counts that they were signed for."""
    run(
        BOTO3
        + """
import httpx, requests

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("post", [requests.post, httpx.post])
def test_it(post, s3_store):
    form = client(f"http://127.0.0.1:{PORT}").generate_presigned_post("data", "k")
    assert post(form["url"], data=form["fields"], files={"file": b"x"}).status_code == 204
    assert s3_store.get("data", "k").body == b"x"
    assert requests.get(f"http://127.0.0.1:{PORT}/").content == b"real"  # anything else there is a neighbor's
    assert came == ["GET /"]
"""
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("url", "is_s3s"),
    [
        (
            "http://h/b/k?X-Amz-Credential=AK%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=1",
            True,
        ),
        ("/b/k?X-Amz-Credential=AK/20260101/us-east-1/s3/aws4_request", True),
        ("/b/k?AWSAccessKeyId=AK&Signature=s&Expires=1", True),
        ("/?X-Amz-Credential=AK%2F20260101%2Feu-west-1%2Fsts%2Faws4_request", False),
        ("/b/k?AWSAccessKeyId=AK", False),
        ("/s3/aws4_request", False),
        ("/", False),
    ],
)
def test_what_a_presigned_url_is(url, is_s3s):
    """Signed for S3, in either version of signatures."""
    assert is_presigned(url) is is_s3s
