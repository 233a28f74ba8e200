"""Accounts, canned ACLs and the owner that a request expects."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from accounts import DECLARED, OTHER, OWNER, PREFERRED, S3, WRITER, open_bucket

from pytest_s3errors._core.s3.access import Access


@pytest.fixture
def s3():
    """Return an S3 with declared accounts."""
    return S3()


DELETE = b"<Delete><Object><Key>key</Key></Object></Delete>"
REQUESTS = {
    "GetObject": ("GET", "/bucket/key", b""),
    "HeadObject": ("HEAD", "/bucket/key", b""),
    "GetObjectTagging": ("GET", "/bucket/key?tagging=", b""),
    "PutObject": ("PUT", "/bucket/other", b"1"),
    "DeleteObject": ("DELETE", "/bucket/nothing", b""),
    "DeleteObjects": ("POST", "/bucket?delete=", DELETE),
    "CreateMultipartUpload": ("POST", "/bucket/key?uploads=", b""),
    "ListObjects": ("GET", "/bucket", b""),
    "ListObjectsV2": ("GET", "/bucket?list-type=2", b""),
    "HeadBucket": ("HEAD", "/bucket", b""),
    "GetBucketLocation": ("GET", "/bucket?location=", b""),
    "DeleteBucket": ("DELETE", "/bucket", b""),
}


@pytest.mark.parametrize("who", [OTHER, None])
@pytest.mark.parametrize("operation", REQUESTS)
def test_what_is_private(s3, operation, who):
    """Nobody but its owner gets at a bucket and what is in it; the owner does."""
    s3(OWNER, "PUT", "/bucket")
    s3(OWNER, "PUT", "/bucket/key", b"body")
    method, target, body = REQUESTS[operation]
    assert s3(who, method, target, body) == "AccessDenied"
    expected = "BucketNotEmpty" if operation == "DeleteBucket" else None
    reply = s3(OWNER, method, target, body)
    assert reply == expected or reply.status < 300


READ = {"ListObjects", "ListObjectsV2", "HeadBucket"}
WRITE = {"PutObject", "DeleteObject", "DeleteObjects", "CreateMultipartUpload"}


@pytest.mark.parametrize(
    ("acl", "who", "allowed"),
    [
        ("public-read", None, READ),
        ("public-read", OTHER, READ),
        ("public-read-write", None, READ | WRITE - {"CreateMultipartUpload"}),
        ("public-read-write", OTHER, READ | WRITE),
        ("authenticated-read", None, set()),
        ("authenticated-read", OTHER, READ),
        ("private", OTHER, set()),
    ],
)
def test_the_acl_of_a_bucket(s3, acl, who, allowed):
    """It lets others list and write, as it says; it says nothing of the objects in the bucket."""
    open_bucket(s3, "bucket", acl)
    found = set()
    for operation, (method, target, body) in REQUESTS.items():
        s3(OWNER, "PUT", "/bucket/key", b"body")
        if s3(who, method, target, body) != "AccessDenied":
            found.add(operation)
    assert found == allowed


@pytest.mark.parametrize(
    ("acl", "who", "allowed"),
    [
        ("public-read", None, True),
        ("public-read-write", OTHER, True),
        ("authenticated-read", None, False),
        ("authenticated-read", OTHER, True),
        ("bucket-owner-full-control", OTHER, False),
    ],
)
def test_the_acl_of_an_object(s3, acl, who, allowed):
    """It lets others read and copy the object, in a bucket that is private."""
    open_bucket(s3, "bucket", "private", PREFERRED)
    s3(OTHER, "PUT", "/others")
    s3(OWNER, "PUT", "/bucket/key", b"body", x_amz_acl=acl)
    assert (s3(who, "GET", "/bucket/key") != "AccessDenied") == allowed
    if who is not None:
        assert (s3(who, "PUT", "/others/copy", x_amz_copy_source="/bucket/key") != "AccessDenied") == allowed


def test_an_object_in_the_bucket_of_another(s3):
    """Whoever writes it owns it, unless the bucket's ownership says otherwise; an owner of buckets may be given it."""
    open_bucket(s3, "bucket", "public-read-write")
    s3(OTHER, "PUT", "/bucket/key", b"body")
    assert s3(OWNER, "GET", "/bucket/key") == "AccessDenied"
    assert s3(OTHER, "GET", "/bucket/key").body == b"body"
    assert s3.store.get("bucket", "key").owner == OTHER.owner_id
    s3(OTHER, "PUT", "/bucket/key", b"body", x_amz_acl="bucket-owner-full-control")
    assert s3(OWNER, "GET", "/bucket/key").body == b"body"
    open_bucket(s3, "preferred", "public-read-write", PREFERRED)
    s3(OTHER, "PUT", "/preferred/key", b"body", x_amz_acl="bucket-owner-full-control")
    assert s3.store.get("preferred", "key").owner == OWNER.owner_id
    s3(None, "PUT", "/bucket/anybody", b"body")
    assert s3(OWNER, "GET", "/bucket/anybody").body == b"body"


