"""The catalogue holds what is known of S3's errors, and fills an answer from the request."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.catalogue import CODES, error_reply, nearest, usual_code
from pytest_s3errors._core.s3.errors.messages import RECORDED
from s3_asyncio_client._core.operations import OPERATIONS

# What was collected of each code, with where it was seen: AWSDOC is the S3 API reference, BOTO botocore's model, LSREC,
# ARGMIN and MOUNTPOINT are answers recorded on AWS, VGW and others are the error tables of other servers.
FACTS = {
    row["code"]: row
    for row in csv.DictReader((Path(__file__).parent / "error_codes.csv").read_text(encoding="utf-8").splitlines())
}


def values(code, column):
    return set(FACTS[code][column].split(";")) - {""}


def call(method="GET", target="/key", *, host="bucket.s3.us-east-1.amazonaws.com", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_call(method=method, target=target, headers={"host": host, **given})


def test_has_the_codes_of_the_facts_and_no_other():
    """The catalogue is complete, and invents nothing."""
    assert set(CODES) == set(FACTS)


def test_agrees_with_the_facts():
    """Status, elements, headers and closing are those that were collected."""
    closes = "Connection: close"
    for code, spec in CODES.items():
        assert spec.status == int(FACTS[code]["status"]), code
        assert set(spec.elements) == values(code, "elements"), code
        assert set(spec.headers) == values(code, "headers") - {closes}, code
        assert spec.closes == (closes in values(code, "headers")), code
        assert values(code, "sources"), code


def test_is_sorted():
    """A reader finds a code where the alphabet puts it."""
    assert list(CODES) == sorted(CODES)


def test_is_consistent():
    """Each entry can be sent: its status is an error's, its names are XML's and HTTP's, its message is a sentence."""
    for code, spec in CODES.items():
        assert 300 <= spec.status <= 599, code
        assert spec.message[0].isupper(), code
        assert spec.code in RECORDED or spec.message.strip() == spec.message, code
        assert len(set(spec.elements)) == len(spec.elements), code
        assert not {"Code", "Message", "RequestId", "HostId"} & set(spec.elements), code
        for name in spec.elements:
            assert ET.fromstring(f"<{name}/>").tag == name, code
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z-]*", name) for name in spec.headers), code
        assert values(spec.code, "evidence") <= {"aws-wire", "aws-model", "doc"}, code
        for name in values(spec.code, "operations"):
            assert name == "*" or any(operation.startswith(name.rstrip("*")) for operation in OPERATIONS), name
            assert name.endswith("*") or name in OPERATIONS, name


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("NoSuchKey", "The specified key does not exist."),
        ("NoSuchBucket", "The specified bucket does not exist"),
        ("AccessDenied", "Access Denied"),
        ("SlowDown", "Please reduce your request rate."),
        ("ServiceUnavailable", "Please reduce your request rate."),
        ("InternalError", "We encountered an internal error. Please try again."),
    ],
)
def test_keeps_the_messages_that_programs_match_on(code, message):
    """A few messages are S3's own, to the letter."""
    assert error_reply(code, call()).message == message


@pytest.mark.parametrize("status", [301, 304, 307, 400, 403, 404, 405, 409, 411, 412, 416, 500, 501, 503])
def test_a_status_has_its_usual_code(status):
    """The code that a status gets is one that S3 sends with that status."""
    code = usual_code(status, call())
    assert code is not None
    assert CODES[code].status == status


@pytest.mark.parametrize("status", [300, 302, 402, 408, 413, 418, 429, 502, 504, 599])
def test_a_status_that_s3_does_not_send_has_none(status):
    """What comes from a load balancer or from no one has no code of S3."""
    assert usual_code(status, call()) is None


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/", "NoSuchBucket"),
        ("/?uploads", "NoSuchBucket"),
        ("/key", "NoSuchKey"),
        ("/key?versionId=1", "NoSuchKey"),
        ("/key?uploadId=1", "NoSuchUpload"),
    ],
)
def test_a_404_is_about_what_the_request_names(target, code):
    """An upload if one is named, else the key, else the bucket."""
    assert usual_code(404, call(target=target)) == code


