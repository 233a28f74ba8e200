"""The record of a bucket: its objects in order, and their versions with their ids."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from .messages import EMPTY
from .records import BUCKET_OWNER_ENFORCED, ENABLED, NULL, PRIVATE, PUBLIC_BLOCKS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .records import Acl, DefaultRetention, Policy, StoredObject

_ID_LENGTH = 32
_UNSEALED = 24


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
        """Return the serial number of a version, even if the version is gone. None: the bucket never had that id."""
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
    return len(text) == _ID_LENGTH and text == _sealed(text[:_UNSEALED])


def _version_id(bucket: str, serial: int) -> str:
    """Create an id with S3's form, length and alphabet, the same in every run."""
    return _sealed(_alphabetic(f"{bucket} {serial}")[:_UNSEALED])


def _sealed(start: str) -> str:
    return start + _alphabetic(start)[: _ID_LENGTH - _UNSEALED]


def _alphabetic(text: str) -> str:
    return b64encode(sha256(text.encode("utf-8", "surrogateescape")).digest(), b"._").decode()
