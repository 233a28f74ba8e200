"""What the simulated S3 holds: buckets, objects, unfinished multipart uploads.

The public face is that of the `s3_store` fixture: `put`, `get`, `exists`, `delete`, `keys` and a few more. The S3 model
(`pytest_s3errors._core.s3`) goes through the lower half (`find`, `commit`, `remove`, `uploads`), which trusts its
arguments. The clock is an argument; nothing here does I/O. Not safe for use from several threads at once.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from hashlib import md5
from types import MappingProxyType
from typing import TYPE_CHECKING

from .body import Body, pattern
from .held import (
    DEFAULT_CONTENT_TYPE,
    ENABLED,
    NULL,
    Bucket,
    Part,
    StoredObject,
    UnfinishedUpload,
    Upload,
)
from .names import MAX_KEY_BYTES, check_bucket_name, check_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "DEFAULT_CONTENT_TYPE",
    "DEFAULT_REGION",
    "MAX_KEY_BYTES",
    "Bucket",
    "Part",
    "Store",
    "StoredObject",
    "UnfinishedUpload",
    "Upload",
]

DEFAULT_REGION = "us-east-1"
MAX_OBJECT_BYTES = 50 * 1024**4
MAX_PARTS = 10_000
MADE_PART_BYTES = 8 * 1024**2


class Store:
    """Everything the simulated S3 holds.

    Until a bucket is declared, any bucket comes into being with its first write. After `declare_bucket` only declared
    and created buckets exist, and requests for others get NoSuchBucket.

    Args:
        now: The time of S3's clock, aware.
        strict_buckets: True: buckets exist only where declared or created, from the start.
    """

    def __init__(self, *, now: Callable[[], datetime], strict_buckets: bool = False) -> None:
        self._now = now
        self._strict = strict_buckets
        self._buckets: dict[str, Bucket] = {}
        self._deleted: set[str] = set()
        self.uploads: dict[str, Upload] = {}

    # For tests: arrange and assert.

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
        **headers: str,
    ) -> StoredObject:
        """Store an object, and its bucket where that is new, without a request.

        Args:
            bucket: A name that S3 allows.
            key: 1 to 1024 bytes in UTF-8.
            body: The bytes; text must be encoded first.
            size: Instead of *body*, so many bytes that look random and are made when they are read: objects of any
                size that S3 allows, in no memory. Above 8 MiB they have the ETag of an upload in parts.
            seed: Which bytes those are; the same seed gives the same ones.
            content_type: "binary/octet-stream" where None, as S3 does.
            metadata: User metadata, names without `x-amz-meta-`.
            last_modified: Aware; S3's clock where None. Fractions of a second are dropped.
            tags: Tags, keys to values; S3's limits are not checked.
            **headers: System headers, `_` for `-`: `cache_control="no-cache"`.

        Returns:
            The object as stored; in a bucket with versioning with its new version id.

        Raises:
            TypeError: The body is no bytes, a name or value no text; both *body* and *size* are given.
            ValueError: S3 allows no such bucket name, key or size; *last_modified* has no time zone.
        """
        check_bucket_name(bucket)
        check_key(key)
        content = _as_bytes(body) if size is None else _made(body, size, seed)
        moment = self.now() if last_modified is None else _whole_second(last_modified)
        system = {name.lower().replace("_", "-"): value for name, value in headers.items()}
        user = {name.lower(): value for name, value in (metadata or {}).items()}
        _check_text({**system, **user, **(tags or {})})
        etag, part_sizes = _etag(content)
        obj = StoredObject(
            bucket=bucket,
            key=key,
            body=content,
            etag=etag,
            part_sizes=part_sizes,
            last_modified=moment,
            content_type=content_type or DEFAULT_CONTENT_TYPE,
            metadata=MappingProxyType(user),
            headers=MappingProxyType(system),
            tags=MappingProxyType(dict(tags or {})),
        )
        return self.commit(obj)

    def get(self, bucket: str, key: str, version_id: str | None = None) -> StoredObject:
        """Return the object at *bucket*/*key*, or one of its versions, which may be a delete marker.

        Raises:
            KeyError: There is none; the message names what is there.
        """
        if version_id is None:
            obj = self.find(bucket, key)
        else:
            held = self._buckets.get(bucket)
            obj = None if held is None else held.version(key, version_id)
        if obj is None:
            raise KeyError(self._absence(bucket, key, version_id))
        return obj

    def versions(self, bucket: str, key: str) -> list[StoredObject]:
        """Return all versions of an object, delete markers too, newest first; empty where there are none."""
        held = self._buckets.get(bucket)
        return [] if held is None else held.history(key)

    def exists(self, bucket: str, key: str) -> bool:
        """Tell whether S3 holds *bucket*/*key*."""
        return self.find(bucket, key) is not None

    def delete(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """Do without a request what DeleteObject does: with versioning an object is hidden, a version goes for good.

        Raises:
            KeyError: There is none; the message names what is there.
        """
        self.get(bucket, key, version_id)
        if version_id is None:
            self.remove(bucket, key)
        else:
            self.drop(bucket, key, version_id)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the bucket's keys that start with *prefix*, in S3's order; empty where no such bucket exists."""
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
        """The names of all buckets, sorted."""
        return sorted(self._buckets)

    def create_bucket(self, name: str, region: str = DEFAULT_REGION, *, versioning: bool = False) -> None:
        """Make an empty bucket; one that exists stays as it is, but for *versioning*, which is then enabled.

        Raises:
            TypeError: The name is no text.
            ValueError: S3 allows no such bucket name.
        """
        check_bucket_name(name)
        bucket = self._buckets.get(name) or self.add_bucket(name, region)
        if versioning:
            bucket.set_versioning(ENABLED)

    def declare_bucket(self, name: str, region: str = DEFAULT_REGION, *, versioning: bool = False) -> None:
        """Make a bucket as `create_bucket` does; from now on no other bucket comes into being by a write."""
        self.create_bucket(name, region, versioning=versioning)
        self._strict = True

    @property
    def unfinished_uploads(self) -> list[UnfinishedUpload]:
        """Multipart uploads neither completed nor aborted, in the order in which they began."""
        return [
            UnfinishedUpload(
                bucket=upload.draft.bucket,
                key=upload.draft.key,
                upload_id=upload.upload_id,
                parts=MappingProxyType({number: len(upload.parts[number].body) for number in sorted(upload.parts)}),
            )
            for upload in self.uploads.values()
        ]

    # For the S3 model: no checks.

    def now(self) -> datetime:
        """The time of S3's clock in whole seconds, UTC."""
        return _whole_second(self._now())

    def bucket(self, name: str) -> Bucket | None:
        """The bucket, or None where there is none."""
        return self._buckets.get(name)

    def accepts(self, name: str) -> bool:
        """Tell whether a write to bucket *name* may go ahead: it exists, or may come into being by the write."""
        return name in self._buckets or not (self._strict or name in self._deleted)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """The object, or None where it or its bucket is absent."""
        found = self._buckets.get(bucket)
        return None if found is None else found.objects.get(key)

    def commit(self, obj: StoredObject) -> StoredObject:
        """Put *obj* in its bucket, made now where it is new; return it as it is kept, with its version id."""
        return (self._buckets.get(obj.bucket) or self.add_bucket(obj.bucket, DEFAULT_REGION, obj.owner)).add(obj)

    def remove(self, bucket: str, key: str) -> StoredObject | None:
        """Take an object out, if it is there; with versioning hide it, and return the delete marker that does."""
        found = self._buckets.get(bucket)
        if found is None:
            return None
        if found.versioning is None:
            found.remove(key)
            return None
        marker = StoredObject(bucket=bucket, key=key, body=b"", etag="", last_modified=self.now(), delete_marker=True)
        return found.hide(marker)

    def drop(self, bucket: str, key: str, version_id: str) -> StoredObject | None:
        """Take a version out for good and return it; None where it is absent."""
        found = self._buckets.get(bucket)
        return None if found is None else found.drop(key, version_id)

    def begin(self, upload: Upload) -> None:
        """Take up a multipart upload; its bucket is made now where it is new."""
        if upload.draft.bucket not in self._buckets:
            self.add_bucket(upload.draft.bucket, DEFAULT_REGION, upload.draft.owner)
        self.uploads[upload.upload_id] = upload

    def add_bucket(self, name: str, region: str, owner: str = "") -> Bucket:
        """Make a new bucket; *owner* is an account's canonical user id, "" stands for the first that is known."""
        made = self._buckets[name] = Bucket(name=name, region=region, created=self.now(), owner=owner)
        self._deleted.discard(name)
        return made

    def remove_bucket(self, name: str) -> None:
        """Take a bucket out with its uploads; a later write does not bring it back, CreateBucket does."""
        del self._buckets[name]
        self._deleted.add(name)
        self.uploads = {k: upload for k, upload in self.uploads.items() if upload.draft.bucket != name}

    def _absence(self, bucket: str, key: str, version_id: str | None) -> str:
        if bucket not in self._buckets:
            return f"no bucket {bucket!r}; there are: {_some(self.buckets)}"
        if version_id is not None and self.versions(bucket, key):
            known = _some([one.version_id or NULL for one in self.versions(bucket, key)])
            return f"no version {version_id!r} of {key!r} in bucket {bucket!r}; there are: {known}"
        return f"no object {key!r} in bucket {bucket!r}; there are: {_some(self.keys(bucket))}"


