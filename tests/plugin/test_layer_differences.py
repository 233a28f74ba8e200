"""What a client can tell of its layer: nothing of a fault, and the few things on the page about layers.

The table on that page is what this test finds. Where it is out of date, S3ERRORS_UPDATE_DOCS=1 rewrites it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._failures import SimulationError
from pytest_s3errors._options import Settings
from pytest_s3errors._test.lifetime import Run
from pytest_s3errors._test.plan import Plan
from s3_asyncio_client import S3Client, S3Error
from s3_asyncio_client.multipart import complete_multipart_upload, create_multipart_upload, upload_part

PAGE = Path(__file__).parents[2] / "docs/reference/layers.md"
LAYERS = ("client", "mock", "wire")
URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"
BODY = bytes(range(256)) * 8
QUICK = 0.05
TLS = httpx.create_ssl_context()  # takes longer than a request
# Each request costs the client's timeout, or the time that it takes.
SILENT = {"stall", "stalled_body", "connect_timeout"}


@contextlib.contextmanager
def simulated(layer: str, *rules: Rule) -> Iterator[Run]:
    """A simulation with *rules*, outside of any test of pytest's; its ids are the same at every layer."""
    given = Settings(layer=layer, seed="0", control=False, endpoints=(), passthrough=(), time="real")
    run = Run(Plan(rules=rules), given, test="same")
    run.simulator.store.put("bucket", "key", BODY, last_modified=datetime(2026, 1, 1, tzinfo=UTC))
    run.simulator.store.create_bucket("empty")
    run.start()
    run.simulator.armed = True
    try:
        yield run
    finally:
        run.simulator.armed = False
        run.stop()


def journal(run: Run) -> list[object]:
    """What came, as the user can see it, but for the time."""
    return [
        (r.operation, r.endpoint, r.bucket, r.key, r.part, r.status, r.error_code, r.fault, r.rule, r.body_size)
        for r in run.simulator.requests
    ]


# What two clients of other makers see of one request.


def url_of(method: str) -> str:
    """A POST that S3 knows."""
    return f"{URL}?uploads" if method == "POST" else URL


async def by_aiohttp(method: str, patience: float) -> object:
    timeout = aiohttp.ClientTimeout(sock_connect=patience, sock_read=patience)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        data = BODY if method == "PUT" else None
        async with session.request(method, url_of(method), data=data, allow_redirects=False) as response:
            seen = (response.status, response.reason, response.url, response.history, response.version)
            return *seen, headers_of(response.headers), await response.read()


async def by_httpx(method: str, patience: float) -> object:
    async with httpx.AsyncClient(timeout=patience, verify=TLS) as client:
        return seen_by_httpx(await client.request(method, url_of(method), content=BODY if method == "PUT" else None))


async def by_blocking_httpx(method: str, patience: float) -> object:
    return blocking(method, patience)


def blocking(method: str, patience: float) -> object:
    """In the loop's own thread, as code that mixes the two would do it."""
    with httpx.Client(timeout=patience, verify=TLS) as client:
        return seen_by_httpx(client.request(method, url_of(method), content=BODY if method == "PUT" else None))


def seen_by_httpx(response: httpx.Response) -> object:
    seen = (response.status_code, response.reason_phrase, response.url, response.http_version)
    return *seen, headers_of(response.headers), response.content


def headers_of(headers: object) -> dict[str, str]:
    """Names in lower case, as aiohttp's two parsers and httpx spell them differently; the time left out."""
    return {name.lower(): value for name, value in headers.items() if name.lower() != "date"}


