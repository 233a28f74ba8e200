"""An asyncio client for S3 whose errors can be told apart."""

from __future__ import annotations

from s3_asyncio_client._response import S3Response
from s3_asyncio_client.client import S3Client
from s3_asyncio_client.exceptions import (
    CircuitOpenError,
    S3AccessDeniedError,
    S3ClientError,
    S3ConnectionError,
    S3Error,
    S3IntegrityError,
    S3InvalidRequestError,
    S3NotFoundError,
    S3ResponseError,
    S3ServerError,
    S3TimeoutError,
)
from s3_asyncio_client.retry import retry_with_exponential_backoff
from s3_asyncio_client.transfer import TransferConfig

__all__ = [
    "CircuitOpenError",
    "S3AccessDeniedError",
    "S3Client",
    "S3ClientError",
    "S3ConnectionError",
    "S3Error",
    "S3IntegrityError",
    "S3InvalidRequestError",
    "S3NotFoundError",
    "S3Response",
    "S3ResponseError",
    "S3ServerError",
    "S3TimeoutError",
    "TransferConfig",
    "retry_with_exponential_backoff",
]

__version__ = "0.1.0"
