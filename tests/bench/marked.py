"""Milliseconds that a marker of this plugin adds to one test."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from .startup import QUIET, run_python
from .timing import Took

# The layers are imported once in a session, however many tests use them; that once is not a test's cost.
_CONFTEST = """
import time

from pytest_s3errors._layers import client
from pytest_s3errors._layers.wire import aiohttp
from pytest_s3errors._test import controller, lifetime, markers

start = time.process_time(), time.perf_counter()


def pytest_unconfigure():
    with open("seconds", "w") as file:
        print(time.process_time() - start[0], time.perf_counter() - start[1], file=file)
"""

_TESTS = {
    "unmarked": """
@pytest.mark.parametrize("n", range({tests}))
async def test(n):
    pass
""",
    "no request": """
@pytest.mark.parametrize("n", range({tests}))
@pytest.mark.s3_fail(503, optional=True)
async def test(n):
    pass
""",
    # The same request to the bare server, by hand: what of the next two is the client's and the event loop's own.
    "one request, bare, unmarked": """
@pytest.mark.parametrize("n", range({tests}))
async def test(n):
    answer = b"HTTP/1.1 503 Service Unavailable\\r\\nContent-Length: 0\\r\\n\\r\\n"
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BareServer(answer, len(b"data")), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{{server.sockets[0].getsockname()[1]}}"
    async with server, S3Client("AKIDEXAMPLE", "secret", endpoint_url=url) as client:
        with pytest.raises(S3ServerError):
            await client.put_object("bucket", "key", b"data")
""",
    "one request, client": """
@pytest.mark.parametrize("n", range({tests}))
@pytest.mark.s3_fail(503, layer="client")
async def test(n, s3_client):
    with pytest.raises(S3ServerError):
        await s3_client.put_object("bucket", "key", b"data")
""",
    "one request, wire": """
@pytest.mark.parametrize("n", range({tests}))
@pytest.mark.s3_fail(503)
async def test(n, s3_client):
    with pytest.raises(S3ServerError):
        await s3_client.put_object("bucket", "key", b"data")
""",
}

_IMPORTS = """
import asyncio

import pytest
from bare import BareServer
from s3_asyncio_client import S3Client, S3ServerError
"""

KINDS = tuple(_TESTS)


def measure(directory: Path, *, rounds: int, tests: int, sources: Mapping[str, str] = _TESTS) -> dict[str, list[Took]]:
    """Milliseconds per test of each kind in *sources*, a number for each of *rounds*; the kinds take turns."""
    (directory / "conftest.py").write_text(_CONFTEST)
    shutil.copy(Path(__file__).with_name("bare.py"), directory)
    (directory / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    taken: dict[str, list[Took]] = {kind: [] for kind in sources}
    for _ in range(rounds):
        for kind, source in sources.items():
            (directory / "test_kind.py").write_text(_IMPORTS + source.format(tests=tests))
            run_python(directory, ("-m", "pytest", *QUIET, "test_kind.py"))
            cpu, wall = (float(said) * 1000 / tests for said in (directory / "seconds").read_text().split())
            taken[kind].append(Took(cpu, wall))
    return taken
