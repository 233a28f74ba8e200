"""The content of the simulated S3: buckets, objects, unfinished multipart uploads.

This is the interface of the `s3_store` fixture: `put`, `get`, `exists`, `delete`, `keys` and a few more. The S3 model
(`pytest_s3errors._core.s3`) uses the `Shelf` below it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Unpack, cast

from .access_points import check_access_points, label_of
from .commit import DEFAULT_REGION, Shelf, whole_second
from .crc import default_checksum
from .messages import EMPTY
from .names import check_bucket_name, check_key
from .put_arguments import (
    SystemHeaders,
    as_bytes,
    check_headers,
    check_text,
    check_types,
    made_body,
    made_etag,
    system_headers,
)
from .records import DEFAULT_CONTENT_TYPE, ENABLED, NULL, StoredObject, UnfinishedUpload, is_keyed


class S3Store(Shelf):
    """Everything in the simulated S3.

    Until a bucket is declared, the first write to a bucket creates it. After `declare_bucket` only declared and created
    buckets exist, and requests for others get NoSuchBucket.

    Args:
        now: Returns the time of S3's clock, aware.
        strict_buckets: True: only declared and created buckets exist, from the start.
    """

    __module__ = "pytest_s3errors"

    def put(
        self,
        bucket: str,
        key: str,
        body: bytes = b"",
        *,
        size: int | None = None,
        seed: int = 0,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        last_modified: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        **headers: Unpack[SystemHeaders],
    ) -> StoredObject:
        """Store an object without a request. Create its bucket if necessary.

        Args:
            bucket: A name that S3 allows.
            key: 1 to 1024 bytes in UTF-8.
            body: The bytes. Encode text first.
            size: Replaces *body* by this number of bytes, which look random and are generated when they are read.
                Such an object takes no memory, whatever its size. Above 8 MiB it has the ETag of a multipart upload.
            seed: Selects those bytes. The same seed gives the same bytes.
            content_type: The default is "binary/octet-stream", as in S3.
            metadata: User metadata, names without `x-amz-meta-`.
            last_modified: Aware. The default is S3's clock. Fractions of a second are dropped.
            tags: Tags, keys to values. S3's limits are not checked.
            **headers: System headers, `_` for `-`: `cache_control="no-cache"`, `storage_class="GLACIER"`.

        Returns:
            The object as stored. In a bucket with versioning it has its new version id.

        Raises:
            TypeError: The body is not bytes, a name or value is not text, both *body* and *size* are given, or a
                keyword is neither an argument nor a system header.
            ValueError: S3 does not allow the bucket name, key or size, or *last_modified* has no time zone.
        """
        check_bucket_name(bucket)
        check_key(key)
        check_types(last_modified=(last_modified, datetime), metadata=(metadata, Mapping), tags=(tags, Mapping))
        content = as_bytes(body) if size is None else made_body(body, size, seed)
        moment = self.now() if last_modified is None else whole_second(last_modified)
        system = system_headers(cast("Mapping[str, str]", headers))
        kind = {} if content_type is None else {"content_type": content_type}
        check_text(metadata or {}, tags or {}, system, kind)
        user = {name.lower(): value for name, value in (metadata or {}).items()}
        check_headers({**user, **system, **kind})
        etag, part_sizes = made_etag(content)
        if is_keyed(system):
            etag = self.new_etag()
        obj = StoredObject(
            bucket=bucket,
            key=key,
            content=content,
            etag=etag,
            part_sizes=part_sizes,
            last_modified=moment,
            # As for an upload. Bytes that are generated on demand are not generated for this.
            checksums=EMPTY if part_sizes else default_checksum(content),
            content_type=content_type or DEFAULT_CONTENT_TYPE,
            metadata=MappingProxyType(user),
            headers=MappingProxyType(system),
            tags=MappingProxyType(dict(tags or {})),
        )
        return self.commit(obj)

    def get(self, bucket: str, key: str, version_id: str | None = None) -> StoredObject:
        """Return the object at *bucket*/*key*, or one of its versions, which may be a delete marker.

        Raises:
            KeyError: It does not exist. The message names what does.
            TypeError: A name is not text.
        """
        _check_place(bucket, key)
        if version_id is None:
            obj = self.find(bucket, key)
        else:
            held = self._buckets.get(bucket)
            obj = None if held is None else held.version(key, version_id)
        if obj is None:
            raise KeyError(self._absence(bucket, key, version_id))
        return obj

    def versions(self, bucket: str, key: str | None = None) -> list[StoredObject]:
        """Return all versions of an object, including delete markers, newest first. Empty: there are none.

        Without *key* they are those of the whole bucket, key by key in S3's order.
        """
        _check_place(bucket, key or "")
        held = self._buckets.get(bucket)
        if held is None:
            return []
        keys = sorted({*held.objects, *held.versions}) if key is None else [key]
        return [one for name in keys for one in held.history(name)]

    def exists(self, bucket: str, key: str) -> bool:
        """Return whether S3 holds *bucket*/*key*. TypeError: one of them is not text, and no key can be that."""
        _check_place(bucket, key)
        return self.find(bucket, key) is not None

    def delete(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """Delete as DeleteObject does, without a request. With versioning, hide an object or remove a version for good.

        Raises:
            KeyError: It does not exist, which DeleteObject takes for a success. The message names what does.
        """
        self.get(bucket, key, version_id)
        if version_id is None:
            self.remove(bucket, key)
        else:
            self.drop(bucket, key, version_id)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the bucket's keys that start with *prefix*, in S3's order. Empty: the bucket does not exist."""
        _check_place(bucket, prefix)
        found = self._buckets.get(bucket)
        if found is None:
            return []
        order = found.sorted_keys()
        matching = []
        for key in order[bisect_left(order, prefix) :]:
            if not key.startswith(prefix):
                break
            matching.append(key)
        return matching

    @property
    def buckets(self) -> list[str]:
        """Return the names of all buckets, sorted."""
        return sorted(self._buckets)

    def create_bucket(
        self,
        name: str,
        region: str = DEFAULT_REGION,
        *,
        versioning: bool = False,
        access_points: Sequence[str] = (),
    ) -> None:
        """Create an empty bucket. An existing one stays unchanged, except for the arguments given.

        Args:
            name: A name that S3 allows.
            region: Its region.
            versioning: True: enabled.
            access_points: ARNs and aliases that requests may use in place of the name.

        Raises:
            TypeError: The name or region is not text, *versioning* no bool, or the access points are not a list.
            ValueError: S3 does not allow the name, or an access point is invalid or in another region.
        """
        check_bucket_name(name)
        check_types(region=(region, str), versioning=(versioning, bool))
        held = self._buckets.get(name)
        points = check_access_points(access_points, region if held is None else held.region)
        bucket = held or self.add_bucket(name, region)
        self.access_points |= {label_of(point): name for point in points}
        if versioning:
            bucket.set_versioning(ENABLED)

    def declare_bucket(
        self,
        name: str,
        region: str = DEFAULT_REGION,
        *,
        versioning: bool = False,
        access_points: Sequence[str] = (),
    ) -> None:
        """Create a bucket as `create_bucket` does. From now on no write creates another bucket."""
        self.create_bucket(name, region, versioning=versioning, access_points=access_points)
        self._strict = True

    @property
    def unfinished_uploads(self) -> list[UnfinishedUpload]:
        """Return the multipart uploads that are neither completed nor aborted, in order of their start."""
        return [
            UnfinishedUpload(
                bucket=upload.draft.bucket,
                key=upload.draft.key,
                upload_id=upload.upload_id,
                parts=MappingProxyType({number: len(upload.parts[number].body) for number in sorted(upload.parts)}),
            )
            for upload in self.uploads.values()
        ]

    def _absence(self, bucket: str, key: str, version_id: str | None) -> str:
        if bucket not in self._buckets:
            return f"no bucket {bucket!r}; there are: {_some(self.buckets)}"
        if version_id is not None and self.versions(bucket, key):
            known = _some([one.version_id or NULL for one in self.versions(bucket, key)])
            return f"no version {version_id!r} of {key!r} in bucket {bucket!r}; there are: {known}"
        return f"no object {key!r} in bucket {bucket!r}; there are: {_some(self.keys(bucket))}"


def _check_place(bucket: object, key: object) -> None:
    """Refuse bytes or None for a name. Nothing is under such a name, so a test would pass for the wrong reason."""
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise TypeError(f"a bucket and a key are str, not {type(bucket).__name__} and {type(key).__name__}")


def _some(names: list[str], limit: int = 10) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more
