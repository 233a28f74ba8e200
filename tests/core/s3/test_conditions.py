"""Conditional reads, writes and deletes."""

from __future__ import annotations

import pytest

ETAG = '"8d777f385d3dfec8815d20f7496026dc"'  # md5 of b"data"
OTHER = '"0123456789abcdef0123456789abcdef"'
BEFORE, AT, AFTER = (f"Fri, 01 May 2026 {clock} GMT" for clock in ("11:59:59", "12:00:00", "12:00:01"))


@pytest.fixture
def stored(s3):
    """Return an S3 that holds bucket/key, last modified at AT."""
    s3("PUT", "/bucket/key", b"data")
    return s3


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if_match": ETAG}, "200"),
        ({"if_match": ETAG.strip('"')}, "200"),
        ({"if_match": "*"}, "200"),
        ({"if_match": f"{OTHER}, {ETAG}"}, "200"),
        ({"if_match": OTHER}, "If-Match"),
        ({"if_none_match": OTHER}, "200"),
        ({"if_none_match": ETAG}, "NotModified"),
        ({"if_none_match": f"W/{ETAG}"}, "NotModified"),
        ({"if_none_match": "*"}, "NotModified"),
        ({"if_modified_since": BEFORE}, "200"),
        ({"if_modified_since": AT}, "NotModified"),
        ({"if_modified_since": AFTER}, "200"),
        ({"if_unmodified_since": BEFORE}, "If-Unmodified-Since"),
        ({"if_unmodified_since": AT}, "200"),
        ({"if_unmodified_since": AFTER}, "200"),
        ({"if_modified_since": "yesterday"}, "200"),
        ({"if_unmodified_since": "yesterday"}, "200"),
        ({"if_match": ETAG, "if_unmodified_since": BEFORE}, "200"),
        ({"if_match": OTHER, "if_unmodified_since": AFTER}, "If-Match"),
        ({"if_none_match": OTHER, "if_modified_since": AFTER}, "200"),
        ({"if_none_match": ETAG, "if_modified_since": BEFORE}, "NotModified"),
        ({"if_match": ETAG, "if_none_match": ETAG}, "NotModified"),
        ({"if_match": OTHER, "if_none_match": ETAG}, "If-Match"),
    ],
)
def test_conditions_of_a_read(stored, code, headers, expected):
    """Conditions hold, give 304, or 412 naming the header, in the precedence of RFC 9110."""
    failed = ("PreconditionFailed", 412, {"Condition": expected})
    for method in ("GET", "HEAD"):
        reply = stored(method, "/bucket/key", **headers)
        if expected.startswith("If-"):
            assert (reply.code, reply.status, dict(reply.elements)) == failed, method
        else:
            assert code(reply) == expected, method


def test_not_modified_tells_what_is_unchanged(stored):
    """A 304 has ETag and Last-Modified."""
    reply = stored("GET", "/bucket/key", if_none_match=ETAG)
    assert (reply.status, dict(reply.headers)) == (304, {"ETag": ETAG, "Last-Modified": AT})


@pytest.mark.parametrize(
    ("key", "headers", "expected"),
    [
        ("key", {"if_none_match": "*"}, "PreconditionFailed"),
        ("new", {"if_none_match": "*"}, "200"),
        ("key", {"if_match": ETAG}, "200"),
        ("key", {"if_match": OTHER}, "PreconditionFailed"),
        ("new", {"if_match": ETAG}, "NoSuchKey"),
        ("key", {"if_none_match": ETAG}, "NotImplemented"),
        ("key", {"if_match": "*"}, "NotImplemented"),
        ("key", {"if_match": ETAG, "if_none_match": "*"}, "NotImplemented"),
    ],
)
def test_conditions_of_a_write(stored, code, key, headers, expected):
    """A write takes If-None-Match: * or If-Match: etag; a condition that fails leaves what is stored."""
    reply = stored("PUT", f"/bucket/{key}", b"new", **headers)
    assert code(reply) == expected
    if expected == "200":
        assert stored.store.get("bucket", key).body == b"new"
    else:
        assert stored.store.keys("bucket") == ["key"]
        assert stored.store.get("bucket", "key").body == b"data"


def test_a_condition_that_s3_does_not_offer_is_named(stored):
    """NotImplemented tells the header and why."""
    reply = stored("PUT", "/bucket/key", if_match=ETAG, if_none_match="*")
    elements = dict(reply.elements)
    assert (reply.status, elements["Header"]) == (501, "If-Match,If-None-Match")
    assert elements["additionalMessage"]


@pytest.mark.parametrize(
    ("key", "headers", "expected"),
    [
        ("key", {"if_match": ETAG}, "204"),
        ("key", {"if_match": "*"}, "204"),
        ("key", {"if_match": OTHER}, "PreconditionFailed"),
        ("none", {"if_match": ETAG}, "NoSuchKey"),
        ("key", {"x-amz-if-match-size": "4"}, "NotImplemented"),
        ("key", {"x-amz-if-match-last-modified-time": AT}, "NotImplemented"),
    ],
)
def test_conditions_of_a_delete(stored, code, key, headers, expected):
    """DeleteObject takes If-Match; size and time are for directory buckets."""
    assert code(stored("DELETE", f"/bucket/{key}", **headers)) == expected
    assert stored.store.exists("bucket", "key") is (expected != "204")
