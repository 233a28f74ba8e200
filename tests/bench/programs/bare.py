"""The yardstick: servers that answer fixed bytes, as S3 would, to requests with a body of known size."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sys
from typing import cast

BODY = bytes(range(256)) * 4
_ETAG = hashlib.md5(BODY).hexdigest()
_CRC32, _CRC64NVME = "twtMJg==", "iI2NLxjQFEc="  # of BODY
_STORED = ("x-amz-server-side-encryption: AES256", "x-amz-checksum-type: FULL_OBJECT")
_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ServiceUnavailable</Code><Message>Service is unable to '
    b"handle request.</Message><RequestId>656c76696e672SAM</RequestId><HostId>Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7"
    b"</HostId></Error>"
)


def _answer(status: str, body: bytes, *more: str) -> bytes:
    fields = (
        "x-amz-id-2: Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7",
        "x-amz-request-id: 656c76696e672SAM",
        "Date: Wed, 01 Jan 2025 00:00:00 GMT",
        *more,
        "Server: AmazonS3",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "\r\n")).encode() + body


ANSWERS = {
    "503": _answer("503 Service Unavailable", _ERROR, "Content-Type: application/xml"),
    "PUT": _answer("200 OK", b"", f'ETag: "{_ETAG}"', f"x-amz-checksum-crc32: {_CRC32}", *_STORED),
    "GET": _answer(
        "200 OK",
        BODY,
        f'ETag: "{_ETAG}"',
        "Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT",
        "Accept-Ranges: bytes",
        "Content-Type: binary/octet-stream",
        f"x-amz-checksum-crc64nvme: {_CRC64NVME}",  # boto3 asks for it, and sums up the body
        *_STORED,
    ),
}


class BareServer(asyncio.Protocol):
    """Answers *answer* to every request with a body of *body_size* bytes; one request at a time per connection."""

    def __init__(self, answer: bytes, body_size: int) -> None:
        self._answer = answer
        self._body_size = body_size
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head >= 0 and len(self._buffer) == head + 4 + self._body_size:
            self._buffer = b""
            self._transport.write(self._answer)


def _serve(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _answer_all(connection, answer)


def _answer_all(connection: socket.socket, answer: bytes) -> None:
    received = b""
    while data := connection.recv(65536):
        received += data
        head, found, rest = received.partition(b"\r\n\r\n")
        fields = head.lower()
        if found and not rest and b"expect: 100-continue" in fields:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        size = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if found and len(rest) == size:
            received = b""
            connection.sendall(answer)


if __name__ == "__main__":
    _serve(bytes.fromhex(sys.argv[1]))
