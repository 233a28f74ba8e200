"""One request on its way through the model, and how the model refuses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.s3.errors.catalogue import bad_argument, refusal
from s3_asyncio_client._core.bucket_names import bucket_name_problem
from s3_asyncio_client._core.limits import MAX_KEY_BYTES

from .access import OPEN, Access
from .access_points import ACCESS_POINTS
from .auth import ANYBODY, Caller
from .bucket_record import Bucket, is_version_id
from .messages import Call, Refused
from .permissions import may, may_list
from .records import NULL, StoredObject
from .store import S3Store
from .times import http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(slots=True, kw_only=True)
class S3Request:
    """A request with its body and what answers it. `bucket` and `key` are "" if the request names none.

    It never changes. It is not frozen because one is created for every request, and that takes three times as long.
    """

    store: S3Store
    call: Call
    body: Body
    new_id: Callable[[], str]
    bucket: str
    key: str
    access: Access = OPEN
    caller: Caller = ANYBODY

    def refused(
        self,
        situation: str,
        *values: object,
        message: str | None = None,
        elements: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Refused:
        """Return the exception that ends this request; see `catalogue.refusal`."""
        return refusal(situation, self.call, *values, message=message, elements=elements, headers=headers)

    def bad_argument(
        self, name: str, value: str | None, situation: str = "", *values: object, message: str | None = None
    ) -> Refused:
        """Return InvalidArgument with the argument's name; see `catalogue.bad_argument`."""
        return bad_argument(self.call, name, value, situation, *values, message=message)

    def readable_bucket(self, name: str | None = None) -> Bucket:
        """Return the bucket *name* (None: the request's own), or refuse with NoSuchBucket."""
        name = self.bucket if name is None else name
        found = self.store.bucket(name)
        if found is None:
            raise self.no_bucket(name)
        return found

    def no_bucket(self, name: str | None = None) -> Refused:
        """Return NoSuchBucket for *name* (None: the request's own), or NoSuchAccessPoint at the host of one."""
        name = self.bucket if name is None else name
        if name == self.bucket and ACCESS_POINTS in self.call.endpoint:
            return self.refused("NoSuchAccessPoint", elements={"AccessPointName": name.rpartition("-")[0]})
        return self.refused("NoSuchBucket", elements={"BucketName": name})

    def check_writable(self) -> None:
        """Refuse unless the request may write to its bucket and key."""
        if self.store.bucket(self.bucket) is None:
            if bucket_name_problem(self.bucket) is not None:
                raise self.refused("InvalidBucketName")
            if ACCESS_POINTS in self.call.endpoint or not self.store.accepts(self.bucket):
                raise self.no_bucket()
        self.check_key()

    def check_key(self) -> None:
        """Refuse a key above 1024 bytes in UTF-8 (fact 67)."""
        # A character has at most 4 bytes, so most keys are short enough without encoding them.
        if len(self.key) > MAX_KEY_BYTES // 4 and (size := len(self.key.encode())) > MAX_KEY_BYTES:
            elements = {"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)}
            raise self.refused("KeyTooLongError", elements=elements)

    def readable_object(self) -> StoredObject:
        """Return the object or version that the request names. Refuse it if unreadable, or as `named_object` does."""
        return self.readable(*self.named_object())

    def named_object(self) -> tuple[Bucket, StoredObject]:
        """Return the request's bucket and object or version. Refuse if it is absent or a delete marker."""
        bucket = self.readable_bucket()
        version_id = self.call.query.get("versionId")
        if version_id is None:
            return bucket, bucket.objects.get(self.key) or self.absent(bucket)
        version = self.version(bucket, version_id)
        if version.delete_marker:
            raise self.is_marker(version)
        return bucket, version

    def readable(self, bucket: Bucket, obj: StoredObject) -> StoredObject:
        """Return *obj*, or refuse with AccessDenied if the caller may not read it."""
        if not may(self, "READ", bucket, obj):
            raise self.refused("AccessDenied")
        return obj

    def absent(self, bucket: Bucket) -> NoReturn:
        """Refuse with NoSuchKey, with the headers of a delete marker that hides the key (facts 19 and 20)."""
        self.check_key()
        if not may_list(self, bucket):
            raise self.refused("AccessDenied")
        marker = bucket.newest(self.key)
        headers = {} if marker is None else marker_headers(marker)
        raise self.refused("NoSuchKey", elements={"Key": self.key}, headers=headers)

    def version(self, bucket: Bucket, version_id: str) -> StoredObject:
        """Return a version, delete marker or not, or refuse with NoSuchVersion or InvalidArgument (fact 71)."""
        found = bucket.version(self.key, version_id)
        if found is None:
            self.check_version_id(bucket, version_id)
            raise self.refused("NoSuchVersion", elements={"Key": self.key, "VersionId": version_id})
        return found

    def check_version_id(self, bucket: Bucket | None, version_id: str, *, name: str = "versionId") -> None:
        """Refuse with InvalidArgument text in the parameter *name* that can't be one of the bucket's ids (fact 71)."""
        if version_id == NULL:
            return
        if bucket is None or bucket.versioning is None or not is_version_id(version_id):
            raise self.bad_argument(name, version_id, "version id")

    def is_marker(self, marker: StoredObject) -> Refused:
        """Return MethodNotAllowed: the requested version is a delete marker (fact 18)."""
        elements = {"Method": self.call.method, "ResourceType": "DeleteMarker"}
        headers = {**marker_headers(marker), "Allow": "DELETE", "Last-Modified": http_date(marker.last_modified)}
        return self.refused("MethodNotAllowed", elements=elements, headers=headers)


def marker_headers(marker: StoredObject) -> dict[str, str]:
    """Return the headers of a delete marker."""
    return {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id or NULL}
