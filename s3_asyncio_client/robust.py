"""A client behind a circuit breaker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from s3_asyncio_client.circuit import CircuitBreaker
from s3_asyncio_client.exceptions import CircuitOpenError, S3ConnectionError, S3ServerError, S3TimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from s3_asyncio_client.client import S3Client
    from s3_asyncio_client.reads import ReadOptions

__all__ = ["RobustS3Client"]

_T = TypeVar("_T")


class RobustS3Client:
    """Call one client through one circuit breaker, so that an S3 outage costs no time.

    Attributes:
        client: The client, which this object does not close.
        circuit_breaker: The breaker that all calls go through.

    Args:
        client: Makes the requests.
        circuit_breaker: Default: one that opens for 30 seconds after three S3ServerErrors, S3ConnectionErrors or
            S3TimeoutErrors in a row.
    """

    def __init__(self, client: S3Client, circuit_breaker: CircuitBreaker | None = None) -> None:
        self.client = client
        if circuit_breaker is None:
            outages = (S3ServerError, S3ConnectionError, S3TimeoutError)
            circuit_breaker = CircuitBreaker(failure_threshold=3, timeout=30.0, expected_exception=outages)
        self.circuit_breaker = circuit_breaker

    async def safe_get_object(self, bucket: str, key: str, **options: Unpack[ReadOptions]) -> dict[str, Any] | None:
        """Read an object as `S3Client.get_object` does.

        Returns:
            The object; None if the circuit is open, which says nothing about the object.

        Raises:
            S3NotFoundError: No such object. S3 responded.
            S3Error: The request was made and failed.
        """
        try:
            return await self.call(lambda: self.client.get_object(bucket, key, **options))
        except CircuitOpenError:
            return None

    async def call(self, operation: Callable[[], Awaitable[_T]]) -> _T:
        """Make any other call through the breaker: ``await robust.call(lambda: robust.client.put_object(...))``.

        Raises:
            CircuitOpenError: The circuit is open; nothing was called.
            BaseException: The operation raised it.
        """
        return await self.circuit_breaker.call(operation)
