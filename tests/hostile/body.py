"""The tests of a hostile session: each way to end, with each thing left behind, in each surrounding, at each layer."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import os
import subprocess
import threading
import time
from unittest import mock

import boto3
import freezegun
import pytest
import responses
import time_machine
from aioresponses import aioresponses
from conftest import LATE, LEFT

from pytest_s3errors import SimulationError
from s3_asyncio_client import S3Client

ELSEWHERE = asyncio.new_event_loop()
KEPT = boto3.Session()  # of no test, and it looks up botocore's files once


def blocking(of=KEPT):
    return of.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


def crash():
    raise RuntimeError("crash")


def leave():
    raise SystemExit(3)


def cancel():
    raise asyncio.CancelledError


def skip():
    pytest.skip("enough")


def xfail():
    pytest.xfail("known")


def hang():
    threading.Event().wait()


def fail_on_purpose():
    assert not LAYERS


ENDINGS = {
    "returns": lambda: None,
    "fails": fail_on_purpose,
    "crashes": crash,
    "leaves": leave,
    "cancels": cancel,
    "skips": skip,
    "xfails": xfail,
    "hangs": hang,
    "set-up": lambda: None,
    "finaliser": lambda: None,
}


def thread():
    done = threading.Event()
    left = threading.Thread(target=done.wait, daemon=True)
    left.start()
    LEFT.append(lambda: (done.set(), left.join(5), left.is_alive() and crash()))


def sleeper():
    left = threading.Thread(target=lambda: time.sleep(0.05), daemon=True)
    left.start()
    LEFT.append(lambda: (left.join(5), left.is_alive() and crash()))


def loop():
    left = asyncio.new_event_loop()
    LEFT.append(left.close)


def task():
    left = asyncio.new_event_loop()
    pending = left.create_task(asyncio.sleep(3600))
    left.run_until_complete(asyncio.sleep(0))

    def end():
        pending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            left.run_until_complete(pending)
        left.close()

    LEFT.append(end)


def child():
    left = subprocess.Popen(["sleep", "60"])
    LEFT.append(lambda: (left.kill(), left.wait()))


def client():
    left = S3Client("a", "b")
    LEFT.append(lambda: asyncio.run(left.close()))


def served_elsewhere():
    """In the loop of a thread that outlives all tests, such as fsspec's."""

    async def use():
        with contextlib.suppress(Exception):
            async with S3Client("a", "b") as s3:
                await s3.put_object("b", "k", b"")

    asyncio.run_coroutine_threadsafe(use(), ELSEWHERE).result(5)


def late():
    s3, go, refused = blocking(boto3), threading.Event(), []

    def ask():
        go.wait()
        with pytest.raises(SimulationError):
            s3.put_object(Bucket="b", Key="late", Body=b"")
        refused.append(True)

    left = threading.Thread(target=ask, name="late", daemon=True)
    left.start()
    LATE.append(lambda: (go.set(), left.join(5), refused or crash()))


LEFTOVERS = {
    "nothing": lambda: None,
    "a late request": late,
    "a thread": thread,
    "a sleeper": sleeper,
    "a loop": loop,
    "a server in a thread's loop": served_elsewhere,
    "a task": task,
    "a child": child,
    "a client": client,
}


@contextlib.contextmanager
def patched_time():
    with mock.patch("time.sleep", return_value=None), mock.patch("time.monotonic", time.monotonic):
        yield


SURROUNDINGS = {
    "nothing": contextlib.nullcontext,
    "patched time": patched_time,
    "responses": lambda: responses.RequestsMock(assert_all_requests_are_fired=False),
    "aioresponses": lambda: aioresponses(passthrough_unmatched=True),
    "freezegun": lambda: freezegun.freeze_time(tick=True),
    "time-machine": lambda: time_machine.travel(dt.datetime.now(dt.UTC), tick=False),
    "environment": lambda: mock.patch.dict(os.environ, {"AWS_REGION": "eu-west-3"}),
    "a session's client": contextlib.nullcontext,
}
LAYERS = ("client", "mock", "wire")
EVERY = int(os.environ.get("S3ERRORS_HOSTILE_EVERY", "37"))  # of all combinations; .ci/run takes each seventh

CASES = list(itertools.product(ENDINGS, LEFTOVERS, SURROUNDINGS, LAYERS))[::EVERY]


@pytest.fixture(scope="session")
def of_the_session():
    return blocking()


@pytest.fixture
def around(request, s3_client):
    ending, _, surrounding, _ = request.param
    if surrounding == "a session's client":
        request.getfixturevalue("of_the_session")
    with SURROUNDINGS[surrounding]():
        if ending == "set-up":
            crash()
        yield
        if ending == "finaliser":
            crash()


@pytest.mark.parametrize("layer", [pytest.param(layer, marks=pytest.mark.s3_layer(layer)) for layer in LAYERS])
def test_warm_up(layer, s3_client, of_the_session):
    if not ELSEWHERE.is_running():
        threading.Thread(target=ELSEWHERE.run_forever, name="elsewhere", daemon=True).start()
        served_elsewhere()
    asyncio.run(s3_client.put_object("b", "k", b""))
    if layer == "wire":
        of_the_session.put_object(Bucket="b", Key="k", Body=b"")
    for surrounding in SURROUNDINGS.values():
        with surrounding():
            pass


def parameters():
    for case in CASES:
        marks = [pytest.mark.s3_layer(case[3])]
        if case[0] == "hangs":
            marks.append(pytest.mark.timeout(0.3, method="signal", func_only=True))
        yield pytest.param(case, marks=marks, id=", ".join(case))


@pytest.mark.s3_fail("SlowDown", times=1, optional=True)
@pytest.mark.parametrize("around", parameters(), indirect=True)
def test_hostile(around, request, s3_client):
    ending, left, _, layer = request.node.callspec.params["around"]

    async def use():
        with contextlib.suppress(Exception):
            await s3_client.put_object("b", "k", b"")
        await s3_client.put_object("b", "k", b"")
        await asyncio.sleep(5)

    asyncio.run(use())
    if layer == "wire":
        blocking().head_bucket(Bucket="b")
    LEFTOVERS[left]()
    ENDINGS[ending]()
