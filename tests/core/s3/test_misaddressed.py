"""Requests whose method, address and query do not go together. What S3 does was measured for brekkylab/backlot."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.s3 import answer, missing
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.messages import ErrorReply

HOST = {"host": "s3.us-east-1.amazonaws.com"}


@pytest.fixture
def there(s3):
    """An S3 with the object bucket/key and no other bucket."""
    s3.store.declare_bucket("bucket", "eu-west-1")
    s3.store.put("bucket", "key", b"data")
    return s3


def told(reply):
    return reply.code, dict(reply.elements), reply.headers.get("Allow")


@pytest.mark.parametrize("target", ["/bucket/key?location", "/bucket/none?location=1&x-id=GetObject"])
def test_a_subresource_of_the_bucket_at_a_key(there, target):
    """The answer is the bucket's, whatever the key."""
    assert b"eu-west-1" in there("GET", target).body


def test_it_can_be_written_there(there):
    document = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    assert there("PUT", "/bucket/key?versioning", document).status == 200
    assert there.store.bucket("bucket").versioning == "Enabled"
    assert there("GET", "/bucket/key").body == b"data"


def test_a_policy_governs_it_as_the_bucket(there):
    """The permission is one on the bucket."""
    there(
        "PUT",
        "/bucket?policy",
        b"""{"Statement": {"Effect": "Deny", "Principal": "*",
        "Action": "s3:GetBucketLocation", "Resource": "arn:aws:s3:::bucket"}}""",
    )
    assert there("GET", "/bucket/key?location").code == "AccessDenied"


@pytest.mark.parametrize("name", ["object-lock", "policyStatus", "session", "renameObject"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_a_read_of_an_object_does_not_look_at(there, method, name):
    reply = there(method, f"/bucket/key?{name}")
    assert (reply.status, reply.headers["ETag"]) == (200, '"8d777f385d3dfec8815d20f7496026dc"')


@pytest.mark.parametrize("name", ["attributes", "legal-hold", "select"])
def test_what_a_listing_does_not_look_at(there, name):
    assert b"<Key>key</Key>" in there("GET", f"/bucket?{name}").body


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("/bucket/key?versions", "InvalidRequest", "There is no such thing as the ?versions sub-resource for a key"),
        ("/bucket/key?uploads", "InvalidRequest", "Key is not expected for the GET method ?uploads subresource"),
        (
            "/bucket/key?logging",
            "NoLoggingStatusForKey",
            "There is no such thing as the ?logging sub-resource for a key",
        ),
        ("/bucket?uploadId=u", "InvalidRequest", "A key must be specified"),
        ("/bucket?restore", "UserKeyMustBeSpecified", "User key must be specified."),
    ],
)
def test_refusals_of_their_own(there, target, code, words):
    """They come after the bucket."""
    method = "POST" if "restore" in target else "GET"
    reply = there(method, target)
    assert (reply.status, reply.code, reply.message, reply.elements) == (400, code, words, ())
    assert there(method, target.replace("bucket", "absent")).code == "NoSuchBucket"


@pytest.mark.parametrize(
    ("method", "target", "kind", "allow"),
    [
        ("GET", "/bucket/key?encryption", "OBJECT_ENCRYPTION", "PUT"),
        ("GET", "/bucket?delete", "MULTI_OBJECT_DELETE", "POST"),
        ("GET", "/bucket/key?delete", "MULTI_OBJECT_DELETE", "POST"),
        ("GET", "/bucket/key?partNumber=1&uploadId=u", "PART", "PUT"),
        ("GET", "/bucket?partNumber=1&uploadId=u", "PART", "PUT"),
        ("GET", "/bucket?restore", "RESTORE", "POST"),
        ("PUT", "/bucket?location", "LOCATION", "GET"),
        ("PUT", "/bucket/key?location", "LOCATION", "GET"),
        ("PUT", "/bucket/key?uploadId=u", "UPLOAD", "DELETE, POST, GET"),
        ("DELETE", "/bucket?versioning", "VERSIONING", "GET, PUT"),
        ("DELETE", "/bucket/key?retention", "OBJECT_LOCK_RETENTION", "GET, PUT"),
        ("PATCH", "/bucket?acl", "ACL", "GET, PUT"),
        ("POST", "/bucket?publicAccessBlock", "PUBLIC_ACCESS_BLOCK", "DELETE, GET, PUT"),
        ("PATCH", "/bucket?metadataTable", "BUCKET_METADATA_TABLE_CONFIGURATION", "DELETE, POST, GET"),
        ("POST", "/bucket/key?tagging", "OBJECT_TAGGING", "DELETE, GET, PUT"),
        ("PATCH", "/bucket", "BUCKET", "HEAD, DELETE, POST, GET, PUT"),
        ("POST", "/bucket/key", "OBJECT", "HEAD, DELETE, GET, PUT"),
        ("PUT", "/?acl", "SERVICE", "GET"),
    ],
)
def test_a_method_that_the_resource_lacks(there, method, target, kind, allow):
    """405 names the resource and what may be done with it, whether or not the bucket is there."""
    refusal = ("MethodNotAllowed", {"Method": method, "ResourceType": kind}, allow)
    assert told(there(method, target)) == refusal
    assert told(there(method, target.replace("bucket", "absent"))) == refusal


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/bucket?location", "GET"),
        ("/bucket?uploads", "POST, GET"),
        ("/bucket?versions", "GET"),
        ("/bucket?policy", "DELETE, GET, PUT"),
        ("/bucket/key?acl", "GET, PUT"),
        ("/bucket/key?encryption", "PUT"),
        ("/bucket/key?uploads", "POST, GET"),
        ("/bucket/key?uploadId=abc", "DELETE, POST, GET"),
        ("/absent?location", "GET"),
        ("/", "GET"),
    ],
)
def test_nothing_selected_has_a_head(there, target, allow):
    reply = there("HEAD", target)
    assert (reply.status, reply.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("method", "target", "names"),
    [
        ("GET", "/bucket?versioning&acl", "acl, versioning"),
        ("HEAD", "/absent?versioning&acl", "acl, versioning"),
        ("GET", "/bucket/key?uploads&acl", "acl, uploads"),
        ("PUT", "/bucket/key?policy&acl", "acl, policy"),
    ],
)
def test_two_selectors_contradict_each_other(there, method, target, names):
    """Whatever the method, and before anything else is looked at."""
    reply = there(method, target, authorization="AWS4-HMAC-SHA256 nonsense")
    first = {"ArgumentName": "ResourceType", "ArgumentValue": names.partition(",")[0]}
    assert told(reply) == ("InvalidArgument", first, None)
    assert reply.message == f"Conflicting query string parameters: {names}"


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
@pytest.mark.parametrize("target", ["/", "/bucket", "/bucket/key?acl"])
def test_a_method_that_s3_does_not_know(there, method, target):
    reply = there(method, target)
    assert (reply.code, reply.message) == ("BadRequest", "An error occurred when parsing the HTTP request.")


