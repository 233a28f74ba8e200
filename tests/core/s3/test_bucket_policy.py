"""Bucket policies: what they allow and deny, and what is no policy."""

from __future__ import annotations

import json

import pytest
from accounts import OTHER, OWNER, S3

from pytest_s3errors._core.s3.access import Access

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
DENY = {**ALLOW, "Effect": "Deny"}
THEIRS = {"AWS": f"arn:aws:iam::{OTHER.account_id}:root"}


def text(*statements, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more}).encode()


def put(s3, *statements):
    reply = s3(OWNER, "PUT", "/bucket?policy=", text(*statements))
    return reply if isinstance(reply, str) else reply.status


@pytest.fixture
def s3():
    """An S3 with declared accounts and a bucket of the first that a policy can make public."""
    made = S3()
    made(OWNER, "PUT", "/bucket")
    made(OWNER, "DELETE", "/bucket?publicAccessBlock=")
    for key in ("key", "dir/key"):
        made(OWNER, "PUT", f"/bucket/{key}", b"data")
    return made


def allowed(s3, who, method="GET", target="/bucket/key", body=b"", **headers):
    return s3(who, method, target, body, **headers) != "AccessDenied"


def test_a_policy_is_put_read_and_deleted(s3):
    """It comes back to the byte; without one it is NoSuchBucketPolicy."""
    assert s3(OWNER, "GET", "/bucket?policy=") == "NoSuchBucketPolicy"
    assert s3(OWNER, "GET", "/bucket?policyStatus=") == "NoSuchBucketPolicy"
    assert put(s3, ALLOW) == 204
    reply = s3(OWNER, "GET", "/bucket?policy=")
    assert (reply.body, reply.headers["Content-Type"]) == (text(ALLOW), "application/json")
    for _ in range(2):
        assert s3(OWNER, "DELETE", "/bucket?policy=").status == 204
    assert s3(OWNER, "GET", "/bucket?policy=") == "NoSuchBucketPolicy"
    assert s3(OWNER, "GET", "/absent?policy=") == "NoSuchBucket"


def test_everybody_is_allowed(s3):
    """With and without a signature, and what is named alone."""
    put(s3, ALLOW)
    assert allowed(s3, OTHER)
    assert allowed(s3, None)
    assert not allowed(s3, None, "GET", "/bucket")
    assert not allowed(s3, None, "PUT")
    s3(OWNER, "DELETE", "/bucket?policy=")
    assert not allowed(s3, None)


