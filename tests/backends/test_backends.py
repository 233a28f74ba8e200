"""The same tests on other S3s: moto in this process, and servers at a URL: moto's, ours, and those of others."""

from __future__ import annotations

import inspect
import os
import socket
import subprocess
import sys
import threading
import time
import types
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3  # noqa: F401 - pytester forgets what a run imported, and these take a second
import pytest

from pytest_s3errors._backends import moto as in_moto
from pytest_s3errors._backends.store import RequestStore
from pytest_s3errors._core.s3 import listings
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.thread import ThreadServer

from .servers import SERVERS, differences, installed, started

in_moto.load()

SECRET = "the/backend's+own"
KNOWN = Credentials(access_key="BACKEND", secret_key=SECRET)
URL = "BACKEND:the%2Fbackend's%2Bown@"

CLIENTS = """
import io
import boto3, botocore.exceptions
from botocore.config import Config

MIB = 2**20

def s3(**options):
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, **options))
"""


MOTO_SERVER = """
import sys
from werkzeug.serving import make_server
from moto.server import DomainDispatcherApplication, create_backend_app

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


# So that a listing of several pages takes few objects.
PAGE = 10
SMALL_PAGES = {"MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)}


@pytest.fixture(scope="module")
def moto_server() -> Iterator[str]:
    """The URL of moto's own server, in a process: pytester takes away what moto imports in this one."""
    command = [sys.executable, "-c", MOTO_SERVER]
    environment = {**os.environ, **SMALL_PAGES}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as process:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


@pytest.fixture
def own_server() -> Iterator[str]:
    """The URL of a simulated S3 that lets in one key alone."""
    simulator = Simulator(
        store=S3Store(now=lambda: datetime.now(UTC), strict_buckets=True),
        clock=time.monotonic,
        lock=threading.RLock(),
        access=Access(known=(KNOWN,), declared=True),
    )
    server = ThreadServer(simulator, endpoints=tuple)
    yield f"http://{URL}127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture(params=["memory", "moto", "moto's server", "our server", *installed()])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The ini option, for each S3 in turn; what another's server is known to do otherwise has to fail."""
    name = request.param
    if name in SERVERS:
        test = request.node.name.replace(f"[{name}]", "").replace(f"[{name}-", "[")
        if why := differences().get((name, test)):
            request.applymarker(pytest.mark.xfail(reason=why, strict=True))
        folder = tmp_path / "data"
        folder.mkdir()
        with started(name, folder) as url:
            yield f"s3_backend = {url}"
        return
    if name == "our server":
        name = request.getfixturevalue("own_server")
    if name == "moto's server":
        name = request.getfixturevalue("moto_server")
        urllib.request.urlopen(urllib.request.Request(f"{name}/moto-api/reset", method="POST")).close()
    yield f"s3_backend = {name}"


def test_rules_stand_before_every_backend(run, backend):
    """A fault hits the requests that it is meant for, the others are done, and expectations are held."""
    run(
        """
@pytest.mark.s3_fail(503, times=2, operation="PutObject")
@pytest.mark.s3_expect(attempts=3, backoff=[1.0, 2.0], unfinished_uploads=0)
@pytest.mark.s3_expect(stored={"bucket/key": b"data", "bucket/other": None})
async def test_it(s3_client, s3_errors, s3_store, s3_clock):
    await retry_with_exponential_backoff(
        lambda: s3_client.put_object("bucket", "key", b"data", "text/plain", {"a": "b"}), jitter=False)
    assert [r.status for r in s3_errors.requests] == [503, 503, 200]
    stored = s3_store.get("bucket", "key")
    assert (stored.body, stored.content_type, dict(stored.metadata)) == (b"data", "text/plain", {"a": "b"})
    assert s3_clock.now == pytest.approx(3.0)

@pytest.mark.s3_expect(stored={"bucket/key": b"other"})
async def test_an_expectation_that_does_not_hold(s3_client):
    await s3_client.put_object("bucket", "key", b"data")
