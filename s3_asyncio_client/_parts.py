"""The requests of a multipart upload, one function each.

They take any client with a `_make_request`, such as a mock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from s3_asyncio_client._body import check_data, file_size
from s3_asyncio_client._core import xml
from s3_asyncio_client._core.addressing import metadata_headers
from s3_asyncio_client._core.limits import MAX_PARTS
from s3_asyncio_client._requests import (
    Requester,
    check_target,
    close,
    copy_source,
    finish,
    merged_headers,
    send,
    unquoted_etag,
)
from s3_asyncio_client.exceptions import S3ClientError, S3ResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from s3_asyncio_client._file_parts import FilePart


async def create_multipart_upload(
    client: Requester,
    bucket: str,
    key: str,
    content_type: str | None = None,
    metadata: Mapping[str, str] | None = None,
    **extra_headers: str,
) -> str:
    """Begin a multipart upload.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        content_type: MIME type of the object.
        metadata: User metadata, names and values.
        **extra_headers: Further headers; "_" in a name stands for "-".

    Returns:
        The upload id. Complete or abort the upload: its parts cost money until then.

    Raises:
        S3ResponseError: The response has no upload id.
    """
    check_target(bucket, key)
    headers = merged_headers({"Content-Type": content_type}, metadata_headers(metadata), _headers(extra_headers))
    request: dict[str, Any] = {"headers": headers} if headers else {}
    response = await send(client, method="POST", bucket=bucket, key=key, params={"uploads": ""}, **request)
    try:
        root = xml.parse_result(await response.text(), operation="CreateMultipartUpload", bucket=bucket, key=key)
    finally:
        await close(response)
    upload_id = xml.text(root, "UploadId")
    if not upload_id:
        raise S3ResponseError(
            f"the answer to CreateMultipartUpload is a <{root.tag}> without an UploadId",
            operation="CreateMultipartUpload",
            bucket=bucket,
            key=key,
        )
    return upload_id


async def upload_part(
    client: Requester,
    bucket: str,
    key: str,
    upload_id: str,
    part_number: int,
    data: bytes | bytearray | memoryview | BinaryIO | FilePart,
    **extra_headers: str,
) -> dict[str, Any]:
    """Upload one part. It replaces a part with the same number.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        upload_id: From `create_multipart_upload`.
        part_number: 1 to 10000. S3 joins the parts in this order.
        data: Bytes of the part, 5 MiB to 5 GiB; the last one may be shorter. A binary file is sent from its position to
            its end without loading it into memory, and then put back to that position.
        **extra_headers: Further headers; "_" in a name stands for "-".

    Returns:
        part_number, etag (without quotes), size (bytes): an entry for `complete_multipart_upload`.

    Raises:
        S3ClientError: *part_number* is out of range.
        S3NotFoundError: NoSuchUpload: the upload does not exist.
    """
    _check_part(bucket, key, part_number)
    check_data(data)
    size = memoryview(data).nbytes if isinstance(data, (bytes, bytearray, memoryview)) else file_size(data)
    response = await send(
        client,
        method="PUT",
        bucket=bucket,
        key=key,
        params={"partNumber": str(part_number), "uploadId": upload_id},
        headers=merged_headers(_headers(extra_headers), {"Content-Length": str(size)}),
        data=data,
    )
    await finish(response, bucket=bucket, key=key)
    return {"part_number": part_number, "etag": unquoted_etag(response.headers), "size": size}


async def upload_part_copy(
    client: Requester,
    bucket: str,
    key: str,
    upload_id: str,
    part_number: int,
    source_bucket: str,
    source_key: str,
    *,
    byte_range: tuple[int, int] | None = None,
    source_version_id: str | None = None,
    **extra_headers: str,
) -> dict[str, Any]:
    """Copy a part from an object in S3, or from its bytes *byte_range* (first, last), both included.

    Returns:
        part_number, etag (without quotes).

    Raises:
        S3ServerError: Also if S3 started with a 200 and failed afterwards.
    """
    _check_part(bucket, key, part_number)
    headers = merged_headers(
        {
            "x-amz-copy-source": copy_source(source_bucket, source_key, source_version_id),
            "x-amz-copy-source-range": None if byte_range is None else f"bytes={byte_range[0]}-{byte_range[1]}",
        },
        _headers(extra_headers),
    )
    params = {"partNumber": str(part_number), "uploadId": upload_id}
    response = await send(client, method="PUT", bucket=bucket, key=key, params=params, headers=headers)
    try:
        root = xml.parse_result(await response.text(), operation="UploadPartCopy", bucket=bucket, key=key)
    finally:
        await close(response)
    return {"part_number": part_number, "etag": xml.text(root, "ETag").strip('"')}


async def complete_multipart_upload(
    client: Requester,
    bucket: str,
    key: str,
    upload_id: str,
    parts: Sequence[Mapping[str, Any]],
    **extra_headers: str,
) -> dict[str, Any]:
    """Complete a multipart upload.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        upload_id: From `create_multipart_upload`.
        parts: The results of `upload_part`, in any order.
        **extra_headers: Further headers; "_" in a name stands for "-".

    Returns:
        location, etag (without quotes), bucket, key, parts_count.

    Raises:
        S3ClientError: There are no parts, or a part number is out of range.
        S3ServerError: Also if S3 started with a 200 and failed afterwards. The upload then still exists.
    """
    if not parts:
        raise S3ClientError("No parts to complete")
    for part in parts:
        _check_part(bucket, key, part["part_number"])
    document = xml.build_complete(parts)
    response = await send(
        client,
        method="POST",
        bucket=bucket,
        key=key,
        params={"uploadId": upload_id},
        headers=merged_headers(
            {"Content-Type": "application/xml"}, _headers(extra_headers), {"Content-Length": str(len(document))}
        ),
        data=document,
    )
    try:
        root = xml.parse_result(await response.text(), operation="CompleteMultipartUpload", bucket=bucket, key=key)
    finally:
        await close(response)
    if not xml.text(root, "ETag"):
        raise S3ResponseError(
            f"the answer to CompleteMultipartUpload is a <{root.tag}> without an ETag",
            operation="CompleteMultipartUpload",
            bucket=bucket,
            key=key,
        )
    return {
        "location": xml.text(root, "Location"),
        "etag": xml.text(root, "ETag").strip('"'),
        "bucket": bucket,
        "key": xml.text(root, "Key", key),
        "parts_count": len(parts),
    }


async def abort_multipart_upload(
    client: Requester, bucket: str, key: str, upload_id: str, **extra_headers: str
) -> None:
    """Abort a multipart upload and free its parts.

    Raises:
        S3NotFoundError: NoSuchUpload: already completed or aborted.
    """
    check_target(bucket, key)
    headers = merged_headers(_headers(extra_headers))
    request: dict[str, Any] = {"headers": headers} if headers else {}
    response = await send(client, method="DELETE", bucket=bucket, key=key, params={"uploadId": upload_id}, **request)
    await finish(response, bucket=bucket, key=key)


def _headers(extra: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in extra.items()}


def _check_part(bucket: str, key: str, part_number: int) -> None:
    check_target(bucket, key)
    if isinstance(part_number, bool) or not isinstance(part_number, int):
        raise TypeError(f"part_number must be an int, not {type(part_number).__name__}")
    if not 1 <= part_number <= MAX_PARTS:
        raise S3ClientError(f"Part number must be between 1 and {MAX_PARTS}, got {part_number}")
