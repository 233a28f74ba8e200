"""The storage of the S3 model: the half of the store below the interface that tests see.

It trusts its arguments, gets the clock as an argument and does no I/O. It is not safe for concurrent use by threads.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import md5
from typing import TYPE_CHECKING

from .bucket_record import Bucket
from .records import Completion, StoredObject, Upload

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_REGION = "us-east-1"


class Shelf:
    """Buckets, and uploads in progress and completed."""

    def __init__(self, *, now: Callable[[], datetime], strict_buckets: bool = False) -> None:
        self._now = now
        self._strict = strict_buckets
        self._buckets: dict[str, Bucket] = {}
        self._deleted: set[str] = set()
        self._etags = 0
        self.access_points: dict[str, str] = {}
        """Buckets by the labels of their access points."""
        self.uploads: dict[str, Upload] = {}
        self.completions: dict[str, Completion] = {}
        self.history: list[tuple[str, str, StoredObject | None]] | None = None
        """What each change replaced, if someone asks for it."""

    def memento(self) -> Callable[[], None]:
        """Return a function that restores the current state at each call."""
        strict, deleted, completions = self._strict, frozenset(self._deleted), dict(self.completions)
        etags = self._etags
        buckets = [bucket.copied() for bucket in self._buckets.values()]
        points = dict(self.access_points)
        uploads = [replace(upload, parts=dict(upload.parts)) for upload in self.uploads.values()]

        def restore() -> None:
            self._strict, self._deleted, self.completions = strict, set(deleted), dict(completions)
            self._etags = etags
            self.access_points = dict(points)
            self._buckets = {bucket.name: bucket.copied() for bucket in buckets}
            self.uploads = {one.upload_id: replace(one, parts=dict(one.parts)) for one in uploads}

        return restore

    def now(self) -> datetime:
        """Return the time of S3's clock in whole seconds, UTC."""
        return whole_second(self._now())

    def new_etag(self) -> str:
        """Return the ETag of one more write that a KMS or customer key encrypts: no digest of its bytes."""
        self._etags += 1
        return md5(b"encrypted %d" % self._etags, usedforsecurity=False).hexdigest()

    def bucket(self, name: str) -> Bucket | None:
        """Return the bucket, or None."""
        return self._buckets.get(name)

    def accepts(self, name: str) -> bool:
        """Return whether a write to bucket *name* may proceed: it exists, or the write may create it."""
        return name in self._buckets or not (self._strict or name in self._deleted)

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Return the object, or None if it or its bucket is absent."""
        found = self._buckets.get(bucket)
        return None if found is None else found.objects.get(key)

    def commit(self, obj: StoredObject) -> StoredObject:
        """Store *obj* in its bucket, which is created if necessary. Return it as stored, with its version id."""
        self._overtake(obj.bucket, obj.key)
        return (self._buckets.get(obj.bucket) or self.add_bucket(obj.bucket, DEFAULT_REGION, obj.owner)).add(obj)

    def remove(self, bucket: str, key: str) -> StoredObject | None:
        """Delete an object if it exists. With versioning, hide it and return the new delete marker."""
        found = self._buckets.get(bucket)
        if found is None:
            return None
        self._overtake(bucket, key)
        if found.versioning is None:
            found.remove(key)
            return None
        marker = StoredObject(
            bucket=bucket, key=key, content=b"", etag="", last_modified=self.now(), delete_marker=True
        )
        return found.hide(marker)

    def drop(self, bucket: str, key: str, version_id: str) -> StoredObject | None:
        """Delete a version permanently and return it. None: it is absent."""
        found = self._buckets.get(bucket)
        self._overtake(bucket, key)
        return None if found is None else found.drop(key, version_id)

    def begin(self, upload: Upload) -> None:
        """Start a multipart upload. Its bucket is created if necessary."""
        if upload.draft.bucket not in self._buckets:
            self.add_bucket(upload.draft.bucket, DEFAULT_REGION, upload.draft.owner)
        self.uploads[upload.upload_id] = upload

    def complete(self, upload: Upload, completion: Completion) -> None:
        """Record that *upload* is completed."""
        del self.uploads[upload.upload_id]
        self.completions[upload.upload_id] = completion

    def add_bucket(self, name: str, region: str, owner: str = "") -> Bucket:
        """Create a bucket. *owner* is an account's canonical user id, "" for the first known account."""
        made = self._buckets[name] = Bucket(name=name, region=region, created=self.now(), owner=owner)
        self._deleted.discard(name)
        return made

    def remove_bucket(self, name: str) -> None:
        """Delete a bucket with its uploads. Only CreateBucket brings it back, not a later write."""
        del self._buckets[name]
        self._deleted.add(name)
        self.uploads = {k: upload for k, upload in self.uploads.items() if upload.draft.bucket != name}
        self.completions = {k: done for k, done in self.completions.items() if done.bucket != name}

    def _overtake(self, bucket: str, key: str) -> None:
        if self.history is not None:
            self.history.append((bucket, key, self.find(bucket, key)))
        for upload in self.uploads.values():
            if upload.draft.key == key and upload.draft.bucket == bucket:
                upload.overtaken = True


def whole_second(moment: datetime) -> datetime:
    """Return *moment* in UTC without its fraction. Raise ValueError if it has no time zone."""
    if moment.tzinfo is UTC:  # S3's clock, at every request: skip the conversion
        return moment.replace(microsecond=0) if moment.microsecond else moment
    if moment.tzinfo is None:
        raise ValueError(f"last_modified needs a time zone: {moment!r} has none")
    return moment.astimezone(UTC).replace(microsecond=0)
