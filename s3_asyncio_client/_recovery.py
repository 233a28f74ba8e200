"""Recover multipart uploads whose first or last response was lost: check what S3 has, then continue.

If a response does not arrive or can't be read, S3 may or may not have done the work. Giving up could leave an upload
that nobody knows about and that costs money. A blind retry could create a second upload, or report a failure for an
object that exists. So this module checks first:

- After CreateMultipartUpload, ListMultipartUploads shows the uploads of the key. If exactly one has begun since our
  request, it is ours. If there are several, one belongs to another writer, and we touch none.
- After CompleteMultipartUpload we send the same request again, to which S3 responds as it did the first time. If the
  upload no longer exists, the object decides: its ETag is computed from those of our parts, so another writer's object
  is not mistaken for ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core import xml
from s3_asyncio_client._parts import abort_multipart_upload, complete_multipart_upload
from s3_asyncio_client._requests import Requester, close, finish, send, unquoted_etag
from s3_asyncio_client.exceptions import (
    S3ConnectionError,
    S3Error,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    S3TimeoutError,
)
from s3_asyncio_client.retry import retry_with_exponential_backoff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RETRIES = 3
RETRY_DELAY_S = 0.5

_UNCLEAR = (S3ConnectionError, S3TimeoutError, S3ResponseError)
_MD5_HEX_DIGITS = 32


def is_unclear(error: BaseException) -> bool:
    """Return whether S3 may have done the work although *error* was raised."""
    return isinstance(error, _UNCLEAR)


async def find_upload(client: Requester, bucket: str, key: str, *, asked_at: float) -> str | None:
    """Return the id of the only upload of *key* that has begun since *asked_at*, a reading of `time.monotonic`.

    Returns:
        None if there is none or more than one.

    Raises:
        S3Error: The request failed.
        ValueError: The response has no dates, or is truncated without a marker for the next page.
    """
    found: list[str] = []
    # The uploads of the key itself come before those of longer keys.
    more = {"key-marker": "", "upload-id-marker": ""}
    while True:
        params = {"uploads": "", "prefix": key} | {name: marker for name, marker in more.items() if marker}
        response = await send(client, method="GET", bucket=bucket, params=params)
        try:
            root = xml.parse_result(await response.text(), operation="ListMultipartUploads", bucket=bucket)
        finally:
            await close(response)
        # Use S3's clock, since ours may be off by minutes. Both times are in whole seconds.
        said = response.headers.get("Date")
        now = parsedate_to_datetime(said) if said else datetime.now(UTC)
        since = now - timedelta(seconds=time.monotonic() - asked_at + 2)
        found += [
            xml.text(upload, "UploadId")
            for upload in root.iter("Upload")
            if xml.text(upload, "Key") == key and datetime.fromisoformat(xml.text(upload, "Initiated")) >= since
        ]
        before = more
        more = {"key-marker": xml.text(root, "NextKeyMarker"), "upload-id-marker": xml.text(root, "NextUploadIdMarker")}
        if xml.text(root, "IsTruncated") != "true" or more["key-marker"] != key:
            return found[0] if len(found) == 1 else None
        if more == before:
            raise ValueError("the listing of uploads goes on, and does not say where")


async def complete(
    client: Requester, bucket: str, key: str, upload_id: str, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Complete an upload. If the response is lost or unreadable, find out what happened.

    Returns:
        See `complete_multipart_upload`.

    Raises:
        S3Error: The upload is not complete, or that is unknown. The error is that of the first attempt.
    """
    unclear: S3Error | None = None
    for attempt in range(RETRIES + 1):
        try:
            return await complete_multipart_upload(client, bucket, key, upload_id, parts)
        except S3NotFoundError:
            if unclear is None:
                raise
            break  # the upload is gone: an attempt whose response was lost completed it, or someone aborted it
        except S3Error as error:
            # A 5xx, even inside a 200, leaves the upload as it was. The caller decides whether to retry.
            if not is_unclear(error) and not (unclear and isinstance(error, S3ServerError)):
                raise
            unclear = unclear or error
        if attempt < RETRIES:
            await asyncio.sleep(RETRY_DELAY_S * 2**attempt)
    assert unclear is not None  # every path to this line has set it
    found = await _stored(client, bucket, key, parts)
    if found is None:
        raise unclear
    return found


async def _stored(
    client: Requester, bucket: str, key: str, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the result of the completion if the object at *key* consists of *parts*. None: it does not."""
    expected = _etag_of(parts)
    if expected is None:
        return None
    try:
        response = await send(client, method="HEAD", bucket=bucket, key=key)
    except S3Error:
        return None
    await finish(response, bucket=bucket, key=key)
    if unquoted_etag(response.headers) != expected:
        return None
    return {"location": "", "etag": expected, "bucket": bucket, "key": key, "parts_count": len(parts)}


def _etag_of(parts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the ETag of an object that consists of *parts*. None: their ETags are not MD5s (SSE-KMS, SSE-C)."""
    etags = [str(part["etag"]) for part in sorted(parts, key=lambda part: part["part_number"])]
    try:
        digests = [bytes.fromhex(etag) for etag in etags if len(etag) == _MD5_HEX_DIGITS]
    except ValueError:
        return None
    if len(digests) != len(etags):
        return None
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(etags)}"


async def abort(client: Requester, bucket: str, key: str, upload_id: str, *, within_s: float) -> None:
    """Abort an upload, with retries, within *within_s* seconds. It is not an error if it no longer exists.

    Raises:
        Exception: The last attempt's error, or TimeoutError. The upload may still exist.
    """
    try:
        async with asyncio.timeout(within_s):
            await retry_with_exponential_backoff(
                lambda: abort_multipart_upload(client, bucket, key, upload_id),
                max_retries=RETRIES,
                base_delay=RETRY_DELAY_S,
                retryable_exceptions=(S3ServerError, ConnectionError, TimeoutError, S3ResponseError),
            )
    except S3NotFoundError:
        return
