"""Children of a test talk to its S3, however they were started, and nothing of theirs leaves."""

from __future__ import annotations

import os

import pytest

from pytest_s3errors._guard import doors, inherit

WORK = """
import multiprocessing as mp, os, subprocess, sys, textwrap
from concurrent.futures import ProcessPoolExecutor

CLIENTS = {
    "boto3": "import boto3; boto3.client('s3').put_object(Bucket='data', Key='boto3', Body=b'x')",
    "boto3 with an endpoint": "import boto3; boto3.client('s3', endpoint_url='http://127.0.0.1:9').put_object("
                              "Bucket='data', Key='boto3 with an endpoint', Body=b'x')",
    "requests": "import requests; requests.put('https://data.s3.eu-west-1.amazonaws.com/requests', data=b'x')",
    "urllib": "from urllib.request import *;"
              "urlopen(Request('https://data.s3.amazonaws.com/urllib', b'x', method='PUT'))",
    "httpx": "import httpx; httpx.put('https://s3.amazonaws.com/data/httpx', content=b'x')",
    "httpx async": '''
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                await client.put('https://s3.amazonaws.com/data/httpx%20async', content=b'x')
        asyncio.run(main())''',
    "aiohttp": '''
        import asyncio, aiohttp
        async def main():
            async with aiohttp.ClientSession() as session, session.put(
                'https://data.s3.amazonaws.com/aiohttp', data=b'x'): pass
        asyncio.run(main())''',
    "aiobotocore": '''
        import asyncio
        from aiobotocore.session import get_session
        async def main():
            async with get_session().create_client('s3') as s3:
                await s3.put_object(Bucket='data', Key='aiobotocore', Body=b'x')
        asyncio.run(main())''',
    "s3fs": "import s3fs; s3fs.S3FileSystem().pipe('data/s3fs', b'x')",
    "minio": "import io, minio; minio.Minio('play.invalid', 'a', 'b', region='us-east-1').put_object("
             "'data', 'minio', io.BytesIO(b'x'), 1)",
}

def work(name):
    exec(textwrap.dedent(CLIENTS[name]).strip(), {})
    return name

def each_alone(context):
    for name in CLIENTS:
        process = mp.get_context(context).Process(target=work, args=(name,))
        process.start()
        process.join(60)
        assert process.exitcode == 0, name

def in_pool(context):
    with ProcessPoolExecutor(2, mp_context=mp.get_context(context)) as pool:
        list(pool.map(work, CLIENTS, timeout=90))

def in_shell():
    for name in set(CLIENTS) - {"boto3", "requests"}:
        del CLIENTS[name]
    for code in CLIENTS.values():
        assert os.system(f'{sys.executable} -c "{code}"') == 0
"""


RUN = "for code in CLIENTS.values(): subprocess.run([sys.executable, '-c', textwrap.dedent(code).strip()], check=True"
RUN_IN_ONE = "subprocess.run([sys.executable, '-c', '\\n'.join(map(textwrap.dedent, CLIENTS.values()))], check=True"


@pytest.mark.parametrize(
    "start",
    [
        "each_alone('fork')",
        "in_pool('spawn')",
        "in_pool('forkserver')",
        f"{RUN})",
        f"{RUN_IN_ONE}, env={{'PATH': os.environ['PATH']}}, close_fds=False)",
        "in_shell()",
    ],
    ids=["fork", "spawn", "forkserver", "subprocess", "subprocess with env", "system"],
)
@pytest.mark.usefixtures("clients")
def test_all_clients_are_served(run, start):
    """By the parent's store, rules and journal."""
    run(
        WORK
        + f"""
@pytest.mark.s3_time("real")
@pytest.mark.s3_bucket("data")
def test_it(s3_store, s3_errors):
    {start}
    assert s3_store.keys("data") == sorted(CLIENTS)
    assert s3_errors.attempts("PutObject") >= len(CLIENTS)
    assert came == []
""".replace('s3_errors.attempts("PutObject")', 's3_errors.attempts(operation="PutObject")'),
        subprocess=True,
    ).assert_outcomes(passed=1)


