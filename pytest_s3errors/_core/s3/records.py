"""The values that the store holds: objects, parts, uploads, grants, policies. `bucket_record` has the bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias

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
SSE = "x-amz-server-side-encryption"
SYSTEM_HEADERS = {
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "expires": "Expires",
}
"""Headers of HTTP that S3 stores with an object besides its type, and their spelling in its responses."""
PUBLIC_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


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


def is_keyed(headers: Mapping[str, str]) -> bool:
    """Return whether a KMS or customer key encrypts an object with *headers*. If so, its ETag is no digest."""
    return headers.get(SSE, "").startswith("aws:") or f"{SSE}-customer-algorithm" in headers
