"""Each way out of a test, tried: a file of tests that `test_ways_out.py` runs, and whose outcomes it reads."""

WAYS = {
    ("the host's own name", "boto3"): "put_boto3()",
    ("the host's own name", "requests"): "requests.put(URL, data=b'x')",
    ("the host's own name", "httpx"): "httpx.put(URL, content=b'x')",
    ("the host's own name", "urllib"): "put_urllib(URL)",
    ("the host's own name", "aiohttp"): "asyncio.run(put_aiohttp())",
    ("the host's own name", "minio-py"): "put_minio('s3.amazonaws.com')",
    ("the host's own name", "uvloop streams"): "uvloop.run(streams())",
    ("the host's own name", "asyncio streams"): "asyncio.run(streams())",
    ("the host's own name", "asyncio streams, TLS"): "asyncio.run(streams(443, ssl=True))",
    ("the host's own name", "gevent.socket"): "import gevent.socket as g; by_socket(g.create_connection((HOST, 80)))",
    ("the host's own name", "pycurl"): "put_pycurl()",
    ("the host's own name", "awscrt's HTTP client"): "awscrt_http()",
    ("the host's own name", "boto3's transfer by awscrt"): "boto3_crt()",
    ("the host's own name", "pyarrow's S3FileSystem()"): "put_pyarrow()",
    ("an endpoint of its own", "boto3"): "put_boto3(f'http://127.0.0.1:{PORT}')",
    ("an endpoint of its own", "minio-py"): "put_minio(f'127.0.0.1:{PORT}')",
    ("an endpoint of its own", "aiobotocore"): "asyncio.run(put_aiobotocore(f'http://127.0.0.1:{PORT}'))",
    ("an endpoint of its own", "s3fs"): "put_s3fs(f'http://localhost:{PORT}')",
    ("a sovereign cloud", "boto3"): "boto3.client('s3', region_name='eusc-de-east-1').put_object(**PUT)",
    ("an ISO cloud", "boto3"): "boto3.client('s3', region_name='us-iso-east-1').put_object(**PUT)",
    ("a proxy of the environment", "boto3"): "proxied(); put_boto3()",
    ("a proxy of the environment", "requests"): "proxied(); requests.put(URL, data=b'x')",
    ("a proxy of the environment", "httpx"): "proxied(); httpx.put(URL, content=b'x')",
    ("a proxy of the environment", "httpx, async"): "proxied(); asyncio.run(put_httpx())",
    ("a proxy of the environment", "urllib"): "proxied(); put_urllib(URL)",
    (
        "a proxy of the environment",
        "urllib, http",
    ): "proxied(); build_opener().open(Request(PLAIN, b'x', method='PUT'))",
    ("a proxy of the environment", "aiohttp"): "proxied(); asyncio.run(put_aiohttp(trust_env=True))",
    ("a proxy of the client's", "boto3"): "put_boto3(config=Config(proxies={'https': PROXY, 'http': PROXY}))",
    ("a proxy of the client's", "requests"): "requests.put(URL, data=b'x', proxies={'https': PROXY})",
    ("a proxy of the client's", "requests, http"): "requests.put(PLAIN, data=b'x', proxies={'http': PROXY})",
    ("a proxy of the client's", "httpx"): "httpx.Client(proxy=PROXY).put(URL, content=b'x')",
    ("a proxy of the client's", "urllib3"): "urllib3.ProxyManager(PROXY).request('PUT', URL, body=b'x')",
    ("a proxy of the client's", "urllib3, http"): "urllib3.ProxyManager(PROXY).request('PUT', PLAIN, body=b'x')",
    ("a proxy of the client's", "boto3, https, forwarding"): "put_boto3(config=Config(proxies={'https': TLS_PROXY}, "
    "proxies_config={'proxy_use_forwarding_for_https': True}))",
    ("a proxy of the client's", "urllib3, https, forwarding"): "urllib3.ProxyManager(TLS_PROXY, "
    "use_forwarding_for_https=True).request('PUT', URL, body=b'x')",
    ("a presigned form", "requests"): "put_form(f'http://127.0.0.1:{PORT}')",
    ("a proxy of the client's", "urllib3, SOCKS"): "put_socks(PLAIN)",
    ("a proxy of the client's", "urllib3, SOCKS, TLS"): "put_socks(URL)",
    ("a proxy of the client's", "http.client's set_tunnel"): "put_tunnel()",
    ("a proxy of the client's", "TLS over a tunnel by hand"): "tls_by_hand()",
    (
        "an address that was looked up",
        "gethostbyname",
    ): "by_socket(connected((gethostbyname(HOST), 80)))",
    ("an address that was looked up", "gethostbyname by another name"): "by_socket(connected((by_name(HOST), 80)))",
    ("an address that was looked up", "getaddrinfo by name"): "by_socket(connected(getaddrinfo(HOST, 80)[0][4]))",
    ("an address that was looked up", "getaddrinfo in a default"): "by_socket(connected(looked_up(HOST)[0][4]))",
    (
        "an address that was looked up",
        "sock.connect((name, port))",
    ): "by_socket(connected((HOST, 80)))",
    ("another endpoint of AWS", "boto3, sts"): "boto3.client('sts').get_caller_identity()",
    ("another endpoint of AWS", "boto3, s3control"): "boto3.client('s3control').list_jobs(AccountId='123456789012')",
    ("another endpoint of AWS", "instance metadata"): "urlopen('http://169.254.169.254/latest/')",
    ("another endpoint of AWS", "container credentials"): "urlopen('http://169.254.170.2/v2/')",
    ("a subprocess", "curl"): "subprocess.run(['curl', '-s', URL])",
    (
        "a subprocess",
        "Python, requests",
    ): "subprocess.run([sys.executable, '-c', f'import requests; requests.put({URL!r})'])",
    ("a subprocess", "Python -I, boto3"): "in_child(ISOLATED)",
    (
        "a subprocess",
        "Python -I, requests with a URL",
    ): "proxied(); in_child(f'import requests; requests.put({PLAIN!r})')",
    ("a subprocess", "curl in a shell script"): "proxied(); in_script(f'curl -s {PLAIN}')",
    (
        "native code by the environment",
        "obstore",
    ): 'in_child(\'import obstore, obstore.store as s; obstore.put(s.S3Store("data"), "k", b"x")\')',
    (
        "native code by the environment",
        "polars",
    ): 'in_child(\'import polars; polars.DataFrame({"a": [1]}).write_parquet("s3://data/k")\')',
    (
        "native code by the environment",
        "deltalake",
    ): 'in_child(\'import deltalake, pyarrow; deltalake.write_deltalake("s3://data/k", pyarrow.table({"a": [1]}))\')',
    (
        "native code by the environment",
        "pyarrow's from_uri",
    ): 'in_child(\'from pyarrow.fs import *; FileSystem.from_uri("s3://data/k")[0].open_output_stream("data/k").close()\')',
    (
        "native code in a subprocess",
        "pyarrow's S3FileSystem()",
    ): "in_child('from pyarrow.fs import *; S3FileSystem().open_output_stream(\"data/k\").close()', '-B')",
}