EVERYTHING = call(
    "PUT",
    "/a%20key?uploadId=u&partNumber=7&versionId=v",
    range="bytes=9-",
    authorization="AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/s3/aws4_request, Signature=sig",
    **{
        "content-md5": "bWQ1",
        "content-length": "12",
        "if-none-match": "*",
        "x-amz-content-sha256": "e3b0",
        "x-amz-date": "20260101T000000Z",
        "x-amz-meta-ab": "cde",
        "x-amz-security-token": "a-token",
        "x-amz-server-side-encryption": "ROT13",
        "x-amz-storage-class": "ICE",
    },
)


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("NoSuchKey", [("Key", "a key")]),
        ("NoSuchBucket", [("BucketName", "bucket")]),
        ("NoSuchUpload", [("UploadId", "u")]),
        ("NoSuchVersion", [("Key", "a key"), ("VersionId", "v")]),
        ("NoSuchAccessPoint", [("AccessPointName", "bucket")]),
        ("PreconditionFailed", [("Condition", "If-None-Match")]),
        ("ConditionalRequestConflict", [("Condition", "If-None-Match"), ("Key", "a key")]),
        ("InvalidRange", [("RangeRequested", "bytes=9-")]),
        ("InvalidPartNumber", [("PartNumberRequested", "7")]),
        ("InvalidPart", [("UploadId", "u")]),
        ("InvalidDigest", [("Content-MD5", "bWQ1")]),
        ("BadDigest", [("ExpectedDigest", "bWQ1")]),
        ("XAmzContentSHA256Mismatch", [("ClientComputedContentSHA256", "e3b0")]),
        ("InvalidStorageClass", [("StorageClassRequested", "ICE")]),
        (
            "InvalidEncryptionAlgorithmError",
            [("ArgumentName", "x-amz-server-side-encryption"), ("ArgumentValue", "ROT13")],
        ),
        ("KeyTooLongError", [("Size", "5"), ("MaxSizeAllowed", "1024")]),
        ("MetadataTooLarge", [("Size", "5"), ("MaxSizeAllowed", "2048")]),
        ("EntityTooLarge", [("ProposedSize", "12"), ("MaxSizeAllowed", "5368709120")]),
        ("EntityTooSmall", [("MinSizeAllowed", "5242880")]),
        ("RequestHeaderSectionTooLarge", [("MaxSizeAllowed", "8192")]),
        ("RequestTimeTooSkewed", [("RequestTime", "20260101T000000Z"), ("MaxAllowedSkewMilliseconds", "900000")]),
        ("InvalidAccessKeyId", [("AWSAccessKeyId", "AKID")]),
        ("SignatureDoesNotMatch", [("AWSAccessKeyId", "AKID")]),
        ("ExpiredToken", []),
        ("InvalidToken", []),
        ("AccessDenied", []),
        ("SlowDown", []),
        ("InvalidURI", [("URI", "/a%20key")]),
        ("InvalidObjectState", [("StorageClass", "GLACIER")]),
        ("MethodNotAllowed", [("Method", "PUT"), ("ResourceType", "PART")]),
        ("PermanentRedirect", [("Endpoint", "bucket.s3.us-west-2.amazonaws.com"), ("Bucket", "bucket")]),
        ("AuthorizationHeaderMalformed", [("Region", "us-west-2")]),
    ],
)
def test_fills_the_elements_from_the_request(code, elements):
    """What the request tells is in the answer, in S3's order; tokens and signatures are not."""
    assert list(error_reply(code, EVERYTHING).elements) == elements


@pytest.mark.parametrize("request_", [call(target="/"), call(host="s3.amazonaws.com", target="/"), EVERYTHING])
def test_fills_text_only_and_never_a_secret(request_):
    """Of every code, elements and headers are the code's own, are text, and hold no token and no signature."""
    for code, spec in CODES.items():
        reply = error_reply(code, request_)
        assert set(dict(reply.elements)) <= set(spec.elements)
        assert set(reply.headers) <= set(spec.headers)
        for value in (*dict(reply.elements).values(), *reply.headers.values()):
            assert isinstance(value, str), code
            assert "a-token" not in value, code
            assert "Signature" not in value, code


@pytest.mark.parametrize(
    "code",
    ["NoSuchKey", "NoSuchBucket", "NoSuchUpload", "NoSuchVersion", "PreconditionFailed", "InvalidRange", "BadDigest"],
)
def test_leaves_out_what_the_request_does_not_tell(code):
    """Without a key, a bucket, an upload id, a condition or a range in the request the answer has no such element."""
    assert error_reply(code, call(host="s3.amazonaws.com", target="/")).elements == ()


