"""Which of S3's operations a request is, and which bucket and key it names.

S3 tells its operations apart by method, by what the address names (service, bucket or object) and by the
subresource in the query (`?uploads`, `?acl`). So there is one small table per method and level, asked once per name
in the query. A few pairs differ only by one more parameter or header; those stand in `_BY_QUERY` and `_BY_HEADER`.
Parameters that are no subresource (`prefix`, `x-id`, `response-*`, `X-Amz-*`) are in no table and change nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from .hosts import is_s3_host, split_host
from .messages import EMPTY, Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OPERATIONS", "is_s3_host", "operation_of", "parse_call"]

# What the address names, and without a subresource in the query: (service, bucket, object).
_PLAIN: dict[str, tuple[str | None, str | None, str | None]] = {
    "GET": ("ListBuckets", "ListObjects", "GetObject"),
    "HEAD": (None, "HeadBucket", "HeadObject"),
    "PUT": (None, "CreateBucket", "PutObject"),
    "DELETE": (None, "DeleteBucket", "DeleteObject"),
    "POST": (None, "PostObject", None),
    "OPTIONS": (None, "CORSPreflight", "CORSPreflight"),
}

_BUCKET: dict[str, dict[str, str]] = {
    "GET": {
        "abac": "GetBucketAbac",
        "accelerate": "GetBucketAccelerateConfiguration",
        "acl": "GetBucketAcl",
        "analytics": "ListBucketAnalyticsConfigurations",
        "cors": "GetBucketCors",
        "encryption": "GetBucketEncryption",
        "intelligent-tiering": "ListBucketIntelligentTieringConfigurations",
        "inventory": "ListBucketInventoryConfigurations",
        "lifecycle": "GetBucketLifecycleConfiguration",
        "location": "GetBucketLocation",
        "logging": "GetBucketLogging",
        "metadataConfiguration": "GetBucketMetadataConfiguration",
        "metadataTable": "GetBucketMetadataTableConfiguration",
        "metrics": "ListBucketMetricsConfigurations",
        "notification": "GetBucketNotificationConfiguration",
        "object-lock": "GetObjectLockConfiguration",
        "ownershipControls": "GetBucketOwnershipControls",
        "policy": "GetBucketPolicy",
        "policyStatus": "GetBucketPolicyStatus",
        "publicAccessBlock": "GetPublicAccessBlock",
        "replication": "GetBucketReplication",
        "requestPayment": "GetBucketRequestPayment",
        "session": "CreateSession",
        "tagging": "GetBucketTagging",
        "uploads": "ListMultipartUploads",
        "versioning": "GetBucketVersioning",
        "versions": "ListObjectVersions",
        "website": "GetBucketWebsite",
    },
    "PUT": {
        "abac": "PutBucketAbac",
        "accelerate": "PutBucketAccelerateConfiguration",
        "acl": "PutBucketAcl",
        "analytics": "PutBucketAnalyticsConfiguration",
        "cors": "PutBucketCors",
        "encryption": "PutBucketEncryption",
        "intelligent-tiering": "PutBucketIntelligentTieringConfiguration",
        "inventory": "PutBucketInventoryConfiguration",
        "lifecycle": "PutBucketLifecycleConfiguration",
        "logging": "PutBucketLogging",
        "metadataAnnotationTable": "UpdateBucketMetadataAnnotationTableConfiguration",
        "metadataInventoryTable": "UpdateBucketMetadataInventoryTableConfiguration",
        "metadataJournalTable": "UpdateBucketMetadataJournalTableConfiguration",
        "metrics": "PutBucketMetricsConfiguration",
        "notification": "PutBucketNotificationConfiguration",
        "object-lock": "PutObjectLockConfiguration",
        "ownershipControls": "PutBucketOwnershipControls",
        "policy": "PutBucketPolicy",
        "publicAccessBlock": "PutPublicAccessBlock",
        "replication": "PutBucketReplication",
        "requestPayment": "PutBucketRequestPayment",
        "tagging": "PutBucketTagging",
        "versioning": "PutBucketVersioning",
        "website": "PutBucketWebsite",
    },
    "DELETE": {
        "analytics": "DeleteBucketAnalyticsConfiguration",
        "cors": "DeleteBucketCors",
        "encryption": "DeleteBucketEncryption",
        "intelligent-tiering": "DeleteBucketIntelligentTieringConfiguration",
        "inventory": "DeleteBucketInventoryConfiguration",
        "lifecycle": "DeleteBucketLifecycle",
        "metadataConfiguration": "DeleteBucketMetadataConfiguration",
        "metadataTable": "DeleteBucketMetadataTableConfiguration",
        "metrics": "DeleteBucketMetricsConfiguration",
        "ownershipControls": "DeleteBucketOwnershipControls",
        "policy": "DeleteBucketPolicy",
        "publicAccessBlock": "DeletePublicAccessBlock",
        "replication": "DeleteBucketReplication",
        "tagging": "DeleteBucketTagging",
        "website": "DeleteBucketWebsite",
    },
    "POST": {
        "delete": "DeleteObjects",
        "metadataConfiguration": "CreateBucketMetadataConfiguration",
        "metadataTable": "CreateBucketMetadataTableConfiguration",
    },
}

_OBJECT: dict[str, dict[str, str]] = {
    "GET": {
        "acl": "GetObjectAcl",
        "annotation": "ListObjectAnnotations",
        "attributes": "GetObjectAttributes",
        "legal-hold": "GetObjectLegalHold",
        "retention": "GetObjectRetention",
        "tagging": "GetObjectTagging",
        "torrent": "GetObjectTorrent",
        "uploadId": "ListParts",
    },
    "PUT": {
        "acl": "PutObjectAcl",
        "annotation": "PutObjectAnnotation",
        "encryption": "UpdateObjectEncryption",
        "legal-hold": "PutObjectLegalHold",
        "renameObject": "RenameObject",
        "retention": "PutObjectRetention",
        "tagging": "PutObjectTagging",
        "uploadId": "UploadPart",
    },
    "DELETE": {
        "annotation": "DeleteObjectAnnotation",
        "tagging": "DeleteObjectTagging",
        "uploadId": "AbortMultipartUpload",
    },
    "POST": {
        "restore": "RestoreObject",
        "select": "SelectObjectContent",
        "uploadId": "CompleteMultipartUpload",
        "uploads": "CreateMultipartUpload",
    },
}

# Operation -> (the parameter or header that makes it another one, that other one).
_BY_QUERY: dict[str, tuple[str, str]] = {
    "ListBucketAnalyticsConfigurations": ("id", "GetBucketAnalyticsConfiguration"),
    "ListBucketIntelligentTieringConfigurations": ("id", "GetBucketIntelligentTieringConfiguration"),
    "ListBucketInventoryConfigurations": ("id", "GetBucketInventoryConfiguration"),
    "ListBucketMetricsConfigurations": ("id", "GetBucketMetricsConfiguration"),
    "ListObjectAnnotations": ("annotationName", "GetObjectAnnotation"),
}
_BY_HEADER: dict[str, tuple[str, str]] = {
    "PutObject": ("x-amz-copy-source", "CopyObject"),
    "UploadPart": ("x-amz-copy-source", "UploadPartCopy"),
    "PostObject": ("x-amz-request-route", "WriteGetObjectResponse"),
}

_LEVELS: dict[str, tuple[dict[str, str], ...]] = {
    method: ({}, _BUCKET.get(method, {}), _OBJECT.get(method, {})) for method in _PLAIN
}
# A subresource that the table of this method and level lacks is an operation that S3 does not have (DELETE ?acl):
# it must not pass for the plain one, which might delete the object.
_SUBRESOURCES = (
    frozenset[str](),
    frozenset().union(*_BUCKET.values(), *_OBJECT.values()) - {"uploadId"},
    frozenset().union(*_BUCKET.values(), *_OBJECT.values()),
)

OPERATIONS: tuple[str, ...] = tuple(
    sorted(
        {name for plain in _PLAIN.values() for name in plain if name is not None}
        | {name for levels in _LEVELS.values() for table in levels for name in table.values()}
        | {name for _, name in (*_BY_QUERY.values(), *_BY_HEADER.values())}
        | {"ListObjectsV2", "ListDirectoryBuckets"}
    )
)
"""Every operation of S3's data plane, by name, sorted.

