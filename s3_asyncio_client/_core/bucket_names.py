"""Which bucket names S3 allows. Each function returns the problem, as the end of a sentence about the name.

Sources: S3 User Guide, "General purpose bucket naming rules" and "Directory bucket naming rules".
"""

from __future__ import annotations

import functools
import re
from ipaddress import IPv4Address

_SENT = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_NEW = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_DIRECTORY = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?--[a-z0-9]+(-[a-z0-9]+)+--x-s3", re.ASCII)
_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


@functools.lru_cache(256)  # each request asks twice
def bucket_name_problem(name: str) -> str | None:
    """Return why no request may name this bucket.

    A bucket may be older than the rules, an access point's alias, or on another server, and a test may use the name
    "b". But no name may change the path of a URL.
    """
    if not name:
        return "is empty; pass the name of a bucket"
    if not _SENT.fullmatch(name) or ".." in name or name == ".":
        return "must be 1 to 255 characters of A-Z, a-z, 0-9, '.', '_' and '-', without '..'"
    return None


def new_name_problem(name: str) -> str | None:
    """Return why S3 would not create a bucket with this name."""
    if problem := bucket_name_problem(name):
        return problem
    if not _NEW.fullmatch(name):
        return "must be 3 to 63 characters of a-z, 0-9, '.' and '-', with a letter or digit at both ends"
    if is_ipv4(name):
        return "must not look like an IP address"
    if name.startswith(_RESERVED_PREFIXES) or name.endswith(_RESERVED_SUFFIXES):
        return "begins or ends with something that S3 reserves"
    return None


def directory_name_problem(name: str) -> str | None:
    """Return why S3 would not create a directory bucket with this name."""
    if problem := bucket_name_problem(name):
        return problem
    if not _NEW.fullmatch(name) or not _DIRECTORY.fullmatch(name):
        return "must be a name, a zone and an ending, as in 'logs--use1-az4--x-s3'"
    return None


def is_ipv4(text: str) -> bool:
    """Return whether *text* is an address such as 192.168.5.4."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
