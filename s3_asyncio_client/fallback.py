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
# By a key of their own, for one function may watch twice.
_watchers: dict[object, Callable[[str, str, str], object]] = {}

# What says that this source cannot help now. The caller's own mistakes (TypeError, ValueError) are none of it.
_NO_HELP = (S3Error, CircuitOpenError, ConnectionError, TimeoutError)


class ObjectReader(Protocol):
    """The part of a client that `S3WithFallback` uses."""

    async def get_object(self, bucket: str, key: str, /) -> dict[str, Any]:
        """Read an object into memory, with its bytes under "body"."""
        ...


class S3NowhereFoundError(S3NotFoundError):
    """No source had the object.

    Beware: it is an S3NotFoundError also when no S3 could be asked. *absent* tells an object that is not there from
    one that could not be got; status_code and error_code are None for the latter.

    Attributes:
        causes: What each source raised, in the order asked: S3Error and its like from a client, FileNotFoundError or
            another OSError from the local cache. They are also the error's ``__cause__``, as an ExceptionGroup.
        absent: True if every S3 that was asked answered 404.
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

    It protects reads from the outage of an endpoint or region. It costs a wait for the primary's error on each read
    (put a circuit breaker or a timeout there), and answers that may be old. Do without it where an old answer is worse
    than none: locks, balances, leader election.

    A plain key is the file ``local_cache_dir/bucket/key``, so a folder can be filled by hand or by any tool of sync.
    Keys that could leave the folder (``../x``, ``/x``) or that some operating system gives another meaning go by their
    hash instead: they are kept, and nothing outside of the folder is read or written. Links that you put into the
    folder are followed to read, never to write.

    Args:
        primary_client: Asked first; an `S3Client`, or whatever has its `get_object`.
        fallback_client: Asked when the primary fails; None for none.
        local_cache_dir: Folder to read from when no client helps; None for none. It need not exist.
        missing_is_final: Raise the primary's 404 as it is and ask nobody else. A 404 is an answer, not an outage: say
            True where objects get deleted, so that they do not come back from an old copy. The default also finds what
            only the fallback has, such as objects that are not yet replicated back.
        write_through: Keep each object that a client gave in the local folder. Waits for the disk; if that fails, the
            read succeeds and a warning is logged.
        max_age_s: Seconds after which a local copy is not served any more; None for any age.

    Attributes:
        primary: The primary client.
        fallback: The fallback client or None.
        cache_dir: The local folder as it was given, or None.

    Raises:
        TypeError: *max_age_s* is no number.
        ValueError: *max_age_s* is negative or NaN, or there is no folder to write through to.
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

        Any S3Error passes the request on to the next source (403 and broken bodies too), and so do an open circuit,
        a ConnectionError and a TimeoutError. Other exceptions, cancellation among them, are raised at once.

        Returns:
            What `get_object` returns and source: "primary", "fallback" or "local_cache". From the local cache also
            stale (True) and age_s, the seconds since its file was written; content_type is guessed from the key,
            last_modified is the file's, and etag, version_id and metadata are not known.

        Raises:
            S3InvalidRequestError: The bucket or key cannot be.
            S3NowhereFoundError: No source has it; it is an S3NotFoundError, whatever kept the sources from answering.
            S3NotFoundError: The primary says so and *missing_is_final*.
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
    """Call ``watcher(source, bucket, key)`` for every read that any `S3WithFallback` answers.

    It is for tools such as metrics and tests. *source* is "primary", "fallback" or "local_cache"; what the watcher
    raises is the reader's to see, so let it raise nothing.

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