@pytest.mark.parametrize("client", [by_aiohttp, by_httpx, by_blocking_httpx])
@pytest.mark.parametrize("fault", [*FAULTS, "SlowDown", "AccessDenied", "ok"])
async def test_a_plain_client_sees_the_same_at_mock_and_wire(fault, client):
    """Exception or answer, attempts, journal and what is stored, for every fault, on reads and writes."""
    for method in ("GET",) if fault in SILENT else ("GET", "HEAD", "PUT", "DELETE", "POST"):
        results = []
        for layer in ("mock", "wire"):
            with simulated(layer, *([] if fault == "ok" else [fail_rule((fault,), {"optional": True})])) as run:
                try:
                    result: object = await client(method, QUICK if fault in SILENT else 10)
                except (aiohttp.ClientError, httpx.HTTPError, OSError) as error:
                    result = (type(error), getattr(error, "status", None), getattr(error, "errno", None))
                store = run.simulator.store
                stored = {key: (store.get("bucket", key).body) for key in store.keys("bucket")}
                results.append((result, journal(run), stored))
        assert results[0] == results[1], method


# The client that is shipped, at all three.


async def _multipart(client: S3Client) -> object:
    upload = await create_multipart_upload(client, "bucket", "big")
    part = await upload_part(client, "bucket", "big", upload, 1, BODY)
    return await complete_multipart_upload(client, "bucket", "big", upload, [part])


OPERATIONS: dict[str, Callable[[S3Client], Awaitable[object]]] = {
    "PutObject": lambda c: c.put_object("bucket", "new", BODY, metadata={"a": "1"}),
    "GetObject": lambda c: c.get_object("bucket", "key"),
    "a range": lambda c: c.get_object("bucket", "key", byte_range=(5, 1000)),
    "HeadObject": lambda c: c.head_object("bucket", "key"),
    "DeleteObject": lambda c: c.delete_object("bucket", "key"),
    "DeleteObjects": lambda c: c.delete_objects("bucket", ["key", "other"]),
    "ListObjectsV2": lambda c: c.list_objects("bucket", prefix="k e+y"),
    "CopyObject": lambda c: c.copy_object("bucket", "key", "bucket", "copy"),
    "CreateBucket": lambda c: c.create_bucket("fresh-bucket", region="eu-west-1"),
    "DeleteBucket": lambda c: c.delete_bucket("empty"),
    "an upload in parts": _multipart,
}
CODES = ["SlowDown", "InternalError", "NoSuchKey", "AccessDenied", "PreconditionFailed", "InvalidRange", "NotModified"]
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "at": st.one_of(st.integers(0, 3000), st.floats(0, 1)),
        "chunked": st.booleans(),
        "as_": st.sampled_from(["reset", "disconnect", "SlowDown"]),
        "early": st.booleans(),
        "retry_after": st.integers(0, 9),
        "headers": st.just({"x-extra": "1"}),
        "message": st.just("<&>"),
        "status": st.sampled_from([301, 307, 404, 500, 503]),
        "body": st.sampled_from([b"", b"<Error/>", b"other"]),
        "region": st.just("ap-south-1"),
        "times": st.integers(1, 2),
        "after": st.integers(0, 2),
        "every": st.integers(1, 2),
    },
)


async def outcome(layer: str, rule: Rule, operation: str) -> object:
    with simulated(layer, rule) as run:
        async with S3Client("a", "b", timeout=1) as client:
            results: list[object] = []
            for _ in range(2):
                try:
                    result: object = await OPERATIONS[operation](client)
                except S3Error as error:
                    result = (type(error), str(error), {k: v for k, v in vars(error).items() if k != "__notes__"})
                if isinstance(result, dict):
                    result = {k: v for k, v in result.items() if k != "last_modified"}
                results.append(result)
        store = run.simulator.store
        return results, journal(run), {key: store.get("bucket", key).body for key in store.keys("bucket")}


def rule_of(what: str, options: dict[str, object]) -> Rule:
    """The rule with those of *options* that go with it."""
    kept: dict[str, object] = {}
    for name, value in options.items():
        with contextlib.suppress(RuleError):
            fail_rule((what,), {**kept, name: value})
            kept[name] = value
    return fail_rule((what,), kept)


