"""The standalone server, as its user starts it: a process, a URL on its first line, a signal that ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_s3errors.__main__ import main
from pytest_s3errors._core.play.connection import Limits
from pytest_s3errors._servers import standalone
from s3_asyncio_client import S3Client

PATIENCE_S = 30


@contextlib.contextmanager
def serving(*options):
    """A running server: its process and the lines that it printed at its start."""
    command = [sys.executable, "-m", "pytest_s3errors", "serve", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def client(url, access_key, secret_key):
    """A boto3 client that signs with this pair."""
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **keys)


def code(call, *args, **kwargs):
    """The code of the error that *call* ends with."""
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response["Error"]["Code"]


def test_every_pair_of_keys_is_an_account():
    """Each pair signs for itself, a foreign key and a wrong secret are refused, buckets have to be created."""
    with serving("--access-key", "one", "--secret-key", "1", "--access-key", "two", "--secret-key", "2") as (_, url):
        one, two = client(url, "one", "1"), client(url, "two", "2")
        assert code(one.put_object, Bucket="bucket", Key="key") == "NoSuchBucket"
        one.create_bucket(Bucket="bucket")
        one.put_object(Bucket="bucket", Key="key", Body=b"body")
        assert one.get_object(Bucket="bucket", Key="key")["Body"].read() == b"body"
        assert code(two.get_object, Bucket="bucket", Key="key") == "AccessDenied"
        assert two.list_buckets()["Buckets"] == []
        assert code(client(url, "three", "3").list_buckets) == "InvalidAccessKeyId"
        assert code(client(url, "one", "2").list_buckets) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), "InvalidBucketAclWithObjectOwnership"), (("--object-ownership", "ObjectWriter"), None)],
)
def test_public_buckets_of_the_old_days(options, expected):
    """A public bucket is refused as S3 refuses it now, unless the server gives buckets their old ownership."""
    with serving("--access-key", "one", "--secret-key", "1", *options) as (_, url):
        one = client(url, "one", "1")
        public = {"Bucket": "bucket", "ACL": "public-read"}
        if expected is not None:
            assert code(one.create_bucket, **public) == expected
        else:
            one.create_bucket(**public)
            with urllib.request.urlopen(f"{url}/bucket") as answer:
                assert b"<Name>bucket</Name>" in answer.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(number):
    """Exit status 0, nothing on standard error, the port free again; connections that are open do not hold it up."""
    with serving() as (process, url):
        at = urlsplit(url)
        with socket.create_connection((at.hostname, at.port)):
            process.send_signal(number)
            assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == ""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((at.hostname, at.port))


def test_says_how_to_reach_it():
    """--env prints variables with which an SDK needs nothing else; without keys they are those of the tests."""
    with serving("--env") as (process, url):
        process.send_signal(signal.SIGTERM)
        said = dict(line.split("=", 1) for line in process.stdout.read().split())
    assert said["AWS_ENDPOINT_URL"] == said["AWS_ENDPOINT_URL_S3"] == url
    assert said["AWS_ACCESS_KEY_ID"] == "AKIAPYTESTS3ERRORS00"
    assert said.keys() >= {"AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"}


def test_what_it_lacks_is_501_and_a_line():
    """An operation that the model lacks is refused, told on standard error, and ends nothing."""
    with serving("--access-key", "one", "--secret-key", "1") as (process, url):
        one = client(url, "one", "1")
        one.create_bucket(Bucket="bucket")
        for _ in range(2):
            assert code(one.get_bucket_website, Bucket="bucket") == "NotImplemented"
        process.send_signal(signal.SIGTERM)
        lines = process.stderr.read().splitlines()
    assert len(lines) == 2
    assert "GetBucketWebsite" in lines[0]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--access-key", "a"], "there are 1 and 0"),
        (["--access-key", "a", "--secret-key", "b", "--secret-key", "c"], "there are 1 and 2"),
        (["--access-key", "a", "--secret-key", "b"] * 2, "--access-key a is given twice"),
        (["--access-key", "", "--secret-key", "b"], "can't be empty"),
        (["--host", "0.0.0.0"], "0.0.0.0 is no loopback address"),
        (["--host", "localhost.example"], "is no loopback address"),
        (["--port", "65536"], "--port 65536 is not from 0 to 65535"),
        (["--port", "-1"], "--port -1 is not"),
    ],
)
def test_a_wrong_option_is_named(options, complaint, capsys):
    """Exit status 2, and a line that says what is wrong."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", *options])
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_port_in_use_is_named(capsys):
    """Exit status 2 again, with the system's reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
        main(["serve", "--port", str(taken.getsockname()[1])])
    assert ended.value.code == 2
    assert "can't listen on 127.0.0.1 port" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="a machine without IPv6")  # noqa: PTH110 - read by name only
def test_serves_on_the_other_loopback():
    """An IPv6 address stands in brackets in the URL."""
    with serving("--host", "::1", "--access-key", "one", "--secret-key", "1") as (_, url):
        assert url.startswith("http://[::1]:")
        assert client(url, "one", "1").list_buckets()["Buckets"] == []


@pytest.fixture
def served_here(monkeypatch):
    """What serves in this process until a client in a thread, which is told the URL, is done; returns its result."""

    def serve(client, number=signal.SIGTERM):
        read, write = os.pipe()

        def run():
            with os.fdopen(read) as said:
                try:
                    return client(said.readline().strip())
                finally:
                    os.kill(os.getpid(), number)

        with ThreadPoolExecutor() as pool, os.fdopen(write, "w") as out:
            monkeypatch.setattr(sys, "stdout", out)
            result = pool.submit(run)
            assert main(["serve"]) == 0
            return result.result()

    return serve


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_its_signals_are_given_back(served_here, number):
    """Who serves in a process of their own goes on with the handlers that they had."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    served_here(lambda url: url, number)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_silent_client_is_left(served_here, monkeypatch):
    """A minute without a byte, or 20 s for a head that does not end, here made shorter: the connection is closed."""
    assert standalone.LIMITS == (60, 20)
    monkeypatch.setattr(standalone, "LIMITS", Limits(idle_s=0.01, head_s=0.01))

    def client(url):
        at = urlsplit(url)
        with socket.create_connection((at.hostname, at.port), PATIENCE_S) as idle:
            assert idle.recv(1) == b""
        with socket.create_connection((at.hostname, at.port), PATIENCE_S) as slow:
            slow.sendall(b"GET / ")
            return b"".join(iter(lambda: slow.recv(1 << 16), b""))

    assert b"<Code>RequestTimeout</Code>" in served_here(client)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no other way to see the memory of a process")  # noqa: PTH110
