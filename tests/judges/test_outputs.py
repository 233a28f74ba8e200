"""Every answer has only what botocore's model knows, and has what the documentation says that it has."""

from __future__ import annotations

import fnmatch
import json
import re
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus

import pytest
from conformity import ENVELOPE, claimable, findings_in
from documented import documented
from judging import Judge

from pytest_s3errors._core.s3 import SUPPORTED

# A browser's form and its preflight are no operations of any SDK.
OPERATIONS = sorted(SUPPORTED - {"PostObject", "CORSPreflight"})

BUCKET, KEY, PART = "bucket", "some key", b"x" * 5 * 1024**2
RICH = {
    "ContentType": "text/plain",
    "CacheControl": "no-cache",
    "ContentDisposition": "inline",
    "ContentEncoding": "gzip",
    "ContentLanguage": "cy",
    "Expires": "Wed, 21 Oct 2026 07:28:00 GMT",
    "WebsiteRedirectLocation": "/elsewhere",
    "StorageClass": "STANDARD_IA",
    "ServerSideEncryption": "aws:kms",
    "SSEKMSKeyId": "key-id",
    "BucketKeyEnabled": True,
    "Metadata": {"name": "value"},
    "Tagging": "name=value",
}
ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")


def objects(judge, boto):
    """Objects with all that they can have, whole and in part, in an unversioned bucket and in one with versions."""
    for algorithm in ALGORITHMS:
        boto.put_object(Bucket=BUCKET, Key=KEY, Body=b"data", ChecksumAlgorithm=algorithm, **RICH)
        boto.get_object(Bucket=BUCKET, Key=KEY, ChecksumMode="ENABLED")
        boto.head_object(Bucket=BUCKET, Key=KEY, ChecksumMode="ENABLED")
        boto.get_object_attributes(Bucket=BUCKET, Key=KEY, ObjectAttributes=ATTRIBUTES)
        boto.copy_object(Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/{KEY}", ChecksumAlgorithm=algorithm)
        boto.get_object_attributes(Bucket=BUCKET, Key=KEY, ObjectAttributes=ATTRIBUTES)
    boto.get_object(Bucket=BUCKET, Key=KEY, Range="bytes=1-2")
    boto.head_object(Bucket=BUCKET, Key=KEY, Range="bytes=1-2")
    boto.copy_object(
        Bucket=BUCKET,
        Key="copy",
        CopySource=f"{BUCKET}/{KEY}",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="key-id",
        BucketKeyEnabled=True,
    )
    boto.delete_object(Bucket=BUCKET, Key="copy")
    judge.s3.store.put(BUCKET, "cold", x_amz_storage_class="GLACIER", x_amz_archive_status="ARCHIVE_ACCESS")
    judge.s3.store.put(BUCKET, "restored", x_amz_storage_class="GLACIER", x_amz_restore='ongoing-request="false"')
    boto.head_object(Bucket=BUCKET, Key="cold")
    boto.head_object(Bucket=BUCKET, Key="restored")
    boto.get_object(Bucket=BUCKET, Key="restored")


def versions(judge, boto):
    """Versions, delete markers, and every operation that tells them."""
    boto.create_bucket(Bucket=BUCKET)
    boto.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    boto.get_bucket_versioning(Bucket=BUCKET)
    first = boto.put_object(Bucket=BUCKET, Key="a/1", Body=b"1")["VersionId"]
    boto.put_object(Bucket=BUCKET, Key="a/1", Body=b"2", ChecksumAlgorithm="SHA256")
    boto.put_object(Bucket=BUCKET, Key="b", Body=b"3")
    named = {"Bucket": BUCKET, "Key": "a/1", "VersionId": first}
    boto.get_object(**named)
    boto.head_object(**named)
    boto.get_object_attributes(**named, ObjectAttributes=ATTRIBUTES)
    boto.put_object_tagging(**named, Tagging={"TagSet": [{"Key": "name", "Value": "value"}]})
    boto.get_object_tagging(**named)
    boto.delete_object_tagging(**named)
    boto.copy_object(Bucket=BUCKET, Key="copy", CopySource=named)
    marker = boto.delete_object(Bucket=BUCKET, Key="a/1")["VersionId"]
    for limit in (1, 2, 1000):
        boto.list_object_versions(Bucket=BUCKET, MaxKeys=limit)
    boto.list_object_versions(Bucket=BUCKET, Delimiter="/", MaxKeys=1, EncodingType="url")
    boto.list_object_versions(Bucket=BUCKET, Prefix="a/", KeyMarker="a/1", VersionIdMarker=marker)
    boto.delete_object(Bucket=BUCKET, Key="a/1", VersionId=marker)
    entries = [{"Key": "a/1"}, {"Key": "b", "VersionId": "none"}, {"Key": "a/1", "VersionId": first}]
    boto.delete_objects(Bucket=BUCKET, Delete={"Objects": entries})
    boto.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "b", "ETag": "other"}, {"Key": "b"}]})


