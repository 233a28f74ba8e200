"""Read objects that may not exist: "missing" is a result, everything else is an error.

Only a 404 means that an object is missing. A 403 or 503 does not, and code that treats it as "missing" overwrites
objects that it could not see. S3 itself sends 403 instead of 404 if the credentials may not list the bucket.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from s3_asyncio_client._core.redact import redact
from s3_asyncio_client._core.retry import is_retryable
from s3_asyncio_client.exceptions import S3Error, S3NotFoundError

if TYPE_CHECKING:
    from s3_asyncio_client.fallback import ObjectReader

__all__ = ["ConditionalReader", "get_object_if_exists", "handle_get_object", "safe_head_object"]

_log = logging.getLogger("s3_asyncio_client")


class ConditionalReader(Protocol):
    """The part of a client that these functions use."""

    async def get_object(self, bucket: str, key: str, /) -> dict[str, Any]:
        """Read an object into memory."""
        ...

    async def head_object(self, bucket: str, key: str, /) -> dict[str, Any]:
        """Describe an object."""
        ...


async def safe_head_object(
    client: ConditionalReader, bucket: str, key: str, *, lenient: bool = False
) -> tuple[bool, dict[str, Any] | None]:
    """Return whether an object exists, and describe it.

    The result may be out of date when it arrives. To write an object only if it does not exist, don't check first:
    write with ``put_object(..., if_none_match="*")``.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        lenient: Treat any S3Error as "missing", and log it. Use it only if a wrong "missing" does no harm.

    Returns:
        (True, what `head_object` returns) or (False, None).

    Raises:
        S3Error: Anything but a 404, unless *lenient*.
    """
    try:
        return True, await client.head_object(bucket, key)
    except S3NotFoundError:
        return False, None
    except S3Error as error:
        if not lenient:
            raise
        _log_taken_for_missing("HeadObject", bucket, key, error)
        return False, None


async def get_object_if_exists(
    client: ConditionalReader, bucket: str, key: str, *, lenient: bool = False
) -> dict[str, Any] | None:
    """Return an object, or None if there is none.

    A HEAD comes first, so that a missing object costs no error document. The result comes from the GET alone: body,
    ETag and metadata belong together even if the object was replaced in between. An object that was deleted in between
    is missing.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        lenient: Treat any S3Error as "missing", and log it.

    Returns:
        What `get_object` returns, or None.

    Raises:
        S3Error: Anything but a 404, unless *lenient*.
    """
    exists, _ = await safe_head_object(client, bucket, key, lenient=lenient)
    if not exists:
        return None
    try:
        return await client.get_object(bucket, key)
    except S3NotFoundError:
        return None
    except S3Error as error:
        if not lenient:
            raise
        _log_taken_for_missing("GetObject", bucket, key, error)
        return None


async def handle_get_object(client: ObjectReader, bucket: str, key: str) -> dict[str, Any] | None:
    """Return an object, or None if there is none. Log errors at a level that fits their severity.

    INFO: there is no such object. WARNING: there is no such bucket, or the error may be temporary (5xx, throttling,
    connection, timeout). ERROR: the error is permanent, such as 403, wrong bytes, a broken protocol.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.

    Returns:
        What `get_object` returns, or None after a 404.

    Raises:
        S3Error: Anything but a 404, logged and unchanged.
    """
    try:
        return await client.get_object(bucket, key)
    except S3NotFoundError as error:
        level = logging.WARNING if error.error_code == "NoSuchBucket" else logging.INFO
        _log.log(level, "GetObject %s/%s: %s", bucket, key, redact(str(error)))
        return None
    except S3Error as error:
        level = logging.WARNING if is_retryable(error) else logging.ERROR
        _log.log(level, "GetObject %s/%s: %s: %s", bucket, key, type(error).__name__, redact(str(error)))
        raise


def _log_taken_for_missing(operation: str, bucket: str, key: str, error: S3Error) -> None:
    _log.warning(
        "%s %s/%s: %s: %s; taken for missing", operation, bucket, key, type(error).__name__, redact(str(error))
    )
