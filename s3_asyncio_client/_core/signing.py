"""AWS Signature Version 4 for service "s3": headers, presigned URLs and chunked bodies.

These are pure functions: time and credentials in, strings out. Every URL is used unchanged, percent-encoded and without
a query. S3 is the only service whose path is neither normalized nor encoded a second time.

Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import functools
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from s3_asyncio_client._core.addressing import canonical_query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_PAYLOAD = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
MAX_EXPIRES_S = 7 * 24 * 3600

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Headers that proxies, HTTP libraries or tracing change or add in transit must not break a signature.
_UNSIGNED_HEADERS = {
    "authorization",
    "baggage",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
}
# Headers that `sign_request` sets itself. The caller's own would be signed twice.
_OWN_HEADERS = {"authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
_CHUNK_SIGNATURE = b";chunk-signature="


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials that sign. The secret parts are not in ``repr``.

    Attributes:
        access_key: Id of the key.
        secret_key: The key.
        session_token: Token of temporary credentials; None for lasting ones.
    """

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def sign_request(
    *,
    method: str,
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    payload_hash: str,
    credentials: Credentials,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """Return the headers to send.

    Args:
        method: "GET", "PUT" ...
        url: Percent-encoded, without a query; send exactly this one.
        params: The query, not encoded; send it in any order, encoded as `canonical_query` does.
        headers: The other headers. All are signed except those that proxies change.
        payload_hash: SHA-256 of the body in hex, UNSIGNED_PAYLOAD or STREAMING_PAYLOAD.
        credentials: Who signs.
        region: Region of the bucket.
        now: Current time in UTC.

    Returns:
        *headers* and Host, x-amz-date, x-amz-content-sha256, Authorization and, for temporary credentials,
        x-amz-security-token.
    """
    timestamp = _timestamp(now)
    host, path = _host_and_path(url)
    to_send = {name: value for name, value in headers.items() if name.lower() not in _OWN_HEADERS}
    if credentials.session_token is not None:
        to_send["x-amz-security-token"] = credentials.session_token
    own = {"Host": host, "x-amz-content-sha256": payload_hash, "x-amz-date": timestamp}
    trimmed = {name: " ".join(value.split()) for name, value in to_send.items()} | own
    canonical, signed_names = _canonical_request(method, path, canonical_query(params), trimmed, payload_hash)
    key = _signing_key(credentials.secret_key, timestamp[:8], region)
    signature = _sign(key, _string_to_sign(timestamp, key.scope, canonical))
    own["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{key.scope}, "
        f"SignedHeaders={signed_names}, Signature={signature}"
    )
    return to_send | own


def presign_url(
    *,
    method: str,
    url: str,
    params: Mapping[str, str],
    credentials: Credentials,
    region: str,
    now: datetime,
    expires_in: int,
) -> str:
    """Return a URL with its own signature. The body is not signed, and only the header Host is.

    Args:
        method: The only method that the URL works for.
        url: Percent-encoded, without a query.
        params: Further query parameters, not encoded.
        credentials: Who signs. With temporary ones the URL ends with them, even before it expires.
        region: Region of the bucket.
        now: Current time in UTC.
        expires_in: Seconds from *now* that the URL works, 1 to 604800 (a week).

    Raises:
        TypeError: *expires_in* is no int.
        ValueError: It is out of range.
    """
    if not isinstance(expires_in, int) or isinstance(expires_in, bool):
        raise TypeError(f"expires_in must be an int of seconds, not {type(expires_in).__name__}")
    if not 1 <= expires_in <= MAX_EXPIRES_S:
        raise ValueError(f"expires_in must be between 1 and {MAX_EXPIRES_S} seconds (7 days), not {expires_in}")
    timestamp = _timestamp(now)
    key = _signing_key(credentials.secret_key, timestamp[:8], region)
    signed = dict(params)
    signed["X-Amz-Algorithm"] = _ALGORITHM
    signed["X-Amz-Credential"] = f"{credentials.access_key}/{key.scope}"
    signed["X-Amz-Date"] = timestamp
    signed["X-Amz-Expires"] = str(expires_in)
    signed["X-Amz-SignedHeaders"] = "host"
    if credentials.session_token is not None:
        signed["X-Amz-Security-Token"] = credentials.session_token
    query = canonical_query(signed)
    host, path = _host_and_path(url)
    canonical, _ = _canonical_request(method, path, query, {"Host": host}, UNSIGNED_PAYLOAD)
    signature = _sign(key, _string_to_sign(timestamp, key.scope, canonical))
    return f"{url}?{query}&X-Amz-Signature={signature}"


def signature_of(headers: Mapping[str, str]) -> str:
    """Return the signature in the headers of `sign_request`, the seed of a ChunkSigner."""
    return headers["Authorization"].rpartition("Signature=")[2]


class ChunkSigner:
    """Frame and sign a body in chunks. Each signature depends on the previous one (aws-chunked).

    Args:
        seed_signature: Signature of the request, made with STREAMING_PAYLOAD.
        credentials: The request's.
        region: The request's.
        now: The request's.
    """

    def __init__(self, seed_signature: str, *, credentials: Credentials, region: str, now: datetime) -> None:
        timestamp = _timestamp(now)
        self._previous = seed_signature
        self._key = _signing_key(credentials.secret_key, timestamp[:8], region)
        self._prefix = f"{_ALGORITHM}-PAYLOAD\n{timestamp}\n{self._key.scope}"

    def encode(self, chunk: bytes) -> bytes:
        """Return the frame of the next chunk. ``b""`` returns the last frame.

        S3 requires chunks of at least 8 KiB, except the last one.
        """
        digest = hashlib.sha256(chunk).hexdigest()
        self._previous = _sign(self._key, f"{self._prefix}\n{self._previous}\n{EMPTY_SHA256}\n{digest}")
        return b"%x%b%b\r\n%b\r\n" % (len(chunk), _CHUNK_SIGNATURE, self._previous.encode(), chunk)


def encoded_length(decoded_length: int, chunk_size: int) -> int:
    """Return the Content-Length of a chunked body: all frames of *chunk_size* bytes, the rest, and the last empty one.

    Args:
        decoded_length: Bytes of the body itself.
        chunk_size: Bytes of each chunk except the last.

    Raises:
        ValueError: *decoded_length* is negative or *chunk_size* is not positive.
    """
    if decoded_length < 0 or chunk_size <= 0:
        raise ValueError(f"need decoded_length >= 0 and chunk_size > 0, not {decoded_length} and {chunk_size}")
    whole, rest = divmod(decoded_length, chunk_size)
    return whole * _frame_length(chunk_size) + (_frame_length(rest) if rest else 0) + _frame_length(0)


def _frame_length(size: int) -> int:
    return len(f"{size:x}") + len(_CHUNK_SIGNATURE) + 64 + 2 + size + 2


def _canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str
) -> tuple[str, str]:
    """Return the text whose hash is signed, and the names of the headers in it."""
    lines, names = _canonical_headers(tuple(headers))
    return f"{method}\n{path}\n{query}\n{lines % headers}\n{names}\n{payload_hash}", names


