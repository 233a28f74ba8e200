"""The model under test, asked in two ways: with requests spelled out, and through botocore, the judge."""

from __future__ import annotations

import io
import itertools
import re
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.envelope import render_error
from pytest_s3errors._core.s3.messages import ErrorReply, Response
from pytest_s3errors._core.s3.store import S3Store

sys.path.append(str(Path(__file__).parent))

START = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
HOST = "s3.us-east-1.amazonaws.com"
WITH_MD5 = re.compile(r"^/[^/]+\?(delete|tagging|object-lock)$")


def md5_of(body) -> str:
    """Return what Content-MD5 says of a body."""
    return b64encode(md5(bytes(body)).digest()).decode()


class S3:
    """A store, a clock that stands still until `wait`, and a way to ask: `s3("GET", "/bucket/key")`."""

    def __init__(self) -> None:
        self.now = START
        self.store = S3Store(now=lambda: self.now)
        self._ids = itertools.count(1)

    def __call__(self, method, target, body=b"", /, **headers) -> Response | ErrorReply:
        """Ask with headers given as keywords, `_` for `-`. None: without that header, which S3 wants of documents."""
        stated = {"content-md5": md5_of(body)} if WITH_MD5.search(target) else {}
        stated |= {name.replace("_", "-"): value for name, value in headers.items()}
        named = {name: value for name, value in stated.items() if value is not None}
        call = parse_call(method=method, target=target, headers={"host": HOST, **named})
        return answer(self.store, call, body, new_id=self.new_id)

    def new_id(self) -> str:
        """Return an upload id."""
        return f"upload-{next(self._ids)}"

    def wait(self, seconds: float) -> None:
        """Let S3's clock go on."""
        self.now += timedelta(seconds=seconds)


def code_of(reply: Response | ErrorReply) -> str:
    """Return an error's code; "200" and the like for a success, which makes failures readable."""
    return reply.code if isinstance(reply, ErrorReply) else str(reply.status)


class _Raw(io.BytesIO):
    def stream(self, *_, **__):
        yield self.read()


@pytest.fixture
def s3():
    """Return an empty S3."""
    return S3()


@pytest.fixture
def code():
    """Return the function that names an answer."""
    return code_of


@pytest.fixture(scope="session")
def judge():
    """Return botocore's session pieces: they are slow to make and hold no state of ours."""
    import botocore.session
    from botocore.awsrequest import AWSResponse
    from botocore.config import Config

    session = botocore.session.Session(profile=None)
    session.set_credentials("AKIDEXAMPLE", "secret")
    config = Config(region_name="us-east-1", retries={"max_attempts": 0}, s3={"addressing_style": "path"})
    client = session.create_client("s3", config=config, endpoint_url=f"https://{HOST}")
    target = SimpleNamespace(s3=None, client=client, new=S3)

    def send(request, **_):
        parts = request.url.partition(HOST)
        body = request.body or b""
        body = body if isinstance(body, bytes | bytearray) else body.read()
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        call = parse_call(method=request.method, target=parts[2], headers=headers, host=HOST)
        reply = answer(target.s3.store, call, bytes(body), new_id=target.s3.new_id)
        if isinstance(reply, ErrorReply):
            reply = render_error(reply, call, request_id="REQUEST", host_id="HOST")
        length = len(reply.body) if reply.length is None else reply.length
        sent = {"Content-Length": str(length), **reply.headers}
        return AWSResponse(request.url, reply.status, {k.lower(): v for k, v in sent.items()}, _Raw(reply.body))

    client.meta.events.register("before-send.s3", send)
    yield target
    client.close()


@pytest.fixture
def boto(judge, s3):
    """Return a botocore client whose requests the model answers."""
    judge.s3 = s3
    return judge.client


@pytest.fixture(scope="session")
def parsed(judge):
    """Return a function that reads a document as botocore does: `parsed("ListObjectsV2", response)`."""
    from botocore.parsers import create_parser

    parser = create_parser("rest-xml")

    def parse(operation, response):
        assert isinstance(response, Response), response
        shape = judge.client.meta.service_model.operation_model(operation).output_shape
        headers = {name.lower(): value for name, value in response.headers.items()}
        raw = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
        return parser.parse(raw, shape)

    return parse
