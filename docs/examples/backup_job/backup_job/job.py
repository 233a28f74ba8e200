"""The job itself: walk, upload, read back, compare, report.

A file counts as stored when the bytes that S3 gives back have the SHA-256 of the bytes on disk. Whatever keeps one
file from that is a line of the report; the other files go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from s3_asyncio_client import (
    S3Client,
    S3Error,
    S3IntegrityError,
    S3ServerError,
    TransferConfig,
    retry_with_exponential_backoff,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_READ_BYTES = 1024 * 1024
# Bytes that were spoiled on their way may come whole the next time.
REPEATED = (S3ServerError, ConnectionError, TimeoutError, S3IntegrityError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file that S3 gave back as it is on disk."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something that is not backed up, the step ("read", "upload", "verify") at which it failed, and why."""

    key: str
    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of every file, each list in the order of its keys."""

    stored: list[Stored]
    failed: list[Failed]

    def __str__(self) -> str:
        """One line per file, then the sum."""
        lines = [f"stored  {item.key}  {item.size_bytes} bytes  {item.sha256[:12]}" for item in self.stored]
        lines += [f"FAILED  {item.key}  at {item.step}: {item.reason}" for item in self.failed]
        return "\n".join([*lines, f"{len(self.stored)} stored, {len(self.failed)} failed"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where files go, and how hard the job tries."""

    client: S3Client
    bucket: str
    prefix: str = ""
    max_in_flight: int = 4
    max_retries: int = 3
    base_delay_s: float = 1.0
    transfer: TransferConfig = TransferConfig()  # noqa: RUF009 - frozen

    async def store(self, path: Path, key: str) -> Stored | Failed:
        """Bring one file to S3 and see that it is there."""
        step = "read"
        try:
            size_bytes, sha256 = await asyncio.to_thread(digest_of, path)
            step = "upload"
            await self._retried(lambda: self.client.upload_file(self.bucket, key, path, self.transfer))
            step = "verify"
            await self._retried(lambda: self._compare(key, sha256))
        except (S3Error, OSError) as error:
            return Failed(key=key, step=step, reason=str(error))
        return Stored(key=key, size_bytes=size_bytes, sha256=sha256)

    async def _retried(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await retry_with_exponential_backoff(
            operation, self.max_retries, self.base_delay_s, retryable_exceptions=REPEATED
        )

    async def _compare(self, key: str, sha256: str) -> None:
        came = hashlib.sha256()
        async with self.client.open_object(self.bucket, key) as response:
            async for chunk in response.iter_chunks():
                came.update(chunk)
        if came.hexdigest() != sha256:
            raise S3IntegrityError(f"what S3 gave back has SHA-256 {came.hexdigest()[:12]}, the file {sha256[:12]}")


async def back_up(job: Job, root: Path) -> Report:
    """Store every file below *root*, at most `job.max_in_flight` at one time, and report on each."""
    results: list[Stored | Failed] = []
    found = await asyncio.to_thread(lambda: list(walk(root)))
    todo = iter(found)

    async def worker() -> None:
        for item in todo:  # shared: each file goes to the worker that asks first
            key = job.prefix + item.path.relative_to(root).as_posix()
            unreadable = Failed(key=key, step="read", reason=item.problem) if item.problem else None
            results.append(unreadable or await job.store(item.path, key))

    async with asyncio.TaskGroup() as group:
        for _ in range(job.max_in_flight):
            group.create_task(worker())
    results.sort(key=lambda result: result.key)
    return Report(
        stored=[result for result in results if isinstance(result, Stored)],
        failed=[result for result in results if isinstance(result, Failed)],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file, or a path with the problem that keeps it from being read as one."""

    path: Path
    problem: str = ""


def walk(root: Path) -> Iterator[Found]:
    """What is below *root*, in order; a directory that can't be listed is found as a problem, not left out."""
    problems: list[Found] = []

    def note(error: OSError) -> None:
        problems.append(Found(path=Path(error.filename), problem=str(error)))

    for folder, folders, names in os.walk(root, onerror=note):
        folders.sort()
        for path in map(Path(folder).joinpath, sorted(names)):
            yield Found(path=path, problem="" if path.is_file() else "it is not a file, or points at none")
    yield from problems


def digest_of(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file, read in pieces."""
    size_bytes, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(partial(file.read, _READ_BYTES), b""):
            size_bytes += len(piece)
            digest.update(piece)
    return size_bytes, digest.hexdigest()