def uploads(judge, boto):
    """Uploads in parts, with each kind of checksum, and copies as parts."""
    boto.put_object(Bucket=BUCKET, Key="source", Body=b"data")
    for algorithm in ALGORITHMS:
        more = {} if algorithm == "CRC64NVME" else {"ChecksumType": "COMPOSITE"}
        begun = boto.create_multipart_upload(Bucket=BUCKET, Key=KEY, ChecksumAlgorithm=algorithm, **more, **RICH)
        named = {"Bucket": BUCKET, "Key": KEY, "UploadId": begun["UploadId"]}
        sent = boto.upload_part(**named, PartNumber=1, Body=PART, ChecksumAlgorithm=algorithm)
        copied = boto.upload_part_copy(**named, PartNumber=2, CopySource=f"{BUCKET}/source")["CopyPartResult"]
        boto.list_parts(**named, MaxParts=1)
        boto.list_parts(**named)
        boto.list_multipart_uploads(Bucket=BUCKET)
        parts = [
            {"PartNumber": number, **{k: part[k] for k in ("ETag", f"Checksum{algorithm}")}}
            for number, part in enumerate((sent, copied), 1)
        ]
        boto.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
        boto.get_object_attributes(Bucket=BUCKET, Key=KEY, ObjectAttributes=ATTRIBUTES, MaxParts=1)
        boto.get_object(Bucket=BUCKET, Key=KEY, PartNumber=1)
        boto.head_object(Bucket=BUCKET, Key=KEY, PartNumber=2, ChecksumMode="ENABLED")
        boto.get_object_attributes(Bucket=BUCKET, Key=KEY, ObjectAttributes=ATTRIBUTES, MaxParts=1)
    begun = [boto.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"] for key in ("a/1", "a/2", "b")]
    for more in ({"MaxUploads": 1}, {"Delimiter": "/", "EncodingType": "url"}, {"Prefix": "a/", "KeyMarker": "a/1"}):
        boto.list_multipart_uploads(Bucket=BUCKET, **more)
    boto.list_multipart_uploads(Bucket=BUCKET, KeyMarker="a/1", UploadIdMarker=begun[0])
    boto.abort_multipart_upload(Bucket=BUCKET, Key="a/2", UploadId=begun[1])


def uploads_with_versions(judge, boto):
    """What uploads tell of versions."""
    boto.create_bucket(Bucket=BUCKET)
    boto.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    boto.put_object(Bucket=BUCKET, Key="source", Body=b"data")
    begun = boto.create_multipart_upload(Bucket=BUCKET, Key=KEY)
    named = {"Bucket": BUCKET, "Key": KEY, "UploadId": begun["UploadId"]}
    copied = boto.upload_part_copy(**named, PartNumber=1, CopySource=f"{BUCKET}/source")["CopyPartResult"]
    parts = [{"PartNumber": 1, "ETag": copied["ETag"]}]
    boto.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})


def listings(judge, boto):
    """Pages with all parameters."""
    for key in ("a/1", "a/2", "b"):
        boto.put_object(Bucket=BUCKET, Key=key, Body=b"data", ChecksumAlgorithm="CRC32")
    judge.s3.store.put(BUCKET, "restored", x_amz_storage_class="GLACIER", x_amz_restore='ongoing-request="false"')
    for more in ({"Delimiter": "/", "MaxKeys": 1, "EncodingType": "url"}, {"Marker": "a/1"}, {"Prefix": "a"}):
        boto.list_objects(Bucket=BUCKET, **more)
    for more in ({"MaxKeys": 1, "StartAfter": "a/1"}, {"Prefix": "a", "Delimiter": "/", "EncodingType": "url"}):
        page = boto.list_objects_v2(Bucket=BUCKET, FetchOwner=True, **more)
    token = boto.list_objects_v2(Bucket=BUCKET, MaxKeys=1)["NextContinuationToken"]
    page = boto.list_objects_v2(Bucket=BUCKET, ContinuationToken=token)
    assert page["KeyCount"] == 3


def buckets(judge, boto):
    """Buckets themselves, in two regions."""
    boto.create_bucket(Bucket="one")
    boto.create_bucket(Bucket="two", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    boto.head_bucket(Bucket="one")
    assert boto.get_bucket_location(Bucket="two")["LocationConstraint"] == "eu-central-1"
    boto.list_buckets(MaxBuckets=1, Prefix="o")
    boto.list_buckets(MaxBuckets=1)
    boto.put_bucket_tagging(Bucket="one", Tagging={"TagSet": [{"Key": "name", "Value": "value"}]})
    boto.get_bucket_tagging(Bucket="one")
    boto.delete_bucket_tagging(Bucket="one")
    boto.delete_bucket(Bucket="two")


def keys(judge, boto):
    """Objects that are encrypted with the key of a customer."""
    own = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    source = {"CopySource": f"{BUCKET}/{KEY}", **{f"CopySource{name}": value for name, value in own.items()}}
    boto.put_object(Bucket=BUCKET, Key=KEY, Body=b"data", **own)
    boto.get_object(Bucket=BUCKET, Key=KEY, **own)
    boto.head_object(Bucket=BUCKET, Key=KEY, **own)
    boto.copy_object(Bucket=BUCKET, Key="copy", **source, **own)
    begun = boto.create_multipart_upload(Bucket=BUCKET, Key=KEY, **own)
    named = {"Bucket": BUCKET, "Key": KEY, "UploadId": begun["UploadId"]}
    boto.upload_part(**named, PartNumber=1, Body=b"data", **own)
    boto.upload_part_copy(**named, PartNumber=2, **source, **own)


def locks(judge, boto):
    """Object lock."""
    boto.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    for span in ("Years", "Days"):
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", span: 1}}
        configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        boto.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=configuration)
        boto.get_object_lock_configuration(Bucket=BUCKET)
    named = {"Bucket": BUCKET, "Key": KEY}
    boto.put_object(**named, Body=b"data")
    boto.put_object_legal_hold(**named, LegalHold={"Status": "ON"})
    boto.get_object_legal_hold(**named)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": judge.s3.now + timedelta(days=999)}
    boto.put_object_retention(**named, Retention=retention)
    boto.get_object_retention(**named)
    boto.get_object(**named)
    boto.head_object(**named)


