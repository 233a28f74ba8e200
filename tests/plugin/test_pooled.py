"""Connections that were made before the test do not lead out of it."""

from __future__ import annotations

import pytest

REAL = """
import http.client, http.server, threading
import boto3, httpx, urllib3

came = []

class Real(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        came.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"real")

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Real)
server.daemon_threads = True
port = server.server_port
url = f"http://localhost:{port}/bucket/key"

thread = threading.Thread(target=server.serve_forever, args=(0.01,))
thread.start()

def with_http_client():
    conn = http.client.HTTPConnection("localhost", port)
    def get():
        conn.request("GET", "/bucket/key")
        return conn.getresponse().read()
    return get, conn.close

def with_urllib3():
    pool = urllib3.PoolManager(retries=False)
    return lambda: pool.request("GET", url).data, pool.clear

def with_httpx():
    client = httpx.Client()
    return lambda: client.get(url).content, client.close

def with_async_httpx():
    runner, client = asyncio.Runner(), httpx.AsyncClient()
    async def get():
        return (await client.get(url)).content
    return lambda: runner.run(get()), lambda: (runner.run(client.aclose()), runner.close())

def with_boto3():
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
                          endpoint_url=f"http://localhost:{port}")
    return lambda: client.get_object(Bucket="bucket", Key="key")["Body"].read(), client.close

CLIENTS = [with_http_client, with_urllib3, with_httpx, with_async_httpx, with_boto3]
# While the file is collected: before any test, and before its fixtures.
kept = [client() for client in CLIENTS]
assert [get() for get, _ in kept] == [b"real"] * 5

@pytest.fixture(scope="module", autouse=True)
def ends():
    yield
    for _, close in kept:
        close()
    server.shutdown()
    server.server_close()
    thread.join()

@pytest.fixture(params=kept, ids=[client.__name__ for client in CLIENTS])
def get(request):
    came.clear()
    return request.param[0]
"""
S3_HOST = "s3_endpoints = localhost\n"


def test_a_kept_connection_is_not_used_in_the_test(run):
    """Each client dials again, and is answered by the simulated S3; once more, on the connection that it has by now."""
    run(
        REAL
        + """
@pytest.mark.s3_object("bucket", "key", body=b"simulated")
def test_it(get, s3_errors):
    assert [get(), get()] == [b"simulated"] * 2
    assert came == []
    assert s3_errors.attempts() == 2
""",
        ini=S3_HOST,
    ).assert_outcomes(passed=5)


def test_a_connection_made_in_the_test_is_kept(run):
    """A client dials once for two requests."""
    run(
        REAL
        + """
import socket

@pytest.mark.s3_object("bucket", "key", body=b"simulated")
@pytest.mark.parametrize("client", CLIENTS)
def test_it(client, monkeypatch):
    dialled = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda sock, to: (dialled.append(to), connect(sock, to)))
    get, close = client()
    assert [get(), get()] == [b"simulated"] * 2
    assert len(dialled) == 1
    close()
""",
        ini=S3_HOST,
    ).assert_outcomes(passed=5)


def test_other_hosts_keep_theirs(run):
    """What is not S3's goes on as if there were no test. What boto3 sends for S3 is, whatever its endpoint."""
    run(
        REAL
        + """
@pytest.mark.s3_fail(503, optional=True)
@pytest.mark.parametrize("number", range(4))
def test_it(number):
    came.clear()
    assert kept[number][0]() == b"real"
    assert came == ["/bucket/key"]

@pytest.mark.s3_object("bucket", "key", b"simulated")
def test_boto3():
    came.clear()
    assert kept[4][0]() == b"simulated"
    assert came == []
""",
    ).assert_outcomes(passed=5)


@pytest.mark.parametrize("layer", ["client", "mock"])
def test_a_layer_without_sockets_refuses(run, layer):
    """A request that would go out on a kept connection fails the test, and is not made."""
    result = run(
        REAL
        + """
from pytest_s3errors._failures import SimulationError

@pytest.mark.s3_fail(503, optional=True, layer=LAYER)
def test_it(get):
    with pytest.raises(SimulationError, match="would have left this machine"):
        get()
    assert came == []
""".replace("LAYER", repr(layer)),
        "-k",
        "not httpx" if layer == "mock" else "",  # the mock layer answers httpx
        ini=S3_HOST,
    )
    result.stdout.fnmatch_lines(["*a request for localhost would have left this machine*"])
    assert result.parseoutcomes()["failed"] == (3 if layer == "mock" else 5)