def test_a_child_of_a_child(run):
    """A program that a worker starts is served by the same server."""
    run(
        WORK
        + """
def start():
    subprocess.run([sys.executable, "-c", CLIENTS["requests"]], check=True)
    os.system(f'{sys.executable} -c "{CLIENTS["boto3"]}"')

@pytest.mark.s3_time("real")
@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_it(context, s3_store):
    process = mp.get_context(context).Process(target=start)
    process.start()
    process.join(60)
    assert s3_store.keys("data") == ["boto3", "requests"]
""".replace('"{CLIENTS["boto3"]}"', '"{CODE}"').replace("def start():", 'CODE = CLIENTS["boto3"]\n\ndef start():'),
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_a_pool_works_for_whichever_test_runs(run):
    """Its workers are older than the tests. Between them it sends where it is told to."""
    run(
        WORK
        + """
import http.server, threading, boto3

class Real(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"real")

def read(port):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    s3 = boto3.client("s3", "eu-west-1", endpoint_url=f"http://127.0.0.1:{port}", **keys)
    return s3.get_object(Bucket="data", Key="k")["Body"].read(), os.environ.get("AWS_CONFIG_FILE")

@pytest.fixture(scope="session")
def port():
    with http.server.HTTPServer(("127.0.0.1", 0), Real) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()

@pytest.fixture(scope="session", params=["executor", "pool"])
def work(request):
    context = mp.get_context("spawn")
    with ProcessPoolExecutor(1, context) if request.param == "executor" else context.Pool(1) as pool:
        yield lambda *job: pool.submit(*job).result() if request.param == "executor" else pool.apply(job[0], job[1:])

marked = pytest.mark.s3_object("data", "k", b"simulated")

def test_before(work, port): assert work(read, port) == (b"real", None)

@marked
def test_it(work, port, s3_errors):
    assert work(read, port) == (b"simulated", os.devnull) and s3_errors.attempts() == 1

@marked
@pytest.mark.s3_fail("SlowDown", times=1)
def test_next(work, port, s3_errors):
    assert work(read, port)[0] == b"simulated" and s3_errors.attempts() == 2

def test_after(work, port): assert work(read, port) == (b"real", None)
""",
        subprocess=True,
    ).assert_outcomes(passed=8)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_client_sees_the_end_of_its_connection_beside_a_forked_child(run):
    """The child was forked while the connection was open, and has a copy of the server's end."""
    run(
        """
import os, requests

@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.s3_object("data", "k", b"12345678")
@pytest.mark.parametrize("fault", ["truncated_body", "reset_body"])
def test_it(fault, s3_errors):
    url = "https://data.s3.eu-west-1.amazonaws.com/k"
    stays, go = os.pipe()
    with requests.Session() as session:
        assert session.get(url).content == b"12345678"
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(stays, 1)
            os._exit(0)
        with s3_errors.fail(fault), pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            session.get(url)
    os.close(stays)
    os.close(go)
    os.waitpid(child, 0)
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_rules_fire_for_children(run):
    """A worker's retry is in the parent's journal."""
    run(
        WORK
        + """
@pytest.mark.s3_bucket("data")
@pytest.mark.s3_fail("SlowDown", times=1)
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_it(context, s3_store, s3_errors):
    process = mp.get_context(context).Process(target=work, args=("boto3",))
    process.start()
    process.join(60)
    assert [record.status for record in s3_errors.requests] == [503, 200]
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_an_escape_of_a_child_fails_the_test(run):
    """Even if the child swallows it, or ends with an error that nobody looks at."""
    result = run(
        WORK
        + """
STS = "import contextlib, urllib.request\\nwith contextlib.suppress(Exception): urllib.request.urlopen('https://sts.amazonaws.com')"

def ask():
    exec(STS, {})

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_worker(context):
    process = mp.get_context(context).Process(target=ask)
    process.start()
    process.join(60)

@pytest.mark.s3_bucket("data")
def test_subprocess():
    subprocess.run([sys.executable, "-c", STS], stderr=subprocess.DEVNULL)

@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("command", [["curl", "-s", "https://data.s3.amazonaws.com/k"], "true; curl s3.amazonaws.com"])
def test_curl(command):
    with contextlib.suppress(Exception):
        subprocess.run(command, shell=isinstance(command, str))
""",
        subprocess=True,
    )
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["*a request for sts.amazonaws.com would have left this machine from a child process*"])
    result.stdout.fnmatch_lines(["*by curl, which brings its own sockets*"])


def test_the_childs_own_start_is_kept(run, tmp_path):
    """Its `sitecustomize`, its path, its environment; and nothing is different for children of no test."""
    (tmp_path / "sitecustomize.py").write_text("print('own')\n")
    run(
        WORK
        + f"""
LOOK = "import os, sys; print([entry for entry in sys.path if '_guard' in entry], os.environ.get('MINE'))"

def output(**env):
    env = {{**os.environ, **env}}
    return subprocess.run([sys.executable, "-c", LOOK], env=env, capture_output=True, text=True).stdout

@pytest.mark.s3_bucket("data")
def test_it():
    given = {{"MINE": "yes"}}
    assert output(PYTHONPATH={str(tmp_path)!r}, **given) == "own\\n[] yes\\n"
    assert given == {{"MINE": "yes"}}

def test_after():
    env = subprocess.run(["env"], capture_output=True, text=True).stdout
    assert "S3ERRORS_GUARD" not in env and "_guard" not in env and "AWS_ENDPOINT_URL" not in env
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_a_child_that_outlives_its_test_is_cut_off(run):
    """It finds no server, and no other test's."""
    run(
        WORK
        + """
CODE = '''
import sys, boto3
from botocore.config import Config
s3 = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))
s3.put_object(Bucket="data", Key="early", Body=b"x")
print("ready", flush=True)
sys.stdin.readline()
try:
    s3.put_object(Bucket="data", Key="late", Body=b"x")
except BaseException as error:
    print(type(error).__name__, flush=True)
'''
children = []

@pytest.mark.s3_bucket("data")
def test_starts(s3_store):
    child = subprocess.Popen([sys.executable, "-c", CODE], stdin=-1, stdout=-1, text=True)
    children.append(child)
    assert child.stdout.readline() == "ready\\n"

@pytest.mark.s3_bucket("data")
def test_next(s3_errors, s3_server):
    with children.pop() as child:
        child.stdin.write("go\\n")
        child.stdin.flush()
        assert child.stdout.readline() == "EndpointConnectionError\\n"
    assert s3_errors.requests == []
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_a_child_that_a_leftover_begins(run):
    """It starts after the test, so it finds no server, and the test's own is not started again for it."""
    run(
        WORK
        + """
import json, threading
go, said = threading.Event(), []

def late():
    go.wait(20)
    env = subprocess.run(["env"], capture_output=True, text=True).stdout
    said.append(dict(line.split("=", 1) for line in env.splitlines() if "=" in line))
    said.append(subprocess.run([sys.executable, "-c", CLIENTS["requests"]], capture_output=True, text=True).stderr)

left = threading.Thread(target=late)

@pytest.mark.s3_object("data", "k", b"hi")
def test_starts():
    left.start()

@pytest.mark.s3_object("data", "k", b"hi")
def test_next(s3_errors):
    go.set()
    left.join(20)
    env, error = said
    assert env["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:0"
    assert json.loads(env["S3ERRORS_GUARD"])["port"] is None
    assert "Refused" in error
    assert s3_errors.requests == []
    assert "simulated S3" not in [thread.name for thread in threading.enumerate()]
""",
        subprocess=True,
    ).assert_outcomes(passed=2)


def test_everything_that_the_guard_acts_on_is_watched():
    """What is half imported when a child's guard comes would be missed otherwise."""
    assert set(inherit.SENDING) == {*doors._DOORS, *doors._SENDERS, "aiohttp"}
