"""Writing, copying and deleting objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from s3_asyncio_client import _upload
from s3_asyncio_client._body import OwnSha256, check_data, file_size, is_file
from s3_asyncio_client._core import xml
from s3_asyncio_client._core.addressing import metadata_headers
from s3_asyncio_client._core.integrity import Checksum
from s3_asyncio_client._requests import (
    check_target,
    close,
    copy_source,
    finish,
    given,
    merged_headers,
    only,
    quoted_etag,
    unquoted_etag,
)
from s3_asyncio_client.reads import ReadOperations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3_asyncio_client._body import Data

__all__ = ["ObjectOperations"]

_META = "x-amz-meta-"


class ObjectOperations(ReadOperations):
    """The part of S3Client that is about objects."""

    async def put_object(
        self,
        bucket: str,
        key: str,
        data: Data,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        *,
        content_length: int | None = None,
        if_none_match: str | None = None,
        if_match: str | None = None,
        checksum: Literal["crc32", "sha1", "sha256"] | None = None,
        content_md5: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Store an object.

        Args:
            bucket: Bucket.
            key: Object key.
            data: Bytes; a binary file, sent from its position to its end without loading it into memory, and then put
                back to that position; or an async iterator of bytes, which needs *content_length*.
            content_type: MIME type.
            metadata: User metadata, names and values.
            content_length: Number of bytes of an async iterator.
            if_none_match: "*" to store only if the object does not exist yet.
            if_match: ETag that the current object must have.
            checksum: Send a checksum of this kind, which S3 verifies and stores. Not for an async iterator.
            content_md5: Send the MD5, which S3 verifies. Not for an async iterator.
            headers: Further headers, such as {"x-amz-storage-class": "STANDARD_IA"}.

        Returns:
            etag (without quotes), version_id, server_side_encryption; the latter two are None if S3 sends none.

        Raises:
            TypeError: *data* is text or can't be sent.
            ValueError: A header or metadata value has a line break, or *content_length* is negative or missing for an
                async iterator.
            S3InvalidRequestError: The bucket or key is invalid.
            S3ClientError: 412 PreconditionFailed if a condition does not hold.
        """
        check_target(bucket, key)
        length = _length(data, content_length)
        to_send = merged_headers(
            {"Content-Type": content_type, "If-None-Match": if_none_match, "If-Match": quoted_etag(if_match)},
            metadata_headers(metadata),
            headers,
            {"Content-Length": str(length)},
        )
        if checksum is not None:
            to_send[f"x-amz-checksum-{checksum}"] = await _digest(checksum, data)
        if content_md5:
            to_send["Content-MD5"] = await _digest("md5", data)
        response = await self._make_request(method="PUT", bucket=bucket, key=key, headers=to_send, data=data)
        await finish(response, bucket=bucket, key=key)
        return {
            "etag": unquoted_etag(response.headers),
            "version_id": response.headers.get("x-amz-version-id"),
            "server_side_encryption": response.headers.get("x-amz-server-side-encryption"),
        }

    async def delete_object(self, bucket: str, key: str, *, version_id: str | None = None) -> dict[str, Any]:
        """Delete an object. A missing object is not an error.

        Returns:
            delete_marker (bool), version_id (None without versioning).
        """
        check_target(bucket, key)
        response = await self._make_request(
            method="DELETE", bucket=bucket, key=key, **only({}, given(versionId=version_id))
        )
        await finish(response, bucket=bucket, key=key)
        return {
            "delete_marker": response.headers.get("x-amz-delete-marker") == "true",
            "version_id": response.headers.get("x-amz-version-id"),
        }

    async def copy_object(
        self,
        source_bucket: str,
        source_key: str,
        bucket: str,
        key: str,
        *,
        metadata: Mapping[str, str] | None = None,
        content_type: str | None = None,
        source_version_id: str | None = None,
        source_if_match: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Copy an object of up to 5 GB inside S3.

        Args:
            source_bucket: Bucket to copy from.
            source_key: Key to copy from.
            bucket: Bucket to copy to.
            key: Key to copy to.
            metadata: New metadata instead of the source's. With it or *content_type*, S3 copies neither.
            content_type: New MIME type.
            source_version_id: Version to copy.
            source_if_match: Only if the source has this ETag, else 412.
            headers: Further headers.

        Returns:
            etag (without quotes), last_modified (ISO 8601), version_id.

        Raises:
            S3ServerError: Also if S3 started with a 200 and failed afterwards.
            S3NotFoundError: No such source or bucket.
        """
        check_target(bucket, key)
        replace = metadata is not None or content_type is not None
        to_send = merged_headers(
            {
                "x-amz-copy-source": copy_source(source_bucket, source_key, source_version_id),
                "x-amz-copy-source-if-match": quoted_etag(source_if_match),
                "x-amz-metadata-directive": "REPLACE" if replace else None,
                "Content-Type": content_type,
            },
            metadata_headers(metadata),
            headers,
        )
        response = await self._make_request(method="PUT", bucket=bucket, key=key, headers=to_send)
        try:
            root = xml.parse_result(await response.text(), operation="CopyObject", bucket=bucket, key=key)
        finally:
            await close(response)
        return {
            "etag": xml.text(root, "ETag").strip('"'),
            "last_modified": xml.text(root, "LastModified") or None,
            "version_id": response.headers.get("x-amz-version-id"),
        }

    upload_file = _upload.upload_file


def _length(data: Data, content_length: int | None) -> int:
    check_data(data)
    if content_length is not None and content_length < 0:
        raise ValueError(f"content_length must be 0 or more bytes, got {content_length}")
    if isinstance(data, (bytes, bytearray, memoryview)):
        return memoryview(data).nbytes
    if is_file(data):
        return file_size(data)  # type: ignore[arg-type]
    if content_length is None:
        raise ValueError("an async iterator needs content_length=, the number of bytes it will give")
    return content_length


async def _digest(algorithm: str, data: Data) -> str:
    if isinstance(data, AsyncIterable):
        raise TypeError(f"the {algorithm} of an async iterator is not known beforehand; pass bytes or a file")
    checksum = Checksum(algorithm)
    if isinstance(data, (bytes, bytearray, memoryview)):
        await asyncio.to_thread(checksum.update, data)
    else:
        await asyncio.to_thread(_digest_file, checksum, data)
    return OwnSha256(checksum.value) if algorithm == "sha256" else checksum.value


def _digest_file(checksum: Checksum, file: BinaryIO) -> None:
    start = file.tell()
    while piece := file.read(1024 * 1024):
        checksum.update(piece)
    file.seek(start)
