"""What the S3 model holds on to: the half of the store below the face that tests see.

It trusts its arguments. The clock is an argument; nothing here does I/O. Not safe for use from several threads at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .records import Bucket, Completion, StoredObject, Upload

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_REGION = "us-east-1"


class Shelf:
    """Buckets, and uploads under way and done."""

    def __init__(self, *, now: Callable[[], datetime], strict_buckets: bool = False) -> None:
        self._now = now
        self._strict = strict_buckets
        self._buckets: dict[str, Bucket] = {}
        self._deleted: set[str] = set()
        self.access_points: dict[str, str] = {}
        """Buckets by the labels of their access points."""
        self.uploads: dict[str, Upload] = {}
        self.completions: dict[str, Completion] = {}
        self.history: list[tuple[str, str, StoredObject | None]] | None = None
        """What each change replaced, where somebody asks for it."""

    def memento(self) -> Callable[[], None]:
        """Return what puts everything back as it is now, as often as it is called."""
        strict, deleted, completions = self._strict, frozenset(self._deleted), dict(self.completions)
        buckets = [bucket.copied() for bucket in self._buckets.values()]
        points = dict(self.access_points)
        uploads = [replace(upload, parts=dict(upload.parts)) for upload in self.uploads.values()]

        def restore() -> None:
            self._strict, self._deleted, self.completions = strict, set(deleted), dict(completions)
            self.access_points = dict(points)
            self._buckets = {bucket.name: bucket.copied() for bucket in buckets}
            self.uploads = {one.upload_id: replace(one, parts=dict(one.parts)) for one in uploads}

        return restore

    def now(self) -> datetime:
        """The time of S3's clock in whole seconds, UTC."""
        return whole_second(self._now())

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
        self._overtake(obj.bucket, obj.key)
        return (self._buckets.get(obj.bucket) or self.add_bucket(obj.bucket, DEFAULT_REGION, obj.owner)).add(obj)

    def remove(self, bucket: str, key: str) -> StoredObject | None:
        """Take an object out, if it is there; with versioning hide it, and return the delete marker that does."""
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
        """Take a version out for good and return it; None where it is absent."""
        found = self._buckets.get(bucket)
        self._overtake(bucket, key)
        return None if found is None else found.drop(key, version_id)

    def begin(self, upload: Upload) -> None:
        """Take up a multipart upload; its bucket is made now where it is new."""
        if upload.draft.bucket not in self._buckets:
            self.add_bucket(upload.draft.bucket, DEFAULT_REGION, upload.draft.owner)
        self.uploads[upload.upload_id] = upload

    def complete(self, upload: Upload, completion: Completion) -> None:
        """Note that *upload* is done."""
        del self.uploads[upload.upload_id]
        self.completions[upload.upload_id] = completion

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
        self.completions = {k: done for k, done in self.completions.items() if done.bucket != name}

    def _overtake(self, bucket: str, key: str) -> None:
        if self.history is not None:
            self.history.append((bucket, key, self.find(bucket, key)))
        for upload in self.uploads.values():
            if upload.draft.key == key and upload.draft.bucket == bucket:
                upload.overtaken = True


def whole_second(moment: datetime) -> datetime:
    """Return *moment* in UTC without its fraction; ValueError where it has no time zone."""
    if moment.tzinfo is UTC:  # S3's clock on every request: skip the conversion
        return moment.replace(microsecond=0) if moment.microsecond else moment
    if moment.tzinfo is None:
        raise ValueError(f"last_modified needs a time zone: {moment!r} has none")
    return moment.astimezone(UTC).replace(microsecond=0)
