"""Facts 46 to 53: conditions and ranges."""

from __future__ import annotations

from fact_list import Seen, claim

PAST = "Thu, 01 Jan 2015 00:00:00 GMT"
FALSE = '"00000000000000000000000000000000"'


def _stored(s3):
    """The path of an object that is there, and its ETag."""
    path = f"/{s3.bucket()}/key"
    return path, s3.put(path)


def _failed(answer, condition):
    return answer.error(412, "PreconditionFailed", Condition=condition)


@claim(46, "412 PreconditionFailed names the Condition in AWS's casing: If-Match, If-Unmodified-Since of a read")
def of_a_read(s3):
    path, _ = _stored(s3)
    match, since = s3.ask("GET", path, if_match=FALSE), s3.ask("GET", path, if_unmodified_since=PAST)
    return _failed(match, "If-Match") & _failed(since, "If-Unmodified-Since")


@claim(46, "If-None-Match and If-Match of a write")
def of_a_write(s3):
    path, _ = _stored(s3)
    none_match, match = s3.ask("PUT", path, b"x", if_none_match="*"), s3.ask("PUT", path, b"x", if_match=FALSE)
    return _failed(none_match, "If-None-Match") & _failed(match, "If-Match")


@claim(46, "x-amz-copy-source-If-Match, x-amz-copy-source-If-Unmodified-Since of a copy")
def of_a_copy(s3):
    path, _ = _stored(s3)
    match = s3.ask("PUT", f"{path}2", x_amz_copy_source=path, x_amz_copy_source_if_match=FALSE)
    since = s3.ask("PUT", f"{path}2", x_amz_copy_source=path, x_amz_copy_source_if_unmodified_since=PAST)
    return _failed(match, "x-amz-copy-source-If-Match") & _failed(since, "x-amz-copy-source-If-Unmodified-Since")


@claim(47, "A copy whose if-none-match or if-modified-since is false is 412, not 304")
def copy_unchanged(s3):
    path, etag = _stored(s3)
    modified = s3.ask("HEAD", path).headers["last-modified"]
    none_match = s3.ask("PUT", f"{path}2", x_amz_copy_source=path, x_amz_copy_source_if_none_match=etag)
    since = s3.ask("PUT", f"{path}2", x_amz_copy_source=path, x_amz_copy_source_if_modified_since=modified)
    seen = [
        _failed(none_match, "x-amz-copy-source-If-None-Match"),
        _failed(since, "x-amz-copy-source-If-Modified-Since"),
    ]
    return seen[0] & seen[1]


@claim(
    48,
    "If-Match of a PutObject or CompleteMultipartUpload to a missing key: 404 NoSuchKey with Key, not 412",
)
def match_of_nothing(s3):
    path = f"/{s3.bucket()}/missing"
    upload = s3.start(path)
    etag = s3.part(path, upload, 1)
    put = s3.ask("PUT", path, b"x", if_match=FALSE)
    complete = s3.complete(path, upload, (1, etag), if_match=FALSE)
    return put.error(404, "NoSuchKey", Key="missing") & complete.error(404, "NoSuchKey", Key="missing")


@claim(48, "The same for CopyObject")
def copy_to_nothing(s3):
    path, _ = _stored(s3)
    answer = s3.ask("PUT", f"{path}-missing", x_amz_copy_source=path, if_match=FALSE)
    return answer.error(404, "NoSuchKey", Key="key-missing")


@claim(
    49,
    "A write with If-None-Match other than `*`, If-Match `*`, or both: 501 NotImplemented, Header, additionalMessage",
)
def not_offered(s3):
    path, etag = _stored(s3)
    answers = (
        s3.ask("PUT", path, b"x", if_none_match=etag),
        s3.ask("PUT", path, b"x", if_match="*"),
        s3.ask("PUT", path, b"x", if_match=etag, if_none_match="*"),
    )
    seen = [answer.error(501, "NotImplemented", "Header", "additionalMessage") for answer in answers]
    return seen[0] & seen[1] & seen[2]


@claim(50, "Two conditional writes at once: 409 ConditionalRequestConflict with Condition and Key")
def race(s3):
    with s3.fail("ConditionalRequestConflict"):
        answer = s3.ask("PUT", "/bucket/key", b"x", if_none_match="*")
    return answer.error(409, "ConditionalRequestConflict", Condition="If-None-Match", Key="key")


@claim(51, "DeleteObject with a condition on size or time is 501 NotImplemented in a general purpose bucket")
def delete_conditions(s3):
    path, _ = _stored(s3)
    size = s3.ask("DELETE", path, x_amz_if_match_size="5")
    time = s3.ask("DELETE", path, x_amz_if_match_last_modified_time=PAST)
    return size.error(501, "NotImplemented", "Header") & time.error(501, "NotImplemented", "Header")


@claim(52, "416 InvalidRange has RangeRequested and ActualObjectSize, for `bytes=-0` too")
def unsatisfiable(s3):
    path, _ = _stored(s3)
    beyond, nothing = s3.ask("GET", path, range="bytes=9-"), s3.ask("GET", path, range="bytes=-0")
    size = {"ActualObjectSize": "5"}
    return beyond.error(416, "InvalidRange", RangeRequested="bytes=9-", **size) & nothing.error(
        416, "InvalidRange", RangeRequested="bytes=-0", **size
    )


@claim(52, "An invalid Range is ignored: 200")
def no_range(s3):
    path, _ = _stored(s3)
    answers = [s3.ask("GET", path, range=text) for text in ("bytes=5-2", "bytes=x-", "lines=1-2")]
    text = ", ".join(str(answer.status) for answer in answers)
    return Seen(text=text, holds=[(a.status, a.body) for a in answers] == [(200, b"hello")] * 3)


@claim(53, "A partNumber beyond the last: 416 InvalidPartNumber with PartNumberRequested and ActualPartCount")
def part_beyond(s3):
    path, _ = _stored(s3)
    answer = s3.ask("GET", f"{path}?partNumber=2")
    return answer.error(416, "InvalidPartNumber", PartNumberRequested="2", ActualPartCount="1")


@claim(53, "Range and partNumber together: 400 InvalidRequest")
def range_and_part(s3):
    path, _ = _stored(s3)
    return s3.ask("GET", f"{path}?partNumber=1", range="bytes=0-1").error(400, "InvalidRequest")
