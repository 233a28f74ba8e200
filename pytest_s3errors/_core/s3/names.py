"""Check names that a test passes without a request."""

from __future__ import annotations

import re
from typing import Final

from s3_asyncio_client._core.bucket_names import bucket_name_problem
from s3_asyncio_client._core.limits import MAX_KEY_BYTES

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_header(name: object, value: object) -> bool:
    """Return whether HTTP can carry *value* in a header *name*: text in one line, under a name without spaces."""
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    return _TOKEN.fullmatch(name) is not None and not any(c in value for c in "\r\n\0")


def check_bucket_name(name: object) -> None:
    """Raise TypeError or ValueError unless S3 allows a bucket with this name."""
    if not isinstance(name, str):
        raise TypeError(f"a bucket name is a str, not {type(name).__name__}")
    problem = bucket_name_problem(name)
    if problem is not None:
        raise ValueError(f"S3 allows no bucket named {name!r}: it {problem}")


def check_key(key: object) -> None:
    """Raise TypeError or ValueError unless S3 allows an object with this key."""
    if not isinstance(key, str):
        raise TypeError(f"a key is a str, not {type(key).__name__}")
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"S3 allows no key {key!r}: it has no UTF-8 form") from error
    if not 1 <= size <= MAX_KEY_BYTES:
        raise ValueError(f"S3 allows keys of 1 to {MAX_KEY_BYTES} bytes in UTF-8; this one has {size}")
