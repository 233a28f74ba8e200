"""CopyObject and UploadPartCopy."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_s3errors._core.s3.errors.envelope import document
from pytest_s3errors._core.s3.errors.messages import said

from .attributes import SSE, attributes_of, check_active, encryption_headers
from .conditions import check_copy_source, check_write
from .digests import ALGORITHMS, checksum, md5_hex
from .documents import XML
from .messages import Response
from .multipart import find_upload, keep_part
from .multipart_checksums import CHECKSUM_ELEMENTS
from .permissions import EXPECTED_SOURCE_OWNER, check_expected_owner
from .ranges import part_number
from .records import NULL
from .tags import stated_tags
from .times import iso_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .request import S3Request
    from .store import StoredObject

MAX_COPY_BYTES = 5 * 1024**3
_SOURCE_RANGE = re.compile(r"bytes=(\d{1,20})-(\d{1,20})", re.ASCII)
_HEADER = "x-amz-copy-source"


def copy_object(ask: S3Request) -> Response:
    """Store a copy of another object, with its metadata or with new."""
    ask.check_writable()
    source = _source(ask)
    replacing = _replaces(ask, "metadata")
    tags = stated_tags(ask) if _replaces(ask, "tagging") else source.tags
    _check_not_idle(ask, source, replacing=replacing)
    check_copy_source(ask, source)
    check_active(ask, source)
    check_write(ask)
    if source.size > MAX_COPY_BYTES:
        message = f"A copy source has at most {MAX_COPY_BYTES} bytes; this one has {source.size}."
        raise ask.refused("InvalidRequest", message=message)
    obj = replace(
        source,
        bucket=ask.bucket,
        key=ask.key,
        etag=md5_hex(source.content),
        last_modified=ask.store.now(),
        checksums=_checksums(ask, source),
        checksum_type="FULL_OBJECT",
        version_id=None,
        tags=tags,
        part_sizes=(),
        part_checksums=(),
        **_attributes(ask, source, replacing=replacing),
    )
    obj = ask.store.commit(obj)
    body = _result("CopyObjectResult", obj.etag, obj.last_modified, obj.checksums, obj.checksum_type)
    headers = {**XML, **encryption_headers(obj), **_source_version(source)}
    if obj.version_id is not None:  # a copy, unlike other writes, tells the null version too
        headers["x-amz-version-id"] = obj.version_id
    return Response(status=200, headers=headers, body=body)


def upload_part_copy(ask: S3Request) -> Response:
    """Keep a part that holds another object's bytes, or a range of them."""
    number = part_number(ask)
    upload = find_upload(ask)
    source = _source(ask)
    check_copy_source(ask, source)
    check_active(ask, source)
    first, end = _source_range(ask, source)
    body = source.content[first:end]
    checksums = {} if upload.algorithm is None else {upload.algorithm: checksum(upload.algorithm, body)}
    part = keep_part(ask, upload, number, body, checksums)
    document_ = _result("CopyPartResult", part.etag, part.last_modified, checksums)
    headers = {**XML, **encryption_headers(upload.draft), **_source_version(source)}
    return Response(status=200, headers=headers, body=document_)


def _source(ask: S3Request) -> StoredObject:
    """Return the object that x-amz-copy-source names, or refuse with what is wrong with it."""
    text = ask.call.headers.get(_HEADER, "")
    name, key, version_id = _parsed_source(ask, text)
    bucket = ask.readable_bucket(name)
    check_expected_owner(ask, bucket, EXPECTED_SOURCE_OWNER)
    ask = replace(ask, key=key)
    if version_id is None:
        return ask.readable(bucket, bucket.objects.get(key) or ask.absent(bucket))
    version = ask.version(bucket, version_id)
    if version.delete_marker:
        raise ask.refused("InvalidRequest", message=said("InvalidRequest: copy of marker"))
    return ask.readable(bucket, version)


def _source_version(source: StoredObject) -> dict[str, str]:
    """Return the header that tells which version was copied, where it has an id of its own."""
    return {} if source.version_id in {None, NULL} else {f"{_HEADER}-version-id": source.version_id}


def _parsed_source(ask: S3Request, text: str) -> tuple[str, str, str | None]:
    # The version is split off before decoding: a key may hold "?versionId=" in its encoded form.
    path, versioned, version_id = text.partition("?versionId=")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not (bucket and key):
        raise ask.bad_argument(_HEADER, text, said("InvalidArgument: copy source"))
    return bucket, key, version_id if versioned else None


def _replaces(ask: S3Request, what: str) -> bool:
    header = f"x-amz-{what}-directive"
    directive = ask.call.headers.get(header, "COPY")
    if directive not in {"COPY", "REPLACE"}:
        raise ask.bad_argument(header, directive, f"The {what} directive must be COPY or REPLACE")
    return directive == "REPLACE"


def _check_not_idle(ask: S3Request, source: StoredObject, *, replacing: bool) -> None:
    """Refuse to copy an object onto itself where nothing about it would change."""
    changing = ("x-amz-storage-class", "x-amz-website-redirect-location", SSE)
    # An older version copied onto its key comes back to life: that is a change.
    itself = source is ask.store.find(ask.bucket, ask.key)
    if itself and not replacing and not any(name in ask.call.headers for name in changing):
        raise ask.refused("InvalidRequest", message=said("InvalidRequest: copy onto itself"))


def _attributes(ask: S3Request, source: StoredObject, *, replacing: bool) -> dict[str, Any]:
    """Return content_type, metadata, headers, owner and ACL of the copy.

    Storage class, encryption and redirect are never copied: the request states them, or S3's defaults hold.
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
        # A sum over parts is none of the copy, which has no parts.
        return {algorithm: checksum(algorithm, source.content) for algorithm in source.checksums}
    if name.lower() not in ALGORITHMS:
        raise ask.refused("InvalidRequest", message=said("InvalidRequest: checksum algorithm"))
    return {name.lower(): checksum(name.lower(), source.content)}


def _source_range(ask: S3Request, source: StoredObject) -> tuple[int, int]:
    """Return (first, end) of the bytes to copy, end exclusive; only `bytes=first-last` within the source will do."""
    header = f"{_HEADER}-range"
    text = ask.call.headers.get(header)
    if text is None:
        return 0, source.size
    matched = _SOURCE_RANGE.fullmatch(text)
    if matched is None or int(matched[1]) > int(matched[2]):
        message = f"{header} must be bytes=first-last, counted from 0, both included"
        raise ask.bad_argument(header, text, message)
    first, last = int(matched[1]), int(matched[2])
    if last >= source.size:
        message = f"The range goes beyond the copy source, which has {source.size} bytes"
        raise ask.bad_argument(header, text, message)
    return first, last + 1


def _result(
    root: str, etag: str, modified: datetime, checksums: Mapping[str, str], checksum_type: str | None = None
) -> bytes:
    children = [("LastModified", iso_date(modified)), ("ETag", f'"{etag}"')]
    children += [(CHECKSUM_ELEMENTS[name], value) for name, value in checksums.items()]
    children += [("ChecksumType", checksum_type)] if checksums and checksum_type else []
    return document(root, children)