def _as_bytes(body: object) -> bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise TypeError(f"body is bytes, not {type(body).__name__}; encode text first")


def _made(body: bytes, size: int, seed: int) -> Body:
    if body:
        raise TypeError("body= and size= exclude each other: size= says how many bytes to make")
    for name, number in (("size", size), ("seed", seed)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"{name} is an int, not {type(number).__name__}")
    if not 0 <= size <= MAX_OBJECT_BYTES:
        raise ValueError(f"S3 allows objects of 0 to {MAX_OBJECT_BYTES} bytes; size is {size}")
    return pattern(size, seed)


def _etag(body: Body) -> tuple[str, tuple[int, ...]]:
    """ETag and part sizes: of one request where that is soon worked out, else as of an upload in parts."""
    size = len(body)
    if isinstance(body, bytes):
        return md5(body, usedforsecurity=False).hexdigest(), ()
    part = max(MADE_PART_BYTES, -(-size // MAX_PARTS))
    sizes = tuple(min(part, size - start) for start in range(0, size, part))
    # Nobody can tell an ETag of parts from the bytes; to read them all would take seconds.
    told = md5(b"%d %b" % (size, bytes(body[:part])), usedforsecurity=False)
    return f"{told.hexdigest()}-{len(sizes)}", sizes


def _check_text(fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} is a str, not {type(value).__name__}")


def _whole_second(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:  # S3's clock on every request: skip the conversion
        return moment.replace(microsecond=0) if moment.microsecond else moment
    if moment.tzinfo is None:
        raise ValueError(f"last_modified needs a time zone: {moment!r} has none")
    return moment.astimezone(UTC).replace(microsecond=0)


def _some(names: list[str], limit: int = 10) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more
