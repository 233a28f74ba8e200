"""The records that the store holds: objects, parts, uploads, buckets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .messages import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

DEFAULT_CONTENT_TYPE = "binary/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as S3 holds it.

    `etag` has no quotes. `metadata` maps lower-case names without `x-amz-meta-` to text. `headers` maps the lower-case
    names of the system headers that come back with the object (`cache-control`, `x-amz-storage-class` ...).
    `checksums` maps algorithms ("crc32", "sha256" ...) to base64. `last_modified` is aware, UTC, in whole seconds, as
    S3 keeps it. `part_sizes` has the bytes of each part in order; it is empty unless uploaded in parts.
    """

    bucket: str
    key: str
    body: bytes
    etag: str
    last_modified: datetime
    content_type: str = DEFAULT_CONTENT_TYPE
    metadata: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    checksums: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    checksum_type: str = "FULL_OBJECT"
    version_id: str | None = None
    part_sizes: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Bytes in the body."""
        return len(self.body)

    @property
    def parts(self) -> int:
        """How many parts it was uploaded in; 0 for an object uploaded in one request."""
        return len(self.part_sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedUpload:
    """A multipart upload neither completed nor aborted; `parts` maps part numbers to bytes, in order."""

    bucket: str
    key: str
    upload_id: str
    parts: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One uploaded part."""

    body: bytes
    etag: str
    last_modified: datetime
    checksums: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(slots=True, kw_only=True)
class Upload:
    """A multipart upload in progress; `draft` is the object to be, without its body."""

    upload_id: str
    draft: StoredObject
    algorithm: str | None = None
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A bucket and its objects by key."""

    name: str
    region: str
    created: datetime
    objects: dict[str, StoredObject] = field(default_factory=dict)
    _order: list[str] | None = None

    def sorted_keys(self) -> list[str]:
        """All keys in S3's order: by UTF-8 bytes, which for text is the order of code points."""
        if self._order is None:
            self._order = sorted(self.objects)
        return self._order

    def add(self, obj: StoredObject) -> None:
        """Put *obj* under its key, over what was there."""
        if obj.key not in self.objects:
            self._order = None
        self.objects[obj.key] = obj

    def remove(self, key: str) -> None:
        """Take *key* out; nothing happens if it is absent."""
        if self.objects.pop(key, None) is not None:
            self._order = None
