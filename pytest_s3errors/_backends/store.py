"""`s3_store` for another S3: the same methods, by requests."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlencode
from xml.etree import ElementTree as ET
from xml.sax.saxutils import unescape

from pytest_s3errors._core.s3.attributes import META
from pytest_s3errors._core.s3.commit import DEFAULT_REGION
from pytest_s3errors._core.s3.digests import CHECKSUM
from pytest_s3errors._core.s3.names import check_bucket_name
from pytest_s3errors._core.s3.records import NULL, StoredObject, UnfinishedUpload
from pytest_s3errors._core.s3.store import S3Store

from .requester import Asking, document, marker, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_s3errors._core.s3.messages import Call, Response

    from .requester import Ask

_UPLOAD_ID = re.compile(rb"<UploadId>([^<]*)</UploadId>")
_SOME = 10
_THERE_ALREADY = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_NOT_FOUND, _MULTIPLE_CHOICES = 404, 300
_VERSIONED = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
_AFTER_VERSION = {"NextKeyMarker": "key-marker", "NextVersionIdMarker": "version-id-marker"}


class RequestStore:
    """What the S3 called *name* holds, by requests that *ask* sends.

    Each method raises what an `S3Store`'s does, and BackendError where the other S3 refuses or gives no answer.
    """

    __class__: Any = S3Store  # what the fixture is annotated with: `isinstance` asks for it

    def __init__(self, name: str, ask: Ask) -> None:
        self._name = name
        self._asking = Asking(name, ask)
        self._strict = False
        self._deleted: set[str] = set()
        self._begun: dict[str, tuple[str, str]] = {}  # bucket and key of the test's uploads, by id

    # As an S3Store's.

    def put(self, bucket: str, key: str, body: bytes = b"", **options: Any) -> StoredObject:
        """Store an object, and its bucket where that is new, with the arguments of `S3Store.put`.

        Raises:
            ValueError: Also for *last_modified*, which the other S3's clock decides.
        """
        __tracebackhide__ = True
        if options.get("last_modified") is not None:
            raise ValueError(f"last_modified can't be chosen where {self._name} does the work: its clock says it")
        draft = S3Store(now=lambda: datetime.now(UTC)).put(bucket, key, body, **options)  # it checks the arguments
        headers = {META + name: value for name, value in draft.metadata.items()}
        headers |= {**draft.headers, "content-type": draft.content_type}
        headers |= {"x-amz-tagging": urlencode(draft.tags)} if draft.tags else {}
        reply = self._asking.done("PUT", bucket, key, headers=headers, body=draft.content, allowed={"NoSuchBucket"})
        if reply.code == "NoSuchBucket":
            self.create_bucket(bucket)
            reply = self._asking.done("PUT", bucket, key, headers=headers, body=draft.content)
        etag = reply.headers.get("ETag", "").strip('"')
        return replace(draft, etag=etag, part_sizes=(), version_id=reply.headers.get("x-amz-version-id"))

    def get(self, bucket: str, key: str, version_id: str | None = None) -> StoredObject:
        """Return the object at *bucket*/*key*, or one of its versions, which may be a delete marker.

        Raises:
            KeyError: There is none; the message names what is there.
        """
        __tracebackhide__ = True
        query = _version(version_id)
        headers = {f"{CHECKSUM}mode": "ENABLED"}
        allowed = {"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
        reply = self._asking.done("GET", bucket, key, query=query, headers=headers, allowed=allowed)
        if reply.code is not None:
            found = [one for one in self._listed(bucket, key) if version_id == one.findtext("VersionId")]
            if found and found[0].tag == "DeleteMarker":
                return marker(bucket, key, found[0])
            raise KeyError(self._absence(bucket, key, version_id))
        tags = self._tags(bucket, key, query) if "x-amz-tagging-count" in reply.headers else {}
        return replace(
            stored(bucket, key, reply), tags=MappingProxyType(tags), part_sizes=self._part_sizes(bucket, key, reply)
        )

    def versions(self, bucket: str, key: str | None = None) -> list[StoredObject]:
        """Return all versions of an object, or of all objects, delete markers too, newest first; empty: none."""
        __tracebackhide__ = True
        if key is None:
            keys = {unquote_plus(entry.findtext("Key", "")) for entry in self._entries(bucket)}
            return [one for name in sorted(keys) for one in self.versions(bucket, name)]
        return [
            marker(bucket, key, entry)
            if entry.tag == "DeleteMarker"
            else self.get(bucket, key, entry.findtext("VersionId", NULL))
            for entry in self._listed(bucket, key)
        ]

    def exists(self, bucket: str, key: str) -> bool:
        """Tell whether the other S3 holds *bucket*/*key*."""
        __tracebackhide__ = True
        allowed = {"NoSuchBucket", "NoSuchKey"}
        return self._asking.done("HEAD", bucket, key, allowed=allowed).status != _NOT_FOUND

    def delete(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """Do what DeleteObject does: with versioning an object is hidden, a version goes for good.

        Raises:
            KeyError: There is none, which DeleteObject takes for a success; the message names what is there.
        """
        __tracebackhide__ = True
        self.get(bucket, key, version_id)
        self._asking.done("DELETE", bucket, key, query=_version(version_id))

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the bucket's keys that start with *prefix*, in S3's order; empty where no such bucket exists."""
        __tracebackhide__ = True
        query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
        following = {"NextContinuationToken": "continuation-token"}
        pages = self._asking.pages(bucket, query=query, following=following, allowed={"NoSuchBucket"})
        return sorted(unquote_plus(entry.findtext("Key", "")) for page in pages for entry in page.iter("Contents"))

    @property
    def buckets(self) -> list[str]:
        """Return the names of all buckets of the other S3, sorted."""
        return sorted(entry.findtext("Name", "") for entry in document(self._asking.done("GET")).iter("Bucket"))

    def create_bucket(
        self,
        name: str,
        region: str = DEFAULT_REGION,
        *,
        versioning: bool = False,
        access_points: Sequence[str] = (),
    ) -> None:
        """Make an empty bucket with the arguments of `S3Store.create_bucket`.

        Raises:
            ValueError: Also for *access_points*, which the other S3 knows by itself.
        """
        __tracebackhide__ = True
        if access_points:
            raise ValueError(f"access_points can't be declared where {self._name} does the work")
        check_bucket_name(name)
        place = f"<LocationConstraint>{region}</LocationConstraint>"
        body = "" if region == DEFAULT_REGION else f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>"
        self._asking.done("PUT", name, body=body.encode(), allowed=_THERE_ALREADY)
        self._deleted.discard(name)
        if versioning:
            self._asking.done("PUT", name, query={"versioning": ""}, body=_VERSIONED)

    def declare_bucket(
        self,
        name: str,
        region: str = DEFAULT_REGION,
        *,
        versioning: bool = False,
        access_points: Sequence[str] = (),
    ) -> None:
        """Make a bucket as `create_bucket` does; from now on no other bucket comes into being by a write."""
        __tracebackhide__ = True
        self.create_bucket(name, region, versioning=versioning, access_points=access_points)
        self._strict = True

    @property
    def unfinished_uploads(self) -> list[UnfinishedUpload]:
        """Multipart uploads that the test began, neither completed nor aborted, in the order in which they began."""
        found = []
        for upload_id, (bucket, key) in self._begun.items():
            parts = self._parts(bucket, key, upload_id)
            if parts is not None:
                sizes = MappingProxyType(dict(sorted(parts.items())))
                found.append(UnfinishedUpload(bucket=bucket, key=key, upload_id=upload_id, parts=sizes))
        return found

    def __getattr__(self, name: str) -> Any:
        """Raise for what an `S3Store` has and this lacks."""
        raise AttributeError(f"s3_store has no {name!r} where another S3 does the work", name=name, obj=self)

    # For the backend.

    def accepts(self, _name: str) -> bool:
        """Return True: the other S3 decides."""
        return True

    def makes(self, name: str) -> bool:
        """Return whether a write to the missing bucket *name* creates it."""
        return not (self._strict or name in self._deleted)

    def learn(self, call: Call, reply: Response) -> None:
        """Record what the test's *call* changed."""
        if reply.status >= _MULTIPLE_CHOICES or call.bucket is None:
            return
        if call.operation == "DeleteBucket":
            self._deleted.add(call.bucket)
        elif call.operation == "CreateBucket":
            self._deleted.discard(call.bucket)
        elif call.operation == "CreateMultipartUpload" and (named := _UPLOAD_ID.search(bytes(reply.body))):
            self._begun[unescape(named[1].decode())] = call.bucket, call.key or ""

    # Parts of answers.

    def _listed(self, bucket: str, key: str) -> list[ET.Element]:
        """What a listing says of each version of *key*, newest first; nothing where there is no such bucket."""
        named = [entry for entry in self._entries(bucket, key) if unquote_plus(entry.findtext("Key", "")) == key]
        # Not every S3 has versions and markers in one order; of one second, as listed.
        return sorted(
            named,
            key=lambda entry: (entry.findtext("IsLatest") == "true", entry.findtext("LastModified", "")),
            reverse=True,
        )

    def _entries(self, bucket: str, prefix: str = "") -> list[ET.Element]:
        query = {"versions": "", "prefix": prefix, "encoding-type": "url"}
        pages = self._asking.pages(bucket, query=query, following=_AFTER_VERSION, allowed={"NoSuchBucket"})
        return [entry for page in pages for entry in page if entry.tag in {"Version", "DeleteMarker"}]

    def _parts(self, bucket: str, key: str, upload_id: str) -> dict[int, int] | None:
        """Bytes by part number of an upload, None where there is no such upload any more."""
        following = {"NextPartNumberMarker": "part-number-marker"}
        gone = {"NoSuchUpload", "NoSuchBucket"}
        pages = self._asking.pages(bucket, key, query={"uploadId": upload_id}, following=following, allowed=gone)
        sizes: dict[int, int] | None = None
        for page in pages:
            sizes = sizes or {}
            parts = page.iter("Part")
            sizes |= {int(part.findtext("PartNumber", "0")): int(part.findtext("Size", "0")) for part in parts}
        return sizes

    def _part_sizes(self, bucket: str, key: str, whole: Response) -> tuple[int, ...]:
        """Bytes of each part of an object that was uploaded in parts, asked for one by one; else nothing."""
        _, dash, count = whole.headers.get("ETag", "").strip('"').rpartition("-")
        if not dash or not count.isdecimal():
            return ()
        query = _version(whole.headers.get("x-amz-version-id"))
        asked = ({**query, "partNumber": str(number)} for number in range(1, int(count) + 1))
        sizes = tuple(self._asking.request("HEAD", bucket, key, query=one).length or 0 for one in asked)
        return sizes if sum(sizes) == len(whole.body) else ()

    def _tags(self, bucket: str, key: str, query: dict[str, str]) -> dict[str, str]:
        found = document(self._asking.done("GET", bucket, key, query={**query, "tagging": ""}))
        return {tag.findtext("Key", ""): tag.findtext("Value", "") for tag in found.iter("Tag")}

    def _absence(self, bucket: str, key: str, version_id: str | None) -> str:
        if bucket not in self.buckets:
            return f"no bucket {bucket!r} at {self._name}"
        what = f"object {key!r}" if version_id is None else f"version {version_id!r} of {key!r}"
        keys = self.keys(bucket)
        more = f" and {len(keys) - _SOME} more" if len(keys) > _SOME else ""
        there = ", ".join(map(repr, keys[:_SOME])) + more
        return f"no {what} in bucket {bucket!r} at {self._name}; there are: {there or 'none'}"


def _version(version_id: str | None) -> dict[str, str]:
    return {} if version_id is None else {"versionId": version_id}
