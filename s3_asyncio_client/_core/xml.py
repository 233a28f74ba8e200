"""The XML of results, read and written.

Reading tolerates what servers do (namespaces or none, white space around the prolog) and answers everything else
with S3ResponseError. Writing is by hand: ElementTree would let a carriage return through unescaped, which XML parsers
turn into a line feed, and a deletion would hit another key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.document import parse_document
from s3_asyncio_client._core.errors import error_from_fields, fields_of
from s3_asyncio_client.exceptions import S3InvalidRequestError, S3ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHECKSUMS = {
    "checksum_crc32": "ChecksumCRC32",
    "checksum_crc32c": "ChecksumCRC32C",
    "checksum_crc64nvme": "ChecksumCRC64NVME",
    "checksum_sha1": "ChecksumSHA1",
    "checksum_sha256": "ChecksumSHA256",
}


class Listing(NamedTuple):
    """One page of ListObjectsV2.

    Attributes:
        objects: In the order sent; each has key, last_modified (S3's text), etag (without quotes), size (bytes) and
            storage_class.
        prefixes: What the delimiter rolled up.
        is_truncated: Whether another page follows.
        next_token: Continuation token of that page; None at the end.
        key_count: Objects and prefixes on this page, as the server counts.
    """

    objects: list[dict[str, Any]]
    prefixes: list[str]
    is_truncated: bool
    next_token: str | None
    key_count: int


def parse(body: bytes | str) -> Element:
    """Give the root of a document, element names without namespace.

    Raises:
        S3ResponseError: It is empty, no well-formed XML, or has a DOCTYPE.
    """
    if not body.strip():
        raise S3ResponseError("expected an XML document, got an empty body")
    try:
        return parse_document(body)
    except ValueError as error:
        raise S3ResponseError(f"expected an XML document of S3: {error}") from error


def parse_result(
    body: bytes | str, *, operation: str | None = None, bucket: str | None = None, key: str | None = None
) -> Element:
    """Give the root of the document of a 200, which may turn out to be an error document.

    Args:
        body: The whole body.
        operation: S3's name of the operation, for the error.
        bucket: Bucket that was asked for, for the error.
        key: Key that was asked for, for the error.

    Raises:
        S3ServerError: The root is ``<Error>``.
        S3ResponseError: As in `parse`.
    """
    try:
        root = parse(body)
    except S3ResponseError as error:
        error.status_code, error.operation, error.bucket, error.key = 200, operation, bucket, key
        raise
    if root.tag == "Error":
        fields = fields_of(root)
        raise error_from_fields(status=200, fields=fields, headers={}, operation=operation, bucket=bucket, key=key)
    return root


def text(element: Element, name: str, default: str = "") -> str:
    """Give the text of the first child *name*, untrimmed; *default* if there is no such child or it is empty."""
    return element.findtext(name) or default


def parse_listing(root: Element) -> Listing:
    """Read a page of ListObjectsV2, with keys and prefixes decoded if the server encoded them (EncodingType).

    Raises:
        S3ResponseError: *root* is no ListBucketResult, an object lacks its key, or a number is none.
    """
    if root.tag != "ListBucketResult":
        raise S3ResponseError(f"expected a ListBucketResult, got <{root.tag}>")
    decode = unquote_plus if text(root, "EncodingType").lower() == "url" else str
    objects = []
    for entry in root.iterfind("Contents"):
        key = text(entry, "Key")
        if not key:
            raise S3ResponseError("the listing has an object without a key")
        objects.append(
            {
                "key": decode(key),
                "last_modified": text(entry, "LastModified"),
                "etag": text(entry, "ETag").strip('"'),
                "size": _integer(entry, "Size"),
                "storage_class": text(entry, "StorageClass", "STANDARD"),
            }
        )
    prefixes = [decode(text(entry, "Prefix")) for entry in root.iterfind("CommonPrefixes")]
    return Listing(
        objects=objects,
        prefixes=prefixes,
        is_truncated=text(root, "IsTruncated").strip().lower() == "true",
        next_token=text(root, "NextContinuationToken") or None,
        key_count=_integer(root, "KeyCount", default=len(objects) + len(prefixes)),
    )


def build_complete(parts: Iterable[Mapping[str, Any]]) -> bytes:
    """Write the body of CompleteMultipartUpload.

    Args:
        parts: In any order, each with part_number (int), etag (with quotes or without) and, where one was sent with
            the part, checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1 or checksum_sha256 (base64).
    """
    written = []
    for part in sorted(parts, key=lambda part: int(part["part_number"])):
        etag = '"' + str(part["etag"]).strip('"') + '"'
        checksums = "".join(_element(tag, part[name]) for name, tag in _CHECKSUMS.items() if part.get(name))
        written.append(
            f"<Part><PartNumber>{int(part['part_number'])}</PartNumber>{_element('ETag', etag)}{checksums}</Part>"
        )
    return _document("CompleteMultipartUpload", "".join(written))


def build_delete(keys: Sequence[str], *, quiet: bool = False) -> bytes:
    """Write the body of DeleteObjects.

    Args:
        keys: At most 1000 of them; S3 refuses more.
        quiet: Whether the answer shall name only what failed.

    Raises:
        S3InvalidRequestError: A key has a character that XML cannot carry.
    """
    objects = "".join(f"<Object>{_element('Key', key)}</Object>" for key in keys)
    return _document("Delete", f"<Quiet>{str(quiet).lower()}</Quiet>{objects}")


def build_create_bucket(
    region: str | None = None,
    location_type: str | None = None,
    location_name: str | None = None,
    bucket_type: str | None = None,
    data_redundancy: str | None = None,
) -> bytes | None:
    """Write the body of CreateBucket; None if there is nothing to say.

    Args:
        region: Where the bucket shall live; "us-east-1" is the default of S3 and must not be named.
        location_type: "AvailabilityZone" or "LocalZone", for directory buckets.
        location_name: Its id.
        bucket_type: "Directory".
        data_redundancy: "SingleAvailabilityZone" or "SingleLocalZone".
    """
    constraint = "" if region == "us-east-1" else _element("LocationConstraint", region)
    location = _element("Name", location_name) + _element("Type", location_type)
    bucket = _element("DataRedundancy", data_redundancy) + _element("Type", bucket_type)
    content = (
        constraint
        + (f"<Location>{location}</Location>" if location else "")
        + (f"<Bucket>{bucket}</Bucket>" if bucket else "")
    )
    return _document("CreateBucketConfiguration", content) if content else None


def _integer(element: Element, name: str, default: int = 0) -> int:
    value = text(element, name).strip()
    number = whole_number(value) if value else default
    if number is None:
        raise S3ResponseError(f"expected a number in <{name}>, got {value[:40]!r}")
    return number


def _document(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{content}</{root}>'.encode()


def _element(name: str, value: str | None) -> str:
    if not value:
        return ""
    if bad := _NOT_XML.search(value):
        raise S3InvalidRequestError(
            f"{name} {value[:80]!r} has the character {bad[0]!r}, which XML cannot carry; "
            "use an operation that names it in the URL (delete_object)"
        )
    escaped = escape(value, {"\r": "&#13;"})
    return f"<{name}>{escaped}</{name}>"
