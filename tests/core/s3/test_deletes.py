"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5

import pytest


def listed(*keys, quiet=False):
    """Return the body of a DeleteObjects of *keys*."""
    objects = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    return f"<Delete>{objects}{'<Quiet>true</Quiet>' if quiet else ''}</Delete>".encode()


def test_deleting_is_idempotent(s3, code):
    """DeleteObject is 204 whether or not the object was there."""
    s3("PUT", "/bucket/key")
    for _ in range(2):
        assert code(s3("DELETE", "/bucket/key")) == "204"
    assert not s3.store.exists("bucket", "key")


def test_deleting_where_no_bucket_is_declared(s3, code):
    """A delete is a write: any bucket takes it, but it makes none; a declared one shuts the others out."""
    assert code(s3("DELETE", "/bucket/key")) == "204"
    assert s3.store.buckets == []
    s3.store.declare_bucket("declared")
    assert code(s3("DELETE", "/bucket/key")) == "NoSuchBucket"
    assert code(s3("POST", "/bucket?delete", listed("key"))) == "NoSuchBucket"


@pytest.mark.parametrize(
    ("version", "expected"), [("null", "204"), ("x", "InvalidArgument"), ("v" * 32, "InvalidArgument")]
)
def test_deleting_a_version(s3, code, version, expected):
    """Only the null version of an unversioned object can be deleted."""
    s3("PUT", "/bucket/key")
    assert code(s3("DELETE", f"/bucket/key?versionId={version}")) == expected
    assert s3.store.exists("bucket", "key") is (expected != "204")


def test_many_objects_are_deleted_each_on_its_own(boto, s3):
    """DeleteObjects reports every key, absent ones as deleted; what a key lacks is an Error beside the others."""
    for key in ("a", "b", "c & d"):
        s3.store.put("bucket", key, b"")
    wanted = [{"Key": "a"}, {"Key": "b", "ETag": '"0"'}, {"Key": "c & d"}, {"Key": "none"}, {"Key": "k" * 1025}]
    wanted += [{"Key": "a", "VersionId": "v" * 32}, {"Key": "gone", "ETag": '"0"'}]
    reply = boto.delete_objects(Bucket="bucket", Delete={"Objects": wanted})
    assert [deleted["Key"] for deleted in reply["Deleted"]] == ["a", "c & d", "none"]
    assert [(error["Key"], error["Code"]) for error in reply["Errors"]] == [
        ("b", "PreconditionFailed"),
        ("k" * 1025, "KeyTooLongError"),
        ("a", "NoSuchVersion"),
        ("gone", "NoSuchKey"),
    ]
    assert reply["Errors"][2]["VersionId"] == "v" * 32
    assert s3.store.keys("bucket") == ["b"]


@pytest.mark.parametrize(
    "entry",
    [
        "<Key>key</Key><Size>1</Size>",
        "<Key>key</Key><LastModifiedTime>2026-05-01</LastModifiedTime>",
        "<Key>key</Key><Key>other</Key>",
        "<Key>key</Key><VersionId>null</VersionId><VersionId>null</VersionId>",
        "<Key>key</Key></Object><Quiet>true</Quiet><Quiet>true</Quiet><Object><Key>key</Key>",
        "<Key>key</Key></Object><Other/><Object><Key>key</Key>",
    ],
)
def test_what_the_schema_does_not_have(s3, code, entry):
    """Conditions of directory buckets, unknown elements, and one too many: nothing is deleted."""
    s3.store.put("bucket", "key", b"")
    assert code(s3("POST", "/bucket?delete", f"<Delete><Object>{entry}</Object></Delete>".encode())) == "MalformedXML"
    assert s3.store.exists("bucket", "key")


def test_quiet_leaves_the_deleted_out(boto, s3):
    """With Quiet only errors are reported."""
    s3.store.put("bucket", "a", b"")
    wanted = [{"Key": "a"}, {"Key": "b", "ETag": '"0"'}]
    reply = boto.delete_objects(Bucket="bucket", Delete={"Objects": wanted, "Quiet": True})
    assert "Deleted" not in reply
    assert [error["Key"] for error in reply["Errors"]] == ["b"]
    assert s3.store.keys("bucket") == []


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "MalformedXML"), (1, "200"), (999, "200"), (1000, "200"), (1001, "MalformedXML")]
)
def test_the_limit_of_one_request(s3, code, count, expected):
    """1 to 1000 keys; outside of it nothing is deleted."""
    s3.store.put("bucket", "k0", b"")
    assert code(s3("POST", "/bucket?delete", listed(*(f"k{number}" for number in range(count))))) == expected
    assert s3.store.exists("bucket", "k0") is (expected != "200")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "MissingRequestBodyError"),
        (b"junk", "MalformedXML"),
        (b"<Wrong/>", "MalformedXML"),
        (b"<Delete><Object/></Delete>", "MalformedXML"),
        (b"<Delete><Object><Key/></Object></Delete>", "UserKeyMustBeSpecified"),
    ],
)
def test_a_body_that_says_nothing_sensible(s3, code, body, expected):
    """Nothing, no XML, another root, an entry without a key or with an empty one."""
    s3.store.create_bucket("bucket")
    assert code(s3("POST", "/bucket?delete", body)) == expected


def test_the_body_is_held_to_its_digest(s3, code):
    """Content-MD5 is checked where given; the digests are told in base64."""
    s3.store.put("bucket", "key", b"")
    body, other = listed("key"), listed("else")
    stated = b64encode(md5(other).digest()).decode()
    reply = s3("POST", "/bucket?delete", body, content_md5=stated)
    assert (reply.code, dict(reply.elements)["ExpectedDigest"]) == ("BadDigest", stated)
    assert s3.store.exists("bucket", "key")
    assert code(s3("POST", "/bucket?delete", other, content_md5=stated)) == "200"
