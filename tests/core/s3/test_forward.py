"""What of a request goes on to another S3, and what of its answer comes back."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256

import pytest

from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.forward import answered, forwarded, text_of
from pytest_s3errors._core.s3.messages import Call


def call(method: str = "PUT", target: str = "/bucket/key", **headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_call(method=method, target=target, headers=named, host="s3.amazonaws.com")


def test_what_belongs_to_one_connection_stays_behind():
    """Signature, host, date, framing and the headers of the hop are dropped, and those that Connection names."""
    asked = forwarded(
        call(
            authorization="AWS4 x",
            connection="keep-alive, X-Mine",
            x_mine="1",
            host="s3.amazonaws.com",
            expect="100-continue",
            transfer_encoding="chunked",
            content_length="4",
            date="now",
            x_amz_date="20260101T000000Z",
            x_amz_security_token="secret",
            content_type="text/plain",
            x_amz_meta_a="b",
        ),
        b"data",
    )
    assert asked.headers == {"content-type": "text/plain", "x-amz-meta-a": "b"}
    assert (asked.method, asked.path, asked.body, asked.payload_hash) == (
        "PUT",
        "/bucket/key",
        b"data",
        "UNSIGNED-PAYLOAD",
    )


@pytest.mark.parametrize(
    ("host", "target"), [("s3.amazonaws.com", "/b.c/a%20b//%C3%BC%2B~"), ("b.c.s3.amazonaws.com", "/a%20b//%C3%BC%2B~")]
)
def test_every_address_becomes_path_style(host, target):
    """The bucket stands in the path; the key is encoded as S3 signs it, nothing in it is tidied."""
    asked = forwarded(parse_call(method="GET", target=target, headers={}, host=host), b"")
    assert asked.path == "/b.c/a%20b//%C3%BC%2B~"


def test_the_service_itself_has_no_bucket():
    """ListBuckets asks for the root."""
    assert forwarded(call("GET", "/"), b"").path == "/"


@pytest.mark.parametrize(
    "signed",
    [
        "X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Date=c&X-Amz-Expires=1&X-Amz-SignedHeaders=h&X-Amz-Signature=d",
        "X-Amz-Signature=d&X-Amz-Security-Token=e",
        "AWSAccessKeyId=a&Expires=1&Signature=c",
    ],
)
def test_a_presigned_url_loses_its_signature_alone(signed):
    """The rest of the query goes on, decoded."""
    asked = forwarded(call("GET", f"/bucket/key?versionId=a%2Bb&{signed}&tagging"), b"")
    assert asked.params == {"versionId": "a+b", "tagging": ""}


def test_what_the_client_said_of_its_body_is_checked_by_the_other_s3():
    """A stated SHA-256 goes on as it is, true or not; no statement is none."""
    digest = sha256(b"data").hexdigest()
    assert forwarded(call(x_amz_content_sha256=digest), b"data").payload_hash == digest
    assert forwarded(call(x_amz_content_sha256="UNSIGNED-PAYLOAD"), b"data").payload_hash == "UNSIGNED-PAYLOAD"


def test_chunks_leave_no_trace_but_their_checksum():
    """What told of the framing goes, the encoding of the object stays, a checksum from the trailers is a header."""
    asked = forwarded(
        call(
            x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            x_amz_decoded_content_length="4",
            x_amz_trailer="x-amz-checksum-crc32",
            content_encoding="gzip, aws-chunked",
        ),
        b"data",
        {"x-amz-checksum-crc32": "rfPzYw==", "x-amz-trailer-signature": "s"},
    )
    assert (asked.body, asked.payload_hash) == (b"data", "UNSIGNED-PAYLOAD")
    assert asked.headers == {"content-encoding": "gzip", "x-amz-checksum-crc32": "rfPzYw=="}
    assert forwarded(call(content_encoding="aws-chunked"), b"data").headers == {}


def test_a_list_of_deletes_has_a_digest():
    """S3 refuses one without; the client's own is kept."""
    asked = forwarded(call("POST", "/bucket?delete"), b"<Delete/>")
    assert asked.headers == {"content-md5": b64encode(md5(b"<Delete/>").digest()).decode()}
    own = forwarded(call("POST", "/bucket?delete", x_amz_checksum_crc32="own"), b"<Delete/>")
    assert own.headers == {"x-amz-checksum-crc32": "own"}


@pytest.mark.parametrize(("value", "text"), [("a", "a"), ("Ã¼", "ü"), ("ü", "ü"), ("€", "€")])
def test_header_text(value, text):
    """Bytes of UTF-8 are that; other bytes are Latin-1, and what never was bytes is itself."""
    assert text_of(value) == text


def test_an_answer_passes_on():
    """Status, headers in S3's spelling and body; Date, Server and framing are the sender's own."""
    headers = [
        ("content-type", "text/plain"),
        ("etag", '"e"'),
        ("X-AMZ-Meta-A", "b"),
        ("vary", "a"),
        ("Vary", "b"),
        ("date", "x"),
        ("server", "x"),
        ("Connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "4"),
    ]
    reply = answered(call("GET"), 200, headers, b"data")
    assert reply.headers == {"Content-Type": "text/plain", "ETag": '"e"', "x-amz-meta-a": "b", "Vary": "a, b"}
    assert (reply.status, reply.body, reply.length, reply.code) == (200, b"data", None, None)


def test_the_answer_to_head_has_a_length_and_no_body():
    """Even if the other S3 sends one."""
    reply = answered(call("HEAD"), 200, [("content-length", "7")], b"oops")
    assert (reply.length, reply.body) == (7, b"")


def test_an_error_is_known_by_its_code_and_has_one_pair_of_ids():
    """Those in the body are in the headers too; without a body the code is the status's usual one."""
    body = b"<Error><Code>SlowDown</Code><RequestId>R</RequestId><HostId>H/+=</HostId></Error>"
    reply = answered(call(), 503, [("x-amz-request-id", "other")], body)
    assert (reply.code, reply.body) == ("SlowDown", body)
    assert reply.headers == {"x-amz-request-id": "R", "x-amz-id-2": "H/+="}
    reply = answered(call(), 403, [("x-amzn-requestid", "other")], b"<RequestID>R</RequestID>")
    assert reply.headers == {"x-amz-request-id": "R"}
    assert answered(call(), 200, [("x-amzn-requestid", "other")], b"").headers == {"x-amz-request-id": "other"}
    assert answered(call("HEAD"), 404, [], b"").code == "NoSuchKey"
    assert answered(call("GET"), 304, [], b"").code == "NotModified"
    assert answered(call("GET"), 502, [], b"<html>").code is None
