"""PutBucketVersioning, GetBucketVersioning and ListObjectVersions."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from s3_asyncio_client._core.limits import MAX_PAGE

from .documents import Elements, text_of, xml_response
from .listings import checksum_elements, encoder, given, number_of, page_size
from .messages import Response
from .payload import configuration
from .permissions import owner_of
from .records import ENABLED, NULL, SUSPENDED
from .times import iso_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .bucket_record import Bucket
    from .records import StoredObject
    from .request import S3Request


def put_bucket_versioning(ask: S3Request) -> Response:
    """Enable or suspend versioning."""
    bucket, wanted = configuration(ask, "VersioningConfiguration")
    status, mfa = text_of(wanted, "Status"), text_of(wanted, "MfaDelete")
    if status not in {ENABLED, SUSPENDED, None} or mfa not in {"Enabled", "Disabled", None}:
        raise ask.refused("MalformedXML")
    if status is None:
        raise ask.refused("IllegalVersioningConfigurationException")
    if mfa == "Enabled":
        raise ask.refused("AccessDenied", message="MFA delete takes a request with an MFA token.")
    if bucket.locked and status != ENABLED:
        raise ask.refused("InvalidBucketState: lock")
    bucket.set_versioning(status)
    return Response(status=200)


def get_bucket_versioning(ask: S3Request) -> Response:
    """Return the status. It is empty if it was never set."""
    children = given(("Status", ask.readable_bucket().versioning))
    return xml_response("VersioningConfiguration", children)


def list_object_versions(ask: S3Request) -> Response:
    """Return a page of versions and delete markers: keys in order, the newest version of each first."""
    query = ask.call.query
    stated = number_of(ask, "max-keys", MAX_PAGE)
    key_marker, id_marker = query.get("key-marker", ""), query.get("version-id-marker", "")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    if "version-id-marker" in query and (not id_marker or "key-marker" not in query):
        situation = "version id marker" if "key-marker" not in query else "empty version id marker"
        raise ask.bad_argument("version-id-marker", id_marker, situation)
    bucket = ask.readable_bucket()
    ask.check_version_id(bucket, id_marker or NULL, name="version-id-marker")
    encode, limit = encoder(ask), page_size(ask, "max-keys", stated)
    # A version of no key is at the end of everything.
    entries = _entries(bucket, prefix, delimiter, key_marker, id_marker) if key_marker or not id_marker else iter(())
    page = list(islice(entries, limit))
    truncated = bool(page) and next(entries, None) is not None
    children: Elements = [("Name", ask.bucket), ("Prefix", encode(prefix))]
    children += [("KeyMarker", encode(key_marker)), ("VersionIdMarker", id_marker)]
    if truncated:
        name, version = page[-1]
        children.append(("NextKeyMarker", encode(name)))
        children += [] if version is None else [("NextVersionIdMarker", version.version_id or NULL)]
    children.append(("MaxKeys", str(limit)))
    children += [("Delimiter", encode(delimiter))] if "delimiter" in query else []
    children += given(("EncodingType", query.get("encoding-type")))
    children.append(("IsTruncated", "true" if truncated else "false"))
    owner: Elements = [("Owner", [("ID", owner_of(ask, bucket))])]
    children += [_version(bucket, version, encode, owner) for _, version in page if version is not None]
    children += [("CommonPrefixes", [("Prefix", encode(name))]) for name, version in page if version is None]
    return xml_response("ListVersionsResult", children)


def _entries(
    bucket: Bucket, prefix: str, delimiter: str, key_marker: str, id_marker: str
) -> Iterator[tuple[str, StoredObject | None]]:
    """Yield (key, version) and (common prefix, None) after the markers."""
    last_group = ""
    for key in sorted(bucket.versions) if bucket.versioning is not None else bucket.sorted_keys():
        if not key.startswith(prefix) or key < key_marker:
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut >= 0:
            group = key[: cut + len(delimiter)]
            if group != last_group and not key_marker.startswith(group):
                yield group, None
            last_group = group
        else:
            history = bucket.history(key)
            yield from ((key, one) for one in (_behind(bucket, history, id_marker) if key == key_marker else history))


def _behind(bucket: Bucket, history: list[StoredObject], id_marker: str) -> list[StoredObject]:
    """Return the versions after the marker, which may be gone by now. Without a marker, return all versions."""
    ids = [one.version_id or NULL for one in history]
    if id_marker in ids:
        return history[ids.index(id_marker) + 1 :]
    gone = bucket.serial(id_marker)
    if gone is None:
        return []
    return [one for one in history if (bucket.serial(one.version_id or NULL) or 0) < gone]


def _version(
    bucket: Bucket, version: StoredObject, encode: Callable[[str], str], owner: Elements
) -> tuple[str, Elements]:
    listed: Elements = [("Key", encode(version.key)), ("VersionId", version.version_id or NULL)]
    listed.append(("IsLatest", "true" if version is bucket.newest(version.key) else "false"))
    listed.append(("LastModified", iso_date(version.last_modified)))
    if version.delete_marker:
        return "DeleteMarker", listed + owner
    listed += [("ETag", f'"{version.etag}"'), *checksum_elements(version), ("Size", str(version.size))]
    listed.append(("StorageClass", version.headers.get("x-amz-storage-class", "STANDARD")))
    return "Version", listed + owner
