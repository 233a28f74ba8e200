"""What S3 says of access, encryption and locks, to the letter, where LocalStack's snapshots have recorded AWS."""

from __future__ import annotations

import base64
import hashlib

import pytest

from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.digests import checksum
from pytest_s3errors._core.s3.model import answer

UNTIL = "2026-06-01T00:00:00Z"
OWNER = Credentials(access_key="AKIDKNOWN", secret_key="secret")
GROUP = 'uri="http://acs.amazonaws.com/groups/global/'
LOCK = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
ACL = b"<AccessControlPolicy/>"
SUM = {"x_amz_checksum_crc32": checksum("crc32", b"data")}


def customer(key=b"k" * 32, digest=None, prefix="x_amz_server_side_encryption_customer"):
    """Return the headers of a customer's key, whose digest is the key's own where none is given."""
    digest = digest or base64.b64encode(hashlib.md5(key).digest()).decode()
    return {
        f"{prefix}_algorithm": "AES256",
        f"{prefix}_key": base64.b64encode(key).decode(),
        f"{prefix}_key_md5": digest,
    }


REQUESTS = [
    ("AccessDenied", "Access Denied because object protected by object lock.", "DELETE", "/locked/kept?versionId=KEPT",
     b"", {}),
    ("AccessDenied",
     "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
     "GET", "/bucket/secret", b"", customer(b"x" * 32)),
    ("InvalidArgument", "The secret key was invalid for the specified algorithm.", "PUT", "/bucket/new", b"",
     customer(b"short")),
    ("InvalidArgument", "The calculated MD5 hash of the key did not match the hash that was provided.", "PUT",
     "/bucket/new", b"", customer(digest="1B2M2Y8AsgTpgAmY7PhCfg==")),
    ("InvalidArgument",
     "Server Side Encryption with Customer provided key is incompatible with the encryption method specified", "PUT",
     "/bucket/new", b"", customer() | {"x_amz_server_side_encryption": "AES256"}),
    ("InvalidArgument", "Invalid id", "PUT", "/bucket?acl", b"", {"x_amz_grant_write": 'id="wrong-id"'}),
    ("InvalidArgument", "Invalid group uri", "PUT", "/bucket?acl", b"", {"x_amz_grant_write": f'{GROUP}FakeGroup"'}),
    ("InvalidArgument", "Argument format not recognized", "PUT", "/bucket?acl", b"",
     {"x_amz_grant_write": 'fakekey="1234"'}),
    ("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed", "PUT", "/bucket?acl", b"",
     {"x_amz_acl": "private", "x_amz_grant_read": f"id={OWNER.owner_id}"}),
    ("MissingSecurityHeader", "Your request was missing a required header", "PUT", "/bucket?acl", b"", {}),
    ("UnexpectedContent", "This request does not support content", "PUT", "/bucket?acl", ACL,
     {"x_amz_acl": "private"}),
    ("MalformedACLError",
     "The XML you provided was not well-formed or did not validate against our published schema", "PUT", "/bucket?acl",
     ACL, {}),
    ("InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", "PUT",
     "/locked/new", b"data", SUM | {"x_amz_object_lock_mode": "GOVERNANCE"}),
    ("InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", "PUT",
     "/locked/new", b"data", SUM | {"x_amz_object_lock_retain_until_date": UNTIL}),
    ("InvalidArgument", "Unknown wormMode directive.", "PUT", "/locked/new", b"data",
     SUM | {"x_amz_object_lock_mode": "BAD-VALUE", "x_amz_object_lock_retain_until_date": UNTIL}),
    ("InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration", "PUT",
     "/bucket?object-lock", LOCK, {}),
    ("InvalidRequest", "Bucket is missing Object Lock Configuration", "PUT", "/bucket/key?retention",
     f"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{UNTIL}</RetainUntilDate></Retention>".encode(), {}),
    ("NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration", "GET",
     "/locked/free?retention", b"", {}),
    ("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", "GET",
     "/bucket?object-lock", b"", {}),
    ("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", "PUT", "/bucket?policy", b"", {}),
    ("NoSuchBucketPolicy", "The bucket policy does not exist", "GET", "/bucket?policy", b"", {}),
    ("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", "GET",
     "/bare?publicAccessBlock", b"", {}),
    ("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", "GET",
     "/bare?ownershipControls", b"", {}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "message", "method", "target", "body", "headers"), REQUESTS)
def test_says_what_s3_says(s3, code, message, method, target, body, headers):
    """Code and message are those that were recorded."""
    for bucket in ("bucket", "bare"):
        s3("PUT", f"/{bucket}")
    s3("PUT", "/locked", x_amz_bucket_object_lock_enabled="true")
    s3("PUT", "/bucket/key", b"data")
    s3("PUT", "/locked/free", b"data")
    lock = SUM | {"x_amz_object_lock_mode": "GOVERNANCE", "x_amz_object_lock_retain_until_date": UNTIL}
    kept = s3("PUT", "/locked/kept", b"data", **lock).headers["x-amz-version-id"]
    assert s3("PUT", "/bucket/secret", b"data", **customer()).status == 200
    for subresource in ("publicAccessBlock", "ownershipControls"):
        assert s3("DELETE", f"/bare?{subresource}").status == 204
    reply = s3(method, target.replace("KEPT", kept), body, **headers)
    assert (reply.code, reply.message) == (code, message)


def test_headers_that_nobody_signed(s3):
    """Every x-amz- header of a request has to be among those that its signature names."""
    signed = (
        "AWS4-HMAC-SHA256 Credential=AKIDKNOWN/20260501/us-east-1/s3/aws4_request, "
        f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={'0' * 64}"
    )
    headers = {"host": "bucket.s3.amazonaws.com", "authorization": signed, "x-amz-date": "20260501T120000Z"}
    headers |= {"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-meta-a": "b"}
    call = parse_call(method="PUT", target="/key", headers=headers)
    access = Access(known=(OWNER,), declared=True)
    s3.store.create_bucket("bucket")
    reply = answer(s3.store, call, b"", new_id=s3.new_id, access=access)
    assert reply.message == "There were headers present in the request which were not signed"
    assert dict(reply.elements)["HeadersNotSigned"] == "x-amz-meta-a"


def test_a_bucket_without_location_at_the_endpoint_of_a_region(s3):
    """The constraint has to name the region that the host names."""
    call = parse_call(method="PUT", target="/bucket", headers={"host": "s3.us-east-2.amazonaws.com"})
    reply = answer(s3.store, call, b"", new_id=s3.new_id)
    assert reply.code == "IllegalLocationConstraintException"
    assert reply.message == (
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
    )


def test_the_sum_of_a_whole_upload_that_does_not_fit(s3):
    """A completion names the algorithm in lower case, an upload in one request in upper case."""
    s3("POST", "/bucket/key?uploads", x_amz_checksum_algorithm="CRC32C", x_amz_checksum_type="FULL_OBJECT")
    s3("PUT", "/bucket/key?uploadId=upload-1&partNumber=1", b"data")
    etag = hashlib.md5(b"data").hexdigest()
    listed = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    wrong = {"x_amz_checksum_crc32c": checksum("crc32c", b"else")}
    reply = s3("POST", "/bucket/key?uploadId=upload-1", f"{listed}</CompleteMultipartUpload>".encode(), **wrong)
    assert (reply.code, reply.message) == (
        "BadDigest",
        "The crc32c you specified did not match the calculated checksum.",
    )
