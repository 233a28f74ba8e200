"""Derive the elements and headers of an error from its request.

There is one function per name. It returns None if the request does not determine the value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote

from pytest_s3errors._core.s3.hosts import parts_of, region_of
from pytest_s3errors._core.s3.messages import Call
from pytest_s3errors._core.s3.selectors import allowed, resource_type
from s3_asyncio_client._core import limits

_Read: TypeAlias = Callable[[Call, str, str | None], str | None]

_MAX_SIZE = {
    "EntityTooLarge": limits.MAX_UPLOAD_BYTES,
    "KeyTooLongError": limits.MAX_KEY_BYTES,
    "MetadataTooLarge": limits.MAX_METADATA_BYTES,
    "RequestHeaderSectionTooLarge": limits.MAX_HEADER_SECTION_BYTES,
}

# In S3's spelling of the header of a failed condition.
_CONDITIONS = tuple(
    (name.lower(), name)
    for prefix in ("", "x-amz-copy-source-")
    for name in (
        prefix + "If-Match",
        prefix + "If-None-Match",
        prefix + "If-Modified-Since",
        prefix + "If-Unmodified-Since",
    )
)


def element_value(name: str, call: Call, code: str, region: str | None) -> str | None:
    """Return the element *name* of the error *code*, if *call* determines it. *region* is the bucket's region."""
    read = _ELEMENTS.get(name)
    return None if read is None else read(call, code, region)


def header_value(name: str, call: Call, code: str, region: str | None) -> str | None:
    """Return the header *name* in the same way."""
    read = _HEADERS.get(name)
    return None if read is None else read(call, code, region)


def _bucket(call: Call, _code: str, _region: str | None) -> str | None:
    return call.bucket


def _from_query(name: str) -> _Read:
    return lambda call, _code, _region: call.query.get(name)


def _from_header(name: str) -> _Read:
    return lambda call, _code, _region: call.headers.get(name)


def _condition(call: Call, _code: str, _region: str | None) -> str | None:
    return next((spelled for name, spelled in _CONDITIONS if name in call.headers), None)


def _method(call: Call, _code: str, _region: str | None) -> str:
    return call.headers.get("access-control-request-method") or call.method


def _hides_marker(call: Call) -> bool:
    """Return whether a 405 can only mean a version that is a delete marker."""
    return "versionId" in call.query and call.method in ("GET", "HEAD")


def _resource_type(call: Call, code: str, _region: str | None) -> str:
    if code == "MethodNotAllowed" and _hides_marker(call):
        return "DeleteMarker"
    return "BUCKET" if code == "AccessForbidden" else resource_type(call)


def _size(call: Call, code: str, _region: str | None) -> str | None:
    if code == "KeyTooLongError":
        return None if call.key is None else str(len(call.key.encode(errors="surrogateescape")))
    pairs = ((name.removeprefix("x-amz-meta-"), value) for name, value in call.headers.items() if "x-amz-meta-" in name)
    return str(sum(len(name) + len(value.encode(errors="surrogateescape")) for name, value in pairs))


def _max_size(_call: Call, code: str, _region: str | None) -> str | None:
    return str(_MAX_SIZE[code]) if code in _MAX_SIZE else None


def _proposed_size(call: Call, code: str, _region: str | None) -> str | None:
    if code != "EntityTooLarge":  # for EntityTooSmall it is the size of a part from an earlier request
        return None
    return call.headers.get("x-amz-decoded-content-length", call.headers.get("content-length"))


def _credential(call: Call) -> list[str]:
    """Return the credential's fields in a version 4 signature: key id, date, region, service, "aws4_request"."""
    _, found, rest = call.headers.get("authorization", "").partition("Credential=")
    return (rest.partition(",")[0] if found else call.query.get("X-Amz-Credential", "")).split("/")


def _access_key_id(call: Call, _code: str, _region: str | None) -> str | None:
    return _credential(call)[0] or call.query.get("AWSAccessKeyId")


def _request_time(call: Call, _code: str, _region: str | None) -> str | None:
    # S3 repeats the time in the client's format.
    return call.headers.get("x-amz-date") or call.query.get("X-Amz-Date") or call.headers.get("date")


def _uri(call: Call, _code: str, _region: str | None) -> str:
    return parts_of(call.url)[1]