""",
        ini=backend,
    ).assert_outcomes(passed=1, failed=1)


def test_boto3_on_every_backend(run, backend):
    """Both styles of address, ranges, conditions, copies, metadata, listings and the errors that boto3 names."""
    run(
        CLIENTS
        + """
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.s3_bucket("data")
@pytest.mark.s3_object("data", "a b/\\u00fc+?&.txt", b"\\0\\xff" * 100, cache_control="no-cache")
def test_it(s3_store, s3_errors, style):
    client = s3(s3={"addressing_style": style})
    got = client.get_object(Bucket="data", Key="a b/\\u00fc+?&.txt", Range="bytes=0-1")
    assert (got["Body"].read(), got["CacheControl"], got["ContentRange"]) == (b"\\0\\xff", "no-cache", "bytes 0-1/200")
    etag = client.put_object(Bucket="data", Key="k", Body=io.BytesIO(b"x" * 70000), Metadata={"a": "v"})["ETag"]
    with pytest.raises(botocore.exceptions.ClientError, match="Not Modified"):
        client.get_object(Bucket="data", Key="k", IfNoneMatch=etag)
    assert client.head_object(Bucket="data", Key="k")["ContentLength"] == 70000
    client.copy_object(Bucket="data", Key="copy", CopySource={"Bucket": "data", "Key": "k"})
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket="other", Key="k", Body=b"x")
    with pytest.raises(client.exceptions.NoSuchKey) as caught:
        client.get_object(Bucket="data", Key="nope")
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"] == answer["ResponseMetadata"]["RequestId"]
    with pytest.raises(botocore.exceptions.ClientError, match="404"):
        client.head_object(Bucket="data", Key="nope")
    assert [e["Key"] for e in client.list_objects_v2(Bucket="data", Prefix="a")["Contents"]] == ["a b/\\u00fc+?&.txt"]
    client.delete_object(Bucket="data", Key="copy")
    assert s3_store.keys("data") == ["a b/\\u00fc+?&.txt", "k"]
    assert s3_store.get("data", "k").body == b"x" * 70000
    assert dict(s3_store.get("data", "k").metadata) == {"a": "v"}
    errors = [r.error_code for r in s3_errors.requests if r.status >= 400]
    assert errors == ["NoSuchBucket", "NoSuchKey", "NoSuchKey"]
""",
        ini=backend,
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("layer", ["client", "mock", "wire"])
def test_faults_that_ask_s3_do_so_on_every_backend(run, backend, layer):
    """Broken bodies, lost answers, another writer: the work is the backend's, the fault is ours, at each layer."""
    run(
        f"""
@pytest.mark.s3_layer("{layer}")
@pytest.mark.s3_object("data", "k", b"0123456789", metadata={{"a": "b"}})
@pytest.mark.s3_script("truncated_body", "short_body", "corrupted_body", "replaced_object", "ok", operation="GetObject")
@pytest.mark.s3_fail("lost_response", operation="PutObject")
async def test_it(s3_client, s3_store):
    with pytest.raises(S3ConnectionError):
        await s3_client.put_object("data", "lost", b"written")
    assert s3_store.get("data", "lost").body == b"written"
    with pytest.raises(S3ConnectionError):
        await s3_client.get_object("data", "k")
    for _ in range(2):
        with pytest.raises(S3IntegrityError):
            await s3_client.get_object("data", "k")
    with pytest.raises(S3Error):
        await s3_client.get_object("data", "k")
    replaced = await s3_client.get_object("data", "k")
    assert replaced["body"] == bytes(byte ^ 255 for byte in b"0123456789")
    assert replaced["metadata"] == {{"a": "b"}}
    with pytest.raises(S3NotFoundError) as caught:
        await s3_client.get_object("data", "nope")
    assert caught.value.error_code == "NoSuchKey" and caught.value.request_id
""",
        ini=backend,
    ).assert_outcomes(passed=1)


