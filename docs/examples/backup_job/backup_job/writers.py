"""What brings a file to S3 and tells what came back: boto3, or the asyncio client. The job knows only `Writer`.

Both try four times. Bytes that were spoiled on their way are read again too: they may come whole the next time.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig as Boto3TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from s3_asyncio_client import (
    S3Client,
    S3Error,
    S3IntegrityError,
    S3ServerError,
    TransferConfig,
    retry_with_exponential_backoff,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

ATTEMPTS = 4
_READ_BYTES = 1024 * 1024


class NotStoredError(Exception):
    """S3 refused, could not be reached, or gave back other bytes, for as long as the writer tried."""


class Writer(Protocol):
    """One client of S3."""

    async def upload(self, bucket: str, key: str, path: Path) -> None:
        """Store a file.

        Raises:
            NotStoredError: it is not stored.
        """

    async def verify(self, bucket: str, key: str, sha256: str) -> None:
        """Read an object back and compare.

        Raises:
            NotStoredError: it can't be read, or has another SHA-256.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Boto3Writer:
    """Blocks, so it works in threads. *client* has to try `ATTEMPTS` times; botocore does so by its own rules."""

    client: Any
    transfer: Boto3TransferConfig

    async def upload(self, bucket: str, key: str, path: Path) -> None:
        """Hand the file to boto3's transfer manager."""
        try:
            await asyncio.to_thread(self.client.upload_file, str(path), bucket, key, Config=self.transfer)
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise NotStoredError(str(error)) from error

    async def verify(self, bucket: str, key: str, sha256: str) -> None:
        """Read all of it, again if that breaks off: botocore tries again only until the body begins."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await asyncio.to_thread(self._compare, bucket, key, sha256)
            except ClientError as error:
                raise NotStoredError(str(error)) from error
            except (BotoCoreError, NotStoredError) as error:
                if attempt == ATTEMPTS:
                    raise NotStoredError(str(error)) from error
        return None

    def _compare(self, bucket: str, key: str, sha256: str) -> None:
        came = hashlib.sha256()
        for chunk in self.client.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(_READ_BYTES):
            came.update(chunk)
        if came.hexdigest() != sha256:
            raise NotStoredError(f"what S3 gave back has SHA-256 {came.hexdigest()[:12]}, the file {sha256[:12]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncWriter:
    """Waits without blocking; the pauses between its attempts begin with `base_delay_s` seconds."""

    client: S3Client
    transfer: TransferConfig
    base_delay_s: float = 1.0

    async def upload(self, bucket: str, key: str, path: Path) -> None:
        """Store the file, in parts if it is large; a part that fails fails the attempt."""
        await self._retried(lambda: self.client.upload_file(bucket, key, path, self.transfer))

    async def verify(self, bucket: str, key: str, sha256: str) -> None:
        """Read all of it."""
        await self._retried(lambda: self._compare(bucket, key, sha256))

    async def _retried(self, operation: Callable[[], Awaitable[object]]) -> None:
        again = (S3ServerError, ConnectionError, TimeoutError, S3IntegrityError)
        try:
            await retry_with_exponential_backoff(operation, ATTEMPTS - 1, self.base_delay_s, retryable_exceptions=again)
        except S3Error as error:
            raise NotStoredError(str(error)) from error

    async def _compare(self, bucket: str, key: str, sha256: str) -> None:
        came = hashlib.sha256()
        async with self.client.open_object(bucket, key) as response:
            async for chunk in response.iter_chunks():
                came.update(chunk)
        if came.hexdigest() != sha256:
            raise S3IntegrityError(f"what S3 gave back has SHA-256 {came.hexdigest()[:12]}, the file {sha256[:12]}")
