"""The records that the store holds: objects, parts, uploads, buckets."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

from pytest_s3errors._core.body import Body, hashed, opened

from .messages import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .messages import Response

MAX_BODY_BYTES = 1024**3
"""The largest body that `StoredObject.body` puts into memory."""
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
ENABLED, SUSPENDED = "Enabled", "Suspended"
NULL = "null"
BUCKET_OWNER_ENFORCED = "BucketOwnerEnforced"
PRIVATE = "private"
PUBLIC_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
VERSION_ID_LENGTH = 32
_UNSEALED = 24


class Grant(NamedTuple):
    """One permission, such as "READ", for one grantee: an account's canonical user id, or the URI of a group."""

    grantee: str
    permission: str


Acl: TypeAlias = str | tuple[Grant, ...]
"""A canned ACL by its name, or a list of grants."""


class PolicyCondition(NamedTuple):
    """One condition of a policy: an operator, the key of the value that it checks, and the allowed values."""

    operator: str
    key: str
    values: tuple[str, ...]


class Statement(NamedTuple):
    """What a policy allows or denies, and to whom. Actions are in lower case; actions and resources have wildcards."""

    allows: bool
    principals: frozenset[str]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[PolicyCondition, ...]


class Policy(NamedTuple):
    """A bucket's policy, as text and parsed."""

    text: bytes
    statements: tuple[Statement, ...]


class Retention(NamedTuple):
    """How long a version can't be deleted: "GOVERNANCE" or "COMPLIANCE", and an end time, aware, UTC."""

    mode: str
    until: datetime


class DefaultRetention(NamedTuple):
    """How long a new object is retained: its mode, and a number of "Days" or "Years"."""

    mode: str
    unit: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as S3 holds it.

    `body` has the bytes, `open` reads them piece by piece, `sha256` is their digest in hex. `content` is how they are
    kept: bytes, or for a large object something that creates or reads them on demand.
    `etag` has no quotes. `metadata` maps lower-case names without `x-amz-meta-` to text. `headers` has the system
    headers that S3 returns with the object, with lower-case names (`cache-control`, `x-amz-storage-class` ...).
    `tags` maps keys to values, in the order of the request.
    `checksums` maps algorithms ("crc32", "sha256" ...) to base64. `last_modified` is aware, UTC, in whole seconds, as
    S3 keeps it. `part_sizes` has the bytes of each part in order; it is empty unless uploaded in parts.
    `part_checksums` has a value for each part if the object's checksum is composite.
    `version_id` is None in a bucket that never had versions, "null" for the version without its own id. A delete marker
    has neither body nor ETag. `owner` is the canonical user id of the owning account, "" for the bucket's owner; `acl`
    grants permissions to others. `legal_hold` is "ON", "OFF", or "" if it was never set.
    """

    __module__ = "pytest_s3errors"

    bucket: str
    key: str
    content: Body
    etag: str
    last_modified: datetime
    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    tags: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    checksums: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    checksum_type: str = "FULL_OBJECT"
    version_id: str | None = None
    delete_marker: bool = False
    part_sizes: tuple[int, ...] = ()
    part_checksums: tuple[str, ...] = ()
    owner: str = ""
    acl: Acl = PRIVATE
    retention: Retention | None = None
    legal_hold: str = ""

    @property
    def size(self) -> int:
        """Bytes in the body."""
        return len(self.content)

    @property
    def body(self) -> bytes:
        """All bytes, in memory.

        Raises:
            ValueError: There are more than 1 GiB; use `open()`, `sha256` and `size` instead.
        """
        if self.size > MAX_BODY_BYTES:
            raise ValueError(
                f"{self.bucket}/{self.key} has {self.size} bytes, too many to hold: .body is for up to 1 GiB."
                " Read the bytes piece by piece with .open(), or compare .sha256 and .size"
            )
        return bytes(self.content)

    def open(self) -> BinaryIO:
        """Return the bytes as a binary, seekable file that does not load them into memory."""
        return opened(self.content)

    @property
    def sha256(self) -> str:
        """The SHA-256 digest of the bytes, in hex."""
        return hashed(sha256(), self.content).hexdigest()

    @property
    def parts(self) -> int:
        """The number of parts of its upload. 0: it was uploaded in one request."""
        return len(self.part_sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedUpload:
    """A multipart upload that is neither completed nor aborted. `parts` maps part numbers to bytes, in order."""

    bucket: str
    key: str
    upload_id: str
    parts: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One uploaded part."""

    body: Body
    etag: str
    last_modified: datetime
    checksums: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(slots=True, kw_only=True)
