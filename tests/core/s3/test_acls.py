"""ACLs of buckets and objects: by name, by headers, by a document."""

from __future__ import annotations

import pytest
from accounts import OTHER, OWNER, S3, WRITER, open_bucket

ALL = "http://acs.amazonaws.com/groups/global/AllUsers"
ID, URI = "<ID>{}</ID>", f"<URI>{ALL}</URI>"
EMPTY_OWNER = "<AccessControlPolicy><Owner/><AccessControlList/></AccessControlPolicy>"


def policy(*grants, owner=OWNER.owner_id):
    """A document with (what names a grantee, permission)."""
    listed = "".join(f"<Grant><Grantee>{who}</Grantee><Permission>{may}</Permission></Grant>" for who, may in grants)
    listed = f"<AccessControlList>{listed}</AccessControlList>"
    return f"<AccessControlPolicy><Owner><ID>{owner}</ID></Owner>{listed}</AccessControlPolicy>".encode()


@pytest.fixture
def s3():
    """An S3 with declared accounts, a bucket of the first with ACLs on and nothing blocked, and an object in it."""
    made = S3()
    open_bucket(made, "bucket", "private")
    made(OWNER, "PUT", "/bucket/key", b"data")
    return made


TARGETS = ("/bucket?acl=", "/bucket/key?acl=")


@pytest.mark.parametrize("target", TARGETS)
def test_the_owner_has_full_control(s3, target):
    """A canned ACL is told grant by grant."""
    owner = f'xsi:type="CanonicalUser"><ID>{OWNER.owner_id}</ID></Grantee><Permission>FULL_CONTROL<'
    told = s3(OWNER, "GET", target).body.decode()
    assert told.count("<Grant>") == 1
    assert owner in told
    assert s3(OWNER, "PUT", target, x_amz_acl="public-read").status == 200
    told = s3(OWNER, "GET", target).body.decode()
    assert told.count("<Grant>") == 2
    assert f'xsi:type="Group">{URI}</Grantee><Permission>READ<' in told


ACL_REQUESTS = {f"{way}acl of {what}" for way in ("", "put ") for what in ("bucket", "object")}
WAYS = {
    "headers": ({"x_amz_grant_read": f'uri="{ALL}", id={OTHER.owner_id}'}, b""),
    "document": ({}, policy((URI, "READ"), (ID.format(OTHER.owner_id), "READ"))),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", TARGETS)
def test_grants_come_back_as_they_were_put(s3, target, way):
    """Nothing is added to them; the owner can read and change them all the same."""
    headers, body = WAYS[way]
    assert s3(OWNER, "PUT", target, body, **headers).status == 200
    told = s3(OWNER, "GET", target).body.decode()
    assert told.count("<Permission>READ</Permission>") == told.count("<Grant>") == 2
    assert s3(OTHER, "GET", target.partition("?")[0]).status == 200


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("READ", {"list", "read"}),
        ("WRITE", {"write"}),
        ("READ_ACP", {"acl of bucket", "acl of object"}),
        ("WRITE_ACP", {"put acl of bucket", "put acl of object"}),
        ("FULL_CONTROL", {"list", "read", "write", *ACL_REQUESTS}),
    ],
)
def test_what_a_permission_allows(s3, permission, allowed):
    """READ of a bucket lists it, WRITE writes to it; the ACL itself has permissions of its own."""
    document = policy((ID.format(OTHER.owner_id), permission))
    for target in TARGETS:
        s3(OWNER, "PUT", target, document)
    requests = {
        "list": ("GET", "/bucket", b""),
        "read": ("GET", "/bucket/key", b""),
        "write": ("PUT", "/bucket/new", b""),
        "acl of bucket": ("GET", "/bucket?acl=", b""),
        "acl of object": ("GET", "/bucket/key?acl=", b""),
        "put acl of bucket": ("PUT", "/bucket?acl=", document),
        "put acl of object": ("PUT", "/bucket/key?acl=", document),
    }
    assert {name for name, request in requests.items() if s3(OTHER, *request) != "AccessDenied"} == allowed
    assert {s3(None, *request) for request in requests.values()} == {"AccessDenied"}


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, b"", "MissingSecurityHeader"),
        ({"x_amz_acl": "public"}, b"", "InvalidArgument"),
        ({"x_amz_acl": "private", "x_amz_grant_read": f"uri={ALL}"}, b"", "InvalidRequest"),
        ({"x_amz_acl": "private"}, policy(), "UnexpectedContent"),
        ({"x_amz_grant_read": f"uri={ALL}"}, policy(), "UnexpectedContent"),
        ({"x_amz_grant_read": "everybody"}, b"", "InvalidArgument"),
        ({"x_amz_grant_read": "id=1"}, b"", "InvalidArgument"),
        ({"x_amz_grant_read": f"id={'0' * 64}"}, b"", "InvalidArgument"),
        ({"x_amz_grant_read": "uri=http://acs.amazonaws.com/groups/global/Nobody"}, b"", "InvalidArgument"),
        ({"x_amz_grant_read": "emailAddress=a@example.com"}, b"", "UnresolvableGrantByEmailAddress"),
        ({}, b"<AccessControlPolicy", "MalformedACLError"),
        ({}, b"<AccessControlList/>", "MalformedACLError"),
        ({}, EMPTY_OWNER.encode(), "MalformedACLError"),
        ({}, policy(owner="1"), "InvalidArgument"),
        ({}, policy(owner=OTHER.owner_id), "AccessDenied"),
        ({}, policy((URI, "DELETE")), "MalformedACLError"),
        ({}, policy(("", "READ")), "MalformedACLError"),
        ({}, policy((ID.format("1"), "READ")), "InvalidArgument"),
    ],
)
def test_an_acl_is_checked(s3, headers, body, expected):
    """One way to state it, grantees that exist, permissions that are known; nothing changes otherwise."""
    for target in TARGETS:
        before = s3(OWNER, "GET", target).body
        assert s3(OWNER, "PUT", target, body, **headers) == expected, target
        assert s3(OWNER, "GET", target).body == before, target