def test_parts_of_eight_mebibytes_do_not_stay_in_memory():
    """The parts of boto3 and of S3Client are as large as what goes to disk."""

    def peak(process):
        with open(f"/proc/{process.pid}/status") as status:  # noqa: PTH123
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))

    async def upload(url, source):
        async with S3Client("AKIAPYTESTS3ERRORS00", "secret", endpoint_url=url) as s3:
            await s3.create_bucket("bucket")
            return await s3.upload_file("bucket", "key", source)

    with serving("--access-key", "AKIAPYTESTS3ERRORS00", "--secret-key", "secret") as (process, url):
        before = peak(process)
        with tempfile.TemporaryFile() as source:
            source.truncate(96 * 1024**2)
            asyncio.run(upload(url, source))
        assert peak(process) - before < 64


@pytest.mark.parametrize(
    ("imported", "left_out"),
    [
        ("pytest_s3errors.plugin", {"pytest_s3errors._servers.standalone"}),
        ("pytest_s3errors.__main__", {"pytest", "_pytest", "aiohttp"}),
    ],
)
def test_the_command_line_and_pytest_do_without_each_other(imported, left_out):
    """Neither is a part of the other's start."""
    script = f"import sys, {imported}; print(*{left_out} & {{*sys.modules}})"
    assert subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.PIPE).stdout.strip() == b""