class Upload:
    """A multipart upload in progress. `draft` is the future object without its body.

    `overtaken`: another request has changed the key since the upload began.
    """

    upload_id: str
    draft: StoredObject
    algorithm: str | None = None
    parts: dict[int, Part] = field(default_factory=dict)
    overtaken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A completed upload: its list of (part number, ETag), the resulting object, and S3's response."""

    bucket: str
    key: str
    listed: tuple[tuple[int, str], ...]
    etag: str
    version_id: str | None
    response: Response


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A bucket and its objects by key.

    `location` is the result of GetBucketLocation, "" for the region. `objects` has what a read without version id
    finds. `versioning` is None until versioning is first set. From then on `versions` has every version of a key,
    including delete markers, oldest first.
    `ownership` is "" if its controls were deleted. `public_access_block` has the active switches of PUBLIC_BLOCKS.
    `encryption` has the headers of objects that state none, empty for AES256. `customer_keys`: SSE-C is allowed.
    `locked`: versions can be locked. `default_retention` applies to new objects.
    """

    name: str
    region: str
    created: datetime
    location: str = ""
    objects: dict[str, StoredObject] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    owner: str = ""
    ownership: str = BUCKET_OWNER_ENFORCED
    acl: Acl = PRIVATE
    public_access_block: frozenset[str] | None = frozenset(PUBLIC_BLOCKS)
    encryption: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    policy: Policy | None = None
    customer_keys: bool = True
    locked: bool = False
    default_retention: DefaultRetention | None = None
    versioning: str | None = None
    versions: dict[str, list[StoredObject]] = field(default_factory=dict)
    _serials: dict[str, int] = field(default_factory=dict)
    _order: list[str] | None = None

    def copied(self) -> Bucket:
        """Return an independent copy of the bucket with the same objects."""
        versions = {key: list(kept) for key, kept in self.versions.items()}
        return replace(self, objects=dict(self.objects), versions=versions, _serials=dict(self._serials))

    def blocks(self, name: str) -> bool:
        """Return whether the switch *name* of the public access block is on."""
        return self.public_access_block is not None and name in self.public_access_block

    def sorted_keys(self) -> list[str]:
        """All keys in S3's order: by UTF-8 bytes, which is the order of code points."""
        if self._order is None:
            self._order = sorted(self.objects)
        return self._order

    def add(self, obj: StoredObject) -> StoredObject:
        """Store *obj* under its key, replacing the old object or as the newest version. Return it as stored."""
        if self.versioning is not None:
            obj = self._as_version(obj)
        if obj.key not in self.objects:
            self._order = None
        self.objects[obj.key] = obj
        return obj

    def hide(self, marker: StoredObject) -> StoredObject:
        """Store a delete marker as the newest version of its key. Return it as stored."""
        marker = self._as_version(marker)
        self.remove(marker.key)
        return marker

    def remove(self, key: str) -> None:
        """Hide *key* from reads without version id. Do nothing if it is absent."""
        if self.objects.pop(key, None) is not None:
            self._order = None

    def set_versioning(self, status: str) -> None:
        """Enable or suspend versioning. Earlier objects become null versions."""
        if self.versioning is None:
            self.objects = {key: replace(obj, version_id=NULL) for key, obj in self.objects.items()}
            self.versions = {key: [obj] for key, obj in self.objects.items()}
        self.versioning = status

    def newest(self, key: str) -> StoredObject | None:
        """Return the newest version of *key*, which may be a delete marker. None: there is none."""
        if self.versioning is None:
            return self.objects.get(key)
        return next(reversed(self.versions.get(key, [])), None)

    def version(self, key: str, version_id: str) -> StoredObject | None:
        """Return one version, which may be a delete marker. None: it is absent."""
        if self.versioning is None:
            return self.objects.get(key) if version_id == NULL else None
        return next((one for one in self.versions.get(key, []) if one.version_id == version_id), None)

    def drop(self, key: str, version_id: str) -> StoredObject | None:
        """Delete one version permanently and return it. The newest remaining version takes its place."""
        dropped = self.version(key, version_id)
        if dropped is not None:
            self._without(key, version_id)
            self._settle(key)
        return dropped

    def amend(self, obj: StoredObject, **changes: Any) -> None:
        """Change fields of an object or version. Its place and its age stay the same."""
        amended = replace(obj, **changes)
        if self.objects.get(obj.key) is obj:
            self.objects[obj.key] = amended
        if obj.key in self.versions:
            self.versions[obj.key] = [amended if one is obj else one for one in self.versions[obj.key]]

    def history(self, key: str) -> list[StoredObject]:
        """Return all versions of *key*, newest first."""
        if self.versioning is None:
            return [self.objects[key]] if key in self.objects else []
        return self.versions.get(key, [])[::-1]

    def serial(self, version_id: str) -> int | None:
        """Return *text* as one of the bucket's version ids, even if its version is gone. None: it is not one."""
        return self._serials.get(version_id)

    def _as_version(self, obj: StoredObject) -> StoredObject:
        if self.versioning == ENABLED:
            version_id = _version_id(self.name, len(self._serials))
            self._serials[version_id] = len(self._serials)
        else:
            version_id = NULL
            self._without(obj.key, NULL)
        obj = replace(obj, version_id=version_id)
        self.versions.setdefault(obj.key, []).append(obj)
        return obj

    def _without(self, key: str, version_id: str) -> None:
        remaining = [one for one in self.versions.get(key, []) if one.version_id != version_id]
        if remaining:
            self.versions[key] = remaining
        else:
            self.versions.pop(key, None)

    def _settle(self, key: str) -> None:
        newest = next(reversed(self.versions.get(key, [])), None)
        if newest is None or newest.delete_marker:
            self.remove(key)
        else:
            self._order = self._order if key in self.objects else None
            self.objects[key] = newest


def is_version_id(text: str) -> bool:
    """Return whether *text* can be a version id. S3 recognizes its own ids; ours have a recognizable end."""
    return len(text) == VERSION_ID_LENGTH and text == _sealed(text[:_UNSEALED])


def _version_id(bucket: str, serial: int) -> str:
    """Create an id with S3's form, length and alphabet, the same in every run."""
    return _sealed(_alphabetic(f"{bucket} {serial}")[:_UNSEALED])


def _sealed(start: str) -> str:
    return start + _alphabetic(start)[: VERSION_ID_LENGTH - _UNSEALED]


def _alphabetic(text: str) -> str:
    return b64encode(sha256(text.encode("utf-8", "surrogateescape")).digest(), b"._").decode()
