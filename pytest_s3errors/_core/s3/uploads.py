"""ListParts and ListMultipartUploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3_asyncio_client._core.limits import MAX_PAGE

from .access import account_id
from .documents import Elements, xml_response
from .listings import encoder, given, number_of, page_size, walk
from .messages import Response
from .multipart import find_upload
from .multipart_checksums import CHECKSUM_ELEMENTS
from .permissions import owner_of
from .times import iso_date

if TYPE_CHECKING:
    from .records import Part, Upload
    from .request import S3Request


def list_parts(ask: S3Request) -> Response:
    """Return a page of the parts of one upload."""
    stated, marker = number_of(ask, "max-parts", MAX_PAGE), number_of(ask, "part-number-marker", 0)
    upload = find_upload(ask)
    limit = page_size(ask, "max-parts", stated)
    page_size(ask, "part-number-marker", marker)
    following = sorted(number for number in upload.parts if number > marker)
    page = following[:limit]
    children: Elements = [("Bucket", ask.bucket), ("Key", ask.key), ("UploadId", upload.upload_id)]
    owner = [("ID", upload.draft.owner or owner_of(ask, ask.readable_bucket()))]
    children += [("Initiator", _initiator(owner)), ("Owner", owner), ("StorageClass", _storage_class(upload))]
    children += [("PartNumberMarker", str(marker)), ("NextPartNumberMarker", str(page[-1] if page else 0))]
    children += [("MaxParts", str(limit)), ("IsTruncated", "true" if len(page) < len(following) and limit else "false")]
    children += _algorithm(upload)
    children += [("Part", _part(number, upload.parts[number])) for number in page]
    return xml_response("ListPartsResult", children)


def list_multipart_uploads(ask: S3Request) -> Response:
    """Return a page of the bucket's unfinished uploads, sorted by key and start time."""
    query = ask.call.query
    stated = number_of(ask, "max-uploads", MAX_PAGE)
    owner, encode = owner_of(ask, ask.readable_bucket()), encoder(ask)
    limit = page_size(ask, "max-uploads", stated)
    key_marker, id_marker = query.get("key-marker", ""), query.get("upload-id-marker", "")
    id_marker = id_marker if key_marker else ""  # an id alone is not a marker and is not returned
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    here = sorted(
        (upload for upload in ask.store.uploads.values() if upload.draft.bucket == ask.bucket),
        key=lambda upload: upload.draft.key,
    )
    here = _after(ask, here, key_marker, id_marker)
    # Several uploads may share a key: roll up by key first, then take the page's share of uploads.
    keys = sorted({upload.draft.key for upload in here})
    rolled = walk(keys, prefix=prefix, delimiter=delimiter, after="", limit=len(keys), skip=False)
    entries: list[tuple[str, Upload | None]] = [
        (name, None) for name in rolled.prefixes if not key_marker.startswith(name)
    ]
    entries += [(upload.draft.key, upload) for upload in here if upload.draft.key in set(rolled.keys)]
    entries.sort(key=lambda entry: entry[0])
    page = entries[:limit]
    truncated = len(page) < len(entries) and limit > 0
    # The markers of the next page name the last upload of this one, whether or not more follows. A common prefix is
    # no marker: they are empty where the page has nothing else.
    last = next((upload for _, upload in reversed(page) if upload is not None), None)
    children: Elements = [("Bucket", ask.bucket), ("KeyMarker", encode(key_marker)), ("UploadIdMarker", id_marker)]
    children += [
        ("NextKeyMarker", encode(last.draft.key) if last else ""),
        ("NextUploadIdMarker", last.upload_id if last else ""),
    ]
    children += given(("Delimiter", encode(delimiter)), ("Prefix", encode(prefix)))
    children += [("MaxUploads", str(limit)), *given(("EncodingType", query.get("encoding-type")))]
    children.append(("IsTruncated", "true" if truncated else "false"))
    children += [("Upload", _upload(upload, encode(name), owner)) for name, upload in page if upload is not None]
    children += [("CommonPrefixes", [("Prefix", encode(name))]) for name, upload in page if upload is None]
    return xml_response("ListMultipartUploadsResult", children)


def _after(ask: S3Request, uploads: list[Upload], key_marker: str, id_marker: str) -> list[Upload]:
    """Return the uploads after the markers. *uploads* is in the order of the listing.

    With an upload id the marker is that upload, which must belong to the key.
    """
    if not id_marker:
        return [upload for upload in uploads if upload.draft.key > key_marker]
    for place, upload in enumerate(uploads):
        if (upload.draft.key, upload.upload_id) == (key_marker, id_marker):
            return uploads[place + 1 :]
    raise ask.bad_argument("upload-id-marker", id_marker, "upload id marker")


def _part(number: int, part: Part) -> Elements:
    listed: Elements = [("PartNumber", str(number)), ("LastModified", iso_date(part.last_modified))]
    listed += [("ETag", f'"{part.etag}"'), ("Size", str(len(part.body)))]
    listed += [(CHECKSUM_ELEMENTS[name], value) for name, value in part.checksums.items()]
    return listed


def _upload(upload: Upload, key: str, bucket_owner: str) -> Elements:
    owner = [("ID", upload.draft.owner or bucket_owner)]
    listed: Elements = [("Key", key), ("UploadId", upload.upload_id)]
    listed += [("Initiator", _initiator(owner)), ("Owner", owner)]
    listed += [("StorageClass", _storage_class(upload)), ("Initiated", iso_date(upload.draft.last_modified))]
    return listed + _algorithm(upload)


def _initiator(owner: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return who started an upload. S3 still returns its name, which is the account's number here."""
    (_, owner_id), *_ = owner
    return [*owner, ("DisplayName", account_id(owner_id))]


def _algorithm(upload: Upload) -> Elements:
    if upload.algorithm is None:
        return []
    return [("ChecksumAlgorithm", upload.algorithm.upper()), ("ChecksumType", upload.draft.checksum_type)]


def _storage_class(upload: Upload) -> str:
    return upload.draft.headers.get("x-amz-storage-class", "STANDARD")