BODY = """
import _socket, json, os, shutil, subprocess, sys, tempfile
from socket import getaddrinfo, gethostbyname, gethostbyname as by_name
from urllib.request import Request, build_opener, urlopen
import aiohttp, boto3, httpx, io, minio, requests, s3fs, ssl, urllib3
from aiobotocore.session import get_session
from botocore.config import Config

# The floor of this test: a name that gets here has left the plugin's hands, and goes no further.
asked = []

def looked_up(host, by=[getaddrinfo]): return by[0](host, 80)

def resolve(host, *args, resolve=_socket.getaddrinfo, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name != "localhost" and not name.startswith(("127.", "::1")):
        asked.append(name)
        raise socket.gaierror(-2, "the test's resolver knows no names")
    return resolve(host, *args, **kwargs)

_socket.getaddrinfo = resolve

HOST = "data.s3.us-east-1.amazonaws.com"
URL, PLAIN = f"https://{HOST}/k", f"http://{HOST}/k"
PUT = {"Bucket": "data", "Key": "k", "Body": b"x"}
ISOLATED = "import boto3; boto3.client('s3').put_object(Bucket='data', Key='k', Body=b'x')"
OBSTORE = "import obstore, obstore.store as s; obstore.put(s.S3Store('data'), 'k', b'x')"
POLARS = "import polars; polars.DataFrame({'a': [1]}).write_parquet('s3://data/k')"
DELTALAKE = "import deltalake as d, pyarrow; d.write_deltalake('s3://data/k', pyarrow.table({'a': [1]}))"
FROM_URI = "from pyarrow.fs import *; FileSystem.from_uri('s3://data/k')[0].open_output_stream('data/k').close()"
FILE_SYSTEM = "from pyarrow.fs import *; S3FileSystem().open_output_stream('data/k').close()"
PROXY, TLS_PROXY = f"http://127.0.0.1:{PORT}", f"https://127.0.0.1:{PORT}"

def put_boto3(url=None, **kwargs):
    boto3.client("s3", endpoint_url=url, **kwargs).put_object(**PUT)

def put_form(url):
    form = boto3.client("s3", endpoint_url=url).generate_presigned_post("data", "k")
    requests.post(form["url"], data=form["fields"], files={"file": b"x"})

def put_urllib(url):
    build_opener().open(Request(url, b"x", method="PUT"))

def put_minio(host):
    minio.Minio(host, "a", "b", secure=host[0] == "s", region="us-east-1").put_object("data", "k", io.BytesIO(b"x"), 1)

def put_s3fs(url):
    s3fs.S3FileSystem(endpoint_url=url, skip_instance_cache=True).pipe("data/k", b"x")

async def put_aiobotocore(url):
    async with get_session().create_client("s3", endpoint_url=url) as s3:
        await s3.put_object(**PUT)

async def put_aiohttp(**kwargs):
    async with aiohttp.ClientSession(**kwargs) as session, session.put(URL, data=b"x"):
        pass

async def put_httpx():
    async with httpx.AsyncClient() as client:
        await client.put(URL, content=b"x")

async def streams(port=80, **kwargs):
    reader, writer = await asyncio.open_connection(HOST, port, **kwargs)
    writer.write(REQUEST)
    await reader.readline()
    writer.close()

REQUEST = f"PUT /k HTTP/1.1\\r\\nHost: {HOST}\\r\\nContent-Length: 0\\r\\n\\r\\n".encode()

def by_socket(sock):
    sock.sendall(REQUEST)
    sock.recv(100)
    sock.close()

def connected(address):
    sock = socket.socket()
    sock.connect(address)
    return sock

def put_pycurl():
    import pycurl
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, URL)
    handle.setopt(pycurl.CUSTOMREQUEST, "PUT")
    handle.perform()

def awscrt_http():
    from awscrt import http, io
    bootstrap = io.ClientBootstrap.get_or_create_static_default()
    http.HttpClientConnection.new(host_name=HOST, port=80, bootstrap=bootstrap).result(5)

def boto3_crt():
    from boto3.s3.transfer import TransferConfig
    config = TransferConfig(preferred_transfer_client="crt")
    boto3.client("s3").upload_fileobj(io.BytesIO(b"x"), "data", "k", Config=config)

def put_pyarrow():
    import pyarrow.fs
    fs = pyarrow.fs.S3FileSystem()
    assert isinstance(fs, pyarrow.fs.S3FileSystem)
    fs.open_output_stream("data/k").close()

def proxied():
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        os.environ[name] = PROXY

def put_socks(url):
    from urllib3.contrib.socks import SOCKSProxyManager
    SOCKSProxyManager(f"socks5h://127.0.0.1:{PORT}", retries=False).request("PUT", url, body=b"x")

def put_tunnel():
    import http.client
    conn = http.client.HTTPSConnection("127.0.0.1", PORT)
    conn.set_tunnel(HOST, 443)
    conn.request("PUT", "/k", b"x")
    conn.getresponse().read()

def tls_by_hand():
    sock = socket.create_connection(("127.0.0.1", PORT))
    ssl.create_default_context().wrap_socket(sock, server_hostname=HOST)

def in_child(code, option="-I"):
    subprocess.run([sys.executable, option, "-c", code], timeout=60, stderr=subprocess.DEVNULL)

def in_script(line):
    if shutil.which(line.split()[0]) is None:
        raise ImportError(f"{line.split()[0]} is not installed")
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
        script.write(line)
        script.flush()
        subprocess.run(["sh", script.name], timeout=60, stdout=subprocess.DEVNULL)

@pytest.mark.s3_time("real")
@pytest.mark.s3_bucket("data")
@pytest.mark.parametrize("number", range(len(WAYS)))
def test_way(number, s3_errors, request, monkeypatch):
    import uvloop
    from pytest_s3errors._test.keys import RUN
    run = request.node.stash[RUN]
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    before = dict(os.environ)
    asked.clear()
    (way, client), code = list(WAYS.items())[number]
    error = None
    try:
        exec(code, {**globals(), "uvloop": uvloop})
    except ImportError as missing:
        pytest.skip(str(missing))
    except BaseException as e:
        error = e
    os.environ.clear()
    os.environ.update(before)
    problems = run.simulator.problems + run._children.collect()
    seen = [record.bucket for record in s3_errors.requests]
    if came or asked:
        outcome = "not seen"
    elif "data" in seen and error is None:
        outcome = "served"
    elif problems:
        outcome = "refused"
    else:
        outcome = "nothing was sent"
    with open(OUT, "a") as out:
        out.write(json.dumps([way, client, outcome, repr(error)[:300], came + asked, problems[:1]]) + "\\n")
    run.simulator.problems.clear()
"""
