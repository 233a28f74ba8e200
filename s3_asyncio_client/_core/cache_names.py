"""The file names of cached objects. Keys are opaque, but file names are not.

A plain key keeps its own name below its bucket's, so that people can read a cache and fill it by hand. A key that could
leave the folder, or that means something special to an operating system, is stored by its hash, in a folder whose name
no bucket can have.
"""

from __future__ import annotations

import hashlib

HASHED = "%by-hash"
"""Folder of the hashed names. No bucket name contains "%"."""

UNFINISHED = ".s3part"
"""Suffix of files that are still being written. A key with a segment that has this suffix is not plain."""

# Most file systems take names of 255 bytes or 255 UTF-16 units, which are never more than the bytes.
_MAX_NAME_BYTES = 255
_UNSAFE = frozenset('\\:*?"<>|') | frozenset(map(chr, range(32))) | {"\x7f"}
# Source: Microsoft, "Naming Files, Paths, and Namespaces"; an ending after the name does not make it an ordinary one.
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"}) | frozenset(
    f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"
)


def plain_name(bucket: str, key: str) -> tuple[str, ...] | None:
    r"""Return the path below the cache's folder that contains bucket and key unchanged.

    Returns:
        The bucket and the key's segments; None if the key is not plain: a segment is empty, ".", "..", longer than 255
        bytes, ends with a dot, a space or `UNFINISHED`, is a device of Windows, or has a control character or one of
        ``\\ : * ? " < > |``.
    """
    parts = (bucket, *key.split("/"))
    return parts if all(map(_plain, parts)) else None


def hashed_name(bucket: str, key: str) -> tuple[str, ...]:
    """Return a path below the cache's folder for any key: a SHA-256 of bucket and key in `HASHED`."""
    # A bucket's name has no slash, so each pair of bucket and key has its own text.
    return (HASHED, hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest())


def _plain(segment: str) -> bool:
    # "." and ".." end with a dot.
    return (
        segment != ""
        and not segment.endswith((".", " ", UNFINISHED))
        and len(segment.encode()) <= _MAX_NAME_BYTES
        and _UNSAFE.isdisjoint(segment)
        and segment.partition(".")[0].rstrip(" ").lower() not in _DEVICES
    )
