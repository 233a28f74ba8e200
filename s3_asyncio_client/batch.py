"""Upload many files. Some may fail, and the result says which.

With a batch, one failed file does not lose the others. It costs the memory of the uploads in flight. It is not a
transaction: stored files stay stored. If all files or none must exist, don't use it: write under new keys, then publish
them with one last object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3_asyncio_client._batch import Batch, BatchProgress
from s3_asyncio_client._core.retry import RetryPolicy
from s3_asyncio_client._sources import ObjectWriter, Source, StreamSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "BatchProgress",
    "ObjectWriter",
    "Source",
    "StreamSource",
    "resilient_batch_upload",
    "retry_failed_uploads",
    "upload_files_with_error_handling",
]


async def upload_files_with_error_handling(
    client: ObjectWriter,
    bucket: str,
    files: Iterable[tuple[str, Source]],
    *,
    max_concurrent: int = 5,
    progress: Callable[[BatchProgress], object] | None = None,
) -> dict[str, Any]:
    """Upload each file once, and sort the files by outcome.

    Args:
        client: The client.
        bucket: Bucket.
        files: (key, data) pairs. Bytes are sent with `put_object`, paths (a str is one) and open files with
            `upload_file`. An open file is sent from its position, and put back to it. A `StreamSource` creates its
            bytes again for each attempt.
        max_concurrent: The maximum number of files in flight, at least 1. A large file may have several parts in
            flight.
        progress: Called with a `BatchProgress` after each upload. If it raises, the batch stops.

    Returns:
        Every file exactly once, in the given order: successful, a list of {"key", "success": True, "result": what the
        client returned, "error": None}; failed, a list of {"key", "success": False, "result": None, "error": text,
        "exception", "data"} for S3Error, OSError and CircuitOpenError, and for a file that cannot be sent: data that is
        not a `Source`, a closed file, two files with one key (neither is sent); exceptions, all other exceptions, each
        with the key in a note: these are bugs.

    Raises:
        TypeError, ValueError: An argument is invalid, or an item is not a pair. Nothing was sent.
        S3InvalidRequestError: The bucket name is invalid. Nothing was sent.
        CancelledError: All uploads were stopped. Its `stored` and `in_flight` list the keys that S3 has and those that
            it may have. A note on it says the same.
    """
    batch = Batch.of(client, bucket, files, max_concurrent, progress)
    await batch.run(batch.send)
    failures = batch.failures
    return {
        "successful": batch.successful,
        "failed": failures,
        "exceptions": [entry["exception"] for entry in batch.failed if entry not in failures],
    }


async def resilient_batch_upload(
    client: ObjectWriter,
    bucket: str,
    files: Iterable[tuple[str, Source]],
    max_concurrent: int = 5,
    *,
    max_retries: int = 2,
    base_delay: float = 2.0,
    progress: Callable[[BatchProgress], object] | None = None,
) -> dict[str, Any]:
    """Upload all files, then retry the failed ones in a second pass.

    The second pass begins when the first has ended, so that a short outage has time to pass. It retries each failed
    file as `retry_with_exponential_backoff` does. An error that is not worth a retry (403, a missing file) gets one
    attempt. A file at a path is read again.

    An upload whose response was lost is stored a second time: the same bytes under the same key. That is safe unless
    another writer changes the key in between. In a bucket with versioning it creates one more version.

    Args:
        client: The client.
        bucket: Bucket.
        files: (key, data) pairs, see `upload_files_with_error_handling`.
        max_concurrent: Files in flight at one time, in both passes.
        max_retries: Attempts of the second pass after its first; 0 means one.
        base_delay: Seconds before the first of these, doubled each time.
        progress: Called with a `BatchProgress` after each upload of either pass. If it raises, the batch stops.

    Returns:
        After both passes: successful and failed, the counts, which add up to the number of files; details, a dict of
        two lists in the order given: successful and failed, their entries as those of
        `upload_files_with_error_handling`, but with any exception among failed. To try again some other time, pass
        ``details["failed"]`` to `retry_failed_uploads`.

    Raises:
        TypeError, ValueError, S3InvalidRequestError, CancelledError: As `upload_files_with_error_handling`.
    """
    RetryPolicy(max_retries=max_retries, base_delay_s=base_delay)  # refuses numbers that can't be before any is sent
    batch = Batch.of(client, bucket, files, max_concurrent, progress)
    await batch.run(batch.send)
    await batch.run(batch.send_with_retries(max_retries, base_delay), places=batch.passing, second_pass=True)
    details = {"successful": batch.successful, "failed": batch.failed}
    return {"successful": len(details["successful"]), "failed": len(details["failed"]), "details": details}


async def retry_failed_uploads(
    client: ObjectWriter,
    bucket: str,
    failed_uploads: Iterable[Mapping[str, Any]],
    *,
    max_retries: int = 2,
    base_delay: float = 2.0,
    max_concurrent: int = 5,
    progress: Callable[[BatchProgress], object] | None = None,
) -> list[dict[str, Any]]:
    """Upload the failed files again, each under its own key with its own bytes.

    Args:
        client: The client.
        bucket: Bucket, the same as before.
        failed_uploads: The failed entries of a batch. Each has its key under "key" and its source under "data".
        max_retries: Attempts after the first, for each file; 0 means one.
        base_delay: Seconds before the first of these, doubled each time.
        max_concurrent: Files in flight at one time.
        progress: Called with a `BatchProgress` after each file.

    Returns:
        The entries of those that were stored now, in the order given; what failed again is not among them, and is
        logged as a warning.

    Raises:
        ValueError: An entry has no "key" or no "data".
        TypeError, ValueError, S3InvalidRequestError, CancelledError: As `upload_files_with_error_handling`.
    """
    RetryPolicy(max_retries=max_retries, base_delay_s=base_delay)
    files = [_source_of(failed) for failed in failed_uploads]
    batch = Batch.of(client, bucket, files, max_concurrent, progress)
    await batch.run(batch.send_with_retries(max_retries, base_delay), second_pass=True)
    return batch.successful


def _source_of(failed: Mapping[str, Any]) -> tuple[str, Source]:
    missing = [name for name in ("key", "data") if name not in failed]
    if missing:
        raise ValueError(f"a failed upload has no {missing[0]!r}; pass the failed entries of a batch as they are")
    return failed["key"], failed["data"]
