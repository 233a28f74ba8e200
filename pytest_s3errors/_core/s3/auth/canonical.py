"""What a version 4 signature of S3 signs: the canonical request, the string made of it, and the key that signs.

The path is taken as it came: decoded and encoded once, nothing tidied, `//` and `..` kept. So a client may encode more
or less than it must, and the signature still fits.

Source: S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE, TERMINATOR = "s3", "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

# Text that is its own encoding, which is most paths and queries.
_PLAIN_PATH = re.compile(r"[/A-Za-z0-9_.~-]*", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)


class Claim(NamedTuple):
    """What a version 4 signature says of itself; `timestamp` and `date` as they came.

    A tuple, since one is made for every request and a frozen dataclass takes several times as long to make.
    """

    access_key: str
    date: str
    region: str
    service: str
    terminator: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    payload_hash: str

    @property
    def scope(self) -> str:
        """The scope of the credential, without the access key."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


def canonical_request(call: Call, claim: Claim) -> str:
    """The text whose hash is signed; it holds the request's headers as they came, as text of latin-1."""
    path, _, query = _target(call.url)
    headers = call.headers
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in claim.signed_headers]
    names = ";".join(claim.signed_headers)
    return (
        f"{call.method}\n{canonical_path(path)}\n{canonical_query(query)}\n"
        f"{''.join(lines)}\n{names}\n{claim.payload_hash}"
    )


def string_to_sign(canonical: bytes, claim: Claim) -> str:
    """The text that is signed."""
    return f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{sha256(canonical).hexdigest()}"


@lru_cache(maxsize=256)
def signing_key(secret_key: str, date: str, region: str, service: str = SERVICE) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret_key}".encode("utf-8", "surrogateescape")
    for step in (date, region, service, TERMINATOR):
        key = hmac.digest(key, step.encode("utf-8", "surrogateescape"), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """The signature of *text* in hex."""
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()


def canonical_path(path: str) -> str:
    """*path*, percent-encoded as it came, with everything encoded but `/` and what need not be."""
    return path if _PLAIN_PATH.fullmatch(path) else quote(unquote_to_bytes(path), safe="/-_.~")


def canonical_query(query: str) -> str:
    """*query*, percent-encoded as it came, encoded anew and sorted by names, then values, without X-Amz-Signature."""
    if not query:
        return ""
    pairs = [_pair(text) for text in query.split("&") if text]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return _encoded(name), _encoded(value)


def _encoded(text: str) -> str:
    return text if _PLAIN_NAME.fullmatch(text) else quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")


def _target(url: str) -> Sequence[str]:
    """Path, "?", query of a URL; not urlsplit, which is free to tidy what must stay as it is."""
    slash = url.find("/", url.find("://") + 3)
    return url[slash:].partition("?") if slash >= 0 else ("/", "", "")
