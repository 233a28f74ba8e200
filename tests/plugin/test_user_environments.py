"""Where people run their tests: in each of these environments S3 is served, or the test is red and says the cure."""

from __future__ import annotations

import textwrap

import pytest

# Every client that stands on what is installed for these tests; the others are in tests/clients.
READ = """
import boto3, httpx, requests, urllib.request
from botocore.config import Config

URL = "https://data.s3.us-east-1.amazonaws.com/k"

async def by_aiohttp():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(URL) as response:
        return await response.read()

async def by_httpx_async():
    async with httpx.AsyncClient() as client:
        return (await client.get(URL)).content

async def by_s3client():
    async with S3Client("a", "b") as client:
        return (await client.get_object("data", "k"))["body"]

BLOCKING = {
    "boto3": lambda: boto3.client("s3").get_object(Bucket="data", Key="k")["Body"].read(),
    "resource": lambda: boto3.resource("s3").Object("data", "k").get()["Body"].read(),
    "requests": lambda: requests.get(URL).content,
    "httpx": lambda: httpx.get(URL).content,
    "urllib": lambda: urllib.request.urlopen(URL).read(),
}
ASYNC = {"aiohttp": by_aiohttp, "httpx": by_httpx_async, "S3Client": by_s3client}
"""
# Each fails once by a rule, so that nobody else can have answered.
EVERY_CLIENT = (
    READ
    + """
@pytest.mark.parametrize("client", BLOCKING)
@pytest.mark.s3_object("data", "k", b"hi")
@pytest.mark.s3_slow(first_byte=1.0)
def test_blocking(client, s3_errors):
    assert BLOCKING[client]() == b"hi"
    assert s3_errors.attempts() == 1

@pytest.mark.parametrize("client", ASYNC)
@pytest.mark.s3_object("data", "k", b"hi")
@pytest.mark.s3_slow(first_byte=1.0)
async def test_async(client, s3_errors):
    assert await ASYNC[client]() == b"hi"
    assert s3_errors.attempts() == 1
"""
)
CLIENTS = 8

ROLE = """
[profile deploy]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = base
region = eu-west-1
[profile base]
credential_process = /bin/false
"""
SSO = """
[profile company]
sso_session = company
sso_account_id = 123456789012
sso_role_name = Developer
[sso-session company]
sso_region = us-east-1
sso_start_url = https://company.invalid/start
sso_registration_scopes = sso:account:access
"""
NO_PROXY_IS_THERE = "http://127.0.0.1:9"

SERVED = {
    "no keys": {},
    "profile of a role": {"AWS_PROFILE": "deploy", "config": ROLE},
    "profile of SSO": {"AWS_PROFILE": "company", "config": SSO},
    "profile of none": {"AWS_PROFILE": "gone"},
    "keys of production": {"AWS_ACCESS_KEY_ID": "AKIAPROD", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"},
    "proxies": dict.fromkeys(
        ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"), NO_PROXY_IS_THERE
    ),
    "endpoint": {"AWS_ENDPOINT_URL": "http://localhost:4566", "AWS_ENDPOINT_URL_S3": "http://localhost:4566"},
}


@pytest.mark.parametrize("environment", SERVED)
def test_served(run, environment, tmp_path, monkeypatch):
    """By every client, before and after each other; nothing is asked of the network."""
    wanted = dict(SERVED[environment])
    (tmp_path / "config").write_text(wanted.pop("config", ""))
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "REGION", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for name, value in {"AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path), **wanted}.items():
        monkeypatch.setenv(name, value)
    run(EVERY_CLIENT).assert_outcomes(passed=CLIENTS)


NESTED = """
import threading

@pytest.mark.s3_object("data", "k", b"hi")
@pytest.mark.s3_fail(503, times=3)
async def test_a_loop_in_a_thread_in_a_loop(s3_errors):
    async def outer():
        return await asyncio.to_thread(asyncio.run, inner())

    async def inner():
        await asyncio.sleep(60)
        return BLOCKING["boto3"]() if s3_errors.attempts() >= 3 else await tried()

    async def tried():
        for _ in range(3):
            with pytest.raises(S3ServerError):
                await by_s3client()
        return await by_s3client()

    assert await outer() == b"hi"
    assert await outer() == b"hi"
"""


def test_nested_loops(run):
    """A loop in a thread of a loop, with a client of each kind."""
    run(READ + NESTED).assert_outcomes(passed=1)


UVLOOP = """
import uvloop

@pytest.mark.s3_object("data", "k", b"hi")
@pytest.mark.s3_fail(503, times=1)
CURE
def test_it():
    async def main():
        with pytest.raises(S3ServerError):
            await by_s3client()
        return await by_s3client()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == b"hi"
"""


def test_uvloop(run):
    """It keeps its own time, so that a test in virtual time is red; with the cure that it names, it is served."""
    pytest.importorskip("uvloop")
    source = READ + textwrap.dedent(UVLOOP)
    red = run(source.replace("CURE", ""))
    red.assert_outcomes(failed=1)
    red.stdout.fnmatch_lines(["*uvloop*", '*@pytest.mark.s3_time("real")*'])
    run(source.replace("CURE", '@pytest.mark.s3_time("real")')).assert_outcomes(passed=1)


def test_no_asyncio_mode(run):
    """Nobody runs the test: it is red, never skipped in silence, and the two lines make it green."""
    source = """
    @pytest.mark.s3_fail(503, times=1)
    async def test_it(s3_client):
        with pytest.raises(S3ServerError):
            await s3_client.put_object("data", "k", b"")
    """
    red = run(source, "-o", "asyncio_mode=strict")
    assert red.ret != pytest.ExitCode.OK
    red.stdout.fnmatch_lines(["*asyncio_mode = auto*"])
    run(source, "-o", "asyncio_mode=auto").assert_outcomes(passed=1)
    run(source.replace("@pytest", "@pytest.mark.asyncio\n    @pytest", 1), "-o", "asyncio_mode=strict").assert_outcomes(
        passed=1
    )


def test_two_proxies_of_requests(run, monkeypatch):
    """Of the environment, and of the session itself."""
    monkeypatch.setenv("HTTP_PROXY", NO_PROXY_IS_THERE)
    monkeypatch.setenv("HTTPS_PROXY", NO_PROXY_IS_THERE)
    run(
        READ
        + f"""
@pytest.mark.s3_object("data", "k", b"hi")
@pytest.mark.parametrize("url", [URL, URL.replace("https", "http")])
def test_it(url, s3_errors):
    with requests.Session() as session:
        assert session.get(url).content == b"hi"
        session.proxies = dict.fromkeys(("http", "https"), {NO_PROXY_IS_THERE!r})
        assert session.get(url).content == b"hi"
    assert s3_errors.attempts() == 2
"""
    ).assert_outcomes(passed=2)
