"""DeleteObject, DeleteObjects."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from s3_asyncio_client._core.limits import MAX_PAGE

from .conditions import check_delete, check_still
from .documents import Elements, parse_xml, text_of, xml_response
from .messages import Refused, Response
from .object_lock import check_bypass, check_unlocked
from .payload import receive
from .permissions import check_policy
from .records import NULL
from .request import marker_headers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET

    from .records import StoredObject
    from .request import S3Request

# What names an object to delete. LastModifiedTime and Size are for directory buckets only.
_ENTRY = {"ETag": 1, "Key": 1, "VersionId": 1}


def delete_object(ask: S3Request) -> Response:
    """Delete or hide the object, or delete a version. S3 also confirms the deletion of an absent object."""
    ask.check_writable()
    check_bypass(ask)
    version_id = ask.call.query.get("versionId")
    current = _current(ask, version_id)
    check_delete(ask, current)
    removed = _remove(ask, version_id, current)
    headers = {}
    if removed is not None and removed.delete_marker:
        headers = marker_headers(removed)
    elif version_id is not None and _versioned(ask):
        headers = {"x-amz-version-id": version_id}
    return Response(status=204, headers=headers)


def _current(ask: S3Request, version_id: str | None) -> StoredObject | None:
    """Return the object or version to delete, None if absent. Refuse an invalid version id."""
    if version_id is None:
        return ask.store.find(ask.bucket, ask.key)
    bucket = ask.store.bucket(ask.bucket)
    found = None if bucket is None else bucket.version(ask.key, version_id)
    if found is None:
        ask.check_version_id(bucket, version_id)
    return found


def _remove(ask: S3Request, version_id: str | None, current: StoredObject | None) -> StoredObject | None:
    """Delete, unless *current* is locked. Return the new delete marker or the removed version."""
    if version_id is None:
        return ask.store.remove(ask.bucket, ask.key)
    check_unlocked(ask, current)
    return ask.store.drop(ask.bucket, ask.key, version_id)


def _versioned(ask: S3Request) -> bool:
    bucket = ask.store.bucket(ask.bucket)
    return bucket is not None and bucket.versioning is not None


def delete_objects(ask: S3Request) -> Response:
    """Delete up to 1000 objects, each independently: 200 even if some of them are refused (fact 27)."""
    ask.check_writable()
    body = receive(ask).body
    if not body:
        raise ask.refused("MissingRequestBodyError")
    wanted = parse_xml(ask, body, "Delete")
    entries = wanted.findall("Object")
    if all(text_of(entry, "VersionId") is None for entry in entries):  # captures disagree on the others
        check_bypass(ask)
    if not 1 <= len(entries) <= MAX_PAGE or not _has(wanted, {"Object": MAX_PAGE, "Quiet": 1}):
        raise ask.refused("MalformedXML")
    if not all(text_of(entry, "Key") is not None and _has(entry, _ENTRY) for entry in entries):
        raise ask.refused("MalformedXML")
    if not all(text_of(entry, "Key") for entry in entries):
        raise ask.refused("UserKeyMustBeSpecified")
    quiet = (text_of(wanted, "Quiet") or "").strip().lower() == "true"
    results: Elements = []
    for entry in entries:
        try:
            deleted = _delete(ask, entry)
        except Refused as refusal:
            code, message = refusal.reply.code, refusal.reply.message
            results.append(("Error", [*_named(entry), ("Code", code), ("Message", message)]))
        else:
            results += [] if quiet else [("Deleted", deleted)]
    return xml_response("DeleteResult", results)


def _has(parent: ET.Element, known: Mapping[str, int]) -> bool:
    """Return whether *parent* has only *known* children, each at most as often as stated."""
    found = Counter(child.tag for child in parent)
    return all(count <= known.get(name, 0) for name, count in found.items())


def _delete(ask: S3Request, entry: ET.Element) -> list[tuple[str, str]]:
    one = replace(ask, key=text_of(entry, "Key") or "")
    one.check_key()
    bucket = ask.store.bucket(ask.bucket)
    if bucket is not None:
        check_policy(one, bucket)
    version_id = text_of(entry, "VersionId") or None
    try:
        current = _current(one, version_id)
    except Refused as refusal:  # here S3 does not distinguish an invalid id from an unknown one
        raise one.refused("NoSuchVersion") from refusal
    etag = text_of(entry, "ETag")
    if etag is not None:
        check_still(one, current, etag)
    removed = _remove(one, version_id, current)
    if removed is None or not removed.delete_marker:
        return _named(entry)
    marker = [("DeleteMarker", "true"), ("DeleteMarkerVersionId", removed.version_id or NULL)]
    return [*_named(entry), *marker]


def _named(entry: ET.Element) -> list[tuple[str, str]]:
    return [(name, text) for name in ("Key", "VersionId") if (text := text_of(entry, name)) is not None]
