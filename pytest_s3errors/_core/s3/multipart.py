"""The life of a multipart upload: create, upload parts, complete or abort."""

from __future__ import annotations

import itertools
from dataclasses import replace
from hashlib import md5
from typing import TYPE_CHECKING, TypeAlias

from pytest_s3errors._core.body import Body, join
from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.limits import MIN_PART_BYTES

from .attributes import attributes_of, encryption_headers, written_headers
from .conditions import check_not_overtaken, check_write
from .documents import parse_xml, text_of, xml_response
from .encryption import check_part_key, etag_of
from .messages import EMPTY, Response
from .multipart_checksums import (
    CHECKSUM_ELEMENTS,
    check_composite,
    check_listed,
    composite_parts,
    part_checksums,
    wanted_checksum,
    whole_checksums,
)
from .object_lock import check_part
from .payload import receive
from .ranges import part_number
from .records import NULL, Completion, Part, StoredObject, Upload, is_keyed
from .tags import stated_tags

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET

    from .request import S3Request

_Entry: TypeAlias = "tuple[int, ET.Element]"


def create_multipart_upload(ask: S3Request) -> Response:
    """Start an upload."""
    ask.check_writable()
    algorithm, checksum_type = wanted_checksum(ask)
    draft = StoredObject(
        bucket=ask.bucket,
        key=ask.key,
        content=b"",
        etag="",
        last_modified=ask.store.now(),
        checksum_type=checksum_type,
        tags=stated_tags(ask),
        **attributes_of(ask),
    )
    upload = Upload(upload_id=ask.new_id(), draft=draft, algorithm=algorithm)
    ask.store.begin(upload)
    headers = encryption_headers(draft)
    if algorithm is not None:
        headers["x-amz-checksum-algorithm"] = algorithm.upper()
        headers["x-amz-checksum-type"] = checksum_type
    children = [("Bucket", ask.bucket), ("Key", ask.key), ("UploadId", upload.upload_id)]
    return xml_response("InitiateMultipartUploadResult", children, headers)


def upload_part(ask: S3Request) -> Response:
    """Store a part. It replaces a part with the same number."""
    number = part_number(ask)
    upload = find_upload(ask)
    check_part_key(ask, upload.draft.headers)
    check_part(ask, upload.draft)
    payload = receive(ask)
    checksums = part_checksums(ask, upload, payload.body, payload.checksums)
    part = keep_part(ask, upload, number, payload.body, checksums)
    headers = {"ETag": f'"{part.etag}"', **encryption_headers(upload.draft)}
    headers |= {f"x-amz-checksum-{name}": value for name, value in checksums.items()}
    return Response(status=200, headers=headers)


def complete_multipart_upload(ask: S3Request) -> Response:
    """Create the object from the listed parts. A repeated request gets the same response."""
    done = ask.store.completions.get(ask.call.query.get("uploadId", ""))
    if done is not None:
        return _again(ask, done)
    upload = find_upload(ask)
    entries = _entries(ask)
    parts = _listed_parts(ask, upload, entries)
    check_write(ask)
    check_not_overtaken(ask, upload)
    body = join([part.body for part in parts])
    _check_size(ask, body)
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    obj = replace(
        upload.draft,
        content=body,
        etag=f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}",
        last_modified=ask.store.now(),
        checksums=whole_checksums(ask, upload, parts, body),
        part_sizes=tuple(len(part.body) for part in parts),
        part_checksums=composite_parts(upload, parts),
    )
    check_composite(ask, upload, entries)
    obj = ask.store.commit(obj)
    # A checksum that S3 summed by itself is not told of an object with a KMS key, until it is read.
    told = EMPTY if upload.algorithm is None and is_keyed(obj.headers) else obj.checksums
    answer = _completion(ask, obj, told)
    ask.store.complete(
        upload,
        Completion(
            bucket=obj.bucket,
            key=obj.key,
            listed=_listed(entries),
            etag=obj.etag,
            version_id=obj.version_id,
            response=answer,
        ),
    )
    return answer


def _completion(ask: S3Request, obj: StoredObject, checksums: Mapping[str, str]) -> Response:
    children = [("Location", ask.call.url.partition("?")[0]), ("Bucket", ask.bucket), ("Key", ask.key)]
    children.append(("ETag", f'"{obj.etag}"'))
    children += [(CHECKSUM_ELEMENTS[name], value) for name, value in checksums.items()]
    children += [("ChecksumType", obj.checksum_type)] if checksums else []
    return xml_response("CompleteMultipartUploadResult", children, written_headers(obj))


