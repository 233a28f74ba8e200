"""The conftest of a hostile session: after each test, all that is patched, open or running equals the baseline.

What a test leaves behind is ended here, in the test's stead, before we look: a thread that can't end any more, or one
that the plugin still holds up, is found so.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import os
import selectors
import socket
import ssl
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import aiohttp
import botocore.endpoint
import httpx
import pytest

from pytest_s3errors._test.keys import RUN
from s3_asyncio_client import S3Client

PATCHED = {
    "time": (time, ("sleep", "monotonic", "time", "monotonic_ns", "time_ns")),
    "asyncio": (asyncio, ("sleep",)),
    "loops": (asyncio.BaseEventLoop, ("time", "run_in_executor", "subprocess_exec", "shutdown_default_executor")),
    "selectors": (selectors.DefaultSelector, ("select",)),
    "socket": (socket, ("getaddrinfo", "gethostbyname", "create_connection")),
    "sockets": (socket.socket, ("recv", "recv_into", "connect", "connect_ex", "send", "sendall")),
    "ssl": (ssl.SSLContext, ("wrap_socket", "wrap_bio")),
    "threading": (threading, ("Lock", "RLock", "Event", "Condition", "_time")),
    "threads": (threading.Thread, ("start", "join", "run")),
    "conditions": (threading.Condition, ("wait", "notify")),
    "http": (http.client.HTTPConnection, ("putrequest", "set_tunnel", "connect")),
    "subprocess": (subprocess.Popen, ("_execute_child", "wait", "__init__")),
    "os": (os, ("putenv", "fork", "posix_spawn")),
    "aiohttp": (aiohttp.TCPConnector, ("_create_connection", "connect")),
    "sessions": (aiohttp.ClientSession, ("_request",)),
    "httpx": (httpx.Client, ("send",)),
    "botocore": (botocore.endpoint.Endpoint, ("_send", "_send_request")),
    "client": (S3Client, ("_make_request",)),
}
REPORT = Path("differences.json")
LEFT = []
"""What ends what the test left behind."""
LATE = []
"""What lets it ask S3 while the next test runs, and raises unless it was refused."""
_kept = weakref.WeakSet()
_found: dict[str, list[str]] = {}
_baseline: dict[str, object] = {}
_clock, _sleep = time.perf_counter, time.sleep
_MOMENT_S = 5


def seen() -> dict[str, object]:
    """All that has to be as it was."""
    sys.last_type = sys.last_value = sys.last_exc = sys.last_traceback = None  # where pytest keeps the latest failure
    gc.collect()
    names = {f"{home}.{name}": getattr(where, name, None) for home, (where, names) in PATCHED.items() for name in names}
    return {
        **names,
        "environment": {name: value for name, value in os.environ.items() if "PYTEST" not in name},
        "open files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "threads": sorted(name for thread in threading.enumerate() if (name := thread.name) != "late"),
        "kept tests": len(_kept),
        "time passes": passes(),
    }


def differs(name, now, before) -> bool:
    """Whether something is not as it was; the last test closes what the session had open."""
    return now > before if name == "open files" else now != before


def passes() -> bool:
    """Whether a short sleep takes real time, by each clock."""
    real, clocks = _clock(), (time.monotonic(), time.time())
    time.sleep(0.002)
    took = time.monotonic() - clocks[0], time.time() - clocks[1]
    return _clock() - real >= 0.002 and all(0.001 <= passed < 5 for passed in took)


def pytest_runtest_setup(item):
    if RUN in item.stash:
        _kept.update((item.stash[RUN], item.stash[RUN].simulator))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    try:
        return (yield)
    finally:
        while LEFT:
            LEFT.pop()()
        while LATE and nextitem is None:
            LATE.pop()()
        now, until = seen(), _clock() + _MOMENT_S
        # A thread of the session that waited in the test has a file open until it gets a processor.
        while "warm_up" not in item.name and now["open files"] > _baseline["open files"] and _clock() < until:
            _sleep(0.001)
            now = seen()
        if "warm_up" in item.name:
            _baseline.update(now)
            gc.freeze()  # what is there by now stays: a look collects what the tests made, not every module
        elif changed := [name for name in now if differs(name, now[name], _baseline[name])]:
            _found[item.nodeid] = [f"{name}: {_baseline[name]!r} -> {now[name]!r}" for name in changed]
            _baseline.update(now)  # each difference is told once


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    while LATE:
        LATE.pop()()
    try:
        return (yield)
    finally:
        if RUN in item.stash and any(r.key == "late" for r in item.stash[RUN].simulator.requests):
            _found[item.nodeid] = ["the journal has another test's request"]


def pytest_sessionfinish():
    REPORT.write_text(json.dumps(_found))
