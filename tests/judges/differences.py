"""Where moto and the simulated S3 are known to differ, which of them S3 agrees with, and how that is known.

`DIFFERENCES` feeds the comparison, which bears with these and nothing else, and the table in docs/reference/moto.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from machine import ATTRIBUTES, LONG_AGO, RETENTION
from pair import Gap

Calls = tuple[tuple[str, dict[str, Any]], ...]

PUT = ("PutObject", {"Bucket": "plain", "Key": "key", "Body": b"data"})
PUT_VERSION = ("PutObject", {"Bucket": "versioned", "Key": "key", "Body": b"data"})
HIDE = ("DeleteObject", {"Bucket": "versioned", "Key": "key"})
SUSPEND = ("PutBucketVersioning", {"Bucket": "versioned", "VersioningConfiguration": {"Status": "Suspended"}})
UPLOAD = ("CreateMultipartUpload", {"Bucket": "plain", "Key": "key"})
PART = {"Bucket": "plain", "Key": "key", "UploadId": "<upload>", "PartNumber": 1}
ETAG = '"8d777f385d3dfec8815d20f7496026dc"'
LISTED = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": ETAG}]}}
PUT_LOCKED = ("PutObject", {"Bucket": "locked", "Key": "key", "Body": b"data"})
LOCKED = {"Bucket": "locked", "Key": "key", "VersionId": "<version>"}
HOLD = ("PutObjectLegalHold", LOCKED | {"LegalHold": {"Status": "ON"}})
RETAIN = ("PutObjectRetention", LOCKED | {"Retention": RETENTION})
LOCK = {"ObjectLockEnabled": "Enabled"}
DEFAULT = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
CONDITIONS = ("IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince")
READERS = ("GetObject", "HeadObject", "GetObjectAttributes", "GetObjectTagging", "PutObjectTagging")
DOCS = "S3's API reference"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference.

    `gaps` are globs of "operation path", `answers` of our whole answer and moto's, where one of them is an error;
    `holds` narrows it further. `calls` meet it, on two empty buckets. `parts` says that the two hold different things
    afterwards.
    """

    name: str
    s3: str
    source: str
    gaps: tuple[str, ...]
    calls: Calls
    answers: tuple[str, str] | None = None
    parts: bool = False
    holds: Callable[[Gap], bool] = lambda _gap: True

    def excuses(self, gap: Gap) -> bool:
        """Tell whether this is the reason for *gap*."""
        if not any(fnmatchcase(f"{gap.operation} {gap.path}".strip(), glob) for glob in self.gaps):
            return False
        if self.answers is not None:
            for wanted, found in zip(self.answers, (gap.ours, gap.motos), strict=True):
                if not fnmatchcase("success" if isinstance(found, dict) else str(found), wanted):
                    return False
        return self.holds(gap)


def _missing(gap: Gap) -> bool:
    return gap.motos is None


def _of_marker(gap: Gap) -> bool:
    return "VersionId" in gap.parameters