ACL = {"x_amz_acl": "private"}
COPY = {"x_amz_copy_source": "/bucket/key"}


@pytest.mark.parametrize(
    ("method", "target", "headers", "message"),
    [
        # scylladb#13425, cortx-prvsnr#2908, BACKLOT; the others VGW
        ("POST", "/bucket/key?uploads", {}, "Anonymous users cannot initiate multipart uploads.  Please authenticate."),
        ("PUT", "/bucket/copy", COPY, "Anonymous users cannot copy objects.  Please authenticate."),
        ("PUT", "/bucket", {}, "Anonymous users cannot invoke this API. Please authenticate."),
        ("PUT", "/another", {}, "Anonymous users cannot invoke this API. Please authenticate."),
        ("PUT", "/bucket?acl", ACL, "Anonymous users cannot invoke this API. Please authenticate."),
        ("PUT", "/bucket/key?acl", ACL, "Anonymous users cannot invoke this API. Please authenticate."),
        ("GET", "/bucket?ownershipControls", {}, "s3:GetBucketOwnershipControls does not support Anonymous requests!"),
        (
            "DELETE",
            "/bucket?ownershipControls",
            {},
            "s3:PutBucketOwnershipControls does not support Anonymous requests!",
        ),
    ],
)
def test_what_needs_a_signature(s3, method, target, headers, message):
    """Whatever everybody may do by the policy and the ACL, this they may not."""
    open_bucket(s3, "bucket", "public-read-write")
    s3(OWNER, "PUT", "/bucket/key", b"body", x_amz_acl="public-read")
    everything = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    named = ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]
    policy = {"Version": "2012-10-17", "Statement": [{**everything, "Resource": named}]}
    assert s3(OWNER, "PUT", "/bucket?policy", json.dumps(policy).encode()).status == 204
    assert s3(None, method, target, **headers) == "AccessDenied"
    assert s3.said == message


def test_headers_that_nobody_signed(s3):
    """An unsigned request reads an object as it is, with the headers that it has (floci#1098)."""
    open_bucket(s3, "bucket", "public-read")
    s3(OWNER, "PUT", "/bucket/key", b"body", x_amz_acl="public-read")
    for method in ("GET", "HEAD"):
        assert s3(OWNER, method, "/bucket/key?response-expires=x").status == 200
        assert s3(None, method, "/bucket/key?response-expires=x") == "InvalidRequest"
    assert s3.said == "Request specific response headers cannot be used for anonymous GET requests."


def test_a_block_ignores_what_is_public(s3):
    """IgnorePublicAcls takes effect at once, for the bucket and its objects; so do ACLs that are switched off."""
    open_bucket(s3, "bucket", "public-read")
    s3(OWNER, "PUT", "/bucket/key", b"body", x_amz_acl="public-read")
    targets = ("/bucket", "/bucket/key")
    assert [s3(None, "GET", target).status for target in targets] == [200, 200]
    s3.store.bucket("bucket").public_access_block = frozenset({"IgnorePublicAcls"})
    assert [s3(OTHER, "GET", target) for target in targets] == ["AccessDenied"] * 2
    s3.store.bucket("bucket").public_access_block = None
    s3.store.bucket("bucket").ownership = "BucketOwnerEnforced"
    assert [s3(OTHER, "GET", target) for target in targets] == ["AccessDenied"] * 2


def test_a_key_that_is_not_there(s3):
    """Only who may list learns that it is not; others are denied (fact 20)."""
    s3(OWNER, "PUT", "/private")
    open_bucket(s3, "public", "public-read")
    assert s3(OWNER, "GET", "/private/key") == "NoSuchKey"
    assert s3(OTHER, "GET", "/private/key") == "AccessDenied"
    assert s3(None, "GET", "/public/key") == "NoSuchKey"


def test_the_buckets_of_an_account(s3):
    """A name is taken for all accounts; each lists its own buckets, the first one those that no request made."""
    s3.store.create_bucket("arranged")
    assert s3(OTHER, "PUT", "/theirs").status == 200
    assert s3(OWNER, "PUT", "/theirs") == "BucketAlreadyExists"
    assert s3(OTHER, "PUT", "/arranged") == "BucketAlreadyExists"
    for who, name in ((OWNER, b"arranged"), (OTHER, b"theirs")):
        listed = s3(who, "GET", "/").body
        assert listed.count(b"<Bucket>") == 1
        assert b"<Name>" + name + b"</Name>" in listed
        assert who.owner_id.encode() in listed


def test_what_nobody_in_particular_may_not(s3):
    """Without a signature no bucket can be listed among others, or made; a bucket that is gone is gone for all."""
    open_bucket(s3, "public", "public-read-write")
    for method, target in (("GET", "/"), ("PUT", "/another"), ("PUT", "/public"), ("PUT", "/another/key")):
        assert s3(None, method, target) == "AccessDenied"
    s3(OWNER, "DELETE", "/public")
    assert s3(None, "GET", "/public") == "NoSuchBucket"


