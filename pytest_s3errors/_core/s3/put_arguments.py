"""The arguments of `S3Store.put`: which are allowed, and the body, ETag and headers that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from typing import Any, TypedDict

from pytest_s3errors._core.body import Body, pattern
from pytest_s3errors._core.s3.errors.catalogue import nearest
from s3_asyncio_client._core.limits import MAX_OBJECT_BYTES, MAX_PARTS

from .names import is_header
from .records import SYSTEM_HEADERS

MADE_PART_BYTES = 8 * 1024**2


_ARGUMENTS = ("body", "size", "seed", "content_type", "metadata", "last_modified", "tags")
# Headers for which boto3 also omits the prefix.
_AMZ_HEADERS = ("storage-class", "server-side-encryption", "website-redirect-location")


class SystemHeaders(TypedDict, total=False):
    """Headers that S3 returns with an object, with `_` for `-`.

    Type checkers only know these. `put` also accepts every other `x_amz_*`.
    """

    cache_control: str
    content_disposition: str
    content_encoding: str
    content_language: str
    expires: str
    storage_class: str
    server_side_encryption: str
    website_redirect_location: str
    x_amz_archive_status: str
    x_amz_restore: str


def as_bytes(body: object) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise TypeError(f"body is bytes, not {type(body).__name__}; encode text first")


def made_body(body: bytes, size: int, seed: int) -> Body:
    if body:
        raise TypeError("body= and size= exclude each other: size= says how many bytes to make")
    for name, number in (("size", size), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"{name} is an int, not {type(number).__name__}")
    if not 0 <= size <= MAX_OBJECT_BYTES:
        raise ValueError(f"S3 allows objects of 0 to {MAX_OBJECT_BYTES} bytes; size is {size}")
    return pattern(size, seed)


def made_etag(body: Body) -> tuple[str, tuple[int, ...]]:
    """Return ETag and part sizes: of one request if that is quick to compute, otherwise of a multipart upload."""
    size = len(body)
    if isinstance(body, bytes):
        return md5(body, usedforsecurity=False).hexdigest(), ()
    part = max(MADE_PART_BYTES, -(-size // MAX_PARTS))
    sizes = tuple(min(part, size - start) for start in range(0, size, part))
    # The ETag of a multipart upload can't be checked from the bytes. To read them all would take seconds.
    told = md5(b"%d %b" % (size, bytes(body[:MADE_PART_BYTES])), usedforsecurity=False)
    return f"{told.hexdigest()}-{len(sizes)}", sizes


def system_headers(headers: Mapping[str, str]) -> dict[str, str]:
    named = {}
    for given, value in headers.items():
        name = given.lower().replace("_", "-")
        if name in _AMZ_HEADERS:
            name = f"x-amz-{name}"
        elif name not in SYSTEM_HEADERS and not name.startswith("x-amz-"):
            arguments = (*_ARGUMENTS, *(header.replace("-", "_") for header in (*SYSTEM_HEADERS, *_AMZ_HEADERS)))
            near = nearest(given, arguments)
            hint = f"; did you mean {near!r}?" if near else ""
            raise TypeError(f"no argument {given!r}{hint}; allowed are {', '.join(arguments)} and x_amz_*")
        named[name] = value
    return named


def check_types(**arguments: tuple[object, type]) -> None:
    for name, (value, kind) in arguments.items():
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name} is a {kind.__name__.lower()}, not {type(value).__name__}")


def check_text(*fields: Mapping[Any, Any]) -> None:
    for name, value in (pair for one in fields for pair in one.items()):
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is no name: a name is a str, not {type(name).__name__}")
        if not isinstance(value, str):
            raise TypeError(f"{name} is a str, not {type(value).__name__}")


def check_headers(fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        if not is_header(name, value):
            raise ValueError(f"no header carries {name!r}: {value!r}; a name has no spaces, a value is one line")