DIFFERENCES = (
    Difference(
        name="GetObjectLegalHold where nothing was put has no status",
        s3="answers NoSuchObjectLockConfiguration, and InvalidRequest in a bucket without object lock",
        source="versitygw#883",
        gaps=("GetObjectLegalHold",),
        answers=("40[04] *", "success"),
        calls=(PUT_LOCKED, ("GetObjectLegalHold", LOCKED)),
    ),
    Difference(
        name="GetObjectLockConfiguration tells both Days and Years",
        s3="tells the one that was put",
        source=DOCS,
        gaps=("GetObjectLockConfiguration *.Days", "GetObjectLockConfiguration *.Years"),
        holds=lambda gap: (gap.ours, gap.motos) == (None, 0),
        calls=(
            ("PutObjectLockConfiguration", {"Bucket": "locked", "ObjectLockConfiguration": LOCK | DEFAULT}),
            ("GetObjectLockConfiguration", {"Bucket": "locked"}),
        ),
    ),
    Difference(
        name="a legal hold or retention crashes where the version is gone, or a delete marker",
        s3="answers NoSuchVersion, or MethodNotAllowed at a delete marker",
        source="captures of other operations",
        gaps=("PutObjectLegalHold", "PutObjectRetention"),
        answers=("40[45] *", "crash AttributeError"),
        calls=(PUT_LOCKED, ("DeleteObject", LOCKED), HOLD),
    ),
    Difference(
        name="DeleteObjects does not tell which version was refused",
        s3="tells it",
        source=DOCS,
        gaps=("DeleteObjects Errors[[]].VersionId",),
        holds=_missing,
        calls=(
            PUT_LOCKED,
            HOLD,
            ("DeleteObjects", {"Bucket": "locked", "Delete": {"Objects": [{"Key": "key", "VersionId": "<version>"}]}}),
        ),
    ),
    Difference(
        name="DeleteObjects of a delete marker does not say what it was",
        s3="tells DeleteMarker, and its version once more",
        source=DOCS,
        gaps=("DeleteObjects Deleted[[]].DeleteMarker*",),
        holds=_missing,
        calls=(
            PUT_LOCKED,
            ("DeleteObject", {"Bucket": "locked", "Key": "key"}),
            ("DeleteObjects", {"Bucket": "locked", "Delete": {"Objects": [{"Key": "key", "VersionId": "<version>"}]}}),
        ),
    ),
    Difference(
        name="DeleteObject takes the bypass without object lock",
        s3="answers InvalidArgument",
        source="captures",
        gaps=("DeleteObject",),
        answers=("400 InvalidArgument", "success"),
        parts=True,
        calls=(PUT, ("DeleteObject", {"Bucket": "plain", "Key": "key", "BypassGovernanceRetention": True})),
    ),
    Difference(
        name="PutObjectRetention is never refused",
        s3="shortens or changes a retention in GOVERNANCE mode with the bypass only, one in COMPLIANCE mode never",
        source="S3 User Guide, object lock",
        gaps=("PutObjectRetention",),
        answers=("403 AccessDenied", "success"),
        parts=True,
        calls=(
            PUT_LOCKED,
            RETAIN,
            ("PutObjectRetention", LOCKED | {"Retention": RETENTION | {"Mode": "COMPLIANCE"}}),
        ),
    ),
    Difference(
        name="PutObjectLockConfiguration without versioning is 400",
        s3="answers 409",
        source=DOCS,
        gaps=("PutObjectLockConfiguration",),
        answers=("409 InvalidBucketState", "400 InvalidBucketState"),
        calls=(("PutObjectLockConfiguration", {"Bucket": "plain", "ObjectLockConfiguration": LOCK}),),
    ),
    Difference(
        name="PutObjectLockConfiguration wants an empty bucket",
        s3="takes any bucket with versioning",
        source="S3 User Guide, object lock",
        gaps=("PutObjectLockConfiguration",),
        answers=("success", "400 InvalidBucket"),
        parts=True,
        calls=(PUT_LOCKED, ("PutObjectLockConfiguration", {"Bucket": "locked", "ObjectLockConfiguration": LOCK})),
    ),
    Difference(
        name="A new bucket has no public access block",
        s3="blocks all public access in a new bucket, and tells it",
        source="S3 User Guide, block public access",
        gaps=("GetPublicAccessBlock",),
        answers=("success", "404 NoSuchPublicAccessBlockConfiguration"),
        calls=(("GetPublicAccessBlock", {"Bucket": "plain"}),),
    ),
    Difference(
        name="ChecksumType is missing",
        s3="tells ChecksumType wherever it tells a checksum or its algorithm",
        source=DOCS,
        gaps=("* ChecksumType", "* *.ChecksumType"),
        holds=_missing,
        calls=(PUT,),
    ),
    Difference(
        name="A bucket has no encryption until it is put",
        s3="encrypts in every bucket, by AES256 where nothing else is put",
        source="S3 User Guide, default encryption",
        gaps=("GetBucketEncryption",),
        answers=("success", "404 ServerSideEncryptionConfigurationNotFoundError"),
        calls=(("GetBucketEncryption", {"Bucket": "plain"}),),
    ),
    Difference(
        name="A new bucket has no ownership controls",
        s3="tells BucketOwnerEnforced, until they are deleted",
        source="fact 74",
        gaps=("GetBucketOwnershipControls",),
        answers=("success", "404 OwnershipControlsNotFoundError"),
        calls=(("GetBucketOwnershipControls", {"Bucket": "plain"}),),
    ),
    Difference(
        name="ListMultipartUploads tells no next markers on its last page",
        s3="tells the last upload of every page",
        source="captures",
        gaps=("ListMultipartUploads Next*Marker",),
        holds=_missing,
        calls=(UPLOAD, ("ListMultipartUploads", {"Bucket": "plain"})),
    ),
    Difference(
        name="Of public-read-write the permission to write is not told",
        s3="tells a grant for each of the two",
        source="S3 User Guide, canned ACLs",
        gaps=("Get*Acl Grants",),
        holds=lambda gap: [one for one in gap.ours if one["Permission"] != "WRITE"] == gap.motos,
        calls=(
            ("PutBucketAcl", {"Bucket": "open", "ACL": "public-read-write"}),
            ("GetBucketAcl", {"Bucket": "open"}),
        ),
    ),
    Difference(
        name="Nothing is summed that has no checksum",
        s3="sums what comes without a checksum by CRC64NVME, and tells it",
        source=DOCS,
        gaps=("* ChecksumCRC64NVME", "* *.ChecksumCRC64NVME", "ListObjectsV2 Contents[[]].ChecksumAlgorithm"),
        holds=_missing,
        calls=(
            UPLOAD,
            ("UploadPart", PART | {"Body": b"data"}),
            ("CompleteMultipartUpload", {k: PART[k] for k in list(PART)[:3]} | LISTED),
        ),
    ),
    Difference(
        name="ListObjects and ListObjectVersions do not tell checksums",
        s3="tells ChecksumAlgorithm in all three listings",
        source=DOCS,
        gaps=("ListObjects Contents[[]].ChecksumAlgorithm", "ListObjectVersions Versions[[]].ChecksumAlgorithm"),
        holds=_missing,
        calls=(PUT, ("ListObjects", {"Bucket": "plain"})),
    ),
    Difference(
        name="ListParts does not tell checksums",
        s3="tells the checksum of each part that has one",
        source=DOCS,
        gaps=("ListParts Parts[[]].Checksum*", "ListParts Checksum*"),
        holds=_missing,
        calls=(
            ("CreateMultipartUpload", {"Bucket": "plain", "Key": "key", "ChecksumAlgorithm": "CRC32"}),
            ("UploadPart", PART | {"Body": b"data"}),
            ("ListParts", {k: PART[k] for k in list(PART)[:3]}),
        ),
    ),
    Difference(
        name="ListObjects does not repeat Marker and Prefix",
        s3="repeats both, empty ones too",
        source=DOCS,
        gaps=("ListObjects Marker", "ListObjects Prefix"),
        holds=_missing,
        calls=(("ListObjects", {"Bucket": "plain"}),),
    ),
    Difference(
        name="ListObjects does not encode Prefix",
        s3="encodes it under EncodingType url; botocore decodes it in ListObjectsV2 only",
        source="boto3 issue 3534",
        gaps=("ListObjects Prefix",),
        holds=lambda gap: gap.motos == gap.parameters.get("Prefix"),
        calls=(("ListObjects", {"Bucket": "plain", "Prefix": "é"}),),
    ),
    Difference(
        name="ListObjects repeats common prefixes that its Marker has passed",
        s3="leaves out a common prefix that Marker begins with, or that sorts before it",
        source=DOCS,
        gaps=("ListObjects *",),
        holds=lambda gap: {"Delimiter", "Marker"} <= gap.parameters.keys(),
        calls=(
            ("PutObject", {"Bucket": "plain", "Key": "a/b", "Body": b""}),
            ("ListObjects", {"Bucket": "plain", "Marker": "a/b", "Delimiter": "/"}),
        ),
    ),
    Difference(
        name="ListObjectsV2 does not encode StartAfter",
        s3="encodes it under EncodingType url; botocore decodes it, and makes a space of a plus",
        source=DOCS,
        gaps=("ListObjectsV2 StartAfter",),
        holds=lambda gap: "+" in gap.ours,
        calls=(("ListObjectsV2", {"Bucket": "plain", "StartAfter": "a+b"}),),
    ),
    Difference(
        name="ListObjectsV2 does not repeat the token of a page that is the last",
        s3="repeats ContinuationToken wherever the request had one",
        source=DOCS,
        gaps=("ListObjectsV2 ContinuationToken",),
        holds=_missing,
        calls=(
            PUT,
            ("PutObject", {"Bucket": "plain", "Key": "more", "Body": b""}),
            ("ListObjectsV2", {"Bucket": "plain", "MaxKeys": 1}),
            ("ListObjectsV2", {"Bucket": "plain", "ContinuationToken": "<token>"}),
        ),
    ),
    Difference(
        name="ListObjectVersions ignores EncodingType",
        s3="repeats it and encodes keys",
        source=DOCS,
        gaps=("ListObjectVersions EncodingType",),
        holds=_missing,
        calls=(("ListObjectVersions", {"Bucket": "plain"}),),
    ),
    Difference(
        name="ListBuckets and ListMultipartUploads are in order of creation",
        s3="sorts buckets by name, uploads by key",
        source=f"{DOCS} for uploads, AWS's command line for buckets",
        gaps=("ListBuckets Buckets[[]].*", "ListMultipartUploads Uploads[[]].*"),
        calls=(("CreateBucket", {"Bucket": "another"}), ("ListBuckets", {})),
    ),
    Difference(
        name="HeadBucket does not tell AccessPointAlias",
        s3="tells it of every bucket",
        source=DOCS,
        gaps=("HeadBucket AccessPointAlias",),
        holds=_missing,
        calls=(("HeadBucket", {"Bucket": "plain"}),),
    ),
    Difference(
        name="DeleteObjects ignores Quiet",
        s3="tells errors only",
        source=DOCS,
        gaps=("DeleteObjects Deleted",),
        holds=lambda gap: gap.parameters["Delete"].get("Quiet", False),
        calls=(("DeleteObjects", {"Bucket": "plain", "Delete": {"Objects": [{"Key": "key"}], "Quiet": True}}),),
    ),
    Difference(
        name="DeleteObject of what is absent makes no delete marker",
        s3="makes one in a bucket with versions, whatever the key",
        source=DOCS,
        gaps=("DeleteObject DeleteMarker", "DeleteObject VersionId"),
        parts=True,
        holds=lambda gap: not _of_marker(gap),
        calls=(HIDE,),
    ),
    Difference(
        name="DeleteObject of a version does not say what it was",
        s3="repeats VersionId, and tells DeleteMarker where it was one",
        source=DOCS,
        gaps=("DeleteObject DeleteMarker", "DeleteObject VersionId"),
        holds=lambda gap: _of_marker(gap) and _missing(gap),
        calls=(PUT_VERSION, HIDE, ("DeleteObject", {"Bucket": "versioned", "Key": "key", "VersionId": "<version>"})),
    ),
    Difference(
        name="reading a delete marker is NoSuchVersion",
        s3="answers 405 MethodNotAllowed",
        source="fact 18",
        gaps=("GetObject", "HeadObject", "GetObjectTagging", "GetObjectAttributes", "GetObjectLegalHold"),
        answers=("405 *", "404 *"),
        calls=(PUT_VERSION, HIDE, ("GetObject", {"Bucket": "versioned", "Key": "key", "VersionId": "<version>"})),
    ),
    Difference(
        name="copying a delete marker is NoSuchVersion",
        s3="answers 400 InvalidRequest",
        source="captures",
        gaps=("CopyObject", "UploadPartCopy"),
        answers=("400 InvalidRequest", "404 NoSuchVersion"),
        calls=(
            PUT_VERSION,
            HIDE,
            (
                "CopyObject",
                {
                    "Bucket": "versioned",
                    "Key": "copy",
                    "CopySource": {"Bucket": "versioned", "Key": "key", "VersionId": "<version>"},
                },
            ),
        ),
    ),
    Difference(
        name="ListObjectVersions does not count common prefixes once each",
        s3="counts a common prefix as one entry of a page",
        source=DOCS,
        gaps=("ListObjectVersions *",),
        holds=lambda gap: {"Delimiter", "MaxKeys"} <= gap.parameters.keys(),
        calls=(
            ("PutObject", {"Bucket": "versioned", "Key": "a/b", "Body": b""}),
            ("PutObject", {"Bucket": "versioned", "Key": "a/c", "Body": b""}),
            ("ListObjectVersions", {"Bucket": "versioned", "Delimiter": "/", "MaxKeys": 1}),
        ),
    ),
    Difference(
        name="ListObjects with a delimiter counts keys and common prefixes apart",
        s3="counts them together, in their common order; NextMarker is the last of them",
        source=DOCS,
        gaps=("ListObjects *",),
        holds=lambda gap: {"Delimiter", "MaxKeys"} <= gap.parameters.keys(),
        calls=(
            ("PutObject", {"Bucket": "plain", "Key": "a/b", "Body": b""}),
            ("PutObject", {"Bucket": "plain", "Key": "key", "Body": b""}),
            ("ListObjects", {"Bucket": "plain", "Delimiter": "/", "MaxKeys": 1}),
        ),
    ),
    Difference(
        name="HeadObject of a version is 400 while versioning is suspended",
        s3="answers as before: versions stay",
        source=DOCS,
        gaps=("HeadObject",),
        answers=("*", "400 400"),
        calls=(PUT_VERSION, SUSPEND, ("HeadObject", {"Bucket": "versioned", "Key": "key", "VersionId": "<version>"})),
    ),
    Difference(
        name="DeleteObject crashes while versioning is suspended where an older delete marker is",
        s3="hides the object behind a delete marker with version null",
        source=DOCS,
        gaps=("DeleteObject",),
        answers=("success", "crash AttributeError"),
        parts=True,
        calls=(PUT_VERSION, HIDE, PUT_VERSION, SUSPEND, HIDE),
    ),
    Difference(
        name="listings roll up keys that delete markers hide",
        s3="tells a common prefix only where there is an object behind it",
        source=DOCS,
        gaps=("ListObjects CommonPrefixes", "ListObjectsV2 *"),
        holds=lambda gap: gap.parameters["Bucket"] == "versioned" and "Delimiter" in gap.parameters,
        calls=(
            ("PutObject", {"Bucket": "versioned", "Key": "a/b", "Body": b""}),
            ("DeleteObject", {"Bucket": "versioned", "Key": "a/b"}),
            ("ListObjects", {"Bucket": "versioned", "Delimiter": "/"}),
        ),
    ),
    Difference(
        name="a write while versioning is suspended replaces all versions",
        s3="replaces the null version only; so does a delete, with a marker",
        source=DOCS,
        gaps=("ListObjectVersions Versions",),
        parts=True,
        holds=lambda gap: gap.motos is not None and "null" in [version["VersionId"] for version in gap.motos],
        calls=(PUT_VERSION, SUSPEND, PUT_VERSION, ("ListObjectVersions", {"Bucket": "versioned"})),
    ),
    Difference(
        name="GetObjectAttributes does not tell the parts",
        s3="tells how many there are, and those with checksums of their own; a checksum only where there is one",
        source=DOCS,
        gaps=("GetObjectAttributes ObjectParts", "GetObjectAttributes Checksum"),
        holds=lambda gap: _missing(gap) or gap.ours is None,
        calls=(
            UPLOAD,
            ("UploadPart", PART | {"Body": b"data"}),
            ("CompleteMultipartUpload", {k: PART[k] for k in list(PART)[:3]} | LISTED),
            ("GetObjectAttributes", {"Bucket": "plain", "Key": "key", "ObjectAttributes": ATTRIBUTES}),
        ),
    ),
    Difference(
        name="ListObjects tells a hash for NextMarker",
        s3="tells the last key or common prefix where there is a delimiter, and nothing without one",
        source=DOCS,
        gaps=("ListObjects NextMarker",),
        calls=(
            PUT,
            ("PutObject", {"Bucket": "plain", "Key": "more", "Body": b""}),
            ("ListObjects", {"Bucket": "plain", "MaxKeys": 1}),
        ),
    ),
    Difference(
        name="CopySourceIfMatch is ignored",
        s3="answers PreconditionFailed where it does not hold",
        source="fact 46",
        gaps=("CopyObject", "UploadPartCopy"),
        answers=("412 PreconditionFailed", "success"),
        parts=True,
        holds=lambda gap: "CopySourceIfMatch" in gap.parameters,
        calls=(
            PUT,
            (
                "CopyObject",
                {
                    "Bucket": "plain",
                    "Key": "copy",
                    "CopySource": {"Bucket": "plain", "Key": "key"},
                    "CopySourceIfMatch": '"none"',
                },
            ),
        ),
    ),
    Difference(
        name="ListParts takes MaxParts for a part number",
        s3="counts parts",
        source=DOCS,
        gaps=("ListParts *",),
        holds=lambda gap: "MaxParts" in gap.parameters,
        calls=(
            UPLOAD,
            ("UploadPart", PART | {"PartNumber": 2, "Body": b"data"}),
            ("UploadPart", PART | {"PartNumber": 3, "Body": b"data"}),
            ("ListParts", {k: PART[k] for k in list(PART)[:3]} | {"MaxParts": 1}),
        ),
    ),
    Difference(
        name="CopyObject does not tell the null version",
        s3="tells it, as no other write does",
        source="captures",
        gaps=("CopyObject VersionId",),
        holds=lambda gap: gap.ours == "null",
        calls=(
            SUSPEND,
            PUT,
            ("CopyObject", {"Bucket": "versioned", "Key": "copy", "CopySource": {"Bucket": "plain", "Key": "key"}}),
        ),
    ),
    Difference(
        name="CompleteMultipartUpload tells the null version",
        s3="tells versions with ids of their own only",
        source="captures",
        gaps=("CompleteMultipartUpload VersionId",),
        holds=lambda gap: gap.motos == "null",
        calls=(
            SUSPEND,
            ("CreateMultipartUpload", {"Bucket": "versioned", "Key": "key"}),
            ("UploadPart", PART | {"Bucket": "versioned", "Body": b"data"}),
            (
                "CompleteMultipartUpload",
                {"Bucket": "versioned", "Key": "key", "UploadId": "<upload>"} | LISTED,
            ),
        ),
    ),
    Difference(
        name="the null version is not told",
        s3="tells VersionId null of an object from before versioning, or from while it was suspended",
        source=DOCS,
        gaps=tuple(f"{operation} VersionId" for operation in READERS),
        holds=lambda gap: _missing(gap) and gap.ours == "null",
        calls=(SUSPEND, PUT_VERSION, ("HeadObject", {"Bucket": "versioned", "Key": "key"})),
    ),
    Difference(
        name="* matches no object in a condition of a read",
        s3="takes * for every ETag",
        source="RFC 9110, 13.1",
        gaps=("GetObject", "HeadObject"),
        holds=lambda gap: "*" in {gap.parameters.get("IfMatch"), gap.parameters.get("IfNoneMatch")},
        calls=(PUT, ("GetObject", {"Bucket": "plain", "Key": "key", "IfNoneMatch": "*"})),
    ),
    Difference(
        name="conditions of a read are weighed one by one",
        s3="lets an If-Match that holds outweigh If-Unmodified-Since, and looks at conditions before ranges",
        source=f"{DOCS}, RFC 9110, 13.2.2",
        gaps=("GetObject", "HeadObject"),
        holds=lambda gap: len({"Range", *CONDITIONS} & gap.parameters.keys()) > 1,
        calls=(
            PUT,
            ("GetObject", {"Bucket": "plain", "Key": "key", "IfMatch": ETAG, "IfUnmodifiedSince": LONG_AGO}),
        ),
    ),
    Difference(
        name="PutObjectTagging with no tags crashes",
        s3="takes all tags off",
        source=DOCS,
        gaps=("PutObjectTagging",),
        answers=("success", "crash TypeError"),
        parts=True,
        calls=(PUT, ("PutObjectTagging", {"Bucket": "plain", "Key": "key", "Tagging": {"TagSet": []}})),
    ),
    Difference(
        name="HeadObject of a part has no range, or crashes",
        s3="answers with the part's range, InvalidPartNumber beyond the last",
        source="fact 53",
        gaps=("HeadObject", "HeadObject *"),
        holds=lambda gap: "PartNumber" in gap.parameters,
        calls=(
            UPLOAD,
            ("UploadPart", PART | {"Body": b"data"}),
            ("CompleteMultipartUpload", {k: PART[k] for k in list(PART)[:3]} | LISTED),
            ("HeadObject", {"Bucket": "plain", "Key": "key", "PartNumber": 1}),
        ),
    ),
    Difference(
        name="UploadPartCopy does not tell which version was copied",
        s3="tells CopySourceVersionId of a source with versions",
        source=DOCS,
        gaps=("UploadPartCopy CopySourceVersionId",),
        holds=_missing,
        calls=(
            PUT_VERSION,
            UPLOAD,
            ("UploadPartCopy", PART | {"CopySource": {"Bucket": "versioned", "Key": "key"}}),
        ),
    ),
    Difference(
        name="ListObjectsV2 drops a common prefix that StartAfter begins with",
        s3="skips keys up to StartAfter, and rolls up those behind it",
        source=DOCS,
        gaps=("ListObjectsV2 *",),
        holds=lambda gap: gap.parameters.get("Delimiter", "\0") in gap.parameters.get("StartAfter", ""),
        calls=(
            ("PutObject", {"Bucket": "plain", "Key": "a/c", "Body": b""}),
            ("ListObjectsV2", {"Bucket": "plain", "StartAfter": "a/b", "Delimiter": "/"}),
        ),
    ),
    Difference(
        name="DeleteObjectTagging crashes where there is no object",
        s3="answers NoSuchKey, or MethodNotAllowed at a delete marker",
        source="captures",
        gaps=("DeleteObjectTagging",),
        answers=("40[45] *", "crash AttributeError"),
        calls=(("DeleteObjectTagging", {"Bucket": "plain", "Key": "key"}),),
    ),
    Difference(
        name="PutObjectTagging and DeleteObjectTagging do not tell the version",
        s3="tells it",
        source=DOCS,
        gaps=("DeleteObjectTagging VersionId", "PutObjectTagging VersionId"),
        holds=_missing,
        calls=(PUT_VERSION, ("DeleteObjectTagging", {"Bucket": "versioned", "Key": "key"})),
    ),
    Difference(
        name="UploadPartCopy of what is absent has no error document",
        s3="answers NoSuchKey",
        source="fact 1",
        gaps=("UploadPartCopy",),
        answers=("404 NoSuchKey", "404 404"),
        calls=(UPLOAD, ("UploadPartCopy", PART | {"CopySource": {"Bucket": "plain", "Key": "none"}})),
    ),
    Difference(
        name="UploadPartCopy takes every range",
        s3="takes bytes=first-last within the source",
        source=DOCS,
        gaps=("UploadPartCopy",),
        answers=("400 InvalidArgument", "*"),
        parts=True,
        calls=(
            PUT,
            UPLOAD,
            ("UploadPartCopy", PART | {"CopySource": {"Bucket": "plain", "Key": "key"}, "CopySourceRange": "bytes=2-"}),
        ),
    ),
    Difference(
        name="requests for an upload that is gone crash",
        s3="answers NoSuchUpload",
        source="fact 61",
        gaps=("UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "ListParts"),
        answers=("404 NoSuchUpload", "*"),
        calls=(UPLOAD, ("AbortMultipartUpload", {k: PART[k] for k in list(PART)[:3]}), ("UploadPart", PART)),
    ),
)