@functools.lru_cache(256)  # a program sends the same few sets of headers over and over
def _canonical_headers(names: tuple[str, ...]) -> tuple[str, str]:
    """Return the lines of the headers to sign, as a format for their values, and the list of their names."""
    signed = sorted((lowered, name) for name in names if (lowered := name.lower()) not in _UNSIGNED_HEADERS)
    lines = "".join(f"{lowered.replace('%', '%%')}:%({name})s\n" for lowered, name in signed)
    return lines, ";".join(lowered for lowered, _ in signed)


def _host_and_path(url: str) -> tuple[str, str]:
    # Not urlsplit: it may normalize text that must stay unchanged.
    scheme, _, netloc, *path = url.split("/", 3)
    return _host(scheme, netloc), f"/{path[0]}" if path else "/"


@functools.lru_cache(64)  # a client has few endpoints and asks at each request
def _host(scheme: str, netloc: str) -> str:
    parts = urlsplit(f"{scheme}//{netloc}")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _timestamp(now: datetime) -> str:
    return _stamp(now.year, now.month, now.day, now.hour, now.minute, now.second)


@functools.lru_cache(4)  # there are many requests in a second, and formatting takes as long as a small hash
def _stamp(year: int, month: int, day: int, hour: int, minute: int, second: int) -> str:
    return f"{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z"


def _string_to_sign(timestamp: str, scope: str, canonical: str) -> str:
    return f"{_ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


class _Key(NamedTuple):
    """The key of a day: what it is for, and the two hashes of HMAC (RFC 2104) that have already read it."""

    scope: str
    inner: hashlib._Hash
    outer: hashlib._Hash


@functools.lru_cache(16)  # a key holds for a day
def _signing_key(secret_key: str, date: str, region: str) -> _Key:
    key = f"AWS4{secret_key}".encode()
    for step in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    block = key.ljust(64, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    return _Key(f"{date}/{region}/s3/aws4_request", inner, outer)


def _sign(key: _Key, text: str) -> str:
    # Twice as fast as the module hmac, of whose time half is spent on looking up the algorithm.
    inner, outer = key.inner.copy(), key.outer.copy()
    inner.update(text.encode())
    outer.update(inner.digest())
    return outer.hexdigest()
