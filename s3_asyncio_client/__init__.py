"""An asyncio client for S3 with precise exceptions."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s3_asyncio_client._response import S3Response
    from s3_asyncio_client.batch import (
        BatchProgress,
        StreamSource,
        resilient_batch_upload,
        retry_failed_uploads,
        upload_files_with_error_handling,
    )
    from s3_asyncio_client.circuit import CircuitBreaker, CircuitRegistry, CircuitState, watch_circuits
    from s3_asyncio_client.client import S3Client
    from s3_asyncio_client.conditional import get_object_if_exists, handle_get_object, safe_head_object
    from s3_asyncio_client.context import S3ErrorContext, debug_s3_operation, logged_s3_operation
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
    from s3_asyncio_client.fallback import S3NowhereFoundError, S3WithFallback
    from s3_asyncio_client.retry import RetryAttempt, RetryBudget, retry_with_exponential_backoff, s3_retry
    from s3_asyncio_client.robust import RobustS3Client
    from s3_asyncio_client.tracing import S3TraceEvent, s3_trace_config
    from s3_asyncio_client.transfer import TransferConfig

__all__ = [
    "BatchProgress",
    "CircuitBreaker",
    "CircuitOpenError",
    "CircuitRegistry",
    "CircuitState",
    "RetryAttempt",
    "RetryBudget",
    "RobustS3Client",
    "S3AccessDeniedError",
    "S3Client",
    "S3ClientError",
    "S3ConnectionError",
    "S3Error",
    "S3ErrorContext",
    "S3IntegrityError",
    "S3InvalidRequestError",
    "S3NotFoundError",
    "S3NowhereFoundError",
    "S3Response",
    "S3ResponseError",
    "S3ServerError",
    "S3TimeoutError",
    "S3TraceEvent",
    "S3WithFallback",
    "StreamSource",
    "TransferConfig",
    "debug_s3_operation",
    "get_object_if_exists",
    "handle_get_object",
    "logged_s3_operation",
    "resilient_batch_upload",
    "retry_failed_uploads",
    "retry_with_exponential_backoff",
    "s3_retry",
    "s3_trace_config",
    "safe_head_object",
    "upload_files_with_error_handling",
    "watch_circuits",
]

__version__ = "0.1.0"

# Each public name is loaded when it is first used, so that code that needs only protocol facts does not import aiohttp.
_MODULES = {
    "_response": "S3Response",
    "batch": "BatchProgress StreamSource resilient_batch_upload retry_failed_uploads upload_files_with_error_handling",
    "buckets": "",
    "circuit": "CircuitBreaker CircuitRegistry CircuitState watch_circuits",
    "client": "S3Client",
    "conditional": "get_object_if_exists handle_get_object safe_head_object",
    "config": "",
    "context": "S3ErrorContext debug_s3_operation logged_s3_operation",
    "exceptions": "CircuitOpenError S3AccessDeniedError S3ClientError S3ConnectionError S3Error S3IntegrityError"
    " S3InvalidRequestError S3NotFoundError S3ResponseError S3ServerError S3TimeoutError",
    "fallback": "S3NowhereFoundError S3WithFallback",
    "multipart": "",
    "objects": "",
    "reads": "",
    "retry": "RetryAttempt RetryBudget retry_with_exponential_backoff s3_retry",
    "robust": "RobustS3Client",
    "tracing": "S3TraceEvent s3_trace_config",
    "transfer": "TransferConfig",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Load the public name or module *name*."""
    if name not in _HOMES and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not cached here: pytester removes the modules that a run imported from `sys.modules`, and the next run must not
    # get a class of the old ones.
    module: object = import_module(f"{__name__}.{_HOMES.get(name, name)}")
    return getattr(module, name) if name in _HOMES else module


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
