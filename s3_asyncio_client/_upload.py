"""Upload a file of any size in constant memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from s3_asyncio_client._core.addressing import metadata_headers
from s3_asyncio_client._file_parts import PartReader, changed
from s3_asyncio_client._parts import create_multipart_upload, upload_part
from s3_asyncio_client._recovery import abort, complete, find_upload, is_unclear
from s3_asyncio_client._requests import Requester, check_target, merged_headers
from s3_asyncio_client._workers import run_workers, uninterrupted
from s3_asyncio_client.exceptions import S3Error, S3ServerError
from s3_asyncio_client.transfer import (
    DEFAULT_MULTIPART_CHUNKSIZE,
    TransferConfig,
    calculate_file_size,
    read_exactly,
    should_use_multipart,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_logger = logging.getLogger("s3_asyncio_client")

# The seconds that a cancelled caller waits at most for the start of the upload, and then for its abort.
_CLEAN_UP_S = 10.0


class Uploader(Requester, Protocol):
    """The part of a client that an upload uses."""

    async def put_object(
        self,
        bucket: str,
        key: str,
        data: Any,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Store an object."""
        ...


async def upload_file(
    client: Uploader,
    bucket: str,
    key: str,
    file_source: str | os.PathLike[str] | BinaryIO,
    config: TransferConfig | None = None,
    content_type: str | None = None,
    metadata: Mapping[str, str] | None = None,
    progress_callback: Callable[[int], object] | None = None,
    **extra_args: str,
) -> dict[str, Any]:
    """Upload a file: in one request up to the threshold, in parts above it.

    If anything fails, or the caller is cancelled, it stops the other parts, aborts the upload, and raises the first
    error unchanged. If the abort fails for ten seconds, that is logged and noted on the error, and the `details` of an
    S3Error contain the "UnfinishedUploadId". A lost response to the first or last request does not fail the upload, see
    `s3_asyncio_client._recovery`.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        file_source: A path, or a seekable binary file. A file is sent from its position to its end, and then put back
            to that position.
        config: When and how to split. Default: TransferConfig().
        content_type: MIME type.
        metadata: User metadata, names and values.
        progress_callback: Called with the number of bytes of each stored part.
        **extra_args: Further headers of the object, such as ``**{"x-amz-storage-class": "STANDARD_IA"}``; "_" in a name
            stands for "-".

    Returns:
        etag, bucket, key, size (bytes), upload_type "single_part"; or location, etag, bucket, key, parts_count, size,
        upload_type "multipart", part_size (bytes).

    Raises:
        S3ClientError: The file cannot be read, or its size changed during the upload.
        S3Error: A request failed.
    """
    check_target(bucket, key)
    config = config or TransferConfig()
    metadata_headers(metadata)  # refuses what can't be sent before the file is read
    target = _Target(
        client=client,
        bucket=bucket,
        key=key,
        content_type=content_type,
        metadata=metadata,
        headers=merged_headers({name.replace("_", "-"): value for name, value in extra_args.items()}),
        report=progress_callback or _ignore,
    )
    size = await asyncio.to_thread(calculate_file_size, file_source)
    with contextlib.ExitStack() as stack:
        file: BinaryIO
        if isinstance(file_source, (str, os.PathLike)):
            file = stack.enter_context(await asyncio.to_thread(open, file_source, "rb"))
        else:
            file = file_source
            stack.callback(file.seek, file.tell())
        if should_use_multipart(size, config.multipart_threshold):
            return await _upload_parts(target, stack.enter_context(contextlib.closing(PartReader(file, size, config))))
        return await _upload_whole(target, file, size)


def _ignore(_: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The target of an upload, and the object's attributes."""

    client: Uploader
    bucket: str
    key: str
    content_type: str | None
    metadata: Mapping[str, str] | None
    headers: dict[str, str]
    report: Callable[[int], object]

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


async def _upload_whole(target: _Target, file: BinaryIO, size: int) -> dict[str, Any]:
    # A small file is read once and sent from memory. A large one is read twice, to hash it and to send it.
    data: bytes | BinaryIO = file
    if size <= DEFAULT_MULTIPART_CHUNKSIZE:
        data = await asyncio.to_thread(read_exactly, file, size + 1)
        if len(data) != size:
            raise changed(size)
    options: dict[str, Any] = {"headers": target.headers} if target.headers else {}
    result = await target.client.put_object(
        bucket=target.bucket,
        key=target.key,
        data=data,
        content_type=target.content_type,
        metadata=target.metadata,
        **options,
    )
    target.report(size)
    return {
        "etag": result.get("etag", ""),
        "bucket": target.bucket,
        "key": target.key,
        "size": size,
        "upload_type": "single_part",
    }


async def _upload_parts(target: _Target, reader: PartReader) -> dict[str, Any]:
    client, bucket, key = target.client, target.bucket, target.key
    upload_ids: list[str] = []
    parts: list[dict[str, Any]] = []

    async def begin() -> None:
        upload_ids.append(await _begin(target))

    async def worker() -> None:
        while (part := await reader.next()) is not None:
            number, size, data = part
            parts.append(await upload_part(client, bucket, key, upload_ids[0], number, data))
            target.report(size)

    try:
        # A cancellation before we read S3's response would leave an upload that nobody knows about.
        await uninterrupted(begin(), grace_s=_CLEAN_UP_S)
        await run_workers(worker, reader.workers)
        result = await complete(client, bucket, key, upload_ids[0], parts)
    except BaseException as error:
        for upload_id in upload_ids:
            await uninterrupted(_abort(target, upload_id, error))
        raise
    return result | {"size": reader.size, "upload_type": "multipart", "part_size": reader.part_size}


async def _begin(target: _Target) -> str:
    asked_at = time.monotonic()
    try:
        return await create_multipart_upload(
            target.client, target.bucket, target.key, target.content_type, target.metadata, **target.headers
        )
    except S3Error as error:
        # Even with a 5xx S3 may have created the upload.
        if not (is_unclear(error) or isinstance(error, S3ServerError)):
            raise
        try:
            found = await find_upload(target.client, target.bucket, target.key, asked_at=asked_at)
        except (S3Error, ValueError) as unknown:
            _say(error, f"whether {target} has an unfinished multipart upload is not known: {unknown}")
            raise error from None
        if found is None:
            raise
        return found


async def _abort(target: _Target, upload_id: str, error: BaseException) -> None:
    try:
        await abort(target.client, target.bucket, target.key, upload_id, within_s=_CLEAN_UP_S)
    except Exception as abort_error:  # noqa: BLE001 - the error that caused the abort matters more
        reason = str(abort_error) or type(abort_error).__name__
        _say(error, f"multipart upload {upload_id} of {target} could not be aborted and stays unfinished: {reason}")
        if isinstance(error, S3Error):
            error.details["UnfinishedUploadId"] = upload_id


def _say(error: BaseException, note: str) -> None:
    _logger.warning("%s", note)
    error.add_note(note)
