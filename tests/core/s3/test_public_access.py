"""Ownership controls and the public access block."""

from __future__ import annotations

import pytest

BUCKET = {"Bucket": "bucket"}
ALL_ON = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
OWNERSHIP = "<OwnershipControls>{}</OwnershipControls>"
RULE = "<Rule><ObjectOwnership>{}</ObjectOwnership></Rule>"


def test_a_new_bucket_is_private_in_every_way(boto):
    """ACLs are off and public access is blocked since April 2023."""
    boto.create_bucket(**BUCKET)
    rules = boto.get_bucket_ownership_controls(**BUCKET)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert boto.get_public_access_block(**BUCKET)["PublicAccessBlockConfiguration"] == ALL_ON


BLOCK = "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>"


@pytest.mark.parametrize(
    ("subresource", "body", "told", "gone"),
    [
        (
            "ownershipControls",
            OWNERSHIP.format(RULE.format("ObjectWriter")),
            b"<ObjectOwnership>ObjectWriter</ObjectOwnership>",
            "OwnershipControlsNotFoundError",
        ),
        (
            "publicAccessBlock",
            BLOCK,
            b"<BlockPublicAcls>false</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>",
            "NoSuchPublicAccessBlockConfiguration",
        ),
    ],
)
def test_they_are_changed_and_deleted(s3, code, subresource, body, told, gone):
    """What was put is told, switches that are not named are off, and nothing is there after a deletion."""
    s3("PUT", "/bucket")
    target = f"/bucket?{subresource}"
    assert code(s3("GET", target)) == "200"
    assert code(s3("PUT", target, body.encode())) == "200"
    assert told in s3("GET", target).body
    for _ in range(2):
        assert code(s3("DELETE", target)) == "204"
    reply = s3("GET", target)
    assert (code(reply), reply.status, dict(reply.elements)) == (gone, 404, {"BucketName": "bucket"})


@pytest.mark.parametrize(
    ("subresource", "body"),
    [
        ("ownershipControls", OWNERSHIP.format("")),
        ("ownershipControls", OWNERSHIP.format(RULE.format("Somebody"))),
        ("ownershipControls", OWNERSHIP.format(RULE.format("ObjectWriter") * 2)),
        ("ownershipControls", OWNERSHIP.format("<Rule/>")),
        ("publicAccessBlock", "<PublicAccessBlock/>"),
        (
            "publicAccessBlock",
            "<PublicAccessBlockConfiguration><BlockPublicAcls>on</BlockPublicAcls></PublicAccessBlockConfiguration>",
        ),
        ("publicAccessBlock", ""),
    ],
)
def test_a_document_that_is_none(s3, code, subresource, body):
    """One rule of a known name, switches that are true or false; anything else is MalformedXML."""
    s3("PUT", "/bucket")
    before = s3("GET", f"/bucket?{subresource}").body
    assert code(s3("PUT", f"/bucket?{subresource}", body.encode())) == "MalformedXML"
    assert s3("GET", f"/bucket?{subresource}").body == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("subresource", ["ownershipControls", "publicAccessBlock"])
def test_a_bucket_that_is_not_there(s3, code, method, subresource):
    """No bucket comes into being by its settings."""
    assert code(s3(method, f"/bucket?{subresource}", OWNERSHIP.encode())) == "NoSuchBucket"


def test_a_bucket_cannot_be_born_public(s3, code):
    """First the block goes, then comes the ACL."""
    reply = s3("PUT", "/bucket", x_amz_acl="public-read", x_amz_object_ownership="ObjectWriter")
    assert (reply.status, code(reply)) == (400, "InvalidBucketAclWithBlockPublicAccessError")
    assert "bucket" not in s3.store.buckets


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read"])
def test_the_block_keeps_objects_from_becoming_public(s3, code, acl):
    """With ACLs on, a write with a public one is denied until the block is gone."""
    s3("PUT", "/bucket", x_amz_object_ownership="ObjectWriter")
    assert code(s3("PUT", "/bucket/key", b"", x_amz_acl=acl)) == "AccessDenied"
    s3("DELETE", "/bucket?publicAccessBlock")
    assert code(s3("PUT", "/bucket/key", b"", x_amz_acl=acl)) == "200"


def test_acls_cannot_be_switched_off_while_one_grants_something(s3, code):
    """The ACL has to be private first."""
    s3("PUT", "/bucket", x_amz_object_ownership="ObjectWriter")
    s3.store.bucket("bucket").acl = "public-read"
    body = OWNERSHIP.format(RULE.format("BucketOwnerEnforced")).encode()
    assert code(s3("PUT", "/bucket?ownershipControls", body)) == "InvalidBucketAclWithObjectOwnership"
    s3.store.bucket("bucket").acl = "private"
    assert code(s3("PUT", "/bucket?ownershipControls", body)) == "200"