@pytest.mark.parametrize("target", TARGETS)
def test_acls_that_are_off_can_be_read_alone(s3, target):
    """They are in every new bucket."""
    s3.store.bucket("bucket").ownership = "BucketOwnerEnforced"
    assert s3(OWNER, "PUT", target, x_amz_acl="private") == "AccessControlListNotSupported"
    assert OWNER.owner_id.encode() in s3(OWNER, "GET", target).body


@pytest.mark.parametrize("target", TARGETS)
def test_a_block_keeps_acls_from_being_public(s3, target):
    """Those of an account are let in."""
    s3.store.bucket("bucket").public_access_block = frozenset({"BlockPublicAcls"})
    for headers in ({"x_amz_acl": "public-read"}, {"x_amz_grant_read": f"uri={ALL}"}):
        assert s3(OWNER, "PUT", target, **headers) == "AccessDenied"
    assert s3(OWNER, "PUT", target, x_amz_grant_read=f"id={OTHER.owner_id}").status == 200


def test_buckets_and_objects_are_born_with_grants(s3):
    """The headers are those of the operations that put an ACL."""
    granted = {"x_amz_grant_read": f"id={OTHER.owner_id}"}
    assert s3(OWNER, "PUT", "/another", x_amz_object_ownership=WRITER, **granted).status == 200
    assert s3(OTHER, "GET", "/another").status == 200
    assert s3(OWNER, "PUT", "/bucket/granted", b"", **granted).status == 200
    assert s3(OTHER, "GET", "/bucket/granted").status == 200
    assert s3(OWNER, "PUT", "/bucket/granted", b"", x_amz_acl="private", **granted) == "InvalidRequest"


def test_the_acl_of_a_version(s3):
    """Each has its own; a delete marker has none."""
    s3.store.bucket("bucket").set_versioning("Enabled")
    version = s3(OWNER, "PUT", "/bucket/key", b"new").headers["x-amz-version-id"]
    assert s3(OWNER, "PUT", f"/bucket/key?acl=&versionId={version}", x_amz_acl="public-read").status == 200
    assert s3(None, "GET", f"/bucket/key?versionId={version}").status == 200
    assert s3(None, "GET", "/bucket/key?versionId=null") == "AccessDenied"
    marker = s3(OWNER, "DELETE", "/bucket/key").headers["x-amz-version-id"]
    assert s3(OWNER, "GET", f"/bucket/key?acl=&versionId={marker}") == "MethodNotAllowed"
    assert s3(OWNER, "GET", "/bucket/absent?acl=") == "NoSuchKey"
