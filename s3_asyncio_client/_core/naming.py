"""The S3 name of a request, from its method and parameters: for messages and for the errors' `operation`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["object_read", "operation_name"]

# (method, has a key, the parameter that decides) -> name. The first row that fits wins, so rows with a parameter stand
# before the row of the plain request. Source: the request syntax of each operation in the S3 API Reference.
_NAMES: tuple[tuple[str, bool, str | None, str], ...] = (
    ("GET", False, "list-type", "ListObjectsV2"),
    ("GET", False, "uploads", "ListMultipartUploads"),
    ("GET", False, "versions", "ListObjectVersions"),
    ("GET", False, "location", "GetBucketLocation"),
    ("GET", False, None, "ListObjects"),
    ("HEAD", False, None, "HeadBucket"),
    ("PUT", False, None, "CreateBucket"),
    ("DELETE", False, None, "DeleteBucket"),
    ("POST", False, "delete", "DeleteObjects"),
    ("GET", True, "uploadId", "ListParts"),
    ("GET", True, None, "GetObject"),
    ("HEAD", True, None, "HeadObject"),
    ("PUT", True, "partNumber", "UploadPart"),
    ("PUT", True, None, "PutObject"),
    ("DELETE", True, "uploadId", "AbortMultipartUpload"),
    ("DELETE", True, None, "DeleteObject"),
    ("POST", True, "uploads", "CreateMultipartUpload"),
    ("POST", True, "uploadId", "CompleteMultipartUpload"),
)
# fmt: off
_SUBRESOURCES = frozenset([
    "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
    "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls",
    "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention",
    "select", "tagging", "torrent", "versioning", "website",
])
# fmt: on
_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}


def operation_name(
    method: str, key: str | None, params: Mapping[str, str] | None, headers: Mapping[str, str] | None
) -> str:
    """Name the S3 operation that a request asks for.

    Args:
        method: HTTP method, upper case.
        key: Object key; None for a request on the bucket itself.
        params: Query parameters; None or empty for none.
        headers: Request headers; x-amz-copy-source makes a write a copy.

    Returns:
        A name such as "PutObject"; "GET ?acl" where the client has no operation of that kind.
    """
    asked = params or {}
    if not _SUBRESOURCES.isdisjoint(asked):
        return f"{method} ?{next(name for name in asked if name in _SUBRESOURCES)}"
    for row_method, has_key, parameter, name in _NAMES:
        if row_method == method and has_key == (key is not None) and (parameter is None or parameter in asked):
            copies = any(header.lower() == "x-amz-copy-source" for header in headers or ())
            return _COPIES.get(name, name) if copies else name
    return method


def object_read(operation: str) -> bool:
    """Tell whether the body of the response is an object's bytes, which can be held to their checksum."""
    return operation == "GetObject"
