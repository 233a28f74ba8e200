"""The content of the simulated S3: buckets, objects, unfinished multipart uploads.

This is the interface of the `s3_store` fixture: `put`, `get`, `exists`, `delete`, `keys` and a few more. The S3 model
(`pytest_s3errors._core.s3`) uses the `Shelf` below it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import md5
from types import MappingProxyType
from typing import Any, TypedDict, Unpack, cast

from pytest_s3errors._core.body import Body, pattern
from pytest_s3errors._core.s3.errors.catalogue import nearest
from s3_asyncio_client._core.limits import MAX_OBJECT_BYTES, MAX_PARTS

from .access_points import check_access_points, label_of
from .commit import DEFAULT_REGION, Shelf, whole_second
from .crc import default_checksum
from .messages import EMPTY
from .names import check_bucket_name, check_key, is_header
from .records import DEFAULT_CONTENT_TYPE, ENABLED, NULL, StoredObject, UnfinishedUpload, is_keyed

__all__ = ["S3Store"]

MADE_PART_BYTES = 8 * 1024**2


_ARGUMENTS = ("body", "size", "seed", "content_type", "metadata", "last_modified", "tags")
_SYSTEM_HEADERS = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")

# Headers for which boto3 also omits the prefix.
_AMZ_HEADERS = ("storage-class", "server-side-encryption", "website-redirect-location")


class SystemHeaders(TypedDict, total=False):
    """Headers that S3 returns with an object, with `_` for `-`.

    Type checkers only know these. `put` also accepts every other `x_amz_*`.
    """

    cache_control: str
    content_disposition: str
    content_encoding: str
    content_language: str
    expires: str
    storage_class: str
    server_side_encryption: str
    website_redirect_location: str
    x_amz_archive_status: str
    x_amz_restore: str


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
        _check_types(last_modified=(last_modified, datetime), metadata=(metadata, Mapping), tags=(tags, Mapping))
        content = _as_bytes(body) if size is None else _made(body, size, seed)
        moment = self.now() if last_modified is None else whole_second(last_modified)
        system = _system_headers(cast("Mapping[str, str]", headers))
        kind = {} if content_type is None else {"content_type": content_type}
        _check_text(metadata or {}, tags or {}, system, kind)
        user = {name.lower(): value for name, value in (metadata or {}).items()}
        _check_headers({**user, **system, **kind})
        etag, part_sizes = _etag(content)
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
        """Return all versions of an object, including delete markers, newest first. Empty: there are none."""
        held = self._buckets.get(bucket)
        return [] if held is None else held.history(key)

    def exists(self, bucket: str, key: str) -> bool:
        """Return whether S3 holds *bucket*/*key*."""
        return self.find(bucket, key) is not None

    def delete(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """Delete as DeleteObject does, without a request. With versioning, hide an object or remove a version for good.

        Raises:
            KeyError: It does not exist. The message names what does.
        """
        self.get(bucket, key, version_id)
        if version_id is None:
            self.remove(bucket, key)
        else:
            self.drop(bucket, key, version_id)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the bucket's keys that start with *prefix*, in S3's order. Empty: the bucket does not exist."""
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
            TypeError: The name is not text, or the access points are not a list.
            ValueError: S3 does not allow the name, or an access point is invalid or in another region.
        """
        check_bucket_name(name)
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
    """Return ETag and part sizes: of one request if that is quick to compute, otherwise of a multipart upload."""
    size = len(body)
    if isinstance(body, bytes):
        return md5(body, usedforsecurity=False).hexdigest(), ()
    part = max(MADE_PART_BYTES, -(-size // MAX_PARTS))
    sizes = tuple(min(part, size - start) for start in range(0, size, part))
    # The ETag of a multipart upload can't be checked from the bytes. To read them all would take seconds.
    told = md5(b"%d %b" % (size, bytes(body[:part])), usedforsecurity=False)
    return f"{told.hexdigest()}-{len(sizes)}", sizes


def _system_headers(headers: Mapping[str, str]) -> dict[str, str]:
    named = {}
    for given, value in headers.items():
        name = given.lower().replace("_", "-")
        if name in _AMZ_HEADERS:
            name = f"x-amz-{name}"
        elif name not in _SYSTEM_HEADERS and not name.startswith("x-amz-"):
            arguments = (*_ARGUMENTS, *(header.replace("-", "_") for header in (*_SYSTEM_HEADERS, *_AMZ_HEADERS)))
            near = nearest(given, arguments)
            hint = f"; did you mean {near!r}?" if near else ""
            raise TypeError(f"no argument {given!r}{hint}; allowed are {', '.join(arguments)} and x_amz_*")
        named[name] = value
    return named


def _check_types(**arguments: tuple[object, type]) -> None:
    for name, (value, kind) in arguments.items():
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name} is a {kind.__name__.lower()}, not {type(value).__name__}")


def _check_text(*fields: Mapping[Any, Any]) -> None:
    for name, value in (pair for one in fields for pair in one.items()):
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is no name: a name is a str, not {type(name).__name__}")
        if not isinstance(value, str):
            raise TypeError(f"{name} is a str, not {type(value).__name__}")


def _check_headers(fields: Mapping[str, str]) -> None:
    for name, value in fields.items():
        if not is_header(name, value):
            raise ValueError(f"no header carries {name!r}: {value!r}; a name has no spaces, a value is one line")


def _some(names: list[str], limit: int = 10) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more