def test_given_elements_win_and_keep_s3s_order():
    """The caller's values replace filled ones in their place; unknown ones follow in the order given."""
    reply = error_reply(
        "InvalidPart", EVERYTHING, elements={"Zebra": "z", "ETag": "e", "Apple": "a", "PartNumber": "2"}
    )
    assert reply.elements == (("UploadId", "u"), ("PartNumber", "2"), ("ETag", "e"), ("Zebra", "z"), ("Apple", "a"))
    assert error_reply("NoSuchKey", call(), elements={"Key": "other"}).elements == (("Key", "other"),)


@pytest.mark.parametrize(
    ("header", "condition"),
    [
        ("if-match", "If-Match"),
        ("if-unmodified-since", "If-Unmodified-Since"),
        ("x-amz-copy-source-if-match", "x-amz-copy-source-If-Match"),
        ("x-amz-copy-source-if-modified-since", "x-amz-copy-source-If-Modified-Since"),
    ],
)
def test_names_the_condition_in_s3s_spelling(header, condition):
    """The Condition element is the header's name as AWS writes it."""
    assert error_reply("PreconditionFailed", call(**{header: "x"})).elements == (("Condition", condition),)


@pytest.mark.parametrize(
    ("request_", "region", "endpoint", "location"),
    [
        (
            call(target="/a%20b?versionId=1"),
            "us-west-2",
            "bucket.s3.us-west-2.amazonaws.com",
            "https://bucket.s3.us-west-2.amazonaws.com/a%20b?versionId=1",
        ),
        (
            call(target="/bucket/k%FF", host="s3.eu-west-1.amazonaws.com"),
            "us-east-1",
            "bucket.s3.us-east-1.amazonaws.com",
            "https://bucket.s3.us-east-1.amazonaws.com/k%FF",
        ),
        (
            call(target="/", host="s3.us-west-2.amazonaws.com"),
            "us-east-1",
            "s3.us-east-1.amazonaws.com",
            "https://s3.us-east-1.amazonaws.com/",
        ),
        (call(target="/b/k", host="h:9000"), "us-west-2", "h:9000", "https://h:9000/b/k"),
    ],
)
def test_redirects_elsewhere(request_, region, endpoint, location):
    """A redirect names another region than the one asked; another store's host has no other place to name."""
    reply = error_reply("TemporaryRedirect", request_)
    assert dict(reply.elements)["Endpoint"] == endpoint
    assert reply.headers == {"Location": location, "x-amz-bucket-region": region}
    assert "Location" not in error_reply("PermanentRedirect", request_).headers


@pytest.mark.parametrize("name", ["x-amz-bucket-region", "X-Amz-Bucket-Region"])
def test_a_given_region_decides_the_redirect(name):
    """The Endpoint lies in the region that the caller's header names, and the header is there once."""
    reply = error_reply("PermanentRedirect", call(), headers={name: "eu-north-1"})
    assert dict(reply.elements)["Endpoint"] == "bucket.s3.eu-north-1.amazonaws.com"
    assert reply.headers == {name: "eu-north-1"}


def test_tells_the_region_of_a_bucket_to_bucket_requests_only():
    """A malformed Authorization header is answered with x-amz-bucket-region unless a key is named."""
    assert error_reply("AuthorizationHeaderMalformed", call(target="/")).headers == {"x-amz-bucket-region": "us-west-2"}
    assert error_reply("AuthorizationHeaderMalformed", call()).headers == {}


def test_reads_the_region_asked_from_the_signature_at_other_stores():
    """Where the host names no region, the credential's scope does."""
    elsewhere = call(
        target="/b", host="h", authorization="AWS4-HMAC-SHA256 Credential=A/20260101/us-west-1/s3/aws4_request, Sig"
    )
    assert error_reply("AuthorizationHeaderMalformed", elsewhere).elements == (("Region", "us-east-1"),)
    presigned = call(target="/b?X-Amz-Credential=AK%2F20260101%2Fus-east-1%2Fs3%2Faws4_request", host="h")
    assert error_reply("AuthorizationHeaderMalformed", presigned).elements == (("Region", "us-west-2"),)
    assert error_reply("InvalidAccessKeyId", presigned).elements == (("AWSAccessKeyId", "AK"),)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_refuses_to_read_a_delete_marker(method):
    """405 to a read of one version says that it is a delete marker and can only be deleted."""
    reply = error_reply("MethodNotAllowed", call(method, "/key?versionId=v"))
    assert reply.elements == (("Method", method), ("ResourceType", "DeleteMarker"))
    assert reply.headers == {"Allow": "DELETE", "x-amz-delete-marker": "true", "x-amz-version-id": "v"}