def test_a_delete_fails_in_part_on_every_backend(run, backend):
    """The keys that do not fail are deleted, the others are named, whichever S3 wrote the answer."""
    run(
        CLIENTS
        + """
@pytest.mark.s3_object("data", "a", b"")
@pytest.mark.s3_object("data", "b", b"")
@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize(
    "failing",
    [pytest.param(left, marks=pytest.mark.s3_fail("partial_delete", keys=keys)) for keys, left in ("aa", ("*", "ab"))],
)
def test_it(s3_store, quiet, failing):
    wanted = {"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": quiet}
    answer = s3().delete_objects(Bucket="data", Delete=wanted)
    assert [error["Key"] for error in answer["Errors"]] == s3_store.keys("data") == list(failing)
""",
        ini=backend,
    ).assert_outcomes(passed=4)


def test_uploads_in_parts_on_every_backend(run, backend):
    """Unfinished ones are seen with their parts until they are aborted; a finished one knows the sizes of its parts."""
    run(
        CLIENTS
        + """
async def test_it(s3_client, s3_store):
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    await s3_client.upload_file("data", "big", io.BytesIO(bytes(6 * MIB)), config)
    assert s3_store.get("data", "big").part_sizes == (5 * MIB, MIB)
    client = s3()
    begun = client.create_multipart_upload(Bucket="data", Key="m")["UploadId"]
    client.upload_part(Bucket="data", Key="m", PartNumber=2, UploadId=begun, Body=b"1234")
    (upload,) = s3_store.unfinished_uploads
    assert (upload.bucket, upload.key, upload.upload_id, dict(upload.parts)) == ("data", "m", begun, {2: 4})
    client.abort_multipart_upload(Bucket="data", Key="m", UploadId=begun)
    assert s3_store.unfinished_uploads == []

@pytest.mark.s3_expect(unfinished_uploads=0)
def test_one_is_left():
    s3().create_multipart_upload(Bucket="data", Key="m")
""",
        ini=backend,
    ).assert_outcomes(passed=1, failed=1)


def test_aiohttp_on_every_backend(run, backend):
    """URLs signed by two clients, a streamed body of unknown framing, and an address that names nothing."""
    run(
        CLIENTS
        + """
async def test_it(s3_client, s3_store):
    s3_store.put("data", "k", b"x")
    put = s3().generate_presigned_url("put_object", Params={"Bucket": "data", "Key": "p"})

    async def pieces():
        for piece in (b"a" * 9000, b"b" * 9000, b"c"):
            yield piece

    async with aiohttp.ClientSession() as session:
        async with session.get(s3_client.generate_presigned_url("GET", "data", "k")) as answer:
            assert await answer.read() == b"x"
        async with session.put(put, data=pieces()) as answer:
            assert answer.status == 200
    await s3_client.put_object("data", "streamed", io.BytesIO(b"d" * 200_000))
    assert s3_store.get("data", "p").body == b"a" * 9000 + b"b" * 9000 + b"c"
    assert s3_store.get("data", "streamed").body == b"d" * 200_000
""",
        ini=backend,
    ).assert_outcomes(passed=1)