def settings(judge, boto):
    """What a bucket is told about access to it and about encryption."""
    boto.create_bucket(Bucket=BUCKET)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key-id"}
    rule = {"ApplyServerSideEncryptionByDefault": default}
    if "BlockedEncryptionTypes" in boto.meta.service_model.shape_for("ServerSideEncryptionRule").members:
        rule["BlockedEncryptionTypes"] = {"EncryptionType": ["SSE-C"]}
    boto.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    boto.get_bucket_encryption(Bucket=BUCKET)
    boto.delete_bucket_encryption(Bucket=BUCKET)
    boto.put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    boto.get_bucket_ownership_controls(Bucket=BUCKET)
    boto.delete_bucket_ownership_controls(Bucket=BUCKET)
    boto.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    boto.get_public_access_block(Bucket=BUCKET)
    boto.delete_public_access_block(Bucket=BUCKET)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    boto.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": statement}))
    boto.get_bucket_policy(Bucket=BUCKET)
    boto.get_bucket_policy_status(Bucket=BUCKET)
    boto.delete_bucket_policy(Bucket=BUCKET)
    boto.put_object(Bucket=BUCKET, Key=KEY, Body=b"data")
    for kind, named in (("bucket", {"Bucket": BUCKET}), ("object", {"Bucket": BUCKET, "Key": KEY})):
        getattr(boto, f"put_{kind}_acl")(**named, ACL="public-read")
        found = getattr(boto, f"get_{kind}_acl")(**named)
        policy = {name: found[name] for name in ("Owner", "Grants")}
        getattr(boto, f"put_{kind}_acl")(**named, AccessControlPolicy=policy)


SCENARIOS = (objects, versions, uploads, uploads_with_versions, listings, buckets, keys, locks, settings)


@cache
def recorded():
    """Return all answers of all scenarios; each begins with an empty S3."""
    judge, calls = Judge(), []
    for scenario in SCENARIOS:
        judge.s3 = type(judge.s3)()
        scenario(judge, judge.client)
        calls += judge.s3.calls
    judge.client.close()
    return judge.model, calls


def findings(operation):
    model, calls = recorded()
    # A bucket of another region answers with a redirect first, which is an error with a document of its own.
    return [
        findings_in(model, call, answer)
        for call, answer in calls
        if call.operation == operation and answer.status < HTTPStatus.MULTIPLE_CHOICES
    ]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_model_knows_all_of_it(operation):
    """No element and no header is misspelled, in the wrong place or of another type than botocore's model says."""
    found = findings(operation)
    assert found, f"no scenario asks for {operation}"
    assert [problem for one in found for problem in one.problems] == []


# Under names that elsewhere do come; the page tells of them in words.
UNFINISHED = {
    "ListMultipartUploads/Upload/VersionId",
    *(
        f"{hold}/{unit}"
        for hold in (
            "GetObjectLockConfiguration/Rule/DefaultRetention/DefaultEventHold",
            "GetObjectRetention/EventHoldDuration",
        )
        for unit in ("Days", "Years")
    ),
    *(
        f"{operation} x-amz-version-id"
        for operation in ("AbortMultipartUpload", "CreateMultipartUpload", "ListParts", "UploadPart", "UploadPartCopy")
    ),
}


def test_what_never_comes_is_documented():
    """The page names what the model has and no answer fills; nothing on it comes all the same."""
    model, _ = recorded()
    possible, sent = set(), set()
    for operation in OPERATIONS:
        possible |= claimable(model, operation)
        sent |= {path for one in findings(operation) for path in one.seen}
    never = names(possible - sent - UNFINISHED) - ENVELOPE
    globs = documented("Parts of answers that never come")
    assert {name for name in never if not any(fnmatchcase(name, glob) for glob in globs)} == set()
    known = [glob for glob in globs if fnmatch.filter(names(possible), glob)]  # an older botocore knows less
    assert [glob for glob in known if not fnmatch.filter(never, glob)] == []


def names(paths):
    """Elements and headers without the way to them."""
    return {re.split(r"[/ ]", path)[-1] for path in paths}
