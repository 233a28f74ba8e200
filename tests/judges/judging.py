"""botocore as judge: its client drives a simulated S3 without a socket, its model judges every answer.

`Simulated` is the whole simulator of one test, rules included; `Judge` is the client on it. Its `problems` hold each
answer that passed through against the model: nothing in it may be unknown to botocore.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from conformity import problems_of

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.messages import Call, Response
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator

START = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
HOST = "s3.us-east-1.amazonaws.com"
Send = Callable[[Any], tuple[int, dict[str, str], bytes]]


class _Raw(io.BytesIO):
    def stream(self, *_, **__):
        yield self.read()


def client_for(send: Send) -> Any:
    """Return botocore's S3 client, whose requests *send* answers with status, headers and body."""
    session = botocore.session.Session(profile=None)
    session.set_credentials("AKIDEXAMPLE", "secret")
    config = Config(region_name="us-east-1", retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    client = session.create_client("s3", config=config, endpoint_url=f"https://{HOST}")

    def answered(request, **_):
        status, headers, body = send(request)
        return AWSResponse(request.url, status, {k.lower(): v for k, v in headers.items()}, _Raw(body))

    # First: moto's own handler, where it is in the process, must not see these requests.
    client.meta.events.register_first("before-send.s3", answered)
    return client


def body_of(request: Any) -> bytes:
    """Return the body of botocore's request."""
    body = request.body or b""
    return bytes(body) if isinstance(body, bytes | bytearray) else body.read()


class Simulated:
    """The simulated S3 of one test; `calls` are the requests that came, with their answers."""

    def __init__(self, **options: Any) -> None:
        self.now = START
        self._seconds = itertools.count()
        self.store = S3Store(now=lambda: self.now, **options)
        self.simulator = Simulator(store=self.store, clock=lambda: float(next(self._seconds)))
        self.simulator.armed = True
        self.calls: list[tuple[Call, Response]] = []

    def fail(self, what: Any = None, **options: Any) -> None:
        """Set a rule, as `s3_errors.fail` does."""
        self.simulator.add(fail_rule(() if what is None else (what,), options))

    def __call__(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        """Answer one request of botocore's."""
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        target = request.url.partition(HOST)[2]
        call = parse_call(method=request.method, target=target, headers=headers, host=HOST)
        entry = self.simulator.begin(call)
        response = self.simulator.answer(entry, body_of(request)).response(call)
        self.simulator.end(entry)
        assert response is not None
        self.calls.append((call, response))
        length = len(response.body) if response.length is None else response.length
        return response.status, {"Content-Length": str(length), **response.headers}, bytes(response.body)


class Judge:
    """botocore's client, and a simulated S3 that can be changed for another between two requests."""

    def __init__(self) -> None:
        self.s3 = Simulated()
        self.client = client_for(self._send)

    def _send(self, request: Any) -> tuple[int, dict[str, str], bytes]:
        return self.s3(request)

    @property
    def model(self) -> Any:
        """botocore's model of S3."""
        return self.client.meta.service_model

    def problems(self) -> list[str]:
        """What botocore's model does not know of the answers so far, and what the catalogue does not."""
        return [problem for call, response in self.s3.calls for problem in problems_of(self.model, call, response)]
