"""GetObjectAttributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.limits import MAX_PAGE

from .conditions import check_read
from .documents import Elements, xml_response
from .encryption import check_key
from .messages import Response
from .multipart_checksums import CHECKSUM_ELEMENTS
from .times import http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .records import StoredObject
    from .request import S3Request

_HEADER = "x-amz-object-attributes"


def get_object_attributes(ask: S3Request) -> Response:
    """Return the attributes of an object or version that the request names."""
    wanted = _wanted(ask)
    obj = ask.readable_object()
    check_key(ask, obj.headers)
    check_read(ask, obj)
    headers = {"Last-Modified": http_date(obj.last_modified)}
    if obj.version_id is not None:
        headers["x-amz-version-id"] = obj.version_id
    children = [element for name, elements in _ATTRIBUTES.items() if name in wanted for element in elements(ask, obj)]
    return xml_response("GetObjectAttributesResponse", children, headers)


def _wanted(ask: S3Request) -> set[str]:
    stated = ask.call.headers.get(_HEADER)
    if stated is None or (stated and not stated.strip(",")):
        raise ask.refused("InvalidRequest: attributes")
    # S3 drops empty names at the end, not elsewhere.
    wanted = [name.strip() for name in stated.rstrip(",").split(",")]
    for name in wanted:
        if name not in _ATTRIBUTES:
            raise ask.bad_argument(_HEADER, name, "attribute")
    return set(wanted)


def _etag(_ask: S3Request, obj: StoredObject) -> Elements:
    return [("ETag", obj.etag)]  # only here it has no quotes


def _checksum(_ask: S3Request, obj: StoredObject) -> Elements:
    if not obj.checksums:
        return []
    # The number of parts at the end of a composite checksum is omitted here.
    sums: Elements = [(CHECKSUM_ELEMENTS[name], value.partition("-")[0]) for name, value in obj.checksums.items()]
    return [("Checksum", [*sums, ("ChecksumType", obj.checksum_type)])]


def _parts(ask: S3Request, obj: StoredObject) -> Elements:
    """Return the number of parts. S3 lists each part only if it has its own checksum."""
    if not obj.parts:
        return []
    parts: Elements = [("PartsCount", str(obj.parts))]
    if obj.part_checksums:
        limit, marker = _number(ask, "x-amz-max-parts", MAX_PAGE), _number(ask, "x-amz-part-number-marker", 0)
        limit = min(limit, MAX_PAGE)
        page = range(marker + 1, min(marker + limit, obj.parts) + 1)
        last = page[-1] if page else 0
        parts += [("PartNumberMarker", str(marker)), ("NextPartNumberMarker", str(last)), ("MaxParts", str(limit))]
        parts.append(("IsTruncated", "true" if page and last < obj.parts else "false"))
        parts += [("Part", _part(obj, number)) for number in page]
    return [("ObjectParts", parts)]


def _part(obj: StoredObject, number: int) -> Elements:
    (algorithm,) = obj.checksums  # parts have checksums if the object has a composite one
    checksum = (CHECKSUM_ELEMENTS[algorithm], obj.part_checksums[number - 1])
    return [("PartNumber", str(number)), ("Size", str(obj.part_sizes[number - 1])), checksum]


def _number(ask: S3Request, header: str, default: int) -> int:
    """Return the header's number. S3 accepts text that is not a number."""
    number = whole_number(ask.call.headers.get(header), digits=9)
    return default if number is None else number


def _storage_class(_ask: S3Request, obj: StoredObject) -> Elements:
    return [("StorageClass", obj.headers.get("x-amz-storage-class", "STANDARD"))]


def _size(_ask: S3Request, obj: StoredObject) -> Elements:
    return [("ObjectSize", str(obj.size))]


_ATTRIBUTES: Mapping[str, Callable[[S3Request, StoredObject], Elements]] = {
    "ETag": _etag,
    "Checksum": _checksum,
    "ObjectParts": _parts,
    "StorageClass": _storage_class,
    "ObjectSize": _size,
}
