"""Children of a test talk to its S3, however they were started, and nothing of theirs leaves."""

from __future__ import annotations

import os

import pytest

from pytest_s3errors._guard import doors, inherit

# A module of its own, since a worker that is spawned imports it, and not pytest for it.
JOBS = """
import contextlib, multiprocessing as mp, os, subprocess, sys, textwrap
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
    with ProcessPoolExecutor(1, mp_context=mp.get_context(context)) as pool:
        list(pool.map(work, CLIENTS, timeout=90))

def in_shell():
    for name in set(CLIENTS) - {"boto3", "requests"}:
        del CLIENTS[name]
    for code in CLIENTS.values():
        assert os.system(f'{sys.executable} -c "{code}"') == 0

def programs():
    code = CLIENTS["urllib"]
    subprocess.run([sys.executable, "-c", code], check=True)
    os.system(f'{sys.executable} -c "{code}"'.replace("/urllib", "/system"))

def read(port):
    import boto3
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    s3 = boto3.client("s3", "eu-west-1", endpoint_url=f"http://127.0.0.1:{port}", **keys)
    return s3.get_object(Bucket="data", Key="k")["Body"].read(), os.environ.get("AWS_CONFIG_FILE")

STS = "import contextlib, urllib.request\\nwith contextlib.suppress(Exception): urllib.request.urlopen('https://sts.amazonaws.com')"

def ask():
    exec(STS, {})
"""


@pytest.fixture
def run(run, pytester):
    """Run a test beside `JOBS`, whose names it has."""
    pytester.makepyfile(jobs=JOBS)
    return lambda source: run("from jobs import *\n" + source, subprocess=True)


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
        f"""
@pytest.mark.s3_time("real")
@pytest.mark.s3_bucket("data")
def test_it(s3_store, s3_errors):
    {start}
    assert s3_store.keys("data") == sorted(CLIENTS)
    assert s3_errors.attempts(operation="PutObject") >= len(CLIENTS)
    assert came == []
"""
    ).assert_outcomes(passed=1)


def test_a_child_of_a_child(run):
    """A program that a worker starts is served by the same server."""
    run(
        """
@pytest.mark.s3_time("real")
@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_it(context, s3_store):
    process = mp.get_context(context).Process(target=programs)
    process.start()
    process.join(60)
    assert s3_store.keys("data") == ["system", "urllib"]
"""
    ).assert_outcomes(passed=2)


def test_a_pool_works_for_whichever_test_runs(run):
    """Its workers are older than the tests. Between them it sends where it is told to."""
    run(
        """
import http.server, threading

class Real(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"real")

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
"""
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
"""
    ).assert_outcomes(passed=2)


def test_rules_fire_for_children(run):
    """A worker's retry is in the parent's journal."""
    run(
        """
@pytest.mark.s3_bucket("data")
@pytest.mark.s3_fail("SlowDown", times=1)
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_it(context, s3_store, s3_errors):
    process = mp.get_context(context).Process(target=work, args=("boto3",))
    process.start()
    process.join(60)
    assert [record.status for record in s3_errors.requests] == [503, 200]
"""
    ).assert_outcomes(passed=2)


def test_an_escape_of_a_child_fails_the_test(run):
    """Even if the child swallows it, or ends with an error that nobody looks at."""
    result = run(
        """
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
"""
    )
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["*a request for sts.amazonaws.com would have left this machine from a child process*"])
    result.stdout.fnmatch_lines(["*by curl, which brings its own sockets*"])


def test_the_childs_own_start_is_kept(run, tmp_path):
    """Its `sitecustomize`, its path, its environment; and nothing is different for children of no test."""
    (tmp_path / "sitecustomize.py").write_text("print('own')\n")
    run(
        f"""
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
"""
    ).assert_outcomes(passed=2)


def test_a_child_that_outlives_its_test_is_cut_off(run):
    """It finds no server, and no other test's."""
    run(
        """
CODE = '''
import http.client, sys
s3 = http.client.HTTPSConnection("data.s3.amazonaws.com")

def put(key):
    s3.request("PUT", key, b"x")
    s3.getresponse().read()

put("/early")
print("ready", flush=True)
sys.stdin.readline()
for key in ("/kept", "/late"):  # on the connection that it has, and on one that it makes
    try:
        put(key)
    except ConnectionError as error:
        s3.close()
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
        kept, late = child.stdout
        assert "Connect" in kept or kept == "BrokenPipeError\\n"
        assert late == "ConnectionRefusedError\\n"
    assert s3_errors.requests == []
"""
    ).assert_outcomes(passed=2)


def test_a_child_that_a_leftover_begins(run):
    """It starts after the test, so it finds no server, and the test's own is not started again for it."""
    run(
        """
import json, threading
go, said = threading.Event(), []

def late():
    go.wait(20)
    env = subprocess.run(["env"], capture_output=True, text=True).stdout
    said.append(dict(line.split("=", 1) for line in env.splitlines() if "=" in line))
    said.append(subprocess.run([sys.executable, "-c", CLIENTS["urllib"]], capture_output=True, text=True).stderr)

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
"""
    ).assert_outcomes(passed=2)


def test_everything_that_the_guard_acts_on_is_watched():
    """What is half imported when a child's guard comes would be missed otherwise."""
    assert set(inherit.SENDING) == {*doors._DOORS, *doors._SENDERS, "aiohttp"}