def test_the_store_is_the_same_on_every_backend(run, backend):
    """Objects, tags, versions, delete markers and buckets by `s3_store`, with the errors of the one in memory."""
    run(
        CLIENTS
        + """
def test_it(s3_store):
    put = s3_store.put("data", "a/1", b"1", content_type="text/x", metadata={"M": "v"}, tags={"t": "a b"},
                       content_language="de")
    got = s3_store.get("data", "a/1")
    assert (got.body, got.size, got.etag, got.content_type) == (b"1", 1, put.etag, "text/x")
    assert (dict(got.metadata), dict(got.tags), got.headers["content-language"]) == ({"m": "v"}, {"t": "a b"}, "de")
    s3_store.put("data", "b", size=1000, seed=3)
    assert s3_store.get("data", "b").body == s3_store.put("data", "c", size=1000, seed=3).body
    assert s3_store.keys("data", "a/") == ["a/1"] and s3_store.exists("data", "a/1")
    s3_store.delete("data", "a/1")
    assert not s3_store.exists("data", "a/1") and not s3_store.exists("none-such", "a")
    for act in (s3_store.get, s3_store.delete):
        with pytest.raises(KeyError, match="no object 'a/1' in bucket 'data'.*there are: 'b', 'c'"):
            act("data", "a/1")
    with pytest.raises(KeyError, match="no bucket 'none-such'"):
        s3_store.get("none-such", "a")
    assert s3_store.keys("none-such") == []
    with pytest.raises(TypeError, match="body is bytes"):
        s3_store.put("data", "a", "text")
    with pytest.raises(ValueError, match="S3 allows no bucket named 'x!'"):
        s3_store.create_bucket("x!")
    s3_store.create_bucket("kept", versioning=True)
    s3_store.create_bucket("kept")
    first = s3_store.put("kept", "v", b"1")
    s3_store.put("kept", "v", b"2")
    s3_store.delete("kept", "v")
    versions = s3_store.versions("kept", "v")
    assert [(one.body, one.delete_marker) for one in versions] == [(b"", True), (b"2", False), (b"1", False)]
    s3_store.put("kept", "u", b"3")
    assert [one.body for one in s3_store.versions("kept")] == [b"3", b"", b"2", b"1"]
    assert s3_store.get("kept", "v", first.version_id).body == b"1"
    s3_store.delete("kept", "v", versions[0].version_id)
    assert s3_store.get("kept", "v").body == b"2"
    assert {"data", "kept"} <= set(s3_store.buckets)
    client = s3()
    client.create_bucket(Bucket="gone")
    client.delete_bucket(Bucket="gone")
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket="gone", Key="k", Body=b"")

@pytest.mark.s3_bucket("elsewhere", region="eu-west-1")
def test_regions(s3_store):
    assert "elsewhere" in s3_store.buckets
""",
        ini=backend,
    ).assert_outcomes(passed=2)


def test_signatures_are_verified_before_another_s3_is_asked(run, backend):
    """A wrong signature, an expired URL, a foreign key and broken chunks are refused; the other S3 hears of none."""
    run(
        """
import datetime

@pytest.mark.s3_credentials("MINE", "mine")
async def test_it(s3_store, s3_client):
    s3_store.put("data", "k", b"x")
    async with S3Client("MINE", "wrong") as wrong, S3Client("OTHER", "x") as other, S3Client("MINE", "mine") as mine:
        for client, code in ((wrong, "SignatureDoesNotMatch"), (other, "InvalidAccessKeyId")):
            with pytest.raises(S3AccessDeniedError) as caught:
                await client.put_object("data", "k", b"y")
            assert caught.value.error_code == code
        await mine.put_object("mine", "k", b"y")
        url = mine.generate_presigned_url("GET", "mine", "k")
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 200
        async with session.get(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601")) as answer:
            assert (answer.status, b"SignatureDoesNotMatch" in await answer.read()) == (403, True)
        async with session.get(url.partition("?")[0]) as answer:
            assert (answer.status, b"AccessDenied" in await answer.read()) == (403, True)
        async with session.put(url.partition("?")[0], data=b"x", headers={"Content-Encoding": "aws-chunked"}) as answer:
            assert answer.status == 403
    assert s3_store.get("data", "k").body == b"x"

async def test_chunks(s3_store):
    headers = {"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": "4"}
    async with aiohttp.ClientSession() as session:
        async with session.put("https://chunks.s3.amazonaws.com/k", data=b"4\\r\\nda", headers=headers) as answer:
            assert (answer.status, b"IncompleteBody" in await answer.read()) == (400, True)
    assert s3_store.keys("chunks") == []
""",
        ini=backend,
    ).assert_outcomes(passed=2)


