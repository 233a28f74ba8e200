"""The parts of S3's version 4 signature: the canonical request, the string to sign, and the signing key.

The path is used as sent: decoded and encoded once, never normalized, with `//` and `..` kept. So a client may encode
more or less than necessary, and the signature still matches.

Source: S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from pytest_s3errors._core.s3.hosts import parts_of

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE, TERMINATOR = "s3", "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

# Text that equals its own encoding, as most paths and queries do.
_PLAIN_PATH = re.compile(r"[/A-Za-z0-9_.~-]*", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)


class Claim(NamedTuple):
    """The claims of a version 4 signature, with `timestamp` and `date` as sent.

    This is a tuple because one is created for every request, and a frozen dataclass takes several times as long.
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
        """The credential's scope, without the access key."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


def canonical_request(call: Call, claim: Claim) -> str:
    """Return the text whose hash is signed. It has the request's headers as sent, decoded as latin-1."""
    _, path, query = parts_of(call.url)
    headers = call.headers
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in claim.signed_headers]
    names = ";".join(claim.signed_headers)
    return (
        f"{call.method}\n{canonical_path(path)}\n{canonical_query(query)}\n"
        f"{''.join(lines)}\n{names}\n{claim.payload_hash}"
    )


def string_to_sign(canonical: bytes, claim: Claim) -> str:
    """Return the text that is signed."""
    return f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{sha256(canonical).hexdigest()}"


@lru_cache(maxsize=256)
def signing_key(secret_key: str, date: str, region: str) -> bytes:
    """Return the signing key of one day and region."""
    key = f"AWS4{secret_key}".encode("utf-8", "surrogateescape")
    for step in (date, region, SERVICE, TERMINATOR):
        key = hmac.digest(key, step.encode("utf-8", "surrogateescape"), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """Return the signature of *text* in hex."""
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256").hex()


def canonical_path(path: str) -> str:
    """Return the percent-encoded *path* with everything encoded except `/` and unreserved characters."""
    return path if _PLAIN_PATH.fullmatch(path) else quote(unquote_to_bytes(path), safe="/-_.~")


def canonical_query(query: str) -> str:
    """Return the percent-encoded *query* in canonical encoding, sorted by name and value, without X-Amz-Signature."""
    if not query:
        return ""
    pairs = [_pair(text) for text in query.split("&") if text]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return _encoded(name), _encoded(value)


def _encoded(text: str) -> str:
    return text if _PLAIN_NAME.fullmatch(text) else quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")