@given(st.sampled_from(sorted({*FAULTS, *CODES} - SILENT)), OPTIONS, st.sampled_from(sorted(OPERATIONS)))
def test_the_client_cannot_tell_the_layer(what, options, operation):
    """Exception, attributes, attempts, journal and store of two calls in a row, whatever the rule says."""
    rule = rule_of(what, options)
    wire = asyncio.run(outcome("wire", rule, operation))
    for layer in ("client", "mock"):
        assert asyncio.run(outcome(layer, rule, operation)) == wire, layer


# What it can tell, by looking for it.


async def status_of_aiohttp() -> str:
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        return "answered" if response.status == 200 else str(response.status)


async def status_of_httpx() -> str:
    async with httpx.AsyncClient() as client:
        return "answered" if (await client.get(URL)).status_code == 200 else "refused"


async def status_of_others() -> str:
    def ask() -> str:
        with urllib.request.urlopen(URL) as response:
            return "answered" if response.status == 200 else "refused"

    return await asyncio.to_thread(ask)


async def seen_authorization() -> str:
    async with S3Client("a", "b") as client:
        try:
            await client.get_object("bucket", "key")
        except S3Error:
            return "sent"
    return "not made"


async def trace_events() -> str:
    seen: list[str] = []

    async def note(*_args: object) -> None:
        seen.append("event")

    config = aiohttp.TraceConfig()
    config.on_request_start.append(note)
    async with S3Client("a", "b", trace_configs=[config]) as client:
        await client.get_object("bucket", "key")
    return "called" if seen else "not called"


async def middlewares() -> str:
    seen: list[str] = []

    async def note(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        seen.append("called")
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=[note]) as session, session.get(URL):
        return "called" if seen else "not called"


async def framing() -> str:
    async def pieces():
        yield b"x"

    async with aiohttp.ClientSession() as session, session.put(URL, data=pieces()) as response:
        return "Content-Length" if response.status == 503 else "chunked"


async def network_stream() -> str:
    async with httpx.AsyncClient() as client:
        return "there" if "network_stream" in (await client.get(URL)).extensions else "missing"


PROBES: dict[str, tuple[Callable[[], Awaitable[str]], dict[str, object] | None]] = {
    "a request of a plain aiohttp session": (status_of_aiohttp, None),
    "a request of httpx": (status_of_httpx, None),
    "a request of any other client (boto3, requests, urllib)": (status_of_others, None),
    "the signature of `S3Client`, for `header=`": (seen_authorization, {"header": {"Authorization": "AWS4*"}}),
    "callbacks of an `aiohttp.TraceConfig`": (trace_events, None),
    "client middlewares of an aiohttp session": (middlewares, None),
    "framing of an aiohttp request with a body from a generator": (framing, {"header": {"Content-Length": "*"}}),
    '`response.extensions["network_stream"]` of httpx': (network_stream, None),
}


async def probed(name: str, layer: str) -> str:
    """What the probe *name* finds at *layer*; a request that would leave the machine is stopped."""
    probe, options = PROBES[name]
    rules = () if options is None else (fail_rule((503,), {**options, "optional": True}),)
    with simulated(layer, *rules):
        try:
            return await probe()
        except SimulationError:
            return "stopped"


async def test_the_page_says_what_differs():
    """Each row differs between two layers, and says what is so at each."""
    rows = {name: [await probed(name, layer) for layer in LAYERS] for name in PROBES}
    assert not [name for name, found in rows.items() if len(set(found)) == 1], "no difference, no row"
    table = "| what | client | mock | wire |\n|---|---|---|---|\n"
    table += "".join(f"| {name} | {' | '.join(found)} |\n" for name, found in rows.items())
    text = PAGE.read_text(encoding="utf-8")
    before, heading, after = text.partition("## What differs\n")
    old = re.search(r"(?:^\|.*\|\n)+", after, re.MULTILINE)
    assert old is not None
    if os.environ.get("S3ERRORS_UPDATE_DOCS"):
        PAGE.write_text(before + heading + after.replace(old[0], table), encoding="utf-8")
    else:
        assert old[0] == table, "run this test with S3ERRORS_UPDATE_DOCS=1"
