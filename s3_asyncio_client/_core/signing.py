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

_NOTHING = hashlib.sha256()
EMPTY_SHA256 = _NOTHING.hexdigest()
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


def sha256(data: bytes | memoryview) -> str:
    """Return the SHA-256 of *data* in hex."""
    digest = _NOTHING.copy()  # faster than a new one, for which OpenSSL looks up the algorithm
    digest.update(data)
    return digest.hexdigest()


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
    signer, (host, path) = _signer_at(now, credentials, region), _host_and_path(url)
    own = {"Host": host, "x-amz-content-sha256": payload_hash, "x-amz-date": signer.timestamp}
    if credentials.session_token is not None:
        own["x-amz-security-token"] = credentials.session_token
    sent = {**headers, **own}
    replaced, lines, names = _canonical_headers(tuple(headers), tuple(own))
    for name in replaced:
        del sent[name]
    for name, value in headers.items():
        own.setdefault(name, " ".join(value.split()))
    query = canonical_query(params) if params else ""
    signature = signer.sign_request(f"{method}\n{path}\n{query}\n{lines % own}\n{names}\n{payload_hash}")
    sent["Authorization"] = f"{signer.credential}, SignedHeaders={names}, Signature={signature}"
    return sent


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
    signer = _signer_at(now, credentials, region)
    signed = dict(params)
    signed["X-Amz-Algorithm"] = _ALGORITHM
    signed["X-Amz-Credential"] = f"{credentials.access_key}/{signer.scope}"
    signed["X-Amz-Date"] = signer.timestamp
    signed["X-Amz-Expires"] = str(expires_in)
    signed["X-Amz-SignedHeaders"] = "host"
    if credentials.session_token is not None:
        signed["X-Amz-Security-Token"] = credentials.session_token
    query = canonical_query(signed)
    host, path = _host_and_path(url)
    canonical = f"{method}\n{path}\n{query}\nhost:{host}\n\nhost\n{UNSIGNED_PAYLOAD}"
    return f"{url}?{query}&X-Amz-Signature={signer.sign_request(canonical)}"


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
        self._previous = seed_signature
        self._signer = _signer_at(now, credentials, region)
        self._prefix = f"{_ALGORITHM}-PAYLOAD\n{self._signer.timestamp}\n{self._signer.scope}"

    def encode(self, chunk: bytes) -> bytes:
        """Return the frame of the next chunk. ``b""`` returns the last frame.

        S3 requires chunks of at least 8 KiB, except the last one.
        """
        self._previous = self._signer.sign(f"{self._prefix}\n{self._previous}\n{EMPTY_SHA256}\n{sha256(chunk)}")
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


@functools.lru_cache(256)  # a program sends the same few sets of headers over and over
def _canonical_headers(given: tuple[str, ...], own: tuple[str, ...]) -> tuple[list[str], str, str]:
    """Return how headers are signed, from the names of the caller's and of ours.

    Returns:
        The caller's that give way to ours; the lines of the others, as a format for their values; their names.
    """
    replaced = [name for name in given if name.lower() in _OWN_HEADERS and name not in own]
    signed = sorted(
        (lowered, name)
        for name in {*given, *own}.difference(replaced)
        if (lowered := name.lower()) not in _UNSIGNED_HEADERS
    )
    lines = "".join(f"{lowered.replace('%', '%%')}:%({name})s\n" for lowered, name in signed)
    return replaced, lines, ";".join(lowered for lowered, _ in signed)


def _host_and_path(url: str) -> tuple[str, str]:
    # Not urlsplit: it may normalize text that must stay unchanged. Eight characters are behind the slashes of https://.
    at = url.find("/", 8)
    return (_host(url), "/") if at < 0 else (_host(url[:at]), url[at:])


@functools.lru_cache(64)  # a client has few endpoints and asks at each request
def _host(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


class _Signer(NamedTuple):
    """Signs what is sent in one second.

    Attributes:
        timestamp: That second.
        scope: What its key is for.
        credential: The beginning of the header Authorization.
        inner: HMAC's first hash (RFC 2104), which has read the key.
        outer: HMAC's second hash, likewise.
    """

    timestamp: str
    scope: str
    credential: str
    inner: hashlib._Hash
    outer: hashlib._Hash

    def sign_request(self, canonical: str) -> str:
        return self.sign(f"{_ALGORITHM}\n{self.timestamp}\n{self.scope}\n{sha256(canonical.encode())}")

    def sign(self, text: str) -> str:
        # Twice as fast as the module hmac, of whose time half is spent on looking up the algorithm.
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


def _signer_at(now: datetime, credentials: Credentials, region: str) -> _Signer:
    return _signer(
        credentials.access_key,
        credentials.secret_key,
        region,
        now.year,
        now.month,
        now.day,
        now.hour,
        now.minute,
        now.second,
    )


@functools.lru_cache(16)  # there are many requests in a second
def _signer(access_key: str, secret_key: str, region: str, *second: int) -> _Signer:
    timestamp = "{:04}{:02}{:02}T{:02}{:02}{:02}Z".format(*second)
    key, steps = f"AWS4{secret_key}".encode(), (timestamp[:8], region, "s3", "aws4_request")
    for step in steps:
        key = hmac.digest(key, step.encode(), "sha256")
    block = key.ljust(64, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    scope = "/".join(steps)
    return _Signer(timestamp, scope, f"{_ALGORITHM} Credential={access_key}/{scope}", inner, outer)
