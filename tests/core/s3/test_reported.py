"""What S3 does and says, to the letter, where issues of other projects report it: each row names its source."""

from __future__ import annotations

import base64
import hashlib
import json
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
FRAMED = {"x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x_amz_decoded_content_length": "5"}
NUMBER_0 = (
    b"<CompleteMultipartUpload><Part><PartNumber>0</PartNumber><ETag>e868e0f4719e394144ef36531ee6824c</ETag></Part>"
    b"</CompleteMultipartUpload>"
)
OVERRIDE = (
    "response-fdsjkljj is not in the set of overridable response headers. Please refer to the S3 API documentation for "
    "a complete list of overridable response headers."
)
TAGGING = (
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
    "duplicates."
)
TRAILER = "The request contained trailing data that was not well-formed or did not conform to our published schema."
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


def policy(Version="2012-10-17", **changes):  # noqa: N803 - its name in a policy
    """A policy with one statement."""
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    return json.dumps({"Version": Version, "Statement": [allow | changes]}).encode()


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
     "max-keys cannot be negative", {"ArgumentName": "max-keys"}),
    ("versitygw#1383", "GET", "/bucket/mp?uploadId=upload-1&part-number-marker=-2", {}, b"", "InvalidArgument",
     "Argument part-number-marker must be an integer between 0 and 2147483647", argument("part-number-marker", "-2")),
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
    ("versitygw#1237", "PUT", "/bucket/mp?partNumber=1", {}, b"d", "InvalidArgument",
     "This operation does not accept partNumber without uploadId", argument("partNumber", "partNumber")),
    ("versitygw#1226", "PUT", "/bucket/mp?partNumber=1", {"x_amz_copy_source": "bucket/key"}, b"", "InvalidArgument",
     "This operation does not accept partNumber without uploadId", argument("partNumber", "partNumber")),
    ("versitygw#1236", "PUT", "/bucket/mp?uploadId=upload-1", {}, b"d", "MethodNotAllowed",
     "The specified method is not allowed against this resource.", {"Method": "PUT", "ResourceType": "UPLOAD"}),
    ("versitygw#1072", "POST", "/bucket/mp?uploadId=upload-1", {}, NUMBER_0, "InvalidArgument",
     "PartNumber must be >= 1", argument("PartNumber", "0")),
    ("versitygw#1242", "PUT", "/bucket/copy", {"x_amz_copy_source": "bucket/key"}, b"body", "InvalidRequest",
     "The request included a body. Requests of this type must not include a non-empty body.", {}),
    *(("versitygw#1642", method, target, {"x_amz_copy_source": "bucket/key"}, b"", "InvalidArgument",
       "You can only specify a copy source header for copy requests.", argument("x-amz-copy-source", "bucket/key"))
      for method, target in (("GET", "/bucket/key"), ("HEAD", "/bucket"), ("DELETE", "/bucket/key"),
                             ("POST", "/bucket/mp?uploadId=upload-1"))),
    ("paws#819", "PUT", "/bucket/copy", {"x_amz_copy_source": "/bucket/rm/%01file%/output.txt"}, b"",
     "InvalidArgument", "Invalid copy source encoding", argument("x-amz-copy-source", "x-amz-copy-source")),
    ("versitygw#2075", "GET", "/bucket/key?response-fdsjkljj=dummy", {}, b"", "InvalidArgument", OVERRIDE,
     argument("response-fdsjkljj", "dummy")),
    ("versitygw#1644", "PUT", "/new", {},
     b"<CreateBucketConfiguration><LocationConstraint/></CreateBucketConfiguration>", "InvalidLocationConstraint",
     "The specified location-constraint is not valid", {"LocationConstraint": ""}),
    ("versitygw#1215", "PUT", "/bucket/key", {"x_amz_tagging": "="}, b"", "InvalidArgument", TAGGING,
     argument("x-amz-tagging", "=")),
    ("localstack#13894", "DELETE", "/locked/key?versionId=null", {"if_match": "*"}, b"", "NotImplemented",
     "A header you provided implies functionality that is not implemented", {"Header": "If-Match"}),
    ("versitygw#1598", "PUT", "/bucket/key",
     {"x_amz_sdk_checksum_algorithm": "crc32", "x_amz_checksum_crc32c": "ImIEBA=="}, b"d", "InvalidRequest",
     "Value for x-amz-sdk-checksum-algorithm header is invalid.", {}),
    ("versitygw#1656", "PUT", "/bucket/key", FRAMED | {"x_amz_decoded_content_length": "abc"}, b"0\r\n\r\n",
     "MissingContentLength", "You must provide the Content-Length HTTP header.", {}),
    ("versitygw#1684", "PUT", "/bucket/key", FRAMED | {"x_amz_decoded_content_length": "3"},
     b"5\r\nhello\r\n0\r\n\r\n", "IncompleteBody",
     "You did not provide the number of bytes specified by the Content-Length HTTP header",
     {"NumberBytesExpected": "3", "NumberBytesProvided": "5"}),
    ("versitygw#1666", "PUT", "/bucket/key", FRAMED, b"3\r\nhello\r\n0\r\n\r\n", "IncompleteBody",
     "The request body terminated unexpectedly", {}),
    ("versitygw#1665", "PUT", "/bucket/key", FRAMED, b"5\r\nhello\r\n1\r\n0\r\n\r\n", "InvalidChunkSizeError",
     "Only the last chunk is allowed to have a size less than 8192 bytes", {"Chunk": "2", "BadChunkSize": "5"}),
    ("versitygw#1161", "PUT", "/bucket/key", FRAMED | {"x_amz_trailer": "x-amz-checksum-sha10"},
     b"5\r\nhello\r\n0\r\nx-amz-checksum-sha10:a\r\n\r\n", "InvalidRequest",
     "The value specified in the x-amz-trailer header is not supported", {}),
    ("versitygw#1165", "PUT", "/bucket/key", FRAMED | {"x_amz_trailer": "x-amz-checksum-sha1"},
     b"5\r\nhello\r\n0\r\nx-amz-checksum-sha1:a\r\n\r\n", "InvalidRequest",
     "Value for x-amz-checksum-sha1 trailing header is invalid.", {}),
    *(("versitygw#1600", "PUT", "/bucket/key", FRAMED | {"x_amz_trailer": "x-amz-checksum-crc32"},
       b"5\r\nhello\r\n0\r\n%b\r\n" % trailer, "MalformedTrailerError", TRAILER, {})
      for trailer in (b"", b":NSRBwg==\r\n", b"x-amz-checksum-sha1:a\r\n")),
    *((source, "PUT", "/bucket?policy", {}, policy(**changes), "MalformedPolicy", message, {})
      for source, changes, message in (
          ("versitygw#647", {"Effect": "hello"}, "Invalid effect: hello"),
          ("versitygw#648", {"Resource": ["nothing"]}, "Policy has invalid resource"),
          ("versitygw#649", {"Principal": {"AWS": "nobody"}}, "Invalid principal in policy"),
          ("versitygw#650", {"Action": "invalid_action"}, "Policy has invalid action"),
          ("versitygw#645", {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket"},
           "Action does not apply to any resource(s) in statement"),
          ("versitygw#1536", {"Version": "invalid policy"}, "The policy must contain a valid version string"),
      )),
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