def test_a_long_listing_is_read_to_its_end(run, backend, monkeypatch, request):
    """`keys` asks for page after page."""
    monkeypatch.setattr(listings, "MAX_PAGE", PAGE)
    for name, value in SMALL_PAGES.items():
        monkeypatch.setenv(name, value)
    count = 1005 if request.node.callspec.params["backend"] in SERVERS else 2 * PAGE + 5
    run(
        f"""
def test_it(s3_store):
    wanted = sorted(f"k{{number}}" for number in range({count}))
    for key in wanted:
        s3_store.put("data", key, b"")
    assert s3_store.keys("data") == wanted
""",
        ini=backend,
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("where", ["moto", "our server"])
def test_the_server_in_a_process_works_with_it(run, request, where):
    """Its requests are done by the same backend, and the test's store is there."""
    url = request.getfixturevalue("own_server") if where != "moto" else where
    run(
        CLIENTS
        + """
@pytest.mark.s3_server("process")
@pytest.mark.s3_fail(503, times=1)
@pytest.mark.s3_expect(stored={"data/k": b"x"})
def test_it(s3_store, s3_errors):
    client = s3()
    with pytest.raises(botocore.exceptions.ClientError, match="503|ServiceUnavailable"):
        client.put_object(Bucket="data", Key="k", Body=b"x")
    client.put_object(Bucket="data", Key="k", Body=b"x")
    assert s3_store.get("data", "k").body == b"x"
    with pytest.raises(KeyError, match="no object 'a'"):
        s3_store.get("data", "a")
    assert s3_errors.attempts() == 2
""",
        ini=f"s3_backend = {url}",
    ).assert_outcomes(passed=1)


def test_a_control_run_switches_faults_off(run, own_server):
    """With --s3-control the backend's answers are all that comes."""
    run(
        """
@pytest.mark.s3_fail(503)
async def test_it(s3_client, s3_errors):
    await s3_client.put_object("data", "k", b"x")
    assert [r.status for r in s3_errors.requests] == [200]
""",
        "--s3-control",
        ini=f"s3_backend = {own_server}",
    ).assert_outcomes(passed=1)


def test_moto_does_what_the_model_lacks(run):
    """An operation that is not in the model is answered, and the next test finds moto empty."""
    run(
        CLIENTS
        + """
def test_it(s3_store):
    client = s3()
    client.create_bucket(Bucket="data")
    client.put_bucket_policy(Bucket="data", Policy='{"Statement": []}')
    assert client.get_bucket_policy(Bucket="data")["Policy"] == '{"Statement": []}'

def test_next(s3_store):
    assert s3_store.buckets == []
""",
        ini="s3_backend = moto",
    ).assert_outcomes(passed=2)


def test_what_moto_fails_at_fails_the_test(run, monkeypatch):
    """Even if the code under test catches everything; the text says who failed, and nobody tries again."""

    def failing(*_: object) -> None:
        raise KeyError("oh")

    from moto.core import botocore_stubber

    monkeypatch.setattr(botocore_stubber.BotocoreStubber, "process_request", failing)
    result = run(
        """
async def test_it(s3_client):
    try:
        await s3_retry(max_retries=5)(s3_client.put_object)("data", "k", b"x")
    except Exception:
        pass
""",
        ini="s3_backend = moto",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*moto failed at PutObject (ini s3_backend): KeyError: 'oh'"])
    assert result.stdout.str().count("501 NotImplemented") == 1


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_server_that_is_not_there_fails_the_test(run):
    """It is no connection error that the code under test could retry, and it names the server without its keys."""
    port = closed_port()
    result = run(
        """
async def test_retried(s3_client):
    try:
        await s3_retry(max_retries=5)(s3_client.put_object)("data", "k", b"x")
    except Exception:
        pass

@pytest.mark.s3_bucket("data")
def test_arranged():
    pass

def test_asked(s3_store):
    s3_store.keys("data")

@pytest.mark.s3_expect(stored={"data/k": None})
def test_expected():
    pass
""",
        "--showlocals",
        ini=f"s3_backend = http://KEY:{SECRET.replace('/', '%2F')}@127.0.0.1:{port}",
    )
    result.assert_outcomes(failed=3, errors=1)
    said = f"*the backend http://127.0.0.1:{port} (ini s3_backend) did not answer *: ConnectionRefusedError*"
    result.stdout.fnmatch_lines([said, said, said, said])
    for secret in (SECRET, SECRET.replace("/", "%2F"), "Signature="):
        assert secret not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"], ids=["none", "ssh", "short"]
)
def test_a_server_that_is_none_fails_the_test(run, answer):
    """What closes, speaks something else or breaks off is named, and is no fault of S3's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        result = run(
            """
async def test_it(s3_client):
    with pytest.raises(S3Error):
        await s3_client.get_object("data", "k")
""",
            ini=f"s3_backend = http://127.0.0.1:{port}",
        )
        thread.join()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*the backend http://127.0.0.1:{port} (ini s3_backend) did not answer GetObject: *"])


def test_a_redirect_is_passed_on(run):
    """Nobody follows it but the code under test."""
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        run(
            """
async def test_it(s3_server):
    async with aiohttp.ClientSession() as session:
        async with session.get(s3_server.url + "/data/k", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, "http://127.0.0.1:1/")
""",
            ini=f"s3_backend = http://127.0.0.1:{listener.getsockname()[1]}",
        ).assert_outcomes(passed=1)
        thread.join()


def test_the_backends_own_address_is_rerouted_and_reached(run, own_server):
    """A client of the code under test that names the server meets the faults; the plugin's requests get through."""
    port = own_server.rpartition(":")[2]
    run(
        f"""
import urllib.request

@pytest.mark.s3_fail("SlowDown", times=1)
@pytest.mark.s3_fail("connection_refused", key="never", optional=True)
async def test_it(s3_errors, s3_store):
    async with S3Client("BACKEND", "x", endpoint_url="http://localhost:{port}") as client:
        with pytest.raises(S3ServerError):
            await client.put_object("data", "k", b"x")
        await client.put_object("data", "k", b"x")
    assert s3_errors.attempts() == 2
    assert s3_store.get("data", "k").body == b"x"
""",
        ini=f"s3_backend = http://{URL}localhost:{port}\ns3_endpoints =\n    127.0.0.1*\n    localhost*",
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "text"),
    [
        ("motto", "ini s3_backend: 'motto' is not one of memory, moto or a URL; did you mean 'moto'?"),
        ("http://minio.example:9000", "http://minio.example:9000 is not on this machine*s3_allow_remote_backend*"),
        ("http://A:hidden@10.0.0.1", "http://10.0.0.1 is not on this machine*s3_allow_remote_backend*"),
        ("ftp://A:hidden@localhost", "'localhost' is not a URL of the form http://HOST:PORT*"),
        ("http://A:hidden@localhost/data", "'localhost/data' has more than scheme, host and port*"),
        ("http://A:hidden@localhost:x", "'localhost:x' is not a URL"),
        ("http://A@localhost", "the URL has one of access key and secret key, not both: ACCESS:SECRET@HOST"),
    ],
)
def test_a_wrong_value_is_a_usage_error(run, ini, text):
    """It says what is allowed, and nothing is sent."""
    result = run("def test_it(s3_store): pass", ini=f"s3_backend = {ini}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{text}*"])
    assert "hidden" not in result.stdout.str() + result.stderr.str()


