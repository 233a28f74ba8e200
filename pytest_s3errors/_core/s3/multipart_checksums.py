"""Checksums of multipart uploads: the announced one, those of the parts, and that of the whole.

A checksum over a whole object is FULL_OBJECT. One over the checksums of its parts is COMPOSITE and ends with their
number. CRCs can be both, CRC-64 only FULL_OBJECT, SHAs only COMPOSITE.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from .crc import default_checksum
from .digests import ALGORITHMS, checksum, stated_checksums
from .documents import text_of
from .encryption import CUSTOMER_KEY_MD5
from .messages import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree import ElementTree as ET

    from pytest_s3errors._core.body import Body

    from .records import Part, Upload
    from .request import S3Request

# The names of the algorithms in S3's documents.
CHECKSUM_ELEMENTS = {algorithm: f"Checksum{algorithm.upper()}" for algorithm in ALGORITHMS}
FULL, COMPOSITE = "FULL_OBJECT", "COMPOSITE"
_OFFERED = {
    "crc32": {FULL, COMPOSITE},
    "crc32c": {FULL, COMPOSITE},
    "crc64nvme": {FULL},
    "sha1": {COMPOSITE},
    "sha256": {COMPOSITE},
}


def wanted_checksum(ask: S3Request) -> tuple[str | None, str]:
    """Return the algorithm and the type of the upload's announced checksum. Without one: (None, FULL_OBJECT)."""
    headers = ask.call.headers
    name, kind = headers.get("x-amz-checksum-algorithm"), headers.get("x-amz-checksum-type")
    if name is None:
        if kind is not None:
            raise ask.refused("InvalidRequest: checksum type alone")
        return None, FULL
    algorithm = name.lower()
    if algorithm not in ALGORITHMS:
        raise ask.refused("InvalidRequest: checksum algorithm")
    kind = (kind or (FULL if algorithm == "crc64nvme" else COMPOSITE)).upper()
    if kind not in _OFFERED[algorithm]:
        raise ask.refused("InvalidRequest: checksum type", kind, algorithm)
    return algorithm, kind


def part_checksums(ask: S3Request, upload: Upload, body: Body, stated: Mapping[str, str]) -> Mapping[str, str]:
    """Return the checksums of a part, in the upload's algorithm if it announced one."""
    if upload.algorithm is None or upload.algorithm in stated:
        return stated
    # S3 computes a CRC itself. It requires a SHA from the client, and accepts only the announced algorithm.
    if stated or upload.algorithm.startswith("sha"):
        raise ask.refused("InvalidRequest: checksum of part", upload.algorithm, next(iter(stated), "null"))
    return {upload.algorithm: checksum(upload.algorithm, body)}


def check_listed(ask: S3Request, upload: Upload, number: int, part: Part, entry: ET.Element) -> bool:
    """Return whether the checksums that a completion lists for *part* are correct.

    Without an announced algorithm S3 kept none, so any checksum is wrong. One of another algorithm is BadDigest.
    """
    stated = {name: text for name, element in CHECKSUM_ELEMENTS.items() if (text := text_of(entry, element))}
    for name, value in stated.items():
        if upload.algorithm is None or (name == upload.algorithm and value != part.checksums[name]):
            return False
        if name != upload.algorithm:
            raise ask.refused("BadDigest: listed part", name, number)
    return True


def check_composite(ask: S3Request, upload: Upload, entries: Sequence[tuple[int, ET.Element]]) -> None:
    """Refuse a completion that lists parts of a composite checksum without theirs, or with a gap (fact 39)."""
    algorithm = upload.algorithm
    if algorithm is None or upload.draft.checksum_type != COMPOSITE:
        return
    if [number for number, _ in entries] != list(range(1, len(entries) + 1)):
        raise ask.refused("InternalError")
    for number, entry in entries:
        if not text_of(entry, CHECKSUM_ELEMENTS[algorithm]):
            raise ask.refused("InvalidRequest: checksum missing", algorithm, number)


def composite_parts(upload: Upload, parts: list[Part]) -> tuple[str, ...]:
    """Return the part checksums behind a composite checksum. Empty: the object has no composite checksum."""
    if upload.algorithm is None or upload.draft.checksum_type != COMPOSITE:
        return ()
    return tuple(part.checksums[upload.algorithm] for part in parts)


def whole_checksums(ask: S3Request, upload: Upload, parts: list[Part], body: Body) -> Mapping[str, str]:
    """Return the object's checksum in the upload's algorithm, after comparing it with the one in the request."""
    _check_type(ask, upload)
    algorithm = upload.algorithm
    if algorithm is None:  # a checksum of the object in the request is then ignored
        return EMPTY if CUSTOMER_KEY_MD5 in upload.draft.headers else default_checksum(body)
    if upload.draft.checksum_type == COMPOSITE:
        raw = b"".join(map(b64decode, composite_parts(upload, parts)))
        value = f"{b64encode(ALGORITHMS[algorithm](raw)).decode()}-{len(parts)}"
    else:
        value = checksum(algorithm, body)
    stated = stated_checksums(ask.call.headers)
    # A client may omit the count of a composite checksum.
    if any(name != algorithm or text not in {value, value.partition("-")[0]} for name, text in stated.items()):
        raise ask.refused("BadDigest: checksum", algorithm)
    if stated and "x-amz-checksum-type" not in ask.call.headers and _ambiguous(upload):
        raise ask.refused("BadDigest: checksum", algorithm)
    return {algorithm: value}


def _ambiguous(upload: Upload) -> bool:
    """Return whether a checksum without x-amz-checksum-type counts as composite, which the upload does not have."""
    return upload.draft.checksum_type == FULL and COMPOSITE in _OFFERED[upload.algorithm or "crc64nvme"]


def _check_type(ask: S3Request, upload: Upload) -> None:
    stated = ask.call.headers.get("x-amz-checksum-type")
    announced = None if upload.algorithm is None else upload.draft.checksum_type
    if stated is not None and stated.upper() != announced:
        raise ask.refused("InvalidRequest: checksum mode", announced or "null")
