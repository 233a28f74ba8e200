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
from typing import TYPE_CHECKING

from backup_job.writers import NotStoredError, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_BYTES = 1024 * 1024


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
    """Where files go, by which client, and how many at one time."""

    writer: Writer
    bucket: str
    prefix: str = ""
    max_in_flight: int = 4

    async def store(self, path: Path, key: str) -> Stored | Failed:
        """Bring one file to S3 and see that it is there."""
        step = "read"
        try:
            size_bytes, sha256 = await asyncio.to_thread(digest_of, path)
            step = "upload"
            await self.writer.upload(self.bucket, key, path)
            step = "verify"
            await self.writer.verify(self.bucket, key, sha256)
        except (NotStoredError, OSError) as error:
            return Failed(key=key, step=step, reason=str(error))
        return Stored(key=key, size_bytes=size_bytes, sha256=sha256)


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
