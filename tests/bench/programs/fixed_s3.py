"""A process that speaks as much of S3 as the clients' transfers need, and thinks as little as it can.

Every object is of zeros and as large as its key says; a listing has as many keys as its prefix says.
"""

from __future__ import annotations

import re
import socketserver

_ZEROS = bytes(1024 * 1024)
_PAGE = 1000


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    rbufsize = 1024 * 1024

    def handle(self) -> None:
        while line := self.rfile.readline():
            method, target, _ = line.decode().split()
            headers = {}
            while (field := self.rfile.readline()) != b"\r\n":
                name, _, value = field.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            if "100-continue" in headers.get("expect", ""):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(headers.get("content-length", 0))
            while left:
                left -= len(self.rfile.read1(min(left, 1024 * 1024)))
            self._answer(method, target, headers)

    def _answer(self, method: str, target: str, headers: dict[str, str]) -> None:
        if "list-type" in target:
            self._send("200 OK", _listing(target))
        elif method == "POST" and "uploads" in target:
            self._send("200 OK", b"<R><UploadId>id</UploadId></R>")
        elif method == "POST":
            self._send("200 OK", b"<R><Location>l</Location><Key>k</Key><ETag>&quot;e-1&quot;</ETag></R>")
        elif method == "PUT":
            self._send("200 OK", b"")
        else:
            self._object(method, int(re.findall(r"\d+", target.partition("?")[0])[-1]), headers.get("range"))

    def _object(self, method: str, size: int, asked: str | None) -> None:
        first, last = map(int, asked[len("bytes=") :].split("-")) if asked else (0, size - 1)
        more = f"Content-Range: bytes {first}-{last}/{size}\r\n" if asked else ""
        left = last + 1 - first
        self._send("206 Partial Content" if asked else "200 OK", None, f"{more}Content-Length: {left}\r\n")
        while method == "GET" and left:
            self.wfile.write(_ZEROS[:left])
            left -= len(_ZEROS[:left])

    def _send(self, status: str, body: bytes | None, more: str = "") -> None:
        if body is not None:
            more = f"Content-Length: {len(body)}\r\n"
        head = f'HTTP/1.1 {status}\r\nETag: "etag-1"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n{more}\r\n'
        self.wfile.write(head.encode() + (body or b""))


def _listing(target: str) -> bytes:
    after = re.search(r"continuation-token=(\d+)", target)
    total = int(re.search(r"prefix=(\d+)", target)[1])
    first = int(after[1]) if after else 0
    last = min(first + _PAGE, total)
    keys = "".join(
        f"<Contents><Key>logs/2025/01/01/{number:09}.json</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;9bb58f26192e4ba00f01e2e7b136bbd8&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass>"
        "</Contents>"
        for number in range(first, last)
    )
    more = f"<NextContinuationToken>{last}</NextContinuationToken>" if last < total else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>bucket</Name><IsTruncated>{str(last < total).lower()}</IsTruncated>{more}{keys}</ListBucketResult>"
    ).encode()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
