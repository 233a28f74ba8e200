"""Turn a failed response into a typed error, with pure functions of status, headers and body.

The status decides the class and the code only refines it, because proxies and S3-compatible servers invent codes more
often than statuses. Everything that a server sends may contain a secret (it echoes what was signed), so every value in
an error passes through `redact` and `safe_elements`.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from s3_asyncio_client._core.document import parse_document
from s3_asyncio_client._core.redact import redact, safe_elements
from s3_asyncio_client._core.statuses import CODE_OF_STATUS, NOT_FOUND, missing_code
from s3_asyncio_client.exceptions import (
    S3AccessDeniedError,
    S3ClientError,
    S3Error,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

MAX_ERROR_BODY = 64 * 1024
"""The maximum number of bytes to read from an error's body. S3's own have less than two thousand."""

_MAX_MESSAGE = 500
"""The maximum number of characters in the message from a body that is not an error document."""

_CLASS_OF_STATUS: dict[int, type[S3Error]] = {
    400: S3InvalidRequestError,
    403: S3AccessDeniedError,
    404: S3NotFoundError,
}
_CLASS_OF_CODE: dict[str, type[S3Error]] = {
    "NoSuchKey": S3NotFoundError,
    "NoSuchBucket": S3NotFoundError,
    "AccessDenied": S3AccessDeniedError,
}
_SHOWN_ELSEWHERE = {"Code", "Message", "RequestId", "HostId"}
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_REDIRECT_OR_BAD_REQUEST = {301, 307, 400}


def parse_error_document(body: bytes) -> dict[str, str] | None:
    """Parse S3's error document.

    Args:
        body: A whole body in bytes; empty after HEAD.

    Returns:
        Element name to text in the order sent, the first of equal names; None if *body* is longer than MAX_ERROR_BODY
        or is anything but well-formed XML with the root ``<Error>``, in any namespace, without a DOCTYPE.

    Source: S3 API Reference, "Error responses".
    """
    if not body or len(body) > MAX_ERROR_BODY:
        return None
    try:
        root = parse_document(body)
    except ValueError:
        return None
    return fields_of(root) if root.tag == "Error" else None


def fields_of(root: Element) -> dict[str, str]:
    """Return the children of an error document: element name to trimmed text, in order, the first of equal names."""
    fields: dict[str, str] = {}
    for child in root:
        fields.setdefault(child.tag, (child.text or "").strip())
    return fields


def error_from_response(
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    operation: str | None = None,
    bucket: str | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> S3Error:
    """Return the error to raise for a failed response; see `error_from_fields`.

    Args:
        status: HTTP status.
        headers: The response's headers, names in any case.
        body: Its body in bytes; empty after HEAD.
        operation: S3's name of the operation.
        bucket: Bucket that was asked for.
        key: Key that was asked for.
        now: Current time with a time zone, for a Retry-After that is a date. None: ignore such a header.
    """
    return error_from_fields(
        status=status,
        fields=parse_error_document(body),
        headers=headers,
        text=body.decode("utf-8", "replace"),
        operation=operation,
        bucket=bucket,
        key=key,
        now=now,
    )


def error_from_fields(
    *,
    status: int,
    fields: Mapping[str, str] | None,
    headers: Mapping[str, str],
    text: str = "",
    operation: str | None = None,
    bucket: str | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> S3Error:
    """Return the error for a status, the elements of an error document, and headers.

    Args:
        status: HTTP status; 200 for an error document inside a success.
        fields: The result of `parse_error_document`.
        headers: The response's headers, names in any case.
        text: The body, for the message if it is not an error document.
        operation: S3's name of the operation.
        bucket: Bucket that was asked for.
        key: The requested key. Without a body it decides what a 404 is about.
        now: Current time with a time zone, for a Retry-After that is a date. None: ignore such a header.

    Returns:
        S3NotFoundError, S3AccessDeniedError or S3InvalidRequestError for 404, 403 and 400, and for another 4xx whose
        code says so; S3ClientError for the other 4xx; S3ServerError for 5xx and for a document inside a 2xx; S3Error
        for 3xx; S3ResponseError for a 2xx without a document.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    code, message = _code_and_message(status, fields, text.strip(), bucket=bucket, key=key)
    error_class = _error_class(status, code, has_document=fields is not None)
    fields = fields or {}
    return error_class(
        message,
        status,
        code,
        request_id=fields.get("RequestId") or sent.get("x-amz-request-id"),
        host_id=fields.get("HostId") or sent.get("x-amz-id-2"),
        operation=operation,
        bucket=bucket,
        key=key,
        retry_after=_retry_after_s(sent, now),
        details=_details(status, fields, sent),
    )


def _code_and_message(
    status: int, fields: Mapping[str, str] | None, text: str, *, bucket: str | None, key: str | None
) -> tuple[str, str]:
    if fields is not None:
        code = fields.get("Code") or "Unknown"
        return code, redact(fields.get("Message") or f"S3 answered {status} without a message")
    if text:
        return "Unknown", redact(text)[:_MAX_MESSAGE]
    code = CODE_OF_STATUS.get(status, "Unknown")
    if status == NOT_FOUND:
        code = missing_code(key=bool(key)) if key or bucket else "NotFound"
    return code, f"S3 answered {status} without a body"


def _error_class(status: int, code: str, *, has_document: bool) -> type[S3Error]:
    match status // 100:
        case 5:
            return S3ServerError
        case 4:
            return _CLASS_OF_STATUS.get(status) or _CLASS_OF_CODE.get(code, S3ClientError)
        case 2:
            return S3ServerError if has_document else S3ResponseError
        case _:
            return S3Error


def _details(status: int, fields: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    details = {}
    if not fields.keys() <= _SHOWN_ELSEWHERE:
        details = safe_elements({name: value for name, value in fields.items() if name not in _SHOWN_ELSEWHERE})
    region = headers.get("x-amz-bucket-region")
    if region and status in _REDIRECT_OR_BAD_REQUEST:
        details.setdefault("Region", region)
    return details


def _retry_after_s(headers: Mapping[str, str], now: datetime | None) -> float | None:
    if "retry-after" not in headers and "x-amz-retry-after" not in headers:
        return None
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is None and value and now is not None:
        seconds = _seconds_until(value, now)
    if seconds is not None:
        return seconds
    milliseconds = _number(headers.get("x-amz-retry-after", "").strip())
    return None if milliseconds is None else milliseconds / 1000


def _number(value: str) -> float | None:
    number = float(value) if _SECONDS.fullmatch(value) else math.inf
    return number if math.isfinite(number) else None


def _seconds_until(http_date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:  # dates in HTTP are in GMT even if they do not say so
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