def _again(ask: S3Request, done: Completion) -> Response:
    """Return the response to the completion that this one repeats, while the resulting object still exists."""
    made = ask.readable_bucket().version(ask.key, done.version_id or NULL)
    asked = (ask.bucket, ask.key, None if made is None else made.etag)
    if asked != (done.bucket, done.key, done.etag) or _listed(_entries(ask)) != done.listed:
        raise ask.refused("NoSuchUpload")
    return done.response


def _listed(entries: list[_Entry]) -> tuple[tuple[int, str], ...]:
    return tuple((number, _etag(entry)) for number, entry in entries)


def abort_multipart_upload(ask: S3Request) -> Response:
    """Discard an upload and its parts."""
    upload = find_upload(ask)
    del ask.store.uploads[upload.upload_id]
    return Response(status=204)


def find_upload(ask: S3Request) -> Upload:
    """Return the upload that the request names by bucket, key and id, or refuse with NoSuchUpload."""
    upload_id = ask.call.query.get("uploadId", "")
    ask.readable_bucket()
    upload = ask.store.uploads.get(upload_id)
    if upload is None or (upload.draft.bucket, upload.draft.key) != (ask.bucket, ask.key):
        raise ask.refused("NoSuchUpload", elements={"UploadId": upload_id})
    return upload


def keep_part(ask: S3Request, upload: Upload, number: int, body: Body, checksums: Mapping[str, str]) -> Part:
    """Put a part into its upload and return it."""
    etag = etag_of(ask, body, upload.draft.headers)
    # If the upload announced no checksum, S3 checks a part's checksum but does not store it.
    kept = EMPTY if upload.algorithm is None else checksums
    part = Part(body=body, etag=etag, last_modified=ask.store.now(), checksums=kept)
    upload.parts[number] = part
    return part


def _entries(ask: S3Request) -> list[_Entry]:
    """Return the listed parts by part number.

    For an empty body captures disagree: InvalidRequest if parts had been uploaded, MalformedXML if not.
    """
    body = _received_list(ask)
    upload = ask.store.uploads.get(ask.call.query["uploadId"])
    listed = None if not body and upload and upload.parts else parse_xml(ask, body, "CompleteMultipartUpload")
    entries = [] if listed is None else [(_number(ask, entry), entry) for entry in listed.findall("Part")]
    if not entries:
        raise ask.refused("InvalidRequest: no parts")
    return entries


def _listed_parts(ask: S3Request, upload: Upload, entries: list[_Entry]) -> list[Part]:
    """Return the listed parts after all checks (facts 60, 61)."""
    if any(former >= latter for (former, _), (latter, _) in itertools.pairwise(entries)):
        raise ask.refused("InvalidPartOrder", elements={"UploadId": upload.upload_id})
    parts = [_part(ask, upload, number, entry) for number, entry in entries]
    for (number, _), part in zip(entries[:-1], parts, strict=False):
        if len(part.body) < MIN_PART_BYTES:
            raise ask.refused(
                "EntityTooSmall",
                elements={
                    "ProposedSize": str(len(part.body)),
                    "MinSizeAllowed": str(MIN_PART_BYTES),
                    "PartNumber": str(number),
                    "ETag": part.etag,
                },
            )
    return parts


def _received_list(ask: S3Request) -> Body:
    """Return the list of parts. The request's checksum headers describe the object, not the list."""
    own = {k: v for k, v in ask.call.headers.items() if not k.startswith(("x-amz-checksum-", "x-amz-sdk-checksum"))}
    return receive(replace(ask, call=replace(ask.call, headers=own))).body


def _number(ask: S3Request, entry: ET.Element) -> int:
    text = text_of(entry, "PartNumber")
    number = whole_number(text, digits=9)
    if number is None or entry.find("ETag") is None:
        raise ask.refused("MalformedXML")
    if number == 0:
        raise ask.bad_argument("PartNumber", text, "listed number")
    return number


def _part(ask: S3Request, upload: Upload, number: int, entry: ET.Element) -> Part:
    etag = _etag(entry)
    part = upload.parts.get(number)
    if part is None or part.etag != etag or not check_listed(ask, upload, number, part, entry):
        elements = {"UploadId": upload.upload_id, "PartNumber": str(number), "ETag": etag}
        raise ask.refused("InvalidPart", elements=elements)
    return part


def _etag(entry: ET.Element) -> str:
    return (text_of(entry, "ETag") or "").strip().strip('"')


def _check_size(ask: S3Request, body: Body) -> None:
    stated = ask.call.headers.get("x-amz-mp-object-size")
    if stated is not None and stated != str(len(body)):
        raise ask.refused("InvalidRequest: object size", stated, len(body))
