"""A batch of uploads in progress: which file is next, and how each upload ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core.addressing import check_bucket
from s3_asyncio_client._core.redact import redact
from s3_asyncio_client._sources import ObjectWriter, Source, Upload, uploads_of
from s3_asyncio_client._workers import run_workers
from s3_asyncio_client.exceptions import CircuitOpenError, S3Error
from s3_asyncio_client.retry import retry_with_exponential_backoff

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_log = logging.getLogger("s3_asyncio_client")

# Failures of a single file. Other exceptions are bugs, and another pass would not fix them.
_FAILURES = (S3Error, OSError, CircuitOpenError)
_KEYS_IN_NOTE = 20

_Send = Callable[[Upload], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """The progress of a batch, passed to the callback each time an upload has ended.

    Attributes:
        key: Key of the file.
        error: The exception of the upload. None: it was stored.
        second_pass: Whether this was the file's second pass.
        stored: Files of the batch stored so far.
        total: Files in the batch.
    """

    key: str
    error: BaseException | None
    second_pass: bool
    stored: int
    total: int


@dataclass(slots=True, kw_only=True)
class Batch:
    """A batch in progress: entries by the file's index, and the keys in flight."""

    client: ObjectWriter
    bucket: str
    uploads: Sequence[Upload]
    max_concurrent: int
    report: Callable[[BatchProgress], object] | None
    _entries: dict[int, dict[str, Any]] = field(default_factory=dict)
    _stored: int = 0
    _in_flight: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        client: ObjectWriter,
        bucket: str,
        files: Iterable[tuple[str, Source]],
        max_concurrent: int,
        report: Callable[[BatchProgress], object] | None,
    ) -> Batch:
        """Check all arguments before anything is sent."""
        check_bucket(bucket)
        if isinstance(max_concurrent, bool) or not isinstance(max_concurrent, int):
            raise TypeError(f"max_concurrent must be an int, not {type(max_concurrent).__name__}")
        if max_concurrent < 1:
            raise ValueError(f"max_concurrent must be at least 1, got {max_concurrent}")
        uploads = uploads_of(files)
        return cls(client=client, bucket=bucket, uploads=uploads, max_concurrent=max_concurrent, report=report)

    @property
    def successful(self) -> list[dict[str, Any]]:
        """Return the entries that S3 confirmed, in the order of the batch."""
        return [entry for entry in self._ended() if entry["success"]]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Return the entries that failed in their last pass, in the order of the batch."""
        return [entry for entry in self._ended() if not entry["success"]]

    def _ended(self) -> list[dict[str, Any]]:
        return [entry for _, entry in sorted(self._entries.items())]

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Return the entries that failed because of their file rather than because of a bug."""
        return [entry for place, entry in sorted(self._entries.items()) if self._is_failure(place)]

    @property
    def passing(self) -> list[int]:
        """Return the indexes of the failed files that a second pass may store: those that could be sent."""
        return [place for place in sorted(self._entries) if self._is_failure(place) and not self.uploads[place].problem]

    def _is_failure(self, place: int) -> bool:
        entry = self._entries[place]
        own = isinstance(entry.get("exception"), _FAILURES) or self.uploads[place].problem is not None
        return own and not entry["success"]

    async def send(self, upload: Upload) -> dict[str, Any]:
        """Make one attempt."""
        return await upload.send(self.client, self.bucket)

    def send_with_retries(self, max_retries: int, base_delay: float) -> _Send:
        """Return a call that makes as many attempts as are allowed."""

        async def send(upload: Upload) -> dict[str, Any]:
            # partial binds this upload. A lambda in a loop would send the last one.
            return await retry_with_exponential_backoff(
                partial(self.send, upload), max_retries=max_retries, base_delay=base_delay
            )

        return send

    async def run(
        self,
        send: _Send,
        *,
        places: Sequence[int] | None = None,
        second_pass: bool = False,
    ) -> None:
        """Send the files at *places* (by default all), max_concurrent at a time, and record how each ended."""
        places = range(len(self.uploads)) if places is None else places
        waiting = iter(places)

        async def worker() -> None:
            for place in waiting:
                key = self.uploads[place].key
                self._in_flight[key] = None
                error = await self._settle(place, send)
                del self._in_flight[key]
                self._tell(key, error, second_pass=second_pass)

        try:
            if places:
                await run_workers(worker, min(self.max_concurrent, len(places)))
        except BaseException as error:
            self._say_what_is_stored(error)
            raise

    async def _settle(self, place: int, send: _Send) -> BaseException | None:
        upload = self.uploads[place]
        try:
            result = await send(upload)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            failure: BaseException = error  # the client raised it; nobody cancelled this batch
        except Exception as error:  # noqa: BLE001 - a failure of one file must not stop the others
            failure = error
        else:
            self._entries[place] = {"key": upload.key, "success": True, "result": result, "error": None}
            self._stored += 1
            return None
        self._entries[place] = self._failed(upload, failure)
        return failure

    def _failed(self, upload: Upload, error: BaseException) -> dict[str, Any]:
        told = redact(str(error) or type(error).__name__)
        mistake = error is not upload.problem and not isinstance(error, _FAILURES)
        if mistake:
            error.add_note(f"while uploading {self.bucket}/{upload.key}")
        _log.log(
            logging.ERROR if mistake else logging.WARNING,
            "%s/%s was not uploaded: %s: %s",
            self.bucket,
            upload.key,
            type(error).__name__,
            told,
        )
        return {
            "key": upload.key,
            "success": False,
            "result": None,
            "error": told,
            "exception": error,
            "data": upload.source,
        }

    def _tell(self, key: str, error: BaseException | None, *, second_pass: bool) -> None:
        if self.report is not None:
            self.report(
                BatchProgress(
                    key=key, error=error, second_pass=second_pass, stored=self._stored, total=len(self.uploads)
                )
            )

    def _say_what_is_stored(self, error: BaseException) -> None:
        # Attributes on the exception itself: asyncio.timeout() would not recognize a subclass of CancelledError.
        stored, in_flight = [entry["key"] for entry in self.successful], list(self._in_flight)
        error.stored, error.in_flight = stored, in_flight  # type: ignore[attr-defined]
        error.add_note(
            f"the batch for {self.bucket} stopped: {len(stored)} of {len(self.uploads)} files were stored"
            f"{_listed(stored)}; {len(in_flight)} in flight may be stored{_listed(in_flight)}"
        )


def _listed(keys: Sequence[str]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - _KEYS_IN_NOTE} more" if len(keys) > _KEYS_IN_NOTE else ""
    return f" ({', '.join(keys[:_KEYS_IN_NOTE])}{more})"
