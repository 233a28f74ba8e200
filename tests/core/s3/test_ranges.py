"""Ranges of an object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

BODY = b"0123456789"


@pytest.fixture
def stored(s3):
    """Return an S3 that holds ten digits, and an empty object."""
    s3("PUT", "/bucket/key", BODY)
    s3("PUT", "/bucket/empty", b"")
    return s3


@pytest.mark.parametrize(
    ("text", "body", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-5", b"2345", "bytes 2-5/10"),
        ("bytes=0-9", BODY, "bytes 0-9/10"),
        ("bytes=0-10", BODY, "bytes 0-9/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
        ("bytes=9-", b"9", "bytes 9-9/10"),
        ("bytes=0-", BODY, "bytes 0-9/10"),
        ("bytes=-1", b"9", "bytes 9-9/10"),
        ("bytes=-10", BODY, "bytes 0-9/10"),
        ("bytes=-11", BODY, "bytes 0-9/10"),
    ],
)
def test_a_range_is_answered_with_206(stored, text, body, content_range):
    """The bytes asked for come with Content-Range; HeadObject tells their length."""
    got, head = stored("GET", "/bucket/key", range=text), stored("HEAD", "/bucket/key", range=text)
    assert (got.status, got.body, got.headers["Content-Range"]) == (206, body, content_range)
    assert (head.status, head.length, head.headers) == (206, len(body), got.headers)


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=10-12", "bytes=11-", "bytes=-0", "bytes=" + "9" * 900 + "-"])
def test_a_range_behind_the_end_is_416(stored, text):
    """InvalidRange tells what was asked for and the true size."""
    reply = stored("GET", "/bucket/key", range=text)
    assert (reply.code, reply.status) == ("InvalidRange", 416)
    assert dict(reply.elements) == {"RangeRequested": text, "ActualObjectSize": "10"}


@pytest.mark.parametrize("text", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_object_has_no_range(stored, code, text):
    """Every range of nothing is behind the end."""
    assert code(stored("GET", "/bucket/empty", range=text)) == "InvalidRange"


@pytest.mark.parametrize(
    "text", ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4", "chars=0-1", "bytes=0x1-2"]
)
def test_a_range_that_cannot_be_read_is_ignored(stored, text):
    """A malformed range, or a list of ranges, gets the whole object with 200."""
    got = stored("GET", "/bucket/key", range=text)
    assert (got.status, got.body) == (200, BODY)
    assert "Content-Range" not in got.headers


@pytest.mark.parametrize("text", ["1", "0001"])
def test_the_first_part_of_a_plain_object_is_all_of_it(stored, text):
    """An object uploaded in one request has one part, answered as a range without a count of parts."""
    got = stored("GET", f"/bucket/key?partNumber={text}")
    assert (got.status, got.body, got.headers["Content-Range"]) == (206, BODY, "bytes 0-9/10")
    assert "x-amz-mp-parts-count" not in got.headers
    assert stored("GET", "/bucket/empty?partNumber=1").status == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "InvalidArgument"),
        ("-1", "InvalidArgument"),
        ("x", "InvalidArgument"),
        ("", "InvalidArgument"),
        ("2", "InvalidPartNumber"),
        ("10000", "InvalidPartNumber"),
        ("10001", "InvalidArgument"),
        ("9" * 5000, "InvalidArgument"),
    ],
)
def test_a_part_that_is_not_there(stored, text, expected):
    """A number beyond the parts is 416 with both numbers; one that no part can have is 400."""
    reply = stored("GET", f"/bucket/key?partNumber={text}")
    assert reply.code == expected
    if expected == "InvalidPartNumber":
        assert (reply.status, dict(reply.elements)) == (416, {"PartNumberRequested": text, "ActualPartCount": "1"})


def test_range_and_part_exclude_each_other(stored, code):
    """Both in one request are InvalidRequest."""
    assert code(stored("GET", "/bucket/key?partNumber=1", range="bytes=0-1")) == "InvalidRequest"


@given(first=st.integers(0, 9), last=st.integers(0, 15))
def test_ranges_agree_with_slices(judge, first, last):
    """Any range that begins within the object is the slice of its body."""
    s3 = judge.new()
    s3.store.put("bucket", "key", BODY)
    got = s3("GET", "/bucket/key", range=f"bytes={first}-{last}")
    if last < first:
        assert (got.status, got.body) == (200, BODY)
    else:
        assert (got.status, got.body) == (206, BODY[first : last + 1])
