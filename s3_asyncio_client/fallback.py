"""Keep reading while S3 is down: from a second endpoint, then from a local folder. The result names the source."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from s3_asyncio_client._cache import read_cached, write_cached
from s3_asyncio_client._core.redact import redact
from s3_asyncio_client._requests import check_target
from s3_asyncio_client.exceptions import CircuitOpenError, S3Error, S3NotFoundError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["ObjectReader", "S3NowhereFoundError", "S3WithFallback", "watch_fallbacks"]

_log = logging.getLogger("s3_asyncio_client")
# Each has its own key, since one function may watch twice.
_watchers: dict[object, Callable[[str, str, str], object]] = {}

# Errors after which the next source is asked. The caller's own mistakes (TypeError, ValueError) are not among them.
_NO_HELP = (S3Error, CircuitOpenError, ConnectionError, TimeoutError)


class ObjectReader(Protocol):
    """The part of a client that `S3WithFallback` uses."""

    async def get_object(self, bucket: str, key: str, /) -> dict[str, Any]:
        """Read an object into memory, with its bytes under "body"."""
        ...


class S3NowhereFoundError(S3NotFoundError):
    """No source had the object.

    Beware: it is an S3NotFoundError even if no S3 responded. *absent* distinguishes a missing object from one that
    could not be read. For the latter, status_code and error_code are None.

    Attributes:
        causes: The error of each source, in order: S3Error and similar ones from a client, FileNotFoundError or another
            OSError from the local cache. They are also the error's ``__cause__``, as an ExceptionGroup.
        absent: True if every S3 responded with 404.
    """

    def __init__(self, bucket: str, key: str, causes: Sequence[tuple[str, Exception]]) -> None:
        self.causes = tuple(error for _, error in causes)
        answers = [error for source, error in causes if source != "local_cache"]
        self.absent = all(isinstance(error, S3NotFoundError) for error in answers)
        told = "; ".join(f"{source}: {redact(str(error) or type(error).__name__)}" for source, error in causes)
        super().__init__(
            f"Object {bucket}/{key} not available from any source ({told})",
            404 if self.absent else None,
            "NoSuchKey" if self.absent else None,
            operation="GetObject",
            bucket=bucket,
            key=key,
        )


class S3WithFallback:
    """Reads from a primary client, then from a fallback client, then from a local folder.

    It protects reads from an outage of an endpoint or region. During an outage each read first waits for the primary's
    error (use a circuit breaker or a timeout there), and objects may be old. Don't use it if an old object is worse
    than none: locks, balances, leader election.

    A plain key is the file ``local_cache_dir/bucket/key``, so you can fill the folder by hand or with any sync tool. A
    key that could leave the folder (``../x``, ``/x``), or that has another meaning on some operating system, is stored
    under its hash. Nothing outside the folder is read or written. Links in the folder are followed for reads, never
    for writes.

    Args:
        primary_client: Asked first: an `S3Client`, or any object with its `get_object`.
        fallback_client: Asked if the primary fails. None: no fallback.
        local_cache_dir: Folder to read from if both clients fail. None: no folder. It need not exist.
        missing_is_final: Raise the primary's 404 and ask no other source. Use True if objects get deleted, so that
            they do not come back from an old copy. The default also finds objects that only the fallback has, such as
            those that are not replicated back yet.
        write_through: Keep each object that a client returned in the local folder. The read waits for the disk. If
            the write fails, the read succeeds and a warning is logged.
        max_age_s: Seconds after which a local copy is no longer served. None: no limit.

    Attributes:
        primary: The primary client.
        fallback: The fallback client or None.
        cache_dir: The given local folder, or None.

    Raises:
        TypeError: *max_age_s* is not a number.
        ValueError: *max_age_s* is negative or NaN, or *write_through* has no folder.
    """

    def __init__(
        self,
        primary_client: ObjectReader,
        fallback_client: ObjectReader | None = None,
        local_cache_dir: str | os.PathLike[str] | None = None,
        *,
        missing_is_final: bool = False,
        write_through: bool = False,
        max_age_s: float | None = None,
    ) -> None:
        if max_age_s is not None:
            if isinstance(max_age_s, bool) or not isinstance(max_age_s, (int, float)):
                raise TypeError(f"max_age_s must be a number of seconds or None, not {type(max_age_s).__name__}")
            if math.isnan(max_age_s) or max_age_s < 0:
                raise ValueError(f"max_age_s must be 0 or more seconds, got {max_age_s}")
        if write_through and local_cache_dir is None:
            raise ValueError("write_through=True needs a local_cache_dir to write to")
        self.primary = primary_client
        self.fallback = fallback_client
        self.cache_dir = local_cache_dir
        self.missing_is_final = missing_is_final
        self.write_through = write_through
        self.max_age_s = max_age_s

    async def get_object_with_fallback(self, bucket: str, key: str) -> dict[str, Any]:
        """Read an object from the first source that has it.

        After any S3Error (403 and broken bodies too), an open circuit, a ConnectionError or a TimeoutError, the next
        source is asked. Other exceptions, such as a cancellation, are raised at once.

        Returns:
            The result of `get_object`, and source: "primary", "fallback" or "local_cache". From the local cache also
            stale (True) and age_s, the seconds since its file was written. There, content_type is guessed from the key,
            last_modified is the file's, and etag, version_id and metadata are unknown.

        Raises:
            S3InvalidRequestError: The bucket or key is invalid.
            S3NowhereFoundError: No source has it, or none responded. It is an S3NotFoundError.
            S3NotFoundError: The primary responded with 404, and *missing_is_final* is set.
        """
        check_target(bucket, key)
        causes: list[tuple[str, Exception]] = []
        for source, client in (("primary", self.primary), ("fallback", self.fallback)):
            if client is None:
                continue
            try:
                found = await client.get_object(bucket, key)
            except _NO_HELP as error:
                if self.missing_is_final and source == "primary" and isinstance(error, S3NotFoundError):
                    raise
                _note_failure(source, bucket, key, error)
                causes.append((source, error))
            else:
                await self._keep(bucket, key, found)
                _tell(source, bucket, key)
                return {**found, "source": source}
        if self.cache_dir is not None:
            try:
                cached = await asyncio.to_thread(read_cached, self.cache_dir, bucket, key, self.max_age_s)
            except OSError as error:
                causes.append(("local_cache", error))
            else:
                _log.warning("%s/%s comes from the local cache, %.0f s old", bucket, key, cached["age_s"])
                _tell("local_cache", bucket, key)
                return {**cached, "source": "local_cache"}
        nowhere = S3NowhereFoundError(bucket, key, causes)
        raise nowhere from ExceptionGroup("what each source raised", nowhere.causes)

    async def _keep(self, bucket: str, key: str, found: dict[str, Any]) -> None:
        if not self.write_through or self.cache_dir is None:
            return
        try:
            await asyncio.to_thread(write_cached, self.cache_dir, bucket, key, found["body"])
        except OSError as error:
            _log.warning("%s/%s could not be kept in the local cache: %s", bucket, key, error)


def watch_fallbacks(watcher: Callable[[str, str, str], object]) -> Callable[[], None]:
    """Call ``watcher(source, bucket, key)`` for every successful read of any `S3WithFallback`.

    It is for tools such as metrics and tests. *source* is "primary", "fallback" or "local_cache". The watcher must not
    raise: its exception would reach the reader.

    Returns:
        A function that ends the watch.
    """
    token = object()
    _watchers[token] = watcher

    def end() -> None:
        _watchers.pop(token, None)

    return end


def _tell(source: str, bucket: str, key: str) -> None:
    for watcher in tuple(_watchers.values()):
        watcher(source, bucket, key)


def _note_failure(source: str, bucket: str, key: str, error: Exception) -> None:
    level = logging.INFO if isinstance(error, S3NotFoundError) else logging.WARNING
    _log.log(
        level,
        "%s S3 failed for %s/%s: %s: %s",
        source.capitalize(),
        bucket,
        key,
        type(error).__name__,
        redact(str(error)),
    )
