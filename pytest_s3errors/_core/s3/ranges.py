"""Byte ranges of an object: the Range header, and partNumber."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.limits import MAX_PARTS

if TYPE_CHECKING:
    from .records import StoredObject
    from .request import S3Request

_RANGE = re.compile(r"bytes=(\d{0,1000})-(\d{0,1000})", re.ASCII)


def requested_range(ask: S3Request, obj: StoredObject) -> tuple[int, int] | None:
    """Return (first, end) of the bytes that a GetObject or HeadObject requests, end exclusive. None: all bytes."""
    text = ask.call.headers.get("range")
    if "partNumber" in ask.call.query:
        if text is not None:
            raise ask.refused("InvalidRequest: range and part")
        return _part_range(ask, obj)
    return None if text is None else _byte_range(ask, text, obj.size)


def part_number(ask: S3Request) -> int:
    """Return the request's partNumber, or refuse with InvalidArgument unless it is 1 to 10000 (fact 62)."""
    text = ask.call.query.get("partNumber", "")
    number = whole_number(text, digits=len(str(MAX_PARTS)))
    if number is None or not 1 <= number <= MAX_PARTS:
        raise ask.bad_argument("partNumber", text, "part number")
    return number


def _part_range(ask: S3Request, obj: StoredObject) -> tuple[int, int]:
    number = part_number(ask)
    sizes = obj.part_sizes or (obj.size,)
    if number > len(sizes):
        elements = {"PartNumberRequested": str(number), "ActualPartCount": str(len(sizes))}
        raise ask.refused("InvalidPartNumber", elements=elements)
    first = sum(sizes[: number - 1])
    return first, first + sizes[number - 1]


def _byte_range(ask: S3Request, text: str, size: int) -> tuple[int, int] | None:
    """Return the range. S3 ignores a malformed range and a list of ranges (fact 52)."""
    matched = _RANGE.fullmatch(text.strip())
    if matched is None or matched.groups() == ("", ""):
        return None
    first_text, last_text = matched.groups()
    if first_text:
        first, end = int(first_text), int(last_text) + 1 if last_text else size
        if last_text and end <= first:
            return None
    else:
        first, end = max(0, size - int(last_text)), size
    if first >= size:
        elements = {"RangeRequested": text, "ActualObjectSize": str(size)}
        raise ask.refused("InvalidRange", elements=elements)
    return first, min(end, size)
