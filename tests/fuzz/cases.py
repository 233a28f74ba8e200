"""One case is the bytes that one client sends, in the pieces in which they arrive."""

from __future__ import annotations

import copy
import itertools
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes

from .material import DOCUMENTS, ENTITIES, FORM, HEADERS, JSON, OPERATIONS, PARAMETERS, RARE_HEADERS, VALUES, md5_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_EDGES = (b"\r\n", b"\r\n\r\n", b"\n", b"\0", b":", b" ", b";", b"<", b">", b"&", b"0\r\n\r\n", b"HTTP/1.1")


def case(draw: Random, upload_id: str) -> list[bytes]:
    """Some requests in a row, mutated or not, in some pieces; *upload_id* names an upload that exists."""
    sent = b"".join(_request(draw, upload_id.encode()) for _ in range(draw.choice((1, 1, 1, 2, 4))))
    if draw.random() < 0.3:
        sent = mutated(draw, sent)
    return pieces(draw, sent)


def pieces(draw: Random, sent: bytes) -> list[bytes]:
    """*sent* as a whole, in two or more pieces, or byte by byte."""
    how = draw.random()
    if how < 0.5 or len(sent) < 2:
        return [sent]
    if how < 0.6 and len(sent) < 1000:
        return [sent[at : at + 1] for at in range(len(sent))]
    cuts = [0, *sorted(draw.randrange(len(sent)) for _ in range(draw.choice((1, 1, 2, 9)))), len(sent)]
    return [sent[start:end] for start, end in itertools.pairwise(cuts) if start < end]


def mutated(draw: Random, sent: bytes) -> bytes:
    """*sent* with some of its bytes changed, cut, doubled, or made room for."""
    data = bytearray(sent)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(data) + 1)
        end = at + draw.choice((0, 1, 1, 4, 40))
        data[at:end] = draw.choice(
            (b"", draw.randbytes(end - at), draw.choice(_EDGES), draw.choice(VALUES), data[at:end] * 2)
        )
    return bytes(data)


def _request(draw: Random, upload_id: bytes) -> bytes:
    if draw.random() < 0.05:
        return draw.choice((b"", b"GET ", b"\x16\x01", b"PRI * HTTP/2.0\r\n\r\n")) + draw.randbytes(draw.randrange(300))
    method, target = draw.choice(OPERATIONS)
    goal = target.encode().replace(b"UPLOAD", upload_id)
    for _ in range(draw.choice((0, 0, 0, 1, 3))):
        value = draw.choice(VALUES)
        value = value if draw.random() < 0.2 else quote_from_bytes(value).encode()
        goal += (b"&" if b"?" in goal else b"?") + draw.choice(PARAMETERS).encode() + draw.choice((b"", b"=" + value))
    headers = [(b"host", b"localhost")]
    for _ in range(draw.choice((0, 0, 0, 1, 2, 6))):
        names = RARE_HEADERS if draw.random() < 0.1 else HEADERS
        headers.append((draw.choice(names).encode(), draw.choice(VALUES)))
    body = _body(draw, method, goal)
    framing, data = _framed(draw, body)
    lines = [b"%b %b HTTP/1.%d" % (method.encode(), goal, draw.random() < 0.95)]
    lines += [b"%b: %b" % header for header in (*headers, *framing)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + data


def _body(draw: Random, method: str, target: bytes) -> bytes:
    if method in {"GET", "HEAD", "DELETE"} and draw.random() < 0.9:
        return b""
    if method == "POST" and b"?" not in target:
        return FORM if draw.random() < 0.5 else mutated(draw, FORM)
    if b"?" in target and b"partNumber" not in target and draw.random() < 0.95:
        wanted = re.split(rb"[?=&]", target)[1].decode("latin-1")
        return _document(draw, DOCUMENTS.get(wanted) if draw.random() < 0.8 else None)
    return draw.choice((b"", b"abc", draw.randbytes(draw.choice((1, 100, 9000)))))


def _document(draw: Random, document: bytes | None) -> bytes:
    document = document or draw.choice(list(DOCUMENTS.values()))
    how = draw.random()
    if how < 0.3:
        return document
    if how < 0.4:
        return draw.choice(ENTITIES) + document
    if how < 0.5:
        return document.decode().encode(draw.choice(("utf-16", "utf-32", "utf-7", "cp037")))
    tags = document.split(b"<")[1:]
    if not tags:
        return _other_json(draw, document) if draw.random() < 0.8 else mutated(draw, document)
    for _ in range(draw.choice((1, 2, 9))):
        at = draw.randrange(len(tags))
        name, _, text = tags[at].partition(b">")
        new = (
            b"",
            name + b">" + draw.choice(VALUES),
            tags[at] + b"<" + tags[at],
            name + b"/>" + text,
            draw.choice(tags),
        )
        tags[at] = draw.choice(new)
    return b"<" + b"<".join(tags)


def _other_json(draw: Random, document: bytes) -> bytes:
    """The document with some of its values replaced by what may not stand there."""
    tree = json.loads(document)
    for _ in range(draw.choice((1, 1, 2, 5))):
        holder, at = draw.choice(list(_places(tree)))
        holder[at] = copy.deepcopy(draw.choice(JSON))
    return json.dumps(tree).encode()


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for at, one in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield node, at
        yield from _places(one)


def _framed(draw: Random, body: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The headers that say how *body* is framed, and the body in that framing; now and then they do not agree."""
    framing: list[tuple[bytes, bytes]] = []
    if draw.random() < 0.5:  # S3 reads some documents only with it
        framing.append((b"content-md5", md5_of(body).encode()))
    if draw.random() < 0.15:
        sha256 = draw.choice(
            (b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"UNSIGNED-PAYLOAD")
        )
        framing += [(b"content-encoding", b"aws-chunked"), (b"x-amz-content-sha256", sha256)]
        framing.append((b"x-amz-decoded-content-length", b"%d" % len(body)))
        trailer = draw.choice((b"", b"", b"x-amz-checksum-crc32:NSRBwg==\r\n", b"x: y\n", b"a"))
        body = _chunks(draw, body, b";chunk-signature=" + b"0" * 64 if b"AWS4" in sha256 else b"", trailer)
    if draw.random() < 0.15:
        return [*framing, (b"transfer-encoding", b"chunked")], _chunks(draw, body, draw.choice((b"", b";x=y")), b"")
    length = max(0, len(body) + draw.choice((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1, 10**6)))
    if body or draw.random() < 0.5:
        framing.append((b"content-length", b"%d" % length))
    return framing, body


def _chunks(draw: Random, body: bytes, extension: bytes, trailer: bytes) -> bytes:
    size = draw.choice((1, 10, 8192, 10**6))
    parts = [body[at : at + size] for at in range(0, len(body), size)][:50]
    framed = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    return framed + b"0" + extension + b"\r\n" + trailer + draw.choice((b"\r\n", b"\r\n", b"\r\n", b"", b"\n"))
