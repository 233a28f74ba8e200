"""Reading objects: whole, in part, in pieces, into a file."""

from __future__ import annotations

from contextlib import asynccontextmanager
from difflib import get_close_matches
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from s3_asyncio_client import _download
from s3_asyncio_client._requests import (
    Requester,
    check_target,
    close,
    given,
    merged_headers,
    only,
    quoted_etag,
    unquoted_etag,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from s3_asyncio_client._response import S3Response

__all__ = ["ByteRange", "ReadOperations", "ReadOptions", "range_header"]

_META = "x-amz-meta-"

ByteRange = tuple[int, int | None] | str


def range_header(byte_range: ByteRange) -> str:
    """Return the value of a Range header.

    Args:
        byte_range: (first, last) byte, counted from 0, both included; last None: to the end; (-n, None): the last n
            bytes; or a complete header such as "bytes=0-99".

    Raises:
        TypeError: *byte_range* is neither a pair of ints nor a str.
        ValueError: The range ends before it begins, or a str does not start with "bytes=".
    """
    if isinstance(byte_range, str):
        if not byte_range.startswith("bytes="):
            raise ValueError(f'byte_range must look like "bytes=0-99" or (0, 99), got "{byte_range}"')
        return byte_range
    first, last = byte_range
    if not isinstance(first, int) or not (last is None or isinstance(last, int)):
        raise TypeError(f"byte_range must be a pair of ints, got {byte_range!r}")
    if first < 0 and last is None:
        return f"bytes={first}"
    if first < 0 or (last is not None and last < first):
        raise ValueError(f"byte_range must be (first, last) with 0 <= first <= last, got {byte_range!r}")
    return f"bytes={first}-{'' if last is None else last}"


class ReadOptions(TypedDict, total=False):
    """The options of a read, all keyword-only.

    Attributes:
        byte_range: (first, last) byte, both included; last None: to the end; (-n, None): the last n bytes.
        version_id: Version to read.
        if_match: Only if the object has this ETag, else 412.
        if_none_match: Only if it does not, else 304.
        if_modified_since: Only if changed since this HTTP date, else 304.
        if_unmodified_since: Only if not changed since, else 412.
        part_number: Only this part of a multipart upload, 1 to 10000.
    """

    byte_range: ByteRange | None
    version_id: str | None
    if_match: str | None
    if_none_match: str | None
    if_modified_since: str | None
    if_unmodified_since: str | None
    part_number: int | None


class ReadOperations(Requester):
    """The part of S3Client that reads objects."""

    async def get_object(self, bucket: str, key: str, **options: Unpack[ReadOptions]) -> dict[str, Any]:
        """Read an object, or a part of it, into memory.

        Args:
            bucket: Bucket.
            key: Object key.
            **options: See `ReadOptions`.

        Returns:
            body (bytes), content_type, content_length (bytes), etag (without quotes), last_modified (in S3's format),
            version_id, server_side_encryption, metadata (dict, names in lower case); and content_range if a range was
            requested. Values that S3 does not send are None.

        Raises:
            S3NotFoundError: No such object.
            S3IntegrityError: The bytes are not those that S3 promised.
            S3Error: 304 NotModified if *if_none_match* or *if_modified_since* hold; it is not retryable.
            TypeError: There is no such option.
        """
        response = await self._get(bucket, key, options)
        try:
            body = await response.read()
        finally:
            await close(response)
        result = {"body": body, **_described(response.headers, len(body))}
        if options.get("byte_range") is not None:
            result["content_range"] = response.headers.get("Content-Range")
        return result

    @asynccontextmanager
    async def open_object(self, bucket: str, key: str, **options: Unpack[ReadOptions]) -> AsyncIterator[S3Response]:
        """Open an object for reading piece by piece: ``async with`` this, then ``async for`` its `iter_chunks()`.

        Args:
            bucket: Bucket.
            key: Object key.
            **options: See `ReadOptions`.

        Raises:
            S3NotFoundError: No such object.
            S3ClientError: 412 PreconditionFailed, 416 InvalidRange.
        """
        response = await self._get(bucket, key, options)
        try:
            yield response
        finally:
            await close(response)

    def _get(self, bucket: str, key: str, options: ReadOptions) -> Awaitable[S3Response]:
        check_target(bucket, key)
        asked = _asked(options) if options else {}
        return self._make_request(method="GET", bucket=bucket, key=key, **asked)

    async def head_object(self, bucket: str, key: str, *, version_id: str | None = None) -> dict[str, Any]:
        """Describe an object. The result is that of `get_object` without the body.

        Raises:
            S3NotFoundError: No such object. HEAD has no body, so the code follows from the status.
        """
        check_target(bucket, key)
        response = await self._make_request(
            method="HEAD", bucket=bucket, key=key, **only({}, given(versionId=version_id))
        )
        await close(response)
        return _described(response.headers, 0)

    download_file = _download.download_file


def _asked(options: ReadOptions) -> dict[str, Any]:
    """Return the headers and parameters of a read's options."""
    _check_options(options)
    byte_range, part_number = options.get("byte_range"), options.get("part_number")
    headers = merged_headers(
        {
            "Range": None if byte_range is None else range_header(byte_range),
            "If-Match": quoted_etag(options.get("if_match")),
            "If-None-Match": quoted_etag(options.get("if_none_match")),
            "If-Modified-Since": options.get("if_modified_since"),
            "If-Unmodified-Since": options.get("if_unmodified_since"),
        }
    )
    number = None if part_number is None else str(part_number)
    return only(headers, given(versionId=options.get("version_id"), partNumber=number))


def _check_options(options: Mapping[str, object]) -> None:
    for name in options:
        if name not in ReadOptions.__annotations__:
            near = get_close_matches(name, ReadOptions.__annotations__, n=1) or [
                known for known in ReadOptions.__annotations__ if name in known
            ]
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"a read has no option {name!r}{hint}; it takes {', '.join(ReadOptions.__annotations__)}")


def _described(headers: Mapping[str, str], body_length: int) -> dict[str, Any]:
    return {
        "content_type": headers.get("Content-Type"),
        "content_length": int(headers.get("Content-Length", body_length)),
        "etag": unquoted_etag(headers),
        "last_modified": headers.get("Last-Modified"),
        "version_id": headers.get("x-amz-version-id"),
        "server_side_encryption": headers.get("x-amz-server-side-encryption"),
        "metadata": {
            name.lower()[len(_META) :]: _decoded(value)
            for name, value in headers.items()
            if name[:1] in "xX" and name.lower().startswith(_META)
        },
    }


def _decoded(value: str) -> str:
    """Decode the words (RFC 2047) that S3 sends for text that is not ASCII. Text that only looks like one stays."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
