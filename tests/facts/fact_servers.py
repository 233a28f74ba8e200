"""The two servers that are asked, and the bytes that they answer with."""

from __future__ import annotations

import http.client
import itertools
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import botocore.session
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from fact_list import CannotFail, Seen

from pytest_s3errors._core.s3.access import TEST_CREDENTIALS

REGION = "us-east-1"
PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_ENVELOPE = {"Code", "Message", "RequestId", "HostId"}
_TIMEOUT_S = 20
_numbers = itertools.count(1)
CREDENTIALS = Credentials(TEST_CREDENTIALS.access_key, TEST_CREDENTIALS.secret_key)
_SIGNER = S3SigV4Auth(CREDENTIALS, "s3", REGION)
_session = botocore.session.Session(profile=None)


class _Streaming(S3SigV4Auth):
    """Signs with the x-amz-content-sha256 that the request has already."""

    def payload(self, request):
        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as it came: `names` are those of its headers in their own spelling, `headers` in lower case."""

    status: int
    reason: str
    names: tuple[str, ...]
    headers: dict[str, str]
    body: bytes

    @property
    def elements(self) -> list[tuple[str, str]]:
        """The children of an `<Error>` in order; nothing where the body is none."""
        try:
            root = ET.fromstring(self.body)
        except ET.ParseError:
            return []
        return [(child.tag, child.text or "") for child in root] if root.tag == "Error" else []

    @property
    def own(self) -> dict[str, str]:
        """The error's elements beside those that every error has."""
        return {name: text for name, text in self.elements if name not in _ENVELOPE}

    @property
    def code(self) -> str:
        """The error's code; in its place, what the body is instead."""
        if self.elements:
            return dict(self.elements).get("Code", "no Code")
        if b"<html" in self.body[:200].lower():
            return "an HTML page"
        return "" if self.status < 300 else "no `<Error>`" if self.body else "no body"

    def text(self, name: str) -> str:
        """The text of the first element *name* anywhere in a result, "" without one."""
        return next((e.text or "" for e in ET.fromstring(self.body).iter() if e.tag.rpartition("}")[2] == name), "")

    def error(self, status: int, code: str, *names: str, lacks: tuple[str, ...] = (), **values: str) -> Seen:
        """Compare with an error that has the elements *names* and *values* (`_` for `-`), and not *lacks*."""
        values = {name.replace("_", "-"): value for name, value in values.items()}
        wanted = {*names, *values}
        off = [f"{name} {self.own[name]}" for name, value in values.items() if self.own.get(name, value) != value]
        known = [f"{name} {values[name]}" if name in values else name for name in self.own if name in {*wanted, *lacks}]
        missing = [name for name in (*names, *values) if name not in self.own]
        ok = (self.status, self.code) == (status, code) and not (off or missing or set(lacks) & self.own.keys())
        said = f"{self.status} {self.code}".strip()
        if off:
            return Seen(text=f"{said}: {', '.join(off)}", holds=False)
        if self.code == code and missing:
            return Seen(text=f"{said} without {', '.join(missing)}", holds=False)
        return Seen(text=said + (f": {', '.join(known)}" if known else ""), holds=ok)

    def is_status(self, status: int) -> Seen:
        """Compare with a success, or anything else that the status alone tells."""
        return Seen(text=f"{self.status} {self.code}".strip(), holds=self.status == status)


class Server(Protocol):
    """Something that wants to be S3: `url`, and the ways to bring about what a claim is about."""

    url: str

    def fail(self, what: str | int | None = None, /, **options: Any) -> AbstractContextManager[object]:
        """Let requests fail in the block, as `s3_errors.fail` does."""

    def asked(self) -> list[Any]:
        """Return the journal."""

    def waits(self) -> list[float]:
        """Return the seconds between the requests."""

    def put_sized(self, bucket: str, key: str, size: int) -> None:
        """Store an object of so many bytes, without sending them."""

    def make_bucket(self, name: str) -> None:
        """Make a bucket; buckets that nobody made do not exist."""


