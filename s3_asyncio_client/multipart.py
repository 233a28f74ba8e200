"""Multipart uploads: single requests, and whole files."""

from __future__ import annotations

from s3_asyncio_client._parts import (
    abort_multipart_upload,
    complete_multipart_upload,
    create_multipart_upload,
    upload_part,
    upload_part_copy,
)
from s3_asyncio_client._upload import upload_file
from s3_asyncio_client.transfer import (
    DEFAULT_MAX_CONCURRENCY,
    DEFAULT_MULTIPART_CHUNKSIZE,
    DEFAULT_MULTIPART_THRESHOLD,
    MAX_PART_SIZE,
    MAX_PARTS,
    MAX_SINGLE_UPLOAD_SIZE,
    MIN_PART_SIZE,
    TransferConfig,
    adjust_chunk_size,
    calculate_file_size,
    read_file_chunks,
    read_fileobj_chunks,
    should_use_multipart,
)

__all__ = [
    "DEFAULT_MAX_CONCURRENCY",
    "DEFAULT_MULTIPART_CHUNKSIZE",
    "DEFAULT_MULTIPART_THRESHOLD",
    "MAX_PARTS",
    "MAX_PART_SIZE",
    "MAX_SINGLE_UPLOAD_SIZE",
    "MIN_PART_SIZE",
    "TransferConfig",
    "abort_multipart_upload",
    "adjust_chunk_size",
    "calculate_file_size",
    "complete_multipart_upload",
    "create_multipart_upload",
    "read_file_chunks",
    "read_fileobj_chunks",
    "should_use_multipart",
    "upload_file",
    "upload_part",
    "upload_part_copy",
]
