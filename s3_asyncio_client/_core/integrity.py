"""The digest that S3 states for an object's bytes, and the digest of the received bytes."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    Bytes = bytes | bytearray | memoryview

_MD5_ETAG = re.compile(r"[0-9a-f]{32}")
_KMS = ("aws:kms", "aws:kms:dsse")


class _Hash(Protocol):
    def update(self, data: Bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    """zlib's CRC-32 as a hashlib object. S3 sends it big-endian."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: Bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _md5() -> _Hash:
    return hashlib.md5(usedforsecurity=False)


def _sha1() -> _Hash:
    return hashlib.sha1(usedforsecurity=False)


# Cheapest first: one digest is enough. CRC32C and CRC64NVME are not in the standard library.
ALGORITHMS = {"crc32": _Crc32, "sha1": _sha1, "sha256": hashlib.sha256, "md5": _md5}
_HEADERS = [(algorithm, f"x-amz-checksum-{algorithm}") for algorithm in ("crc32", "sha1", "sha256")]


class Checksum:
    """An incremental digest: feed it the bytes, then compare.

    Args:
        algorithm: A name in ALGORITHMS.
        expected: The value that `value` should have: base64, or hexadecimal with *hexadecimal*. "": none.
        hexadecimal: True for an ETag.
    """

    __slots__ = ("_hash", "_hexadecimal", "algorithm", "expected")

    def __init__(self, algorithm: str, expected: str = "", *, hexadecimal: bool = False) -> None:
        self.algorithm = algorithm
        self.expected = expected
        self._hexadecimal = hexadecimal
        self._hash: _Hash = ALGORITHMS[algorithm]()

    def update(self, data: Bytes) -> None:
        """Take the next bytes."""
        self._hash.update(data)

    @property
    def value(self) -> str:
        """The digest of the bytes so far, in the encoding of `expected`."""
        digest = self._hash.digest()
        return digest.hex() if self._hexadecimal else base64.b64encode(digest).decode()


def checksum_for(headers: Mapping[str, str]) -> Checksum | None:
    """Find the digest of a whole object among the headers of its GET or HEAD response.

    Args:
        headers: Response headers, in S3's spelling or in a case-insensitive mapping.

    Returns:
        A new Checksum, or None if S3 states none. Composite checksums, the ETag of a multipart upload, and the ETag of
        an object encrypted with KMS or a customer's key are not digests of the object's bytes.

    Source: S3 API Reference, Object (ETag) and GetObject (x-amz-checksum-type).
    """
    for algorithm, name in _HEADERS:
        value = headers.get(name)
        if value and "-" not in value and headers.get("x-amz-checksum-type") != "COMPOSITE":
            return Checksum(algorithm, value)
    etag = headers.get("ETag", "").strip('"')
    if _MD5_ETAG.fullmatch(etag) and not _encrypted(headers):
        return Checksum("md5", etag, hexadecimal=True)
    return None


def _encrypted(headers: Mapping[str, str]) -> bool:
    return (
        headers.get("x-amz-server-side-encryption") in _KMS
        or headers.get("x-amz-server-side-encryption-customer-algorithm") is not None
    )
