"""The life of a multipart upload: create, upload parts, complete or abort."""

from __future__ import annotations

import itertools
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import md5
from typing import TYPE_CHECKING

from pytest_s3errors._core.body import Body, join
from pytest_s3errors._core.envelope import document
from pytest_s3errors._core.messages import Response
from pytest_s3errors._core.store import Part, StoredObject, Upload

from .attributes import attributes_of, encryption_headers, written_headers
from .conditions import check_write
from .digests import ALGORITHMS, checksum, md5_hex, stated_checksums
from .documents import XML, malformed, parse_xml, text_of
from .payload import receive
from .ranges import part_number
from .tags import stated_tags

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET

    from .ask import Ask

MIN_PART_BYTES = 5 * 1024**2
# How S3 spells the algorithms in its documents.
CHECKSUM_ELEMENTS = {algorithm: f"Checksum{algorithm.upper()}" for algorithm in ALGORITHMS}
_FULL, _COMPOSITE = "FULL_OBJECT", "COMPOSITE"
# Which checksums of a whole object S3 can make without reading it again: CRCs can be joined, SHAs only summed over.
_OFFERED = {
    "crc32": {_FULL, _COMPOSITE},
    "crc32c": {_FULL, _COMPOSITE},
    "crc64nvme": {_FULL},
    "sha1": {_COMPOSITE},
    "sha256": {_COMPOSITE},
}


def create_multipart_upload(ask: Ask) -> Response:
    """Begin an upload."""
    ask.check_writable()
    algorithm, checksum_type = _wanted_checksum(ask)
    draft = StoredObject(
        bucket=ask.bucket,
        key=ask.key,
        body=b"",
        etag="",
        last_modified=ask.store.now(),
        checksum_type=checksum_type,
        tags=stated_tags(ask),
        **attributes_of(ask),
    )
    upload = Upload(upload_id=ask.new_id(), draft=draft, algorithm=algorithm)
    ask.store.begin(upload)
    headers = {**XML, **encryption_headers(draft)}
    if algorithm is not None:
        headers["x-amz-checksum-algorithm"] = algorithm.upper()
        headers["x-amz-checksum-type"] = checksum_type
    children = [("Bucket", ask.bucket), ("Key", ask.key), ("UploadId", upload.upload_id)]
    return Response(status=200, headers=headers, body=document("InitiateMultipartUploadResult", children))


def upload_part(ask: Ask) -> Response:
    """Keep a part; one of the same number is replaced."""
    number = part_number(ask)
    upload = find_upload(ask)
    payload = receive(ask)
    checksums = _part_checksums(ask, upload, payload.body, payload.checksums)
    part = keep_part(ask, upload, number, payload.body, checksums)
    headers = {"ETag": f'"{part.etag}"', **encryption_headers(upload.draft)}
    headers |= {f"x-amz-checksum-{name}": value for name, value in part.checksums.items()}
    return Response(status=200, headers=headers)


def complete_multipart_upload(ask: Ask) -> Response:
    """Make the object of the parts that the request lists."""
    upload = find_upload(ask)
    parts = _listed_parts(ask, upload)
    check_write(ask)
    body = join([part.body for part in parts])
    _check_size(ask, body)
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    obj = replace(
        upload.draft,
        body=body,
        etag=f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}",
        last_modified=ask.store.now(),
        checksums=_whole_checksums(ask, upload, parts, body),
        part_sizes=tuple(len(part.body) for part in parts),
    )
    obj = ask.store.commit(obj)
    del ask.store.uploads[upload.upload_id]
    children = [("Location", ask.call.url.partition("?")[0]), ("Bucket", ask.bucket), ("Key", ask.key)]
    children.append(("ETag", f'"{obj.etag}"'))
    children += [(CHECKSUM_ELEMENTS[name], value) for name, value in obj.checksums.items()]
    children += [("ChecksumType", obj.checksum_type)] if obj.checksums else []
    headers = {**XML, **written_headers(obj)}
    return Response(status=200, headers=headers, body=document("CompleteMultipartUploadResult", children))


def abort_multipart_upload(ask: Ask) -> Response:
    """Throw an upload and its parts away."""
    upload = find_upload(ask)
    del ask.store.uploads[upload.upload_id]
    return Response(status=204)


def find_upload(ask: Ask) -> Upload:
    """Return the upload that the request names by bucket, key and id, or refuse with NoSuchUpload."""
    upload_id = ask.call.query.get("uploadId", "")
    ask.readable_bucket()
    upload = ask.store.uploads.get(upload_id)
    if upload is None or (upload.draft.bucket, upload.draft.key) != (ask.bucket, ask.key):
        raise ask.refused("NoSuchUpload", elements={"UploadId": upload_id})
    return upload


