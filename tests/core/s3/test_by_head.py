"""What S3 refuses by the head of a request, before it asks for the body: `refuses_by_head`."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.s3 import answer, refuses_by_head
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.messages import ErrorReply

HOST = "s3.us-east-1.amazonaws.com"
KNOWN = Credentials(access_key="AKIDKNOWN", secret_key="secret")
DECLARED = Access(known=(KNOWN,), declared=True)
XML = b"<CreateBucketConfiguration/>"


@pytest.fixture
def ask(s3):
    """Return a function that sends a head, then the whole, and tells both verdicts."""
    s3.store.declare_bucket("bucket")
    s3.store.put("bucket", "key", b"old")
    s3("POST", "/bucket/key?uploads")

    def send(method, target, body=b"data", access=None, **headers):
        named = {"host": HOST, "content-length": str(len(body)), "expect": "100-continue"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body == b"junk":  # a document, of which S3 wants a digest
            named["content-md5"] = "DIIfZ18TLXkLPyXnnac5pw=="
        call = parse_call(method=method, target=target, headers=named)
        given = {"new_id": s3.new_id} | ({} if access is None else {"access": access})
        before = s3.store.get("bucket", "key").body
        early = refuses_by_head(s3.store, call, **given)
        assert (s3.store.get("bucket", "key").body, s3.store.keys("bucket")) == (before, ["key"])
        whole = answer(s3.store, call, body, **given)
        if early:  # the body never comes, and the answer is the same
            assert answer(s3.store, call, b"", **given).code == whole.code
        return early, isinstance(whole, ErrorReply)

    return send


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("PUT", "/other/key", {}),
        ("PUT", f"/bucket/{'k' * 1025}", {}),
        ("PUT", "/bucket/key", {"if_none_match": "*"}),
        ("PUT", "/bucket/key", {"if_match": '"0"'}),
        ("PUT", "/bucket/key", {"x_amz_storage_class": "NONE"}),
        ("PUT", "/bucket/key", {"x_amz_meta_a": "m" * 3000}),
        ("PUT", "/bucket/key", {"x_amz_tagging": "a=1&a=2"}),
        ("PUT", "/bucket/key", {"content_length": str(6 * 1024**3)}),
        ("PUT", "/bucket/key", {"x_amz_acl": "none"}),
        ("PUT", "/bucket/key?partNumber=0&uploadId=upload-1", {}),
        ("PUT", "/bucket/key?partNumber=1&uploadId=none", {}),
        ("PUT", "/bucket/key", {"content_md5": "AWS HAHAHA"}),
        ("PUT", "/bucket/key", {"x_amz_checksum_crc32": "nonsense"}),
        ("PUT", "/bucket/key", {"x_amz_checksum_crc32": "AAAAAA==", "x_amz_checksum_crc32c": "AAAAAA=="}),
        ("POST", "/bucket/key?uploadId=none", {}),
        ("POST", "/other?delete", {}),
        ("PUT", "/other?tagging", {}),
    ],
)
def test_what_the_head_decides(ask, method, target, headers):
    """It is refused early, and just so with its body."""
    assert ask(method, target, **headers) == (True, True)


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "fails"),
    [
        ("PUT", "/bucket/key", b"data", {}, False),
        ("PUT", "/bucket/new", b"", {}, False),
        ("PUT", "/bucket/key?partNumber=1&uploadId=upload-1", b"data", {}, False),
        ("PUT", "/bucket/key", b"data", {"content_md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, True),
        ("PUT", "/bucket/key", b"data", {"x_amz_content_sha256": "0" * 64}, True),
        ("POST", "/bucket?delete", b"junk", {}, True),
        ("PUT", "/bucket?versioning", b"junk", {}, True),
        ("PUT", "/made", XML, {}, False),
        ("POST", "/bucket", b"junk", {"content_type": "multipart/form-data; boundary=a"}, True),
    ],
)
def test_what_needs_the_body(ask, s3, method, target, body, headers, fails):
    """The head passes, and changes nothing, whether or not the body is refused then."""
    assert ask(method, target, body, **headers) == (False, fails)


@pytest.mark.parametrize("length", [{"content_length": "0"}, {}])
@pytest.mark.parametrize("expect", ["", "200", "100-continue"])
def test_no_body_to_wait_for(s3, code, length, expect):
    """Whatever a request without a body expects, it is answered as one that expects nothing."""
    assert code(s3("PUT", "/bucket", b"", expect=expect, **length)) == "200"
    assert code(s3("PUT", "/bucket/key", b"", expect=expect, **length)) == "200"
    assert s3.store.get("bucket", "key").body == b""


def test_a_request_that_nobody_signed(ask):
    """Where access is declared, the head has to be signed."""
    assert ask("PUT", "/bucket/key", access=DECLARED) == (True, True)