@pytest.mark.parametrize(
    "principal", [THEIRS, {"AWS": [OTHER.account_id]}, {"CanonicalUser": OTHER.owner_id}, {"AWS": "*"}]
)
def test_an_account_is_allowed(s3, principal):
    """By its number, an ARN, or its canonical user id."""
    put(s3, {**ALLOW, "Principal": principal})
    assert allowed(s3, OTHER)
    assert allowed(s3, None) == (principal == {"AWS": "*"})


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:Get*", "arn:aws:s3:::bucket/*", {"read", "read other"}),
        ("S3:getobject", "arn:aws:s3:::bucket/dir/*", {"read other"}),
        ("s3:GetObjec?", "arn:aws:s3:::bucket/k?y", {"read"}),
        ("s3:ListBucket", "arn:aws:s3:::bucket", {"list"}),
        ("s3:ListBucket", "arn:aws:s3:::bucket/*", set()),
        ("s3:PutObject", "arn:aws:s3:::*", {"write"}),
        ("s3:DeleteObject", "arn:aws:s3:::bucket/*", {"delete", "delete many"}),
        (
            "*",
            ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
            {"list", "read", "read other", "write", "delete", "delete many"},
        ),
    ],
)
def test_actions_and_resources(s3, action, resource, expected):
    """With wildcards; a bucket is another resource than what is in it."""
    put(s3, {**ALLOW, "Action": action, "Resource": resource})
    entry = b"<Delete><Object><Key>none</Key></Object></Delete>"
    requests = {
        "list": ("GET", "/bucket", b""),
        "read": ("GET", "/bucket/key", b""),
        "read other": ("GET", "/bucket/dir/key", b""),
        "write": ("PUT", "/bucket/new", b""),
        "delete": ("DELETE", "/bucket/none", b""),
        "delete many": ("POST", "/bucket?delete=", entry),
    }
    assert {name for name, request in requests.items() if allowed(s3, OTHER, *request)} == expected


def test_a_denial_wins(s3):
    """Over what is allowed, and over the owner, who can still change the policy."""
    put(s3, {**ALLOW, "Action": "s3:*"}, {**DENY, "Resource": "arn:aws:s3:::bucket/dir/*"})
    assert allowed(s3, OTHER)
    assert not allowed(s3, OTHER, "GET", "/bucket/dir/key")
    assert not allowed(s3, OWNER, "GET", "/bucket/dir/key")
    assert not allowed(s3, OWNER, "PUT", "/bucket/copy", x_amz_copy_source="bucket/dir/key")
    put(s3, {**DENY, "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]})
    assert not allowed(s3, OWNER, "GET", "/bucket")
    assert s3(OWNER, "DELETE", "/bucket?policy=").status == 204
    assert allowed(s3, OWNER)


def test_a_denied_key_of_many(s3):
    """The others are deleted."""
    put(s3, {**DENY, "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/dir/*"})
    listed = "".join(f"<Object><Key>{key}</Key></Object>" for key in ("key", "dir/key"))
    reply = s3(OWNER, "POST", "/bucket?delete=", f"<Delete>{listed}</Delete>".encode())
    assert reply.body.count(b"<Deleted>") == 1
    assert b"<Key>dir/key</Key><Code>AccessDenied</Code>" in reply.body
    assert s3.store.keys("bucket") == ["dir/key"]


def test_a_version_is_another_permission(s3):
    """GetObject is not GetObjectVersion."""
    s3.store.bucket("bucket").set_versioning("Enabled")
    put(s3, ALLOW)
    assert not allowed(s3, OTHER, "GET", "/bucket/key?versionId=null")
    put(s3, {**ALLOW, "Action": "s3:GetObjectVersion"})
    assert allowed(s3, OTHER, "GET", "/bucket/key?versionId=null")
    assert not allowed(s3, OTHER)


def test_a_policy_denies_where_no_accounts_are_declared():
    """Everybody is the owner there, and a denial holds for owners too."""
    s3 = S3(Access(known=(OWNER,)))
    s3(OWNER, "PUT", "/bucket/key", b"data")
    assert put(s3, {**DENY, "Action": "s3:PutObject"}) == 204
    assert allowed(s3, None)
    assert not allowed(s3, None, "PUT")


CONDITIONS = [
    ("Bool", "aws:SecureTransport", "true", True),
    ("Bool", "aws:SecureTransport", False, False),
    ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "127.0.0.1/8"], True),
    ("NotIpAddress", "aws:SourceIp", "127.0.0.1", False),
    ("StringEquals", "s3:prefix", ["", "dir/"], True),
    ("StringEquals", "s3:prefix", "d", False),
    ("StringNotEquals", "s3:prefix", "d", True),
    ("StringLike", "s3:prefix", "d*", True),
    ("StringNotLike", "s3:prefix", "d*", False),
    ("StringEquals", "s3:x-amz-acl", "private", True),
    ("Null", "s3:x-amz-server-side-encryption", "true", True),
    ("Null", "s3:x-amz-server-side-encryption", "false", False),
]


@pytest.mark.parametrize(("operator", "key", "values", "holds"), CONDITIONS)
def test_conditions(s3, operator, key, values, holds):
    """A statement applies where all of its conditions hold."""
    statement = {**ALLOW, "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket"}
    assert put(s3, {**statement, "Condition": {operator: {key: values}}}) == 204
    assert allowed(s3, OTHER, "GET", "/bucket?prefix=dir/", x_amz_acl="private") == holds


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (b"", "MalformedPolicy"),
        (b"[]", "MalformedPolicy"),
        (b"{", "MalformedPolicy"),
        (b"{}", "MalformedPolicy"),
        (text(ALLOW, Version="2020-01-01"), "MalformedPolicy"),
        (text("nothing"), "MalformedPolicy"),
        (text({**ALLOW, "Effect": "allow"}), "MalformedPolicy"),
        (text({**ALLOW, "Effect": ["Allow"]}), "MalformedPolicy"),
        (text(ALLOW, Version=["2012-10-17"]), "MalformedPolicy"),
        (text({**ALLOW, "Principal": {}}), "MalformedPolicy"),
        (text({**ALLOW, "Principal": {"AWS": "somebody"}}), "MalformedPolicy"),
        (text({**ALLOW, "Action": "ec2:RunInstances"}), "MalformedPolicy"),
        (text({**ALLOW, "Action": []}), "MalformedPolicy"),
        (text({**ALLOW, "Action": ["s3:GetObject", "s3:GetObjekt"]}), "MalformedPolicy"),
        (text({**ALLOW, "Action": "s3:Got*"}), "MalformedPolicy"),
        (text({**ALLOW, "Action": "s3:ListBucket"}), "MalformedPolicy"),
        (text({**ALLOW, "Action": ["s3:*", "s3:GetObject"], "Resource": "arn:aws:s3:::bucket"}), "MalformedPolicy"),
        (text({**ALLOW, "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "arn:aws:s3:::buck*"}), 204),
        (text({**ALLOW, "Action": ["S3:getobject*", "s3:BypassGovernanceRetention", "s3:*"]}), 204),
        (text({**ALLOW, "Resource": "arn:aws:s3:::other/*"}), "MalformedPolicy"),
        (text({**ALLOW, "Condition": []}), "MalformedPolicy"),
        (text({**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "here"}}}), "MalformedPolicy"),
        (text({**ALLOW, "NotAction": "s3:GetObject"}), "NotImplemented"),
        (text({**ALLOW, "Principal": {"Service": "logging.s3.amazonaws.com"}}), "NotImplemented"),
        (text({**ALLOW, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}), "NotImplemented"),
        (text({**ALLOW, "Condition": {"DateLessThan": {"s3:prefix": "2030"}}}), "NotImplemented"),
        (text({**ALLOW, "Condition": {"IpAddress": {"s3:prefix": "10.0.0.0/8"}}}), "NotImplemented"),
        (text({**ALLOW, "Condition": {"NullIfExists": {"s3:prefix": "true"}}}), "NotImplemented"),
        (json.dumps({"Statement": ALLOW}).encode(), 204),
    ],
)
def test_what_is_no_policy(s3, policy, expected):
    """A document that is none is malformed; what is not known here is named, and nothing of it is kept."""
    reply = s3(OWNER, "PUT", "/bucket?policy=", policy)
    assert (reply if isinstance(reply, str) else reply.status) == expected
    assert (s3.store.bucket("bucket").policy is None) == (expected != 204)


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        (ALLOW, "true"),
        (DENY, "false"),
        ({**ALLOW, "Principal": THEIRS}, "false"),
        ({**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1"}}}, "false"),
        ({**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "true"),
    ],
)
def test_whether_a_policy_is_public(s3, statement, public):
    """Everybody is allowed something, from anywhere; such a policy can't be put where that is blocked."""
    assert put(s3, statement) == 204
    assert f"<IsPublic>{public}</IsPublic>".encode() in s3(OWNER, "GET", "/bucket?policyStatus=").body
    s3.store.bucket("bucket").public_access_block = frozenset({"BlockPublicPolicy"})
    assert put(s3, statement) == ("AccessDenied" if public == "true" else 204)


def test_a_public_policy_can_be_restricted(s3):
    """To the bucket's own account; what denies goes on denying."""
    put(s3, ALLOW, {**DENY, "Resource": "arn:aws:s3:::bucket/dir/*"})
    s3.store.bucket("bucket").public_access_block = frozenset({"RestrictPublicBuckets"})
    assert not allowed(s3, OTHER)
    assert not allowed(s3, None)
    assert allowed(s3, OWNER)
    assert not allowed(s3, OWNER, "GET", "/bucket/dir/key")


def test_a_policy_that_wants_a_header(s3):
    """Every header of S3's is a key; IfExists holds where there is none."""
    key = "s3:x-amz-server-side-encryption-customer-algorithm"
    put(s3, {**DENY, "Action": "s3:PutObject", "Condition": {"Null": {key: "true"}}})
    assert not allowed(s3, OWNER, "PUT", "/bucket/new", b"data")
    headers = {"x_amz_server_side_encryption_customer_algorithm": "AES256"}
    assert s3(OWNER, "PUT", "/bucket/new", b"data", **headers) == "InvalidArgument"  # let in, without a key
    copying = {"StringLikeIfExists": {"s3:x-amz-copy-source": "bucket/dir/*"}}
    put(s3, {**ALLOW, "Action": "s3:PutObject", "Condition": copying}, ALLOW)
    assert allowed(s3, OTHER, "PUT", "/bucket/new", b"data")
    assert allowed(s3, OTHER, "PUT", "/bucket/new", x_amz_copy_source="bucket/dir/key")
    assert not allowed(s3, OTHER, "PUT", "/bucket/new", x_amz_copy_source="bucket/key")


def test_a_policy_that_wants_a_referer(s3):
    """As pages that link to images do."""
    put(s3, {**ALLOW, "Condition": {"StringLike": {"aws:Referer": "http://www.example.com/*"}}})
    assert not allowed(s3, None)
    assert allowed(s3, None, referer="http://www.example.com/page")


def test_a_policy_that_wants_tags(s3):
    """Those that the object has, and those that the request gives it; their keys are told apart by case."""
    tagged = {"s3:ExistingObjectTag/Team": "a"}
    put(s3, {**ALLOW, "Condition": {"StringEquals": tagged}})
    s3(OWNER, "PUT", "/bucket/key", b"data", x_amz_tagging="team=a")
    assert not allowed(s3, OTHER)
    s3(OWNER, "PUT", "/bucket/key", b"data", x_amz_tagging="Team=a")
    assert allowed(s3, OTHER)
    put(s3, {**ALLOW, "Action": "s3:PutObject", "Condition": {"StringEquals": {"s3:RequestObjectTag/Team": "a"}}})
    assert not allowed(s3, OTHER, "PUT", "/bucket/new", b"")
    assert allowed(s3, OTHER, "PUT", "/bucket/new", b"", x_amz_tagging="Team=a&b=")