def keep_part(ask: Ask, upload: Upload, number: int, body: Body, checksums: Mapping[str, str]) -> Part:
    """Put a part into its upload and return it."""
    etag = md5_hex(body)
    part = Part(body=body, etag=etag, last_modified=ask.store.now(), checksums=checksums)
    upload.parts[number] = part
    return part


def _wanted_checksum(ask: Ask) -> tuple[str | None, str]:
    """Return algorithm and type of the checksum that the upload announces; (None, FULL_OBJECT) for none."""
    headers = ask.call.headers
    name, kind = headers.get("x-amz-checksum-algorithm"), headers.get("x-amz-checksum-type")
    if name is None:
        if kind is not None:
            message = "x-amz-checksum-type needs x-amz-checksum-algorithm beside it."
            raise ask.refused("InvalidRequest", message=message)
        return None, _FULL
    algorithm = name.lower()
    if algorithm not in ALGORITHMS:
        message = f"S3 has no checksum algorithm {name}."
        raise ask.refused("InvalidRequest", message=message)
    kind = (kind or (_FULL if algorithm == "crc64nvme" else _COMPOSITE)).upper()
    if kind not in _OFFERED[algorithm]:
        message = f"S3 has no {kind} checksum of algorithm {algorithm}."
        raise ask.refused("InvalidRequest", message=message)
    return algorithm, kind


def _part_checksums(ask: Ask, upload: Upload, body: Body, stated: Mapping[str, str]) -> Mapping[str, str]:
    """Return the checksums to keep with a part: in the upload's algorithm, where it announced one."""
    if upload.algorithm is None or upload.algorithm in stated:
        return stated
    # S3 works a CRC out by itself; a SHA it wants from the client, as it wants no other algorithm than the announced.
    if stated or upload.algorithm.startswith("sha"):
        actual = next(iter(stated), "none")
        message = f"The upload announced {upload.algorithm} checksums; this part has {actual}."
        raise ask.refused("InvalidRequest", message=message)
    return {upload.algorithm: checksum(upload.algorithm, body)}


def _listed_parts(ask: Ask, upload: Upload) -> list[Part]:
    """Return the parts that the body lists, after all checks on them (facts 60, 61)."""
    listed = parse_xml(ask, _received_list(ask), "CompleteMultipartUpload")
    entries = [(_number(ask, entry), entry) for entry in listed.findall("Part")]
    if not entries:
        raise malformed(ask)
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


def _received_list(ask: Ask) -> Body:
    """Return the list of parts; the checksum headers beside it speak of the object, not of the list."""
    own = {k: v for k, v in ask.call.headers.items() if not k.startswith(("x-amz-checksum-", "x-amz-sdk-checksum"))}
    return receive(replace(ask, call=replace(ask.call, headers=own))).body


def _number(ask: Ask, entry: ET.Element) -> int:
    text, etag = text_of(entry, "PartNumber"), text_of(entry, "ETag")
    if text is None or etag is None or not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004
        raise malformed(ask)
    return int(text)


def _part(ask: Ask, upload: Upload, number: int, entry: ET.Element) -> Part:
    etag = (text_of(entry, "ETag") or "").strip().strip('"')
    part = upload.parts.get(number)
    if part is None or part.etag != etag or not _checksums_agree(part, entry):
        elements = {"UploadId": upload.upload_id, "PartNumber": str(number), "ETag": etag}
        raise ask.refused("InvalidPart", elements=elements)
    return part


def _checksums_agree(part: Part, entry: ET.Element) -> bool:
    """Tell whether the checksums in the list are those of the part; one that S3 does not keep is not compared."""
    return all(
        (stated := text_of(entry, CHECKSUM_ELEMENTS[name])) is None or stated == kept
        for name, kept in part.checksums.items()
    )


def _check_size(ask: Ask, body: Body) -> None:
    stated = ask.call.headers.get("x-amz-mp-object-size")
    if stated is not None and stated != str(len(body)):
        message = f"x-amz-mp-object-size is {stated}; the parts have {len(body)} bytes."
        raise ask.refused("InvalidRequest", message=message)


def _whole_checksums(ask: Ask, upload: Upload, parts: list[Part], body: Body) -> Mapping[str, str]:
    """Return the object's checksum in the upload's algorithm, held against the one that the request states."""
    algorithm = upload.algorithm
    if algorithm is None:
        return {}
    if upload.draft.checksum_type == _COMPOSITE:
        raw = b"".join(b64decode(part.checksums[algorithm]) for part in parts)
        value = f"{b64encode(ALGORITHMS[algorithm](raw)).decode()}-{len(parts)}"
    else:
        value = checksum(algorithm, body)
    stated = stated_checksums(ask.call.headers).get(algorithm)
    # A client may leave the count out of a composite sum.
    if stated is not None and stated not in {value, value.partition("-")[0]}:
        message = f"The {algorithm.upper()} you sent is not that of the object."
        raise ask.refused("BadDigest", message=message)
    return {algorithm: value}
