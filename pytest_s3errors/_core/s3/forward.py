"""Convert a call into a request to another S3, and its response into ours, without what belongs to one connection.

The forwarded request is path-style, without the signature, the aws-chunked framing and the hop-by-hop headers (RFC
9110, 7.6.1). The response keeps its status, headers and body, byte for byte.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import md5
from urllib.parse import quote

from pytest_s3errors._core.body import Body, hashed
from pytest_s3errors._core.s3.errors.catalogue import usual_code
from s3_asyncio_client._core.operations import names_of

from .auth.canonical import UNSIGNED_PAYLOAD
from .digests import CHECKSUM
from .messages import EMPTY, Call, Response
from .presigned import OF_SIGNATURE

_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# The client's signature, and headers about the framing of the body.
_OF_REQUEST = _HOP | {
    "authorization",
    "content-length",
    "date",
    "host",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-trailer",
}
_OF_ANSWER = _HOP | {"content-length", "date", "server"}
_OF_SIGNATURE_2 = frozenset({"AWSAccessKeyId", "Expires", "Signature"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Some stores send RequestID.
_IDS = {"x-amz-request-id": re.compile(rb"<RequestI[dD]>([!-;=-~]+)</RequestI[dD]>")}
_IDS["x-amz-id-2"] = re.compile(rb"<HostId>([!-;=-~]+)</HostId>")
_CODE = re.compile(rb"<Code>([!-;=-~]+)</Code>")
_LOOKED_AT = 64 * 1024
_WITH_DIGEST = names_of(lambda row: row.digest)
_SUCCESSES = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A request to another S3, to be signed.

    `path` is percent-encoded and names the bucket, `params` are not encoded. Header names are in lower case. Values are
    text that the sender encodes as UTF-8. `payload_hash` is the client's digest of the body, otherwise
    UNSIGNED_PAYLOAD.
    """

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body
    payload_hash: str


def forwarded(call: Call, body: Body, trailers: Mapping[str, str] = EMPTY) -> Forward:
    """Return the request to another S3 that asks for the same as *call*.

    Args:
        call: The request.
        body: Its body without aws-chunked framing; *trailers* are separate.
        trailers: Names in lower case.
    """
    dropped = _OF_REQUEST | {name.strip().lower() for name in call.headers.get("connection", "").split(",")}
    headers = {name: text_of(value) for name, value in call.headers.items() if name not in dropped}
    headers |= {name: text for name, text in trailers.items() if name.startswith(CHECKSUM)}
    payload_hash = call.headers.get("x-amz-content-sha256", "")
    codings = [one.strip() for one in headers.pop("content-encoding", "").split(",")]
    stored = ", ".join(one for one in codings if one and one != "aws-chunked")
    headers |= {"content-encoding": stored} if stored else {}
    if call.operation in _WITH_DIGEST and not any(_is_digest(name) for name in headers):
        # S3 requires one, and a fault that changes the body removes the client's.
        headers["content-md5"] = b64encode(hashed(md5(usedforsecurity=False), body).digest()).decode()
    return Forward(
        method=call.method,
        path=_path(call),
        params=_unsigned(call.query),
        headers=headers,
        body=body,
        payload_hash=payload_hash if _SHA256.fullmatch(payload_hash) else UNSIGNED_PAYLOAD,
    )


def answered(call: Call, status: int, headers: Iterable[tuple[str, str]], body: Body) -> Response:
    """Convert another S3's response to *call* into ours. Of its request ids, those in the body count.

    Args:
        call: The request.
        status: 200-599.
        headers: As received, including repeated ones, decoded as Latin-1.
        body: The whole body without framing.
    """
    kept: dict[str, str] = {}
    length: int | None = None
    for name, value in headers:
        lower = name.lower()
        if lower == "content-length" and call.method == "HEAD" and value.isdecimal():
            length = int(value)
        elif lower not in _OF_ANSWER:
            spelled = _spelled(lower)
            kept[spelled] = f"{kept[spelled]}, {value}" if spelled in kept else value
    if (named_otherwise := kept.pop("x-amzn-requestid", None)) is not None:  # by AWS's other services, and by moto
        kept.setdefault("x-amz-request-id", named_otherwise)
    code = None
    if status not in _SUCCESSES:
        start = bytes(body[:_LOOKED_AT])
        kept |= {name: found[1].decode() for name, said in _IDS.items() if (found := said.search(start))}
        named = _CODE.search(start)
        code = named[1].decode() if named else usual_code(status, call)
    if call.method == "HEAD":
        body = b""
    return Response(status=status, headers=kept, body=body, length=length, code=code)


def text_of(value: str) -> str:
    """Return the text of a header that was decoded as Latin-1: decoded as UTF-8 if it is valid UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _path(call: Call) -> str:
    names = [name for name in (call.bucket, call.key) if name is not None]
    return "/" + "/".join(quote(name, safe="/-._~", errors="surrogateescape") for name in names)


def _unsigned(query: Mapping[str, str]) -> Mapping[str, str]:
    if "AWSAccessKeyId" in query:
        return {name: value for name, value in query.items() if name not in _OF_SIGNATURE_2}
    return {name: value for name, value in query.items() if name.lower() not in OF_SIGNATURE}


def _is_digest(header: str) -> bool:
    return header == "content-md5" or header.startswith(CHECKSUM)


def _spelled(name: str) -> str:
    """Return a header's name in S3's spelling."""
    if name in _SPELLED or name.startswith("x-amz"):
        return _SPELLED.get(name, name)
    return "-".join(word.capitalize() for word in name.split("-"))


_SPELLED = {"etag": "ETag", "content-md5": "Content-MD5"}