def test_a_wrong_signature_is_refused_first(there):
    """But nobody has to sign to be told that there is no such method."""
    access = Access(known=(Credentials(access_key="AKIDEXAMPLE", secret_key="secret"),), declared=True)

    def ask(target):
        call = parse_call(method="PATCH", target=target, headers=HOST)
        assert missing(call) is None
        reply = answer(there.store, call, b"", new_id=there.new_id, access=access)
        assert isinstance(reply, ErrorReply)
        return reply.code

    assert ask("/bucket?AWSAccessKeyId=AKIDNOBODY&Signature=0&Expires=1800000000") == "InvalidAccessKeyId"
    assert ask("/bucket") == "MethodNotAllowed"


@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        ("GET", "/absent?list-type=2&versionId=x", "This operation does not accept a version-id."),
        ("DELETE", "/absent?versionId=", "This operation does not accept a version-id."),
        ("GET", "/bucket/key?location&versionId=null", "This operation does not accept a version-id."),
        ("GET", "/bucket/key?uploadId=u&versionId=null", "This operation does not accept a version-id."),
        ("GET", "/bucket?acl&versionId=x", "Invalid version id specified"),
        ("GET", "/absent/key?versionId=", "Version id cannot be the empty string"),
    ],
)
def test_a_version_of_what_has_none(there, method, target, message):
    """Before the bucket is looked for."""
    reply = there(method, target)
    stated = target.rpartition("=")[2]
    assert told(reply) == ("InvalidArgument", {"ArgumentName": "versionId", "ArgumentValue": stated}, None)
    assert reply.message == message


def test_a_part_of_a_bucket(there):
    reply = there("GET", "/bucket?partNumber=1")
    assert (reply.code, reply.message) == ("InvalidRequest", "Object must have a valid key name.")


def test_a_null_version_that_is_not_there(there):
    """It is the version that is missing, even in a bucket that never had one."""
    assert told(there("GET", "/bucket/none?versionId=null"))[:2] == (
        "NoSuchVersion",
        {"Key": "none", "VersionId": "null"},
    )


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("version-id-marker=&key-marker=a", "A version-id marker cannot be empty."),
        ("version-id-marker=x&key-marker=a", "Invalid version id specified"),
        ("version-id-marker=null", "A version-id marker cannot be specified without a key marker."),
    ],
)
def test_markers_of_versions(there, query, message):
    reply = there("GET", f"/bucket?versions&{query}")
    assert (reply.code, reply.message) == ("InvalidArgument", message)
    assert dict(reply.elements)["ArgumentName"] == "version-id-marker"


def test_a_version_of_no_key_ends_the_listing(there):
    assert b"<Version>" not in there("GET", "/bucket?versions&key-marker=&version-id-marker=null").body
    assert b"<Version>" in there("GET", "/bucket?versions&key-marker=").body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_checksum_mode_that_s3_does_not_know(there, method):
    reply = there(method, "/bucket/key", x_amz_checksum_mode="DISABLED")
    assert (reply.status, reply.message) == (400, "Value for x-amz-checksum-mode header is invalid.")
    assert there(method, "/bucket/key", x_amz_checksum_mode="enabled").status == 200


def test_a_checksum_that_is_announced_and_never_comes(there):
    reply = there("PUT", "/bucket/new", b"data", x_amz_sdk_checksum_algorithm="CRC32")
    missing = "but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
    assert (reply.code, reply.message) == ("InvalidRequest", f"x-amz-sdk-checksum-algorithm specified, {missing}")
