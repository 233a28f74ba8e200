"""Compare the digests in a request with its body (facts 63-65)."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from hashlib import md5, sha1, sha256
from typing import TYPE_CHECKING

from pytest_s3errors._core.body import Body, hashed, pieces

from .auth.canonical import UNSIGNED_PAYLOAD
from .aws_chunked import STREAMING
from .crc import crc32c, crc64nvme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .request import S3Request

MD5_BYTES = 16
SHA256_HEX = 64
HEX_DIGITS = frozenset("0123456789abcdef")


def _crc32(body: Body) -> bytes:
    crc = 0
    for piece in pieces(body):
        crc = binascii.crc32(piece, crc)
    return crc.to_bytes(4, "big")


def _sha1(body: Body) -> bytes:
    return hashed(sha1(usedforsecurity=False), body).digest()


def _sha256(body: Body) -> bytes:
    return hashed(sha256(), body).digest()


def md5_hex(body: Body) -> str:
    """Return the MD5 of *body*, which is the ETag of an object sent in one request."""
    return hashed(md5(usedforsecurity=False), body).hexdigest()


ALGORITHMS: Mapping[str, Callable[[Body], bytes]] = {
    "crc32": _crc32,
    "crc32c": crc32c,
    "crc64nvme": crc64nvme,
    "sha1": _sha1,
    "sha256": _sha256,
}
SIZES: Mapping[str, int] = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}


def check_content_md5(ask: S3Request, body: Body) -> None:
    """Refuse with InvalidDigest or BadDigest if Content-MD5 is given and is not the digest of *body*."""
    stated = ask.call.headers.get("content-md5")
    if stated is None:
        return
    wanted = decode_base64(stated, MD5_BYTES)
    if wanted is None:
        raise ask.refused("InvalidDigest", elements={"Content-MD5": stated})
    actual = bytes.fromhex(md5_hex(body))
    if wanted != actual:
        # S3 returns the expected digest in hex for PutObject, in base64 otherwise.
        expected = wanted.hex() if ask.call.operation == "PutObject" else stated
        digests = {"ExpectedDigest": expected, "CalculatedDigest": b64encode(actual).decode()}
        raise ask.refused("BadDigest", elements=digests)


def is_undigested(ask: S3Request) -> bool:
    """Return whether nothing in the request's head states a digest of its body. A fault's own request needs none."""
    return ask.call.came_as is None and DIGEST_HEADERS.isdisjoint(ask.call.headers)


def check_content_sha256(ask: S3Request, body: Body) -> None:
    """Refuse if x-amz-content-sha256 is a digest but not that of *body*, the bytes as sent."""
    stated = ask.call.headers.get("x-amz-content-sha256")
    if stated is None or stated == UNSIGNED_PAYLOAD or stated.startswith(STREAMING):
        return
    if len(stated) != SHA256_HEX or not HEX_DIGITS.issuperset(stated):
        raise ask.bad_argument("x-amz-content-sha256", stated, "content sha256")
    actual = _sha256(body).hex()
    if stated != actual:
        digests = {"ClientComputedContentSHA256": stated, "S3ComputedContentSHA256": actual}
        raise ask.refused("XAmzContentSHA256Mismatch", elements=digests)


def checked_checksums(ask: S3Request, body: Body, trailers: Mapping[str, str]) -> dict[str, str]:
    """Return the checksum in the request's headers or trailers, by algorithm, after comparing it with *body*.

    Refuse with InvalidRequest (malformed, two of them, not the announced algorithm) or BadDigest.
    """
    stated = stated_checksums(ask.call.headers, trailers)
    check_announced(ask, stated)
    for algorithm, value in stated.items():
        if decode_base64(value, SIZES[algorithm]) is None:
            trails = _HEADERS[algorithm] in trailers
            raise ask.refused(f"InvalidRequest: {'trailing checksum' if trails else 'checksum value'}", algorithm)
        if value != checksum(algorithm, body):
            raise ask.refused("BadDigest: checksum", algorithm.upper())
    return stated


def stated_checksums(*sources: Mapping[str, str]) -> dict[str, str]:
    """Return the values of `x-amz-checksum-*` in *sources*, by algorithm."""
    return {
        algorithm: source[name]
        for source in sources
        if not _NAMES.isdisjoint(source)
        for algorithm, name in _HEADERS.items()
        if name in source
    }


def check_announced(ask: S3Request, stated: Mapping[str, str]) -> None:
    """Refuse with InvalidRequest two checksums, or one that x-amz-sdk-checksum-algorithm does not announce."""
    if len(stated) > 1:
        raise ask.refused("InvalidRequest: checksums")
    announced = ask.call.headers.get("x-amz-sdk-checksum-algorithm")
    if announced is None:
        return
    if announced.lower() not in ALGORITHMS:
        raise ask.refused("InvalidRequest: checksum algorithm")
    if not stated and not ask.call.headers.get("x-amz-trailer"):
        raise ask.refused("InvalidRequest: no announced checksum")
    if announced.lower() not in stated:
        raise ask.refused("InvalidRequest: announced checksum")


def checksum(algorithm: str, body: Body) -> str:
    """Return the base64 checksum of *body*."""
    return b64encode(ALGORITHMS[algorithm](body)).decode()


def decode_base64(text: str, size: int) -> bytes | None:
    """Return the *size* bytes that *text* encodes. None: it does not encode that many bytes."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == size else None


CHECKSUM = "x-amz-checksum-"
_HEADERS = {algorithm: f"{CHECKSUM}{algorithm}" for algorithm in ALGORITHMS}
_NAMES = frozenset(_HEADERS.values())
DIGEST_HEADERS = _NAMES | {"content-md5", "x-amz-sdk-checksum-algorithm", "x-amz-trailer"}
