"""What S3 does and says, to the letter, where issues of other projects report it: each row names its source."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest


def md5(body):
    """The header that tells a body's MD5."""
    return {"content_md5": base64.b64encode(hashlib.md5(body).digest()).decode()}


LOCK = {"x_amz_object_lock_mode": "GOVERNANCE", "x_amz_object_lock_retain_until_date": "2030-01-01T00:00:00Z"}
LOCKED = (
    b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    b"<Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)
NO_DIGEST = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
LOCK_DIGEST = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put {} requests with Object Lock parameters"


@pytest.fixture
def there(s3):
    """An S3 with a bucket, an object and an upload, a bucket with object lock, and one that locks by default."""
    s3("PUT", "/bucket")
    s3("PUT", "/bucket/key", b"0123456789")
    s3("PUT", "/locked", x_amz_bucket_object_lock_enabled="true")
    s3("POST", "/bucket/mp?uploads")
    s3("PUT", "/default", x_amz_bucket_object_lock_enabled="true")
    s3("PUT", "/default?object-lock", LOCKED)
    s3("POST", "/default/mp?uploads")
    return s3


@pytest.mark.parametrize("digest", ["content_md5", "x_amz_checksum_crc32"])
def test_either_digest_will_do(there, code, digest):
    """What is missing in the rows of these tests, S3 takes as MD5 or as a checksum."""
    value = {"content_md5": md5(b"d")["content_md5"], "x_amz_checksum_crc32": "mN1KzA=="}[digest]
    assert code(there("PUT", "/default/key", b"d", **{digest: value})) == "200"
    assert code(there("PUT", "/default/mp?partNumber=1&uploadId=upload-2", b"d", **{digest: value})) == "200"


def test_object_tags_need_no_digest(there, code):
    """Unlike those of a bucket (versitygw#1662)."""
    assert code(there("PUT", "/bucket/key?tagging", b"<Tagging><TagSet/></Tagging>")) == "200"


def argument(name, value):
    """The elements that name an argument."""
    return {"ArgumentName": name, "ArgumentValue": value}


REQUESTS = [
    ("versitygw#917", "GET", "/bucket/key?attributes", {"x_amz_object_attributes": "Dummy"}, b"", "InvalidArgument",
     "Invalid attribute name specified.", argument("x-amz-object-attributes", "Dummy")),
    ("versitygw#915", "GET", "/bucket/key?attributes", {}, b"", "InvalidRequest",
     "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty", {}),
    ("versitygw#1775", "PUT", "/locked/key", {"x_amz_object_lock_legal_hold": "wrong", **md5(b"d")}, b"d",
     "InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'",
     argument("x-amz-object-lock-legal-hold", "wrong")),
    ("VGW", "PUT", "/locked/key", LOCK | {"x_amz_object_lock_retain_until_date": "soon", **md5(b"d")}, b"d",
     "InvalidArgument", "The retain until date must be provided in ISO 8601 format",
     argument("x-amz-object-lock-retain-until-date", "soon")),
    ("backlot#192", "GET", "/bucket?max-keys=-1", {}, b"", "InvalidArgument",
     "Argument maxKeys must be an integer between 0 and 2147483647", argument("maxKeys", "-1")),
    ("backlot#176", "GET", "/bucket?uploads&max-uploads=-1", {}, b"", "InvalidArgument",
     "Argument max-uploads must be an integer between 0 and 2147483647", argument("max-uploads", "-1")),
    ("versitygw#1794", "GET", "/bucket?uploads&max-uploads=2157483647", {}, b"", "InvalidArgument",
     "Provided max-uploads not an integer or within integer range", argument("max-uploads", "2157483647")),
    ("versitygw#1809", "GET", "/bucket?versions&max-keys=-1", {}, b"", "InvalidArgument",
     "max-keys cannot be negative", argument("maxKeys", "-1")),
    ("versitygw#1383", "GET", "/bucket/mp?uploadId=upload-1&part-number-marker=-2", {}, b"", "InvalidArgument",
     "Argument part-number-marker must be an integer between 0 and 2147483647", argument("part-number-marker", "-2")),
    ("VGW", "GET", "/?max-buckets=0", {}, b"", "InvalidArgument",
     "Argument max-buckets must be an integer between 1 and 10000.", argument("max-buckets", "0")),
    ("VGW", "PUT", "/bucket/copy", {"x_amz_copy_source": "bucket/key", "x_amz_metadata_directive": "x"}, b"",
     "InvalidArgument", "Unknown metadata directive.", argument("x-amz-metadata-directive", "x")),
    ("versitygw#2080", "PUT", f"/bucket/{'k' * 1025}", {}, b"", "KeyTooLongError", "Your key is too long",
     {"Size": "1025", "MaxSizeAllowed": "1024"}),
    ("versitygw#1040", "POST", "/bucket?delete", {"content_md5": None}, b"<Delete/>", "InvalidRequest", NO_DIGEST, {}),
    ("versitygw#1521", "PUT", "/bucket?tagging", {"content_md5": None}, b"<Tagging/>", "InvalidRequest", NO_DIGEST, {}),
    ("versitygw#1301", "PUT", "/locked?object-lock", {"content_md5": None}, LOCKED, "InvalidRequest", NO_DIGEST, {}),
    ("versitygw#1776", "PUT", "/locked/key", {"x_amz_object_lock_legal_hold": "ON"}, b"d", "InvalidRequest",
     LOCK_DIGEST.format("Object"), {}),
    ("versitygw#1535", "PUT", "/locked/key", LOCK, b"d", "InvalidRequest", LOCK_DIGEST.format("Object"), {}),
    ("versitygw#1740", "PUT", "/default/key", {}, b"d", "InvalidRequest", LOCK_DIGEST.format("Object"), {}),
    ("s3cmd#1436", "PUT", "/default/mp?partNumber=1&uploadId=upload-2", {}, b"d", "InvalidRequest",
     LOCK_DIGEST.format("Part"), {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "method", "target", "headers", "body", "code", "message", "elements"),
    REQUESTS,
    ids=[f"{row[0]}-{row[1]}-{row[5]}" for row in REQUESTS],
)
def test_says_what_was_reported(there, source, method, target, headers, body, code, message, elements):
    """Code, message, and each element that the report shows."""
    assert re.fullmatch(r"VGW|[\w-]+#\d+", source)
    reply = there(method, target, body, **headers)
    assert (reply.code, reply.message) == (code, message)
    assert dict(reply.elements).items() >= elements.items()