def test_a_server_elsewhere_can_be_allowed(run, monkeypatch):
    """With the ini option its name is looked up; one without an address is a usage error."""
    asked = []

    def unknown(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror("nobody knows")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = run(
        "def test_it(s3_store): pass",
        ini="s3_backend = https://minio.example\ns3_allow_remote_backend = true",
    )
    result.stderr.fnmatch_lines(["ERROR: *https://minio.example*: minio.example has no address: nobody knows"])
    assert asked == ["minio.example"]


@pytest.mark.parametrize("missing", [True, False])
def test_moto_that_is_missing_or_old_is_a_usage_error(run, monkeypatch, missing):
    """It says which version is needed and how to install it."""

    def import_module(name: str) -> object:
        if missing:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return types.SimpleNamespace(__version__="5.0.28")

    monkeypatch.setattr(in_moto, "importlib", types.SimpleNamespace(import_module=import_module))
    result = run("def test_it(s3_store): pass", ini="s3_backend = moto")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    oldest = ".".join(map(str, in_moto.OLDEST))
    why = ", and can't be imported (No module named 'moto')" if missing else ", not 5.0.28"
    says = f"moto {oldest} or newer is needed{why}: pip install 'pytest-s3errors[moto]'"
    assert f"ERROR: ini s3_backend: {says}" in result.stderr.str()


def test_the_header_names_the_backend(run, own_server):
    """Without its keys; of the usual one it says nothing."""
    for option, said in ((own_server, f"*, s3_backend={own_server.rpartition('@')[2]}"), ("memory", "*s3-seed=*[0-9]")):
        result = run("def test_it(): pass", "-v", ini=f"s3_backend = {option}")
        result.stdout.fnmatch_lines([f"s3errors: {said}"])
        assert "BACKEND" not in result.stdout.str()


def test_nothing_is_imported_for_the_usual_backend(run):
    """Who stays in memory pays for neither moto nor the other backends."""
    result = run(
        """
import sys

@pytest.mark.s3_object("data", "k", b"x")
async def test_it(s3_client):
    await s3_client.get_object("data", "k")
    assert "moto" not in sys.modules and "pytest_s3errors._backends.requests" not in sys.modules
""",
        fresh=True,
    )
    result.assert_outcomes(passed=1)


def test_the_store_has_what_the_one_in_memory_has():
    """The public methods of `s3_store` take the same arguments, whatever does the work."""
    lower_half = {
        "accepts",
        "add_bucket",
        "begin",
        "bucket",
        "commit",
        "drop",
        "find",
        "now",
        "remove",
        "remove_bucket",
    }
    public = {name for name in vars(S3Store) if not name.startswith("_")} - lower_half
    assert public <= set(vars(RequestStore))
    for name in public - {"put"}:  # it hands its options on
        method, same = vars(S3Store)[name], vars(RequestStore)[name]
        if not isinstance(method, property):
            assert inspect.signature(same) == inspect.signature(method)


def test_the_clock_of_another_s3_is_its_own(run, backend):
    """`last_modified` is taken in memory and refused elsewhere, and what the store lacks says so."""
    run(
        """
import datetime

def test_it(s3_store):
    when = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    try:
        assert s3_store.put("data", "k", b"", last_modified=when).last_modified == when
    except ValueError as error:
        assert "its clock says it" in str(error)
    with pytest.raises(AttributeError, match="has no .*'nothing'"):
        s3_store.nothing
""",
        ini=backend,
    ).assert_outcomes(passed=1)


def test_access_points_of_another_s3_are_its_own():
    """They are refused before it is asked."""
    store = RequestStore("another", pytest.fail)
    with pytest.raises(ValueError, match="access_points can't be declared where another does the work"):
        store.declare_bucket("data", access_points=["data-s3alias"])


def test_what_servers_do_otherwise_is_about_tests_that_there_are():
    """Each line names a server, a test of this file, and why it fails."""
    here = {name for name in globals() if name.startswith("test_")}
    for (server, test), why in differences().items():
        assert server in SERVERS
        assert test.partition("[")[0] in here
        assert why