def _argument_name(_call: Call, code: str, _region: str | None) -> str | None:
    return "x-amz-server-side-encryption" if code == "InvalidEncryptionAlgorithmError" else None


def _argument_value(call: Call, code: str, region: str | None) -> str | None:
    return call.headers.get(_argument_name(call, code, region) or "")


def _region(call: Call, _code: str, region: str | None) -> str:
    """Return a region other than the requested one: S3 sends these values only to requests in the wrong region."""
    scope = _credential(call)
    asked = region_of(call.endpoint) or (scope[2] if len(scope) > 2 else "us-east-1")  # noqa: PLR2004 - its third field
    return region or ("us-west-2" if asked == "us-east-1" else "us-east-1")


def _endpoint(call: Call, code: str, region: str | None) -> str:
    if region_of(call.endpoint) is None:  # another store: the right region is unknown
        return parts_of(call.url)[0]
    label = "" if call.bucket is None else f"{call.bucket}."
    return f"{label}s3.{_region(call, code, region)}.amazonaws.com"


def _location(call: Call, code: str, region: str | None) -> str:
    if region_of(call.endpoint) is None:
        return call.url
    path = quote(call.key or "", safe="/~", errors="surrogateescape")
    scheme, query = call.url.partition("://")[0], parts_of(call.url)[2]
    return f"{scheme}://{_endpoint(call, code, region)}/{path}{query and '?'}{query}"


def _bucket_region(call: Call, code: str, region: str | None) -> str | None:
    if code == "AuthorizationHeaderMalformed" and call.key is not None:
        return None  # S3 sends it only to requests for a bucket
    return _region(call, code, region)


def _allow(call: Call, _code: str, _region: str | None) -> str:
    if _hides_marker(call):
        return "DELETE"
    return allowed(call)


def _delete_marker(call: Call, code: str, _region: str | None) -> str | None:
    return "true" if code == "MethodNotAllowed" and _hides_marker(call) else None


def _version_id(call: Call, code: str, _region: str | None) -> str | None:
    return call.query["versionId"] if code == "MethodNotAllowed" and _hides_marker(call) else None


def _etag(call: Call, _code: str, _region: str | None) -> str | None:
    """Return the client's own ETag if If-None-Match has exactly one: then it is the one that matched."""
    value = call.headers.get("if-none-match", "")
    return value if value.startswith(('"', "W/")) and "," not in value else None


_ELEMENTS: dict[str, _Read] = {
    "AWSAccessKeyId": _access_key_id,
    "AccessPointName": _bucket,
    "ArgumentName": _argument_name,
    "ArgumentValue": _argument_value,
    "Bucket": _bucket,
    "BucketName": _bucket,
    "BucketNamespace": _from_header("x-amz-bucket-namespace"),
    "ClientComputedContentSHA256": _from_header("x-amz-content-sha256"),
    "Condition": _condition,
    "Content-MD5": _from_header("content-md5"),
    "Endpoint": _endpoint,
    "ExpectedDigest": _from_header("content-md5"),
    "Key": lambda call, _code, _region: call.key,
    "MaxAllowedSkewMilliseconds": lambda _call, _code, _region: str(limits.MAX_SKEW_S * 1000),
    "MaxSizeAllowed": _max_size,
    "Method": _method,
    "MinSizeAllowed": lambda _call, _code, _region: str(limits.MIN_PART_BYTES),
    "PartNumberRequested": _from_query("partNumber"),
    "ProposedSize": _proposed_size,
    "RangeRequested": _from_header("range"),
    "Region": _region,
    "RequestTime": _request_time,
    "ResourceType": _resource_type,
    "Size": _size,
    "StorageClass": lambda _call, _code, _region: "GLACIER",
    "StorageClassRequested": _from_header("x-amz-storage-class"),
    "URI": _uri,
    "UploadId": _from_query("uploadId"),
    "VersionId": _from_query("versionId"),
}

_HEADERS: dict[str, _Read] = {
    "Allow": _allow,
    "ETag": _etag,
    "Location": _location,
    "x-amz-bucket-region": _bucket_region,
    "x-amz-delete-marker": _delete_marker,
    "x-amz-version-id": _version_id,
}
