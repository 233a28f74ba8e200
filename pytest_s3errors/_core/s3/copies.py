"""CopyObject and UploadPartCopy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from s3_asyncio_client._core.limits import MAX_UPLOAD_BYTES

from .access_points import label_of
from .attributes import attributes_of, check_active, encryption_headers
from .conditions import check_copy_source, check_write
from .crc import default_checksum
from .digests import ALGORITHMS, checksum
from .documents import Elements, xml_response
from .encryption import CUSTOMER_ALGORITHM, KMS_KEY, check_part_key, check_source_key, etag_of
from .messages import EMPTY, Response
from .multipart import find_upload, keep_part
from .multipart_checksums import CHECKSUM_ELEMENTS
from .permissions import EXPECTED_SOURCE_OWNER, check_expected_owner
from .ranges import part_number
from .records import NULL, SSE
from .tags import stated_tags
from .times import iso_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .records import StoredObject
    from .request import S3Request

_SOURCE_RANGE = re.compile(r"bytes=(\d{1,20})-(\d{1,20})", re.ASCII)
_ORIGIN = re.compile(r"https?://[^/]*", re.IGNORECASE)
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
COPY_SOURCE = "x-amz-copy-source"


def copy_object(ask: S3Request) -> Response:
    """Store a copy of another object, with its metadata or new metadata."""
    ask.check_writable()
    if ask.body:
        raise ask.refused("InvalidRequest: body of copy")
    source, by_version = _source(ask)
    check_source_key(ask, source.headers)
    replacing = _replaces(ask, "metadata")
    tags = stated_tags(ask) if _replaces(ask, "tagging") else source.tags
    if not (replacing or by_version):
        _check_not_idle(ask, source)
    check_copy_source(ask, source)
    check_active(ask, source)
    check_write(ask)
    if source.size > MAX_UPLOAD_BYTES:
        message = f"A copy source has at most {MAX_UPLOAD_BYTES} bytes; this one has {source.size}."
        raise ask.refused("InvalidRequest", message=message)
    attributes = _attributes(ask, source, replacing=replacing)
    obj = replace(
        source,
        bucket=ask.bucket,
        key=ask.key,
        etag=etag_of(ask, source.content, attributes["headers"]),
        last_modified=ask.store.now(),
        checksums=_checksums(ask, source),
        checksum_type="FULL_OBJECT",
        version_id=None,
        tags=tags,
        part_sizes=(),
        part_checksums=(),
        **{"retention": None, "legal_hold": "", **attributes},
    )
    obj = ask.store.commit(obj)
    headers = {**encryption_headers(obj), **_source_version(source)}
    if obj.version_id is not None:  # a copy, unlike other writes, also returns the null version
        headers["x-amz-version-id"] = obj.version_id
    children = _result(obj.etag, obj.last_modified, obj.checksums, obj.checksum_type)
    return xml_response("CopyObjectResult", children, headers)


def upload_part_copy(ask: S3Request) -> Response:
    """Store a part with another object's bytes, or a range of them."""
    number = part_number(ask)
    upload = find_upload(ask)
    check_part_key(ask, upload.draft.headers)
    source, _ = _source(ask)
    check_source_key(ask, source.headers)
    check_copy_source(ask, source)
    check_active(ask, source)
    first, end = _source_range(ask, source)
    body = source.content[first:end]
    checksums = {} if upload.algorithm is None else {upload.algorithm: checksum(upload.algorithm, body)}
    part = keep_part(ask, upload, number, body, checksums)
    headers = {**encryption_headers(upload.draft), **_source_version(source)}
    return xml_response("CopyPartResult", _result(part.etag, part.last_modified, checksums), headers)


def _source(ask: S3Request) -> tuple[StoredObject, bool]:
    """Return the object that x-amz-copy-source names, and whether it names a version; or refuse the header."""
    text = ask.call.headers.get(COPY_SOURCE, "")
    name, key, version_id = _parsed_source(ask, text)
    bucket = ask.readable_bucket(name)
    check_expected_owner(ask, bucket, EXPECTED_SOURCE_OWNER)
    ask = replace(ask, key=key)
    if version_id is None:
        return ask.readable(bucket, bucket.objects.get(key) or ask.absent(bucket)), False
    version = ask.version(bucket, version_id)
    if version.delete_marker:
        raise ask.refused("InvalidRequest: copy of marker")
    return ask.readable(bucket, version), True


