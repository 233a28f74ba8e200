"""CRC-32C and CRC-64/NVME, which the standard library lacks.

The implementation is table-driven, one byte at a time, about 0.1 s per MB. It is used only for a request with such a
checksum, and only if awscrt, which is far faster, is not installed.
Source: RFC 3720 appendix B (Castagnoli); NVM Express NVM Command Set Specification 1.0, section 5.2.1.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib import import_module
from typing import Any

from pytest_s3errors._core.body import Body, pieces

_CASTAGNOLI = 0x82F63B78
_NVME = 0x9A6C9329AC4BC9B5


MAX_SLOW_BYTES = 1024**2
"""The largest body whose checksum is computed in Python without a request for it."""


def default_checksum(body: Body) -> dict[str, str]:
    """Return the CRC-64/NVME that S3 computes if a request states no checksum. Empty: it would take too long."""
    if len(body) > MAX_SLOW_BYTES and native() is None:
        return {}
    return {"crc64nvme": b64encode(crc64nvme(body)).decode()}


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


def _crc(body: Body, polynomial: int, size: int, name: str) -> bytes:
    if (checksums := native()) is not None:
        crc = 0
        for piece in pieces(body):
            crc = getattr(checksums, name)(piece, crc)
        return crc.to_bytes(size, "big")
    table = _table(polynomial)
    ones = (1 << 8 * size) - 1
    remainder = ones
    for piece in pieces(body):
        for byte in piece:
            remainder = table[(remainder ^ byte) & 0xFF] ^ (remainder >> 8)
    return (remainder ^ ones).to_bytes(size, "big")


def crc32c(body: Body) -> bytes:
    """Return the CRC-32C of *body*, 4 bytes, big-endian as S3 encodes it."""
    return _crc(body, _CASTAGNOLI, 4, "crc32c")


def crc64nvme(body: Body) -> bytes:
    """Return the CRC-64/NVME of *body*, 8 bytes, big-endian as S3 encodes it."""
    return _crc(body, _NVME, 8, "crc64nvme")
