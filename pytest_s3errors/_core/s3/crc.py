"""CRC-32C and CRC-64/NVME, which the standard library lacks.

The implementation is table-driven, one byte at a time, about 0.1 s per MB. It is used only for a request with such a
checksum, and only if awscrt, which is far faster, is not installed.
Source: RFC 3720 appendix B (Castagnoli); NVM Express NVM Command Set Specification 1.0, section 5.2.1.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache, partial
from importlib import import_module
from typing import Any

from pytest_s3errors._core.body import Body, hashed

_CASTAGNOLI = 0x82F63B78
_NVME = 0x9A6C9329AC4BC9B5


MAX_SLOW_BYTES = 1024**2
"""The largest body whose checksum is computed in Python without a request for it."""


def default_checksum(body: Body) -> dict[str, str]:
    """Return the CRC-64/NVME that S3 computes if a request states no checksum. Empty: it would take too long."""
    if len(body) > MAX_SLOW_BYTES and native() is None:
        return {}
    return {"crc64nvme": b64encode(hashed(crc64nvme(), body).digest()).decode()}


@cache
def native() -> Any:
    """Return the module `awscrt.checksums`. None: it is not installed."""
    try:
        return import_module("awscrt.checksums")
    except ImportError:
        return None


@cache
def _table(polynomial: int) -> tuple[int, ...]:
    """Return the remainders of all bytes under a reflected *polynomial*."""
    table = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (polynomial if remainder & 1 else 0)
        table.append(remainder)
    return tuple(table)


class Crc:
    """A CRC of *size* bytes, big-endian as S3 encodes it, with the methods of hashlib's digests."""

    def __init__(self, size: int, polynomial: int, name: str) -> None:
        self._size, self._polynomial, self._name = size, polynomial, name
        self._crc = 0

    def update(self, data: bytes | memoryview, /) -> None:
        """Add *data*."""
        if (checksums := native()) is not None:
            self._crc = getattr(checksums, self._name)(data, self._crc)
            return
        table, ones = _table(self._polynomial), (1 << 8 * self._size) - 1
        remainder = self._crc ^ ones
        for byte in data:
            remainder = table[(remainder ^ byte) & 0xFF] ^ (remainder >> 8)
        self._crc = remainder ^ ones

    def digest(self) -> bytes:
        """Return the CRC of all bytes so far."""
        return self._crc.to_bytes(self._size, "big")


crc32c = partial(Crc, 4, _CASTAGNOLI, "crc32c")
crc64nvme = partial(Crc, 8, _NVME, "crc64nvme")
