"""The common steps around the request of every operation. They also work with a mocked `_make_request`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from s3_asyncio_client._core.addressing import check_bucket, check_header, check_key
from s3_asyncio_client._core.bucket_names import bucket_name_problem
from s3_asyncio_client._core.errors import error_from_fields, parse_error_document
from s3_asyncio_client._core.limits import MAX_KEY_BYTES
from s3_asyncio_client._response import S3Response

if TYPE_CHECKING:
    from collections.abc import Mapping


class Requester(Protocol):
    """The one method of a client that operations need."""

    async def _make_request(
        self,
        *,
        method: str,
        bucket: str,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        data: Any = None,
    ) -> S3Response: ...


async def send(client: Requester, **request: Any) -> S3Response:
    """Make one request. Pass only the given arguments, since tests compare them."""
    return await client._make_request(**request)  # noqa: SLF001 - the contract names this seam


async def close(response: S3Response) -> None:
    """Close a response, or a mock of one whose `close` is a coroutine function."""
    closing: object = response.close()  # type: ignore[func-returns-value]
    if closing is not None and inspect.isawaitable(closing):
        await closing


async def finish(response: S3Response, *, bucket: str, key: str | None = None) -> None:
    """Read the body, which should be empty, to its end, so that the connection returns to the pool. Then close.

    Raises:
        S3ServerError: The body of the success is an error document.
        S3ConnectionError: The body ended early.
    """
    try:
        if isinstance(response, S3Response) and (body := await response.read()):
            fields = parse_error_document(body)
            if fields is not None:
                about = response._about() | {"bucket": bucket, "key": key}  # noqa: SLF001
                raise error_from_fields(status=200, fields=fields, headers=response.headers, **about)
    finally:
        await close(response)


def check_target(bucket: str, key: str) -> None:
    """Refuse an invalid bucket or key, as `check_bucket` and `check_key` do.

    An operation on an object without a key would be one on its bucket, so None is no key here.
    """
    # Each request asks twice, so what most names are is seen here.
    if not isinstance(bucket, str) or bucket_name_problem(bucket) is not None:
        check_bucket(bucket)
    if not (isinstance(key, str) and key.isascii() and 0 < len(key) <= MAX_KEY_BYTES):
        check_key(key)


def check_any_target(bucket: str, key: str | None) -> None:
    """Refuse an invalid bucket or key. A key of None means the bucket."""
    if key is None:
        check_bucket(bucket)
    else:
        check_target(bucket, key)


def unquoted_etag(headers: Mapping[str, str]) -> str:
    """Return the ETag without its quotes, or "" if there is none."""
    return headers.get("ETag", "").strip('"')


def merged_headers(*groups: Mapping[str, str | None] | None) -> dict[str, str]:
    """Merge headers. Later groups win, and headers with the value None are omitted."""
    merged: dict[str, str] = {}
    for group in groups:
        for name, value in group.items() if group else ():
            if value is not None:
                check_header(name, value)
                merged[name] = value
    return merged


def copy_source(bucket: str, key: str, version_id: str | None) -> str:
    """Return the value of x-amz-copy-source."""
    check_target(bucket, key)
    source = f"/{quote(bucket)}/{quote(key, safe='/~')}"
    return source if version_id is None else f"{source}?versionId={quote(version_id, safe='')}"


def given(**values: str | None) -> dict[str, str]:
    """Return the arguments that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def only(headers: dict[str, str], params: dict[str, str]) -> dict[str, Any]:
    """Return those of the arguments that are not empty: tests compare the arguments of `_make_request`."""
    return {name: value for name, value in (("headers", headers), ("params", params)) if value}


def quoted_etag(etag: str | None) -> str | None:
    """Return an ETag in quotes. None, "*" and one with quotes stay unchanged."""
    return etag if etag is None or etag == "*" or '"' in etag else f'"{etag}"'
