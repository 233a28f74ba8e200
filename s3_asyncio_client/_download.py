"""Download an object to a file: concurrent ranges, each resumed where it broke, and a whole file or none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.integrity import checksum_for
from s3_asyncio_client._requests import Requester, check_target, close, send, unquoted_etag
from s3_asyncio_client._response import S3Response
from s3_asyncio_client._workers import run_workers, uninterrupted
from s3_asyncio_client.exceptions import (
    S3ConnectionError,
    S3IntegrityError,
    S3ResponseError,
    S3TimeoutError,
)
from s3_asyncio_client.transfer import TransferConfig, should_use_multipart

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

    from s3_asyncio_client._core.integrity import Checksum

_PIECE = 1024 * 1024
_BLOCK = 1024 * 1024
_MOST_PIECES = 1024  # IOV_MAX, of Linux and macOS
_OK, _PARTIAL_CONTENT = 200, 206
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Download:
    """The state that all ranges of one download share."""

    client: Requester
    bucket: str
    key: str
    etag: str
    params: dict[str, str]
    file: BinaryIO
    report: Callable[[int], object]
    attempts: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def where(self) -> dict[str, Any]:
        """Return the attributes of its errors."""
        return {"operation": "GetObject", "bucket": self.bucket, "key": self.key}


async def download_file(
    client: Requester,
    bucket: str,
    key: str,
    path: str | os.PathLike[str],
    config: TransferConfig | None = None,
    progress_callback: Callable[[int], object] | None = None,
    *,
    version_id: str | None = None,
    attempts: int = 3,
) -> dict[str, Any]:
    """Download an object to a file, which appears complete or not at all.

    Objects above the config's multipart_threshold are read in ranges, max_concurrency at a time, all with If-Match
    of the first ETag. A range that breaks off is resumed where it stopped.

    Args:
        client: The client.
        bucket: Bucket.
        key: Object key.
        path: The target. An existing file is replaced at the end.
        config: Sizes and concurrency.
        progress_callback: Called with the number of bytes of each piece written.
        version_id: Version to read.
        attempts: The maximum number of requests for one range, at least 1.

    Returns:
        path (Path), size (bytes), etag, version_id.

    Raises:
        S3ClientError: 412 PreconditionFailed if the object was replaced meanwhile.
        S3IntegrityError: The bytes are not those that S3 promised.
        S3ConnectionError, S3TimeoutError: A range broke off *attempts* times.
        ValueError: *attempts* is below 1.
    """
    check_target(bucket, key)
    if attempts < 1:
        raise ValueError(f"attempts must be at least 1, got {attempts}")
    config = config or TransferConfig()
    target = Path(path)
    params = {} if version_id is None else {"versionId": version_id}
    headers = await _describe(client, bucket, key, params)
    size, etag = _size(headers, bucket, key), headers.get("ETag", "")
    with _appearing(target) as file:
        download = _Download(
            client=client,
            bucket=bucket,
            key=key,
            etag=etag,
            params=params,
            file=file,
            report=progress_callback or _ignore,
            attempts=attempts,
        )
        await _fetch_all(download, size, config)
        await _verify(download, checksum_for(headers))
    return {
        "path": target,
        "size": size,
        "etag": unquoted_etag(headers),
        "version_id": headers.get("x-amz-version-id"),
    }


def _ignore(_: int) -> None:
    """Ignore progress."""


async def _describe(client: Requester, bucket: str, key: str, params: dict[str, str]) -> Mapping[str, str]:
    # The HEAD tells the size, the ETag that all ranges are held to, and the checksum of the whole.
    request: dict[str, Any] = {"headers": {"x-amz-checksum-mode": "ENABLED"}}
    if params:
        request["params"] = params
    response = await send(client, method="HEAD", bucket=bucket, key=key, **request)
    await close(response)
    return response.headers


def _size(headers: Mapping[str, str], bucket: str, key: str) -> int:
    length = whole_number(headers.get("Content-Length"))
    if length is None:
        raise S3ResponseError(
            f"the HEAD of {bucket}/{key} has no Content-Length", operation="HeadObject", bucket=bucket, key=key
        )
    return length


@contextlib.contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    """Open a new file beside *target*. It replaces *target* at the end and is removed after a failure."""
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("x+b") as file:
            yield file
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


async def _fetch_all(download: _Download, size: int, config: TransferConfig) -> None:
    if not should_use_multipart(size, config.multipart_threshold):
        await _fetch(download, 0, size, whole=True)
        return
    starts = iter(range(0, size, config.multipart_chunksize))

    async def worker() -> None:
        for start in starts:
            await _fetch(download, start, min(start + config.multipart_chunksize, size), whole=False)

    await run_workers(worker, min(config.max_concurrency, -(-size // config.multipart_chunksize)))


async def _fetch(download: _Download, start: int, end: int, *, whole: bool) -> None:
    """Get the bytes from *start* up to, not including, *end*. After a break, request the rest."""
    writer = _Writer(download, start)
    for attempt in range(1, download.attempts + 1):
        try:
            blocks = _blocks(download, writer.position, end, whole=whole and not writer.position)
            try:
                async with contextlib.aclosing(blocks):
                    async for block in blocks:
                        await writer.write(block)
            finally:
                await writer.finish()
        except (S3ConnectionError, S3TimeoutError) as error:
            if attempt == download.attempts:
                error.add_note(f"gave up on bytes {start}-{end - 1} after {attempt} attempts")
                raise
        else:
            return


class _Writer:
    """Writes the blocks of one range, each in a thread while the next one arrives.

    Attributes:
        position: Of the next block, in bytes from the beginning of the file.
    """

    def __init__(self, download: _Download, position: int) -> None:
        self.position = position
        self._download = download
        self._writing: asyncio.Task[int] | None = None

    async def write(self, block: list[bytes]) -> None:
        """Begin to write *block*, when the one before is written."""
        await self.finish()
        self._writing = asyncio.create_task(asyncio.to_thread(_write, self._download, self.position, block))
        self.position += sum(map(len, block))

    async def finish(self) -> None:
        """Wait until all is written, even if the caller is cancelled."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            self._download.report(await uninterrupted(writing))