AWS names two that no SDK has a method for only in prose: `PostObject` is a browser's form upload and `CORSPreflight`
the OPTIONS request before a cross-origin one. Names that AWS has replaced (`PutBucketLifecycle`) are under the new one.
"""


def operation_of(
    method: str,
    has_bucket: bool,  # noqa: FBT001 - called for every request; keywords would cost as much as the look-up
    has_key: bool,  # noqa: FBT001
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> str | None:
    """S3's name for a request, None where S3 has no operation of that form.

    Args:
        method: HTTP method in upper case.
        has_bucket: Whether the address names a bucket.
        has_key: Whether it names a key.
        query: Decoded names to values; a bare `?uploads` maps to "".
        headers: Names in lower case.
    """
    plain = _PLAIN.get(method)
    if plain is None:
        return None
    level = 2 if has_key else 1 if has_bucket else 0
    operation = plain[level]
    if query and method != "OPTIONS":
        subresources = _SUBRESOURCES[level]
        for name in query:
            if name in subresources:
                operation = _LEVELS[method][level].get(name)
                break
    return _narrowed(operation, query, headers)


def _narrowed(operation: str | None, query: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
    """The operation that one more parameter or header makes of *operation*."""
    if operation in _BY_HEADER:
        name, narrower = _BY_HEADER[operation]
        return narrower if name in headers else operation
    if operation in _BY_QUERY:
        name, narrower = _BY_QUERY[operation]
        return narrower if name in query else operation
    if operation == "ListObjects" and query.get("list-type") == "2":
        return "ListObjectsV2"
    if operation == "ListBuckets" and headers.get("host", "").startswith("s3express-control."):
        return "ListDirectoryBuckets"
    return operation


def parse_call(
    *,
    method: str,
    target: str,
    headers: Mapping[str, str],
    scheme: str = "https",
    host: str | None = None,
    endpoints: Iterable[str] = (),
) -> Call:
    """The `Call` that a request means.

    The key is what the percent-encoding says and nothing is tidied: `//`, `.`, `..` and a leading slash stay, and so
    does `+`, which means a space in the query only. Bytes that are no UTF-8 become lone surrogates (surrogateescape).

    Args:
        method: HTTP method in upper case.
        target: The request target as it came: "/path?query", or a whole URL (then *scheme* is not looked at).
        headers: Names in lower case. The mapping is kept, not copied.
        scheme: "http" or "https".
        host: The host asked for; without it the host of a whole URL, else the Host header.
        endpoints: Hosts, perhaps with a port, besides Amazon's own that take the bucket as a label in front.
    """
    if target[:1] != "/" and "://" in target:
        scheme, authority, target = _absolute(target)
        host = host or authority
    elif host is None:
        host = headers.get("host", "")
    path, _, raw_query = target.partition("?")
    endpoint, bucket = split_host(host, endpoints if type(endpoints) is tuple else tuple(endpoints))
    key: str | None = path[1:]
    if bucket is None and key:
        bucket, _, key = path[1:].partition("/")
        bucket = _decoded(bucket)
    key = _decoded(key) if key else None
    query = _query(raw_query) if raw_query else EMPTY
    return Call(
        method=method,
        url=f"{scheme}://{host}{target}",
        endpoint=endpoint,
        operation=operation_of(method, bucket is not None, key is not None, query, headers),
        bucket=bucket,
        key=key,
        query=query,
        headers=headers,
    )


def _absolute(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, and the rest from its slash on (one is put in where there is none)."""
    scheme, _, rest = url.partition("://")
    end = min(at for at in (rest.find("/"), rest.find("?"), len(rest)) if at >= 0)
    target = rest[end:]
    return scheme, rest[:end].rpartition("@")[2], target if target[:1] == "/" else "/" + target


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _query(raw: str) -> dict[str, str]:
    """Names to values; of a name that comes twice the last one counts."""
    query = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name:
            query[_decoded(name.replace("+", " "))] = _decoded(value.replace("+", " "))
    return query
