"""Uploading a file of any size in constant memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from s3_asyncio_client._core.addressing import metadata_headers
from s3_asyncio_client._parts import (
    abort_multipart_upload,
    complete_multipart_upload,
    create_multipart_upload,
    upload_part,
)
from s3_asyncio_client._requests import Requester, check_target, finish, merged_headers, send, unquoted_etag
from s3_asyncio_client._workers import run_workers, uninterrupted
from s3_asyncio_client.exceptions import S3ClientError
from s3_asyncio_client.transfer import (
    DEFAULT_MULTIPART_CHUNKSIZE,
    TransferConfig,
    adjust_chunk_size,
    calculate_file_size,
    read_exactly,
    should_use_multipart,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["upload_file"]

_logger = logging.getLogger("s3_asyncio_client")

# What a cancelled caller waits at most for the upload's beginning, and then for its abort, when S3 does not answer.
_CLEAN_UP_S = 10.0


async def upload_file(
    client: Requester,
    bucket: str,
    key: str,
    file_source: str | os.PathLike[str] | BinaryIO,
    config: TransferConfig | None = None,
    content_type: str | None = None,
    metadata: Mapping[str, str] | None = None,
    progress_callback: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Upload a file: in one request up to the threshold, in parts above it.

    If anything fails, or the caller is cancelled, the other parts are stopped, the upload is aborted, and the first
    error is raised as it was. An abort that fails as well is logged and noted on that error.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        file_source: A path, or a seekable binary file, which is sent from its position to its end and put back there.
        config: When to split, and how; default TransferConfig().
        content_type: MIME type.
        metadata: Names and values of your own.
        progress_callback: Called with the number of bytes of each part stored.

    Returns:
        etag, key, size (bytes), upload_type "single_part"; or location, etag, key, parts_count, size, upload_type
        "multipart", part_size (bytes).

    Raises:
        S3ClientError: The file cannot be read, or its size changed meanwhile.
        S3Error: A request failed.
    """
    check_target(bucket, key)
    config = config or TransferConfig()
    headers = merged_headers({"Content-Type": content_type}, metadata_headers(metadata))
    target = _Target(client=client, bucket=bucket, key=key, headers=headers, report=progress_callback or _ignore)
    size = await asyncio.to_thread(calculate_file_size, file_source)
    with contextlib.ExitStack() as stack:
        file: BinaryIO
        if isinstance(file_source, (str, os.PathLike)):
            file = stack.enter_context(await asyncio.to_thread(open, file_source, "rb"))
        else:
            file = file_source
            stack.callback(file.seek, file.tell())
        if should_use_multipart(size, config.multipart_threshold):
            return await _upload_parts(target, _PartReader(file, size, config), content_type, metadata)
        return await _upload_whole(target, file, size)


def _ignore(_: int) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where an upload goes; the headers are those of a single request."""

    client: Requester
    bucket: str
    key: str
    headers: dict[str, str]
    report: Callable[[int], object]


async def _upload_whole(target: _Target, file: BinaryIO, size: int) -> dict[str, Any]:
    # A small file is read once and sent from memory; a large one is read twice, to be hashed and to be sent.
    data: bytes | BinaryIO = file
    if size <= DEFAULT_MULTIPART_CHUNKSIZE:
        data = await asyncio.to_thread(read_exactly, file, size + 1)
        if len(data) != size:
            raise _changed(size)
    headers = target.headers | {"Content-Length": str(size)}
    response = await send(target.client, method="PUT", bucket=target.bucket, key=target.key, headers=headers, data=data)
    await finish(response, bucket=target.bucket, key=target.key)
    target.report(size)
    return {"etag": unquoted_etag(response.headers), "key": target.key, "size": size, "upload_type": "single_part"}


class _PartReader:
    """Hands out the parts of a file in order, each to whoever asks first."""

    def __init__(self, file: BinaryIO, size: int, config: TransferConfig) -> None:
        self.size = size
        self.part_size = adjust_chunk_size(config.multipart_chunksize, size)
        self.count = math.ceil(size / self.part_size)
        self.workers = min(config.max_concurrency, self.count)
        self._file = file
        self._last = 0
        self._lock = asyncio.Lock()

    async def next(self) -> tuple[int, bytes] | None:
        """Return the next part's number and bytes; None after the last."""
        async with self._lock:
            if self._last == self.count:
                return None
            self._last += 1
            number = self._last
            last = number == self.count
            length = self.size - (number - 1) * self.part_size if last else self.part_size
            # One byte beyond the last part: a file that has grown must not be stored cut off.
            data = await uninterrupted(asyncio.to_thread(read_exactly, self._file, length + last))
            if len(data) != length:
                raise _changed(self.size)
            return number, data


def _changed(size: int) -> S3ClientError:
    return S3ClientError(f"the file had {size} bytes when the upload began and changed its size meanwhile")


async def _upload_parts(
    target: _Target, reader: _PartReader, content_type: str | None, metadata: Mapping[str, str] | None
) -> dict[str, Any]:
    client, bucket, key = target.client, target.bucket, target.key
    upload_ids: list[str] = []
    parts: list[dict[str, Any]] = []

    async def begin() -> None:
        upload_ids.append(await create_multipart_upload(client, bucket, key, content_type, metadata))

    async def worker() -> None:
        while (part := await reader.next()) is not None:
            number, data = part
            parts.append(await upload_part(client, bucket, key, upload_ids[0], number, data))
            target.report(len(data))

    try:
        # A cancellation between S3's answer and our learning of it would leave an upload that nobody knows of.
        await uninterrupted(begin(), grace_s=_CLEAN_UP_S)
        await run_workers(worker, reader.workers)
        result = await complete_multipart_upload(client, bucket, key, upload_ids[0], parts)
    except BaseException as error:
        for upload_id in upload_ids:
            await uninterrupted(_abort(target, upload_id, error))
        raise
    return result | {"size": reader.size, "upload_type": "multipart", "part_size": reader.part_size}


async def _abort(target: _Target, upload_id: str, error: BaseException) -> None:
    try:
        async with asyncio.timeout(_CLEAN_UP_S):
            await abort_multipart_upload(target.client, target.bucket, target.key, upload_id)
    except Exception as abort_error:  # noqa: BLE001 - whatever it is, the error that made us abort matters more
        reason = str(abort_error) or type(abort_error).__name__
        note = f"multipart upload {upload_id} of {target.bucket}/{target.key} could not be aborted: {reason}"
        _logger.warning("%s", note)
        error.add_note(note)