@dataclass(kw_only=True)
class Asking:
    """What is the same for every server: requests over a socket, and botocore's."""

    url: str
    opened: list[Any] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        """Send one request, signed; headers as keywords, `_` for `-`."""
        return self.send(method, path, self.signed(method, path, body, **headers), body)

    def signed(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> dict[str, str]:
        """Return the headers of a request that is signed with *body*."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, self.url + path, named, body)
        _SIGNER.add_auth(request)
        return dict(request.headers.items())

    def streaming(self, method: str, path: str, headers: dict[str, str]) -> dict[str, str]:
        """Return the headers of a signed request whose x-amz-content-sha256 names a way to stream the body."""
        request = AWSRequest(method, self.url + path, headers)
        _Streaming(CREDENTIALS, "s3", REGION).add_auth(request)
        return dict(request.headers.items())

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Send one request as it is."""
        connection = http.client.HTTPConnection(self.url.partition("//")[2], timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            return received(connection.getresponse())
        finally:
            connection.close()

    def said(self, method: str, path: str, /, **headers: str) -> bytes:
        """Send the head of a request, signed, and nothing after it; return what comes until it closes or waits."""
        lines = [f"{name}: {value}" for name, value in self.signed(method, path, **headers).items()]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.url.partition('//')[2]}", *lines, "", ""])
        host, _, port = self.url.partition("//")[2].partition(":")
        got = b""
        with socket.create_connection((host, int(port)), _TIMEOUT_S) as sock:
            sock.sendall(head.encode())
            while b"\r\n\r\n" not in got and (data := sock.recv(65536)):
                got += data
        return got

    def bucket(self: Any) -> str:
        """Make a bucket with a name of its own and return it."""
        name = f"facts-{next(_numbers)}"
        self.make_bucket(name)
        return name

    def put(self, path: str, body: bytes = b"hello", /, **headers: str) -> str:
        """Store an object and return its ETag."""
        answer = self.ask("PUT", path, body, **headers)
        assert answer.status == 200, answer
        return answer.headers["etag"]

    def client(self, *, attempts: int | None = 1, mode: str = "standard", url: str | None = "", **config: Any) -> Any:
        """Return a client of botocore's that knows this server, or (None) goes to S3's own address."""
        client = _session.create_client(
            "s3",
            region_name=REGION,
            endpoint_url=self.url if url == "" else url,
            aws_access_key_id=TEST_CREDENTIALS.access_key,
            aws_secret_access_key=TEST_CREDENTIALS.secret_key,
            config=Config(
                retries={"mode": mode, **({} if attempts is None else {"total_max_attempts": attempts})},
                **{"s3": {"addressing_style": "path"}, "read_timeout": 60, **config},
            ),
        )
        self.opened.append(client)
        return client

    def close(self) -> None:
        """Close the clients; the next test has its own."""
        while self.opened:
            self.opened.pop().close()

    # Uploads in parts.

    def start(self, path: str, **headers: str) -> str:
        """Begin an upload and return its id."""
        return self.ask("POST", f"{path}?uploads", **headers).text("UploadId")

    def part(self, path: str, upload: str, number: int, body: bytes = b"hello", **headers: str) -> str:
        """Send a part and return its ETag."""
        return self.put(f"{path}?partNumber={number}&uploadId={upload}", body, **headers)

    def complete(self, path: str, upload: str, *parts: tuple[int, str], **headers: str) -> Answer:
        """Complete an upload from these numbers and ETags."""
        listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{e}</ETag></Part>" for n, e in parts)
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        return self.ask("POST", f"{path}?uploadId={upload}", body, **headers)

    def versioned(self: Any) -> str:
        """Make a bucket that keeps versions."""
        bucket: str = self.bucket()
        body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        assert self.ask("PUT", f"/{bucket}?versioning", body).status == 200
        return bucket


def received(response: http.client.HTTPResponse) -> Answer:
    """Read all of *response*."""
    return Answer(
        status=response.status,
        reason=response.reason,
        names=tuple(response.headers),
        headers={name.lower(): value for name, value in response.headers.items()},
        body=response.read(),
    )


@dataclass(kw_only=True)
class Ours(Asking):
    """The simulated S3 of one test."""

    errors: Any
    store: Any

    def fail(self, what=None, /, **options):
        return self.errors.fail(what, **options)

    def asked(self):
        return self.errors.requests

    def waits(self):
        return self.errors.waits()

    def put_sized(self, bucket, key, size):
        self.store.put(bucket, key, size=size, seed=1)

    def make_bucket(self, name):
        self.store.declare_bucket(name)


@dataclass(kw_only=True)
class Moto(Asking):
    """moto's server, in a process of its own, which nobody can tell to fail."""

    def fail(self, what=None, /, **options):
        raise CannotFail("cannot fail on command")

    asked = waits = fail

    def put_sized(self, bucket, key, size):
        raise CannotFail("not asked: the bytes would have to be sent")

    def make_bucket(self, name):
        assert self.ask("PUT", f"/{name}").status == 200


_MOTO = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
input()
"""


@contextmanager
def moto_process() -> Iterator[Moto]:
    """Start moto's server in another process; the end of its standard input ends it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None  # it is a pipe
        yield Moto(url=f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.communicate()