async def _blocks(download: _Download, position: int, end: int, *, whole: bool) -> AsyncGenerator[list[bytes]]:
    """Yield the bytes of one request, many pieces at a time: each write is a trip to a thread.

    A break yields what arrived. Raises unless the number of bytes is the requested one.
    """
    response = await _ask(download, position, end, whole=whole)
    held, size = [], 0
    try:
        async with contextlib.aclosing(_chunks(response)) as chunks:
            async for chunk in chunks:
                held.append(chunk)
                size += len(chunk)
                if position + size > end:
                    raise S3ResponseError(
                        f"{position + size - end} bytes more came than were asked for", **download.where
                    )
                if size >= _BLOCK:
                    yield held
                    position += size
                    held, size = [], 0
    except (S3ConnectionError, S3TimeoutError):
        if held:
            yield held
        raise
    finally:
        await close(response)
    if held:
        yield held
    if position + size < end:
        raise S3ConnectionError(f"the answer ended at byte {position + size}, {end} were promised", **download.where)


def _chunks(response: S3Response) -> AsyncGenerator[bytes]:
    # The response of a mocked `_make_request` has only `read`.
    return response.iter_chunks(_PIECE) if isinstance(response, S3Response) else _read(response)


async def _read(response: S3Response) -> AsyncGenerator[bytes]:
    if body := await response.read():
        yield body


async def _ask(download: _Download, position: int, end: int, *, whole: bool) -> S3Response:
    headers = {"If-Match": download.etag} if download.etag else {}
    if not whole:
        headers["Range"] = f"bytes={position}-{end - 1}"
    request: dict[str, Any] = {"params": download.params} if download.params else {}
    if headers:
        request["headers"] = headers
    response = await send(download.client, method="GET", bucket=download.bucket, key=download.key, **request)
    if whole:
        return response
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status != _PARTIAL_CONTENT or match is None or int(match[1]) != position:
        await close(response)
        raise S3ResponseError(
            f"asked for bytes {position}-{end - 1}, got status {response.status} "
            f"with Content-Range {response.headers.get('Content-Range')!r}",
            **download.where,
        )
    return response


def _write(download: _Download, position: int, block: list[bytes]) -> int:
    size = sum(map(len, block))
    if not hasattr(os, "pwritev"):  # on Windows
        with download.lock:
            download.file.seek(position)
            download.file.writelines(block)
        return size
    # All pieces in one call, since a thread waits for the interpreter after each.
    pieces = block if len(block) <= _MOST_PIECES else [b"".join(block)]
    written = os.pwritev(download.file.fileno(), pieces, position)
    while written < size:  # a full disk takes a part
        written += os.pwritev(download.file.fileno(), [b"".join(block)[written:]], position + written)
    return size


async def _verify(download: _Download, checksum: Checksum | None) -> None:
    """Compare the whole file with S3's checksum: the ranges came without one."""
    if checksum is None:
        return
    await uninterrupted(asyncio.to_thread(_digest, download.file, checksum))
    if checksum.value != checksum.expected:
        raise S3IntegrityError(
            f"{checksum.algorithm} of the file is {checksum.value}, S3 promised {checksum.expected}", **download.where
        )


def _digest(file: BinaryIO, checksum: Checksum) -> None:
    file.seek(0)
    while piece := file.read(_PIECE):
        checksum.update(piece)
