"""Random operations on both S3s.

`Both` has objects, versions, listings, uploads, copies, tags, buckets and access. `Locks` has object lock by itself, so
that its operations often meet the same version.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

BUCKETS = st.sampled_from(["plain", "versioned"])
KEYS = st.sampled_from(["a", "a/b", "a/b/c", "a/d", "b", "é +&<", "z//y"])
BODIES = st.sampled_from([b"", b"0123456789", b"other", b"x" * 300])
# Parts are this small where the tests lower the least size of a part.
PART_BYTES = 100
PART = b"p" * PART_BYTES
ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
ETAGS = st.sampled_from(['"781e5e245d69b566979b86e28d23f2c7"', '"d41d8cd98f00b204e9800998ecf8427e"', "*", '"none"'])
LONG_AGO, LATER, FAR_AHEAD = (datetime(year, 1, 1, tzinfo=UTC) for year in (2001, 2080, 2090))
DATES = st.sampled_from([LONG_AGO, FAR_AHEAD])
RANGES = st.sampled_from(["bytes=0-3", "bytes=2-", "bytes=-4", "bytes=5-999", "bytes=999-", "bytes=3-1", "bytes=-0"])
TAGS = st.sampled_from(["", "a=1", "a=1&b=2"])
MODES = st.sampled_from(["GOVERNANCE", "COMPLIANCE"])
RETENTIONS = st.fixed_dictionaries({"Mode": MODES, "RetainUntilDate": st.sampled_from([LATER, FAR_AHEAD])})
RETENTION = {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
DEFAULTS = st.just({}) | st.builds(
    lambda mode, span: {"Rule": {"DefaultRetention": {"Mode": mode, **span}}},
    MODES,
    st.sampled_from([{"Days": 1}, {"Days": 30}, {"Years": 1}]),
)
LOCKED_KEYS = st.sampled_from(["a", "b"])
BYPASSES = st.sampled_from([{}, {"BypassGovernanceRetention": True}])


CONDITIONS = st.sampled_from([{"IfNoneMatch": "*"}, {"IfMatch": '"none"'}])


def some(**optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return a mapping with some of the parameters, mostly with none."""
    return st.just({}) | st.fixed_dictionaries({}, optional=optional)


READS = some(
    Range=RANGES,
    IfMatch=ETAGS,
    IfNoneMatch=ETAGS,
    IfModifiedSince=DATES,
    IfUnmodifiedSince=DATES,
)
LISTS = some(
    Prefix=st.sampled_from(["a", "a/", "é", "none"]),
    Delimiter=st.sampled_from(["/", "b", "//"]),
    MaxKeys=st.integers(1, 3),
)


BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::settings/*"}
SOMEBODY = ANYBODY | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
# By what the operations are called: the parameter, and values.
SETTINGS: dict[str, tuple[str, list[Any]]] = {
    "BucketOwnershipControls": (
        "OwnershipControls",
        [{"Rules": [{"ObjectOwnership": one}]} for one in ("BucketOwnerEnforced", "ObjectWriter")],
    ),
    "PublicAccessBlock": (
        "PublicAccessBlockConfiguration",
        [{name: name in chosen for name in BLOCKS} for chosen in (BLOCKS, BLOCKS[:1], BLOCKS[1:3], ())],
    ),
    "BucketPolicy": (
        "Policy",
        [json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (ANYBODY, SOMEBODY)],
    ),
    "BucketEncryption": (
        "ServerSideEncryptionConfiguration",
        [
            {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]},
            {
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"},
                        "BucketKeyEnabled": False,
                    }
                ]
            },
        ],
    ),
}
ACLS = st.sampled_from([{"ACL": one} for one in ("private", "public-read", "public-read-write", "authenticated-read")])


class Both(RuleBasedStateMachine):
    """The rules; `pair` is given by the subclass that a test makes."""

    pair: Any
    versions = Bundle("versions")
    uploads = Bundle("uploads")

    @initialize()
    def begin(self) -> None:
        """Begin with empty buckets."""
        self.both = type(self).pair()
        self.parts: dict[str, dict[int, str]] = {}

    @rule(
        target=versions,
        bucket=BUCKETS,
        key=KEYS,
        body=BODIES,
        more=some(
            Metadata=st.just({"name": "value"}),
            ContentType=st.just("text/plain"),
            CacheControl=st.just("no-cache"),
            StorageClass=st.just("STANDARD_IA"),
            Tagging=TAGS,
        ),
    )
    def put(self, bucket: str, key: str, body: bytes, more: dict[str, Any]) -> Any:
        """PutObject without conditions."""
        result = self.both("PutObject", Bucket=bucket, Key=key, Body=body, **more)
        return self._version(bucket, key, result)

    @rule(
        target=versions,
        bucket=BUCKETS,
        key=KEYS,
        condition=st.sampled_from([{"IfNoneMatch": "*"}, {"IfMatch": '"none"'}]),
    )
    def put_if(self, bucket: str, key: str, condition: dict[str, str]) -> Any:
        """PutObject on a condition."""
        result = self.both("PutObject", Bucket=bucket, Key=key, Body=b"conditional", **condition)
        return self._version(bucket, key, result)

    @rule(operation=st.sampled_from(["GetObject", "HeadObject"]), bucket=BUCKETS, key=KEYS, more=READS)
    def read(self, operation: str, bucket: str, key: str, more: dict[str, Any]) -> None:
        """GetObject and HeadObject, with ranges and conditions."""
        self.both(operation, Bucket=bucket, Key=key, **more)

    @rule(operation=st.sampled_from(["GetObject", "HeadObject", "GetObjectTagging"]), version=versions)
    def read_version(self, operation: str, version: dict[str, str]) -> None:
        """The same of a version, which may be gone or a delete marker."""
        self.both(operation, **version)

    @rule(bucket=BUCKETS, key=KEYS)
    def attributes(self, bucket: str, key: str) -> None:
        """GetObjectAttributes."""
        self.both("GetObjectAttributes", Bucket=bucket, Key=key, ObjectAttributes=ATTRIBUTES)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        """DeleteObject, whether there is one or not."""
        self.both("DeleteObject", Bucket="plain", Key=key)

    @rule(target=versions, version=versions)
    def hide(self, version: dict[str, str]) -> Any:
        """DeleteObject in a bucket with versions, which makes a delete marker."""
        named = {"Bucket": version["Bucket"], "Key": version["Key"]}
        if not isinstance(self.both("HeadObject", **named), dict):
            return multiple()  # without an object moto makes no marker; see the known differences
        return self._version(*named.values(), self.both("DeleteObject", **named))

    @rule(version=versions)
    def delete_version(self, version: dict[str, str]) -> None:
        """DeleteObject for good."""
        self.both("DeleteObject", **version)

    @rule(keys=st.lists(KEYS, min_size=1, max_size=3, unique=True), quiet=st.booleans())
    def delete_several(self, keys: list[str], quiet: bool) -> None:
        """DeleteObjects."""
        self.both("DeleteObjects", Bucket="plain", Delete={"Objects": [{"Key": key} for key in keys], "Quiet": quiet})

    @rule(
        target=versions,
        bucket=BUCKETS,
        key=KEYS,
        source=st.tuples(BUCKETS, KEYS),
        more=some(
            MetadataDirective=st.just("REPLACE"),
            TaggingDirective=st.just("REPLACE"),
            Tagging=TAGS,
            Metadata=st.just({"new": "value"}),
            StorageClass=st.just("STANDARD_IA"),
        ),
        condition=some(CopySourceIfNoneMatch=ETAGS.filter("*".__ne__)),
    )
    def copy(self, bucket: str, key: str, source: tuple[str, str], more: dict[str, Any], condition: Any) -> Any:
        """CopyObject."""
        named = {"Bucket": source[0], "Key": source[1]}
        if source == (bucket, key):  # of two mistakes in one request, nobody knows which S3 names
            condition = {}
        result = self.both("CopyObject", Bucket=bucket, Key=key, CopySource=named, **more, **condition)
        return self._version(bucket, key, result)

    @rule(bucket=BUCKETS, operation=st.sampled_from(["ListObjects", "ListObjectsV2", "ListObjectVersions"]), more=LISTS)
    def list_all(self, bucket: str, operation: str, more: dict[str, Any]) -> None:
        """All pages of a listing."""
        following: dict[str, Any] | None = {}
        for _ in range(20):
            page = self.both(operation, Bucket=bucket, **more, **following)
            following = after(operation, page)
            if following is None:
                return

    @rule(bucket=BUCKETS, start=KEYS, more=LISTS)
    def list_from(self, bucket: str, start: str, more: dict[str, Any]) -> None:
        """Listings that begin at a key, whether it is there or not."""
        self.both("ListObjects", Bucket=bucket, Marker=start, **more)
        self.both("ListObjectsV2", Bucket=bucket, StartAfter=start, **more)

    @rule(bucket=BUCKETS, key=KEYS, tags=st.sampled_from([{}, {"a": "1"}, {"a": "2", "b": ""}]))
    def tag(self, bucket: str, key: str, tags: dict[str, str]) -> None:
        """PutObjectTagging and GetObjectTagging."""
        tag_set = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.both("PutObjectTagging", Bucket=bucket, Key=key, Tagging={"TagSet": tag_set})
        self.both("GetObjectTagging", Bucket=bucket, Key=key)

    @rule(bucket=BUCKETS, key=KEYS)
    def untag(self, bucket: str, key: str) -> None:
        """DeleteObjectTagging."""
        self.both("DeleteObjectTagging", Bucket=bucket, Key=key)

    @rule(bucket=BUCKETS, tags=st.sampled_from([None, {"a": "1"}]))
    def tag_bucket(self, bucket: str, tags: dict[str, str] | None) -> None:
        """Tags of buckets, put or deleted, and read."""
        if tags is None:
            self.both("DeleteBucketTagging", Bucket=bucket)
        else:
            tag_set = [{"Key": name, "Value": value} for name, value in tags.items()]
            self.both("PutBucketTagging", Bucket=bucket, Tagging={"TagSet": tag_set})
        self.both("GetBucketTagging", Bucket=bucket)

    @rule()
    def versioning(self) -> None:
        """GetBucketVersioning; suspended versioning is left out, since moto then loses versions."""
        self.both("GetBucketVersioning", Bucket="versioned")
        self.both("GetBucketVersioning", Bucket="plain")

    @rule(bucket=st.sampled_from(["plain", "spare"]))
    def bucket_itself(self, bucket: str) -> None:
        """Buckets made, found and deleted."""
        for operation in ("HeadBucket", "CreateBucket", "GetBucketLocation", "ListBuckets", "DeleteBucket"):
            if (operation, bucket) != ("DeleteBucket", "plain"):
                self.both(operation, **({} if operation == "ListBuckets" else {"Bucket": bucket}))

    @rule(target=uploads, bucket=BUCKETS, key=KEYS)
    def start_upload(self, bucket: str, key: str) -> dict[str, str]:
        """CreateMultipartUpload."""
        result = self.both("CreateMultipartUpload", Bucket=bucket, Key=key, Metadata={"name": "value"})
        self.parts[result["UploadId"]] = {}
        return {"Bucket": bucket, "Key": key, "UploadId": result["UploadId"]}

    @rule(upload=uploads, number=st.integers(1, 3), body=st.sampled_from([PART, b"last", b""]))
    def send_part(self, upload: dict[str, str], number: int, body: bytes) -> None:
        """UploadPart."""
        result = self.both("UploadPart", **upload, PartNumber=number, Body=body)
        if isinstance(result, dict):
            self.parts[upload["UploadId"]][number] = result["ETag"]

    @rule(upload=uploads, number=st.integers(1, 3), bucket=BUCKETS, key=KEYS, more=some(CopySourceRange=RANGES))
    def copy_part(self, upload: dict[str, str], number: int, bucket: str, key: str, more: dict[str, str]) -> None:
        """UploadPartCopy."""
        source = {"Bucket": bucket, "Key": key}
        result = self.both("UploadPartCopy", **upload, PartNumber=number, CopySource=source, **more)
        if isinstance(result, dict):
            self.parts[upload["UploadId"]][number] = result["CopyPartResult"]["ETag"]

    @rule(upload=uploads)
    def list_parts(self, upload: dict[str, str]) -> None:
        """ListParts and ListMultipartUploads."""
        self.both("ListParts", **upload)
        self.both("ListParts", **upload, MaxParts=1)
        self.both("ListMultipartUploads", Bucket=upload["Bucket"])

    @rule(target=versions, upload=uploads, wrong=st.booleans())
    def complete(self, upload: dict[str, str], wrong: bool) -> Any:
        """CompleteMultipartUpload, with all parts, or with one that is not there; then the parts are read."""
        parts = [{"PartNumber": n, "ETag": etag} for n, etag in sorted(self.parts[upload["UploadId"]].items())]
        if wrong or not parts:  # alone: of two mistakes in one list, nobody knows which S3 names
            parts = [{"PartNumber": 9, "ETag": '"none"'}]
        result = self.both("CompleteMultipartUpload", **upload, MultipartUpload={"Parts": parts})
        named = {"Bucket": upload["Bucket"], "Key": upload["Key"]}
        for number in (1, 2) if isinstance(result, dict) else ():
            self.both("HeadObject", **named, PartNumber=number)
        return self._version(named["Bucket"], named["Key"], result)

    @rule(upload=consumes(uploads))
    def abort(self, upload: dict[str, str]) -> None:
        """AbortMultipartUpload, and once more."""
        self.both("AbortMultipartUpload", **upload)
        self.both("AbortMultipartUpload", **upload)

    @rule(name=st.sampled_from([*SETTINGS]), data=st.data(), read_first=st.booleans())
    def settings(self, name: str, data: Any, read_first: bool) -> None:
        """What a bucket has set: put or deleted, and read."""
        bucket = "versioned" if name == "PublicAccessBlock" else "settings"  # moto blocks nothing
        parameter, values = SETTINGS[name]
        value = data.draw(st.none() | st.sampled_from(values))
        if read_first:
            self.both(f"Get{name}", Bucket=bucket)
        if value is None:
            self.both(f"Delete{name}", Bucket=bucket)
        else:
            self.both(f"Put{name}", Bucket=bucket, **{parameter: value})
        self.both(f"Get{name}", Bucket=bucket)
        if name == "BucketPolicy":
            self.both("GetBucketPolicyStatus", Bucket=bucket)

    @rule(key=KEYS, acl=ACLS, body=BODIES)
    def put_with_acl(self, key: str, acl: dict[str, str], body: bytes) -> None:
        """PutObject with an ACL, and what is then told of it."""
        self.both("PutObject", Bucket="open", Key=key, Body=body, **acl)
        self.both("GetObjectAcl", Bucket="open", Key=key)

    @rule(key=KEYS, acl=ACLS)
    def acl_of_object(self, key: str, acl: dict[str, str]) -> None:
        """PutObjectAcl and GetObjectAcl, whether there is an object or not."""
        self.both("PutObjectAcl", Bucket="open", Key=key, **acl)
        self.both("GetObjectAcl", Bucket="open", Key=key)

    @rule(acl=ACLS)
    def acl_of_bucket(self, acl: dict[str, str]) -> None:
        """PutBucketAcl and GetBucketAcl."""
        self.both("PutBucketAcl", Bucket="open", **acl)
        self.both("GetBucketAcl", Bucket="open")

    @staticmethod
    def _version(bucket: str, key: str, result: Any) -> Any:
        if isinstance(result, dict) and "VersionId" in result:
            return {"Bucket": bucket, "Key": key, "VersionId": result["VersionId"]}
        return multiple()


class Locks(RuleBasedStateMachine):
    """The rules of object lock, in the bucket `locked`; `pair` as in `Both`."""

    pair: Any
    versions = Bundle("versions")

    @initialize()
    def begin(self) -> None:
        """Begin with empty buckets."""
        self.both = type(self).pair()

    @rule(
        target=versions,
        key=LOCKED_KEYS,
        retention=st.none() | RETENTIONS,
        more=some(ObjectLockLegalHoldStatus=st.sampled_from(["ON", "OFF"])),
    )
    def put(self, key: str, retention: dict[str, Any] | None, more: dict[str, Any]) -> Any:
        """PutObject with what locks the version."""
        stated = {f"ObjectLock{name}": value for name, value in (retention or {}).items()}
        return self._version(key, self.both("PutObject", Bucket="locked", Key=key, Body=b"locked", **stated, **more))

    @rule(target=versions, key=LOCKED_KEYS, version=versions)
    def copy(self, key: str, version: dict[str, str]) -> Any:
        """CopyObject, which leaves the lock of its source behind."""
        return self._version(key, self.both("CopyObject", Bucket="locked", Key=key, CopySource=version))

    @rule(target=versions, version=versions)
    def hide(self, version: dict[str, str]) -> Any:
        """DeleteObject without a version, which no lock forbids."""
        named = {"Bucket": "locked", "Key": version["Key"]}
        if not isinstance(self.both("HeadObject", **named), dict):
            return multiple()  # without an object moto makes no marker; see the known differences
        return self._version(version["Key"], self.both("DeleteObject", **named))

    @rule(version=versions, retention=RETENTIONS, bypass=BYPASSES)
    def retain(self, version: dict[str, str], retention: dict[str, Any], bypass: dict[str, bool]) -> None:
        """PutObjectRetention, which extends, shortens or changes what there is."""
        self.both("PutObjectRetention", **version, Retention=retention, **bypass)

    @rule(version=versions, status=st.sampled_from(["ON", "OFF"]))
    def hold(self, version: dict[str, str], status: str) -> None:
        """PutObjectLegalHold and GetObjectLegalHold."""
        self.both("GetObjectLegalHold", **version)
        self.both("PutObjectLegalHold", **version, LegalHold={"Status": status})
        self.both("GetObjectLegalHold", **version)

    @rule(version=versions)
    def read(self, version: dict[str, str]) -> None:
        """HeadObject, which tells the lock."""
        self.both("HeadObject", **version)

    @rule(version=versions, bypass=BYPASSES)
    def delete(self, version: dict[str, str], bypass: dict[str, bool]) -> None:
        """DeleteObject of a version that may be locked."""
        self.both("DeleteObject", **version, **bypass)

    @rule(versions=st.lists(versions, min_size=1, max_size=3, unique_by=str), bypass=BYPASSES)
    def delete_several(self, versions: list[dict[str, str]], bypass: dict[str, bool]) -> None:
        """DeleteObjects of versions that may be locked."""
        named = [{name: one[name] for name in ("Key", "VersionId")} for one in versions]
        self.both("DeleteObjects", Bucket="locked", Delete={"Objects": named}, **bypass)

    @rule()
    def list_versions(self) -> None:
        """ListObjectVersions, which shows what was deleted."""
        self.both("ListObjectVersions", Bucket="locked")

    @rule(bucket=st.sampled_from(["locked", "defaults", "plain"]), default=DEFAULTS)
    def configuration(self, bucket: str, default: dict[str, Any]) -> None:
        """PutObjectLockConfiguration and GetObjectLockConfiguration, of a bucket with object lock or without."""
        wanted = {"ObjectLockEnabled": "Enabled", **default}
        self.both("GetObjectLockConfiguration", Bucket=bucket)
        self.both("PutObjectLockConfiguration", Bucket=bucket, ObjectLockConfiguration=wanted)
        self.both("GetObjectLockConfiguration", Bucket=bucket)

    @rule()
    def elsewhere(self) -> None:
        """The same operations where there is no object lock."""
        self.both("PutObject", Bucket="plain", Key="key", Body=b"plain")
        self.both("GetObjectLegalHold", Bucket="plain", Key="key")
        self.both("PutObjectLegalHold", Bucket="plain", Key="key", LegalHold={"Status": "ON"})
        self.both("PutObjectRetention", Bucket="plain", Key="key", Retention=RETENTION)
        self.both("DeleteObject", Bucket="plain", Key="key", BypassGovernanceRetention=True)

    @staticmethod
    def _version(key: str, result: Any) -> Any:
        if isinstance(result, dict) and "VersionId" in result:
            return {"Bucket": "locked", "Key": key, "VersionId": result["VersionId"]}
        return multiple()


def after(operation: str, page: Any) -> dict[str, Any] | None:
    """Return the parameters of the page that follows, None after the last."""
    if not (isinstance(page, dict) and page["IsTruncated"]):
        return None
    if operation == "ListObjectsV2":
        return {"ContinuationToken": page["NextContinuationToken"]}
    if operation == "ListObjects":
        last = page["Contents"][-1]["Key"] if "Contents" in page else ""
        return {"Marker": page.get("NextMarker") or last}
    named = {"KeyMarker": page["NextKeyMarker"]}
    return named | ({"VersionIdMarker": page["NextVersionIdMarker"]} if "NextVersionIdMarker" in page else {})