def test_anybody_let_in():
    """With `anonymous` an unsigned request is the first account's."""
    s3 = S3(replace(DECLARED, anonymous=True))
    s3(OWNER, "PUT", "/bucket")
    s3(OTHER, "PUT", "/theirs")
    assert s3(None, "PUT", "/bucket/key", b"1").status == 200
    assert s3(None, "PUT", "/theirs/key", b"1") == "AccessDenied"


@pytest.mark.parametrize("access", [DECLARED, Access(known=(OWNER,))])
@pytest.mark.parametrize(
    ("acl", "expected"),
    [
        ("private", None),
        ("bucket-owner-full-control", None),
        ("public-read", "AccessControlListNotSupported"),
        ("public", "InvalidArgument"),
    ],
)
@pytest.mark.parametrize("target", ["PUT /bucket/new", "POST /bucket/new?uploads="])
def test_a_write_where_acls_are_off(access, acl, expected, target):
    """They are in every new bucket: a write may say no more than that the bucket's owner has the object."""
    s3 = S3(access)
    s3(OWNER, "PUT", "/bucket")
    reply = s3(OWNER, *target.split(), x_amz_acl=acl)
    assert reply == expected or (expected is None and reply.status == 200)


def test_grants_where_acls_are_off(s3):
    """A header that grants is refused as an ACL is, one that grants to nobody as that."""
    s3(OWNER, "PUT", "/without")
    granted = f"id={OTHER.owner_id}"
    assert s3(OWNER, "PUT", "/without/key", b"", x_amz_grant_read=granted) == "AccessControlListNotSupported"
    assert s3(OWNER, "PUT", "/without/key", b"", x_amz_grant_read="id=1") == "InvalidArgument"
    assert s3(OWNER, "PUT", "/new", x_amz_grant_read="id=1") == "InvalidBucketAclWithObjectOwnership"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_amz_acl": "public-read"}, "InvalidBucketAclWithObjectOwnership"),
        (
            {"x_amz_acl": "public-read", "x_amz_object_ownership": "BucketOwnerEnforced"},
            "InvalidBucketAclWithObjectOwnership",
        ),
        ({"x_amz_acl": "public"}, "InvalidArgument"),
        ({"x_amz_object_ownership": "Nobody"}, "InvalidArgument"),
        ({"x_amz_acl": "private"}, None),
    ],
)
def test_the_acl_of_a_new_bucket(s3, headers, expected):
    """A bucket can't be born public unless its ownership switches ACLs on."""
    reply = s3(OWNER, "PUT", "/bucket", **headers)
    assert reply == expected or (expected is None and reply.status == 200)
    assert ("bucket" in s3.store.buckets) == (expected is None)


def test_a_server_of_the_old_days():
    """Where new buckets have ACLs on by themselves, a public one needs no more than to say so."""
    s3 = S3(replace(DECLARED, ownership=WRITER))
    assert s3(OWNER, "PUT", "/bucket", x_amz_acl="public-read").status == 200
    assert s3(None, "GET", "/bucket").status == 200


@pytest.mark.parametrize(
    ("stated", "declared", "undeclared"),
    [
        (OWNER.account_id, None, None),
        (OWNER.owner_id, None, None),
        (OTHER.account_id, "AccessDenied", None),
        ("123", "InvalidBucketOwnerAWSAccountID", "InvalidBucketOwnerAWSAccountID"),
        ("12345678901x", "InvalidBucketOwnerAWSAccountID", "InvalidBucketOwnerAWSAccountID"),
    ],
)
def test_the_owner_that_is_expected(stated, declared, undeclared):
    """A bucket of another account than expected is not touched; without declared accounts any number will do."""
    for access, expected in ((DECLARED, declared), (Access(known=(OWNER,)), undeclared)):
        s3 = S3(access)
        s3(OWNER, "PUT", "/bucket")
        s3(OWNER, "PUT", "/bucket/key", b"body")
        for reply in (
            s3(OWNER, "GET", "/bucket/key", x_amz_expected_bucket_owner=stated),
            s3(OWNER, "PUT", "/bucket/b", x_amz_copy_source="/bucket/key", x_amz_source_expected_bucket_owner=stated),
        ):
            assert reply == expected or (expected is None and reply.status == 200)


def test_a_bucket_that_is_made_again_has_its_acl_put_back(s3):
    """In us-east-1, where that is no error."""
    ownership = {"x_amz_object_ownership": "ObjectWriter"}
    s3(OWNER, "PUT", "/again", **ownership)
    s3(OWNER, "DELETE", "/again?publicAccessBlock=")
    s3(OWNER, "PUT", "/again?acl=", x_amz_acl="public-read")
    assert s3(None, "GET", "/again").status == 200
    assert s3(OWNER, "PUT", "/again").status == 200
    assert s3(None, "GET", "/again") == "AccessDenied"
