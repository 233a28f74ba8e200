"""One request on its way through the model, and how the model says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_s3errors._core.access import OPEN, Access
from pytest_s3errors._core.catalogue import error_reply
from pytest_s3errors._core.messages import Call, Refused
from pytest_s3errors._core.names import bucket_name_problem
from pytest_s3errors._core.store import MAX_KEY_BYTES, Bucket, Store, StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VERSION_ID_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request with its body and what answers it; `bucket` and `key` are "" where the request names none."""

    store: Store
    call: Call
    body: bytes
    new_id: Callable[[], str]
    bucket: str
    key: str
    access: Access = OPEN

    def refused(
        self,
        code: str,
        *,
        message: str | None = None,
        status: int | None = None,
        elements: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Refused:
        """Return the exception that ends this request with S3's error *code*."""
        return Refused(error_reply(code, self.call, status=status, message=message, elements=elements, headers=headers))

    def bad_argument(self, name: str, value: str | None, message: str) -> Refused:
        """Return InvalidArgument naming the argument; *value* None leaves ArgumentValue out."""
        elements = {"ArgumentName": name} if value is None else {"ArgumentName": name, "ArgumentValue": value}
        return self.refused("InvalidArgument", message=message, elements=elements)

    def readable_bucket(self, name: str | None = None) -> Bucket:
        """Return the bucket *name* (the request's own where None), or refuse with NoSuchBucket."""
        name = self.bucket if name is None else name
        found = self.store.bucket(name)
        if found is None:
            raise self.refused("NoSuchBucket", elements={"BucketName": name})
        return found

    def check_writable(self) -> None:
        """Refuse unless the request may write to its bucket and key."""
        if self.store.bucket(self.bucket) is None:
            if bucket_name_problem(self.bucket) is not None:
                raise self.refused("InvalidBucketName")
            if not self.store.accepts(self.bucket):
                raise self.refused("NoSuchBucket")
        self.check_key()

    def check_key(self) -> None:
        """Refuse a key above 1024 bytes in UTF-8 (fact 67)."""
        # A character has at most 4 bytes: most keys need no encoding to be known as short.
        if len(self.key) > MAX_KEY_BYTES // 4 and (size := len(self.key.encode())) > MAX_KEY_BYTES:
            elements = {"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)}
            raise self.refused("KeyTooLongError", elements=elements)

    def readable_object(self) -> StoredObject:
        """Return the object that the request names, or refuse with NoSuchBucket, NoSuchKey or NoSuchVersion."""
        obj = self.readable_bucket().objects.get(self.key)
        self.check_version(self.call.query.get("versionId"))
        if obj is None:
            self.check_key()
            raise self.refused("NoSuchKey")
        return obj

    def check_version(self, version_id: str | None) -> None:
        """Refuse every version but "null", the only one that an object in an unversioned bucket has (fact 71)."""
        if version_id is None or version_id == "null":
            return
        if len(version_id) != VERSION_ID_LENGTH:
            raise self.bad_argument("versionId", version_id, "This is no version id")
        raise self.refused("NoSuchVersion", elements={"Key": self.key, "VersionId": version_id})