@pytest.mark.parametrize(
    ("target", "kind", "allow"),
    [
        ("/", "SERVICE", "GET"),
        ("/b", "BUCKET", "HEAD, DELETE, POST, GET, PUT"),
        ("/b/k", "OBJECT", "HEAD, DELETE, GET, PUT"),
        ("/b/k?tagging", "OBJECT_TAGGING", "DELETE, GET, PUT"),
    ],
)
def test_other_405s_allow_what_the_resource_has(target, kind, allow):
    """Allow lists the methods of what was addressed, in S3's order, and ResourceType names it."""
    reply = error_reply("MethodNotAllowed", call("PATCH", target, host="s3.amazonaws.com"))
    assert dict(reply.elements)["ResourceType"] == kind
    assert reply.headers == {"Allow": allow}


def test_a_preflight_is_refused_for_the_method_asked_about():
    """AccessForbidden names the method that the browser wants to use, not OPTIONS, and always the bucket."""
    reply = error_reply("AccessForbidden", call("OPTIONS", **{"access-control-request-method": "PUT"}))
    assert reply.elements == (("Method", "PUT"), ("ResourceType", "BUCKET"))


@pytest.mark.parametrize(("sent", "etag"), [('"abc"', '"abc"'), ("*", None), ('"a", "b"', None)])
def test_not_modified_repeats_the_only_etag(sent, etag):
    """304 carries the ETag where the client can only have meant one."""
    headers = error_reply("NotModified", call(**{"if-none-match": sent})).headers
    assert headers == ({"ETag": etag} if etag else {})


def test_takes_status_message_and_headers():
    """Each can be said instead of the catalogue's."""
    reply = error_reply("SlowDown", call(), status=429, message="Later", headers={"Retry-After": "1"})
    assert (reply.code, reply.status, reply.message, dict(reply.headers)) == (
        "SlowDown",
        429,
        "Later",
        {"Retry-After": "1"},
    )


def test_takes_a_code_of_another_store_with_its_status():
    """A code that S3 lacks needs a status, and gets no elements of itself."""
    reply = error_reply("XMinioDriveFull", call(), status=507)
    assert (reply.status, reply.elements, reply.headers) == (507, (), {})
    assert reply.message
    assert error_reply("Other", call(), status=400, message="", elements={"A": "1"}).elements == (("A", "1"),)
    assert error_reply("Other", call(), status=400, message="").message == ""


def test_refuses_an_unknown_code_without_status():
    """The message says what is missing and the nearest code of S3."""
    with pytest.raises(
        ValueError, match=r"'SlowDwn' is not a code of S3: say its status= too; did you mean 'SlowDown'"
    ):
        error_reply("SlowDwn", call())
    with pytest.raises(ValueError, match=r"status= too$"):
        error_reply("Zq", call())


def test_nothing_can_change_the_headers_of_another_reply():
    """Equal answers may be one value: what is shared can't be written to."""
    first = error_reply("SlowDown", call())
    with pytest.raises(TypeError, match="does not support item assignment"):
        first.headers["X"] = "1"
    assert error_reply("SlowDown", call()).headers == {}


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("SlowDwn", CODES, "SlowDown"),
        ("slowdown", CODES, "SlowDown"),
        ("slow_down", CODES, "SlowDown"),
        ("PutObjects", OPERATIONS, "PutObject"),
        ("putobject", OPERATIONS, "PutObject"),
        ("time", ("status", "times", "after"), "times"),
        ("qqq", CODES, None),
        ("", CODES, None),
        ("a", (), None),
    ],
)
def test_suggests_the_nearest_name(name, names, expected):
    """The same name in another case first, then the closest spelling, else none."""
    assert nearest(name, names) == expected


@pytest.mark.parametrize("host", ["", "locate: []", "[x]", "a]b", "[::1", "h:99999", "u@h", "\u2100.com"])
def test_any_host_may_be_refused(host):
    """A client may send what no URL may hold."""
    sent = call("PUT", "/bucket/a%20key?tagging", host=host)
    assert [error_reply(code, sent).code for code in CODES] == list(CODES)