def _source_version(source: StoredObject) -> dict[str, str]:
    """Return the header with the version that was copied, if it has its own id."""
    return {} if source.version_id in {None, NULL} else {f"{COPY_SOURCE}-version-id": source.version_id}


def _parsed_source(ask: S3Request, text: str) -> tuple[str, str, str | None]:
    # Split off the version before decoding: a key may contain an encoded "?versionId=".
    path, versioned, version_id = text.partition("?versionId=")
    if _BROKEN_ESCAPE.search(path):
        raise ask.bad_argument(COPY_SOURCE, COPY_SOURCE, "copy source encoding")
    # Some clients encode a space as in forms; some send the object's URL with the bucket in the path.
    bucket, _, key = _ORIGIN.sub("", unquote_plus(path)).removeprefix("/").partition("/")
    if not (bucket and key):
        # S3 repeats the name of the header as its value.
        raise ask.bad_argument(COPY_SOURCE, COPY_SOURCE, "copy source")
    if bucket.startswith("arn:"):  # of an access point: arn:...:accesspoint/NAME/object/KEY
        name, _, key = key.partition("/object/")
        bucket = label_of(f"{bucket}/{name}")
    return ask.store.access_points.get(bucket, bucket), key, version_id if versioned else None


def _replaces(ask: S3Request, what: str) -> bool:
    header = f"x-amz-{what}-directive"
    directive = ask.call.headers.get(header, "COPY")
    if directive not in {"COPY", "REPLACE"}:
        raise ask.bad_argument(header, directive, "directive", what)
    return directive == "REPLACE"


def _check_not_idle(ask: S3Request, source: StoredObject) -> None:
    """Refuse to copy an object onto itself if nothing would change. A version named by its id is allowed."""
    changing = ("x-amz-storage-class", "x-amz-website-redirect-location", SSE, CUSTOMER_ALGORITHM)
    if source is not ask.store.find(ask.bucket, ask.key):
        return
    # A default encryption that was set on the bucket counts as a change, even if it changes nothing.
    encrypts = KMS_KEY in source.headers or ask.readable_bucket().encryption is not EMPTY
    if not encrypts and not any(name in ask.call.headers for name in changing):
        raise ask.refused("InvalidRequest: copy onto itself")


def _attributes(ask: S3Request, source: StoredObject, *, replacing: bool) -> dict[str, Any]:
    """Return content_type, metadata, headers, owner and ACL of the copy.

    Storage class, encryption and redirect are never copied. The request states them, or S3's defaults apply.
    """
    stated = attributes_of(ask)
    if replacing:
        return stated
    own = {name: value for name, value in stated["headers"].items() if name.startswith("x-amz-")}
    copied = {name: value for name, value in source.headers.items() if not name.startswith("x-amz-")}
    kept = {"content_type": source.content_type, "metadata": source.metadata, "headers": {**copied, **own}}
    return stated | kept


def _checksums(ask: S3Request, source: StoredObject) -> Mapping[str, str]:
    name = ask.call.headers.get("x-amz-checksum-algorithm")
    if name is None:
        # A composite checksum does not fit the copy, which has no parts.
        sums = {algorithm: checksum(algorithm, source.content) for algorithm in source.checksums}
        return sums or default_checksum(source.content)
    if name.lower() not in ALGORITHMS:
        raise ask.refused("InvalidRequest: checksum algorithm")
    return {name.lower(): checksum(name.lower(), source.content)}


def _source_range(ask: S3Request, source: StoredObject) -> tuple[int, int]:
    """Return (first, end) of the bytes to copy, end exclusive. Only `bytes=first-last` within the source is valid."""
    header = f"{COPY_SOURCE}-range"
    text = ask.call.headers.get(header)
    if text is None:
        return 0, source.size
    matched = _SOURCE_RANGE.fullmatch(text)
    if matched is None or int(matched[1]) > int(matched[2]):
        raise ask.bad_argument(header, text, "copy range")
    first, last = int(matched[1]), int(matched[2])
    if first >= source.size:
        raise ask.refused("InvalidRequest: copy range")
    if last >= source.size:
        raise ask.bad_argument(header, text, "copy range end", source.size)
    return first, last + 1


def _result(etag: str, modified: datetime, checksums: Mapping[str, str], checksum_type: str | None = None) -> Elements:
    children: Elements = [("LastModified", iso_date(modified)), ("ETag", f'"{etag}"')]
    children += [(CHECKSUM_ELEMENTS[name], value) for name, value in checksums.items()]
    return children + ([("ChecksumType", checksum_type)] if checksums and checksum_type else [])
