"""A small project to run tests in, beside a store that must not be reached."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable

import pytest

# What pytester finds here it keeps; the rest of a run's imports it forgets.
import pytest_s3errors._guard.after
import pytest_s3errors._guard.doors
import pytest_s3errors._layers.wire.aiohttp
import pytest_s3errors._test.controller
import pytest_s3errors._test.markers  # noqa: F401

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = -p no:cacheprovider --strict-markers
"""

# `REAL` is a store of somebody's: `came` are the first lines of the requests that reached it.
STORE = """
import asyncio, contextlib, http.server, socket, threading, time
import pytest

came = []

class Real(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        came.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("ETag", '"real"')
        self.send_header("Content-Length", "4")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"real")
    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET
    def log_message(self, *args): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Real)
server.daemon_threads = True
PORT = server.server_port
threading.Thread(target=server.serve_forever, daemon=True).start()

@pytest.fixture(scope="session", autouse=True)
def served():
    yield
    server.shutdown()
    server.server_close()

@pytest.fixture(autouse=True)
def unreached():
    came.clear()
    yield
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, alone: Run, tolerated_warnings: tuple[str, ...]) -> Run:
    """Run a test file with `STORE` in front, with warnings as errors, in this process or in one of its own.

    Where the run is to be *interrupted*, the test that started it goes on.
    """

    def run(
        source: str, *args: str, ini: str = "", subprocess: bool = False, interrupted: bool = False
    ) -> pytest.RunResult:
        filters = "".join(f"    {warning}\n" for warning in ("error", *tolerated_warnings))
        pytester.makeini(f"{INI}filterwarnings =\n{filters}{ini}")
        shutil.rmtree(pytester.path / "__pycache__", ignore_errors=True)  # of a source as long, written this second
        pytester.makepyfile(test_it=STORE + textwrap.dedent(source))
        if subprocess:
            return alone("-q", *args)
        return pytester.runpytest_inprocess("-q", *args, no_reraise_ctrlc=interrupted)

    return run


@pytest.fixture(scope="session")
def clients() -> None:
    """Skip a test of clients that pin each other where they are not installed; .ci/run has an environment with them."""
    for name in ("aiobotocore", "minio", "s3fs"):
        pytest.importorskip(name, reason=f"{name} is not installed; the extra `clients` has it")
