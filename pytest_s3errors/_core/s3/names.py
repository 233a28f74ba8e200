"""Which names of buckets and which keys S3 allows."""

from __future__ import annotations

import re

MAX_KEY_BYTES = 1024
_TOLERATED = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_SHAPE = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", re.ASCII)
_IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_MIN_LENGTH, _MAX_LENGTH = 3, 63


def bucket_name_problem(name: str, *, creating: bool = False) -> str | None:  # noqa: PLR0911 - one per rule
    """Return what is wrong with a bucket's name, None if it may stand in a request.

    The whole rules hold with *creating*. Elsewhere a name may be older than the rules, or an access point's alias, and
    a test may call its bucket "b": any 1 to 255 letters, digits, dots, hyphens and underscores will do.

    Source: S3 User Guide, general purpose bucket naming rules.
    """
    if not creating:
        return None if _TOLERATED.fullmatch(name) else "1 to 255 of A-Z, a-z, 0-9, '.', '_' and '-' are allowed"
    if not _MIN_LENGTH <= len(name) <= _MAX_LENGTH:
        return f"it has {len(name)} characters, {_MIN_LENGTH} to {_MAX_LENGTH} are allowed"
    if not _SHAPE.fullmatch(name):
        return "only a-z, 0-9, '.' and '-' are allowed, with a letter or digit at both ends"
    if ".." in name:
        return "two dots stand side by side"
    if _IPV4.fullmatch(name):
        return "it looks like an IPv4 address"
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        return "it starts or ends with what S3 reserves for itself"
    return None


def check_bucket_name(name: object) -> None:
    """Raise TypeError or ValueError unless S3 allows a bucket of this name."""
    if not isinstance(name, str):
        raise TypeError(f"a bucket name is a str, not {type(name).__name__}")
    problem = bucket_name_problem(name)
    if problem is not None:
        raise ValueError(f"S3 allows no bucket named {name!r}: {problem}")


def check_key(key: object) -> None:
    """Raise TypeError or ValueError unless S3 allows an object of this key."""
    if not isinstance(key, str):
        raise TypeError(f"a key is a str, not {type(key).__name__}")
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"S3 allows no key {key!r}: it has no UTF-8 form") from error
    if not 1 <= size <= MAX_KEY_BYTES:
        raise ValueError(f"S3 allows keys of 1 to {MAX_KEY_BYTES} bytes in UTF-8; this one has {size}")
