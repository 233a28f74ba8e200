"""Facts 36 to 45: S3 wants to be left alone for a while, or breaks off."""

from __future__ import annotations

import os
from unittest import mock

from boto3.s3.transfer import S3Transfer, TransferConfig
from botocore.exceptions import ClientError
from botocore.retries import standard as retries
from fact_list import CannotFail, Seen, after, caught, claim
from fact_servers import PROLOG


def _tried(s3, call, what, arguments, **options):
    """How often *call* was sent, and what it ended with."""
    before = len(s3.asked())
    with s3.fail(what, **options), caught(Exception) as errors:
        call(**arguments)
    return len(s3.asked()) - before, _named(errors)


def _named(errors):
    if not errors:
        return "returns"
    if isinstance(errors[0], ClientError):
        return errors[0].response["Error"]["Code"]
    return type(errors[0]).__name__


KEY = {"Bucket": "bucket", "Key": "key"}


@claim(36, "SlowDown is 503 with seven headers and no Retry-After")
def slow_down(s3):
    with s3.fail("SlowDown"):
        answer = s3.ask("GET", "/bucket/key")
    text = (
        f"{answer.status}, {len(answer.names)} headers, {'a' if 'retry-after' in answer.headers else 'no'} Retry-After"
    )
    return Seen(text=text, holds=text == "503, 7 headers, no Retry-After")


@claim(36, "botocore ignores Retry-After")
def retry_after(s3):
    with s3.fail("SlowDown", retry_after=600, times=1), caught(ClientError):
        s3.client(attempts=2).get_object(**KEY)
    (wait,) = s3.waits()
    return Seen(text=f"told 600 s, {'did not wait' if wait < 60 else 'waited'}", holds=wait < 60)


@claim(
    37, "botocore waits as long as x-amz-retry-after says, in ms: 1.44 and later, 1.43 if AWS_NEW_RETRIES_2026 is set"
)
def amz_retry_after(s3):
    if not hasattr(retries, "NEW_RETRIES_ENABLED"):
        raise CannotFail("this botocore does not know it")
    told = s3.fail(500, headers={"x-amz-retry-after": "3000"}, times=1)
    with mock.patch.object(retries, "NEW_RETRIES_ENABLED", True), caught(ClientError), told:
        s3.client(attempts=2).get_object(**KEY)
    (wait,) = s3.waits()
    return Seen(text=f"told 3 s, waited {wait:.1f} s", holds=2.9 < wait < 3.3)


@claim(38, "RequestTimeout is 400 with Connection: close and no elements of its own; botocore retries")
def request_timeout(s3):
    with s3.fail("RequestTimeout"):
        answer = s3.ask("PUT", "/bucket/key", b"hello")
    attempts, code = _tried(s3, s3.client(attempts=3).get_object, "RequestTimeout", KEY)
    own, closes = len(answer.own), answer.headers.get("connection")
    text = f"{answer.status}, {own} elements, Connection: {closes}; {attempts} attempts"
    return Seen(text=text, holds=(answer.status, own, closes, attempts, code) == (400, 0, "close", 3, "RequestTimeout"))


@claim(39, "Some invalid requests get 500 InternalError: CreateBucket with the same tag key of `aws:` twice")
def reserved_tags(s3):
    tag = "<Tag><Key>aws:a</Key><Value>1</Value></Tag>"
    body = f"<CreateBucketConfiguration><Tags>{tag}{tag}</Tags></CreateBucketConfiguration>"
    return s3.ask("PUT", f"/{s3.bucket()}-tagged", body.encode()).error(500, "InternalError")


@claim(39, "So does the completion of an upload with checksums whose part numbers have gaps")
def gaps(s3):
    bucket = s3.bucket()
    client = s3.client()
    upload = client.create_multipart_upload(
        Bucket=bucket, Key="key", ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
    )["UploadId"]
    parts = []
    for number, size in ((1, 5 * 1024**2), (3, 5)):
        said = client.upload_part(
            Bucket=bucket, Key="key", UploadId=upload, PartNumber=number, Body=bytes(size), ChecksumAlgorithm="SHA256"
        )
        parts.append({"PartNumber": number, "ETag": said["ETag"], "ChecksumSHA256": said["ChecksumSHA256"]})
    with caught(ClientError) as errors:
        client.complete_multipart_upload(Bucket=bucket, Key="key", UploadId=upload, MultipartUpload={"Parts": parts})
    status = errors[0].response["ResponseMetadata"]["HTTPStatusCode"] if errors else 200
    return Seen(
        text=f"{status} {_named(errors) if errors else ''}".strip(),
        holds=(status, _named(errors)) == (500, "InternalError"),
    )


@claim(40, "botocore does not retry OperationAborted and ConditionalRequestConflict")
def conflicts(s3):
    seen = [
        _tried(s3, s3.client(attempts=3).get_object, c, KEY) for c in ("OperationAborted", "ConditionalRequestConflict")
    ]
    text = ", ".join(f"{code} {after(attempts)}" for attempts, code in seen)
    return Seen(text=text, holds=[attempts for attempts, _ in seen] == [1, 1])


@claim(41, "A PUT with Expect is refused by its head: no 100, and the connection closes")
def refused_early(s3):
    s3.bucket()
    said = s3.said("PUT", "/no-such-bucket/key", Content_Length="1000000", Expect="100-continue")
    status = said.partition(b"\r\n")[0].decode()
    closes = b"connection: close" in said.lower()
    text = f"`{status}`{', Connection: close' if closes else ''}"
    return Seen(text=text, holds=status == "HTTP/1.1 404 Not Found" and closes)


@claim(41, "botocore sends Expect, and no body when it is refused")
def no_body_sent(s3):
    with s3.fail("AccessDenied", times=1), caught(ClientError):
        s3.client().put_object(Bucket="bucket", Key="key", Body=bytes(1_000_000))
    (record,) = s3.asked()
    return Seen(text=f"{record.body_size} bytes sent", holds=record.body_size == 0)


@claim(42, "A body that breaks off in StreamingBody.read is ResponseStreamingError, without a retry")
def cut_body(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/key", bytes(1000))
    client = s3.client(attempts=3)
    seen = []
    for chunked in (False, True):
        read = lambda **asked: client.get_object(**asked)["Body"].read()  # noqa: E731 - the call that is counted
        arguments = {"Bucket": bucket, "Key": "key"}
        seen.append(_tried(s3, read, "truncated_body", arguments, operation="GetObject", chunked=chunked))
    text = f"{seen[0][1]} {after(seen[0][0])}"
    return Seen(text=text, holds=seen == [(1, "ResponseStreamingError")] * 2)


@claim(42, "s3transfer retries the read: five attempts")
def transfer(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/key", bytes(1000))
    client = s3.client()
    with s3.fail("truncated_body", operation="GetObject"), caught(Exception) as errors:
        S3Transfer(client, TransferConfig(use_threads=False)).download_file(bucket, "key", os.devnull)
    attempts = sum(record.operation == "GetObject" for record in s3.asked())
    return Seen(text=f"{_named(errors)} {after(attempts)}", holds=attempts == 5)


@claim(42, "An error whose body breaks off gets its code from the status")
def cut_error(s3):
    with s3.fail(403, body=PROLOG + b"<Error><Code>AccessDen"), caught(ClientError) as errors:
        s3.client().get_object(**KEY)
    return Seen(text=_named(errors), holds=_named(errors) == "403")


@claim(
    43,
    "Before the headers: silence is ReadTimeoutError; FIN, RST or garbage ConnectionClosedError; all are retried",
)
def before_headers(s3):
    client = s3.client(attempts=3)
    seen = [_tried(s3, client.get_object, w, KEY) for w in ("stall", "disconnect", "connection_reset", "garbage")]
    ok = seen == [(3, "ReadTimeoutError"), *[(3, "ConnectionClosedError")] * 3]
    return Seen(text=", ".join(dict.fromkeys(f"{name} {after(attempts)}" for attempts, name in seen)), holds=ok)


@claim(43, "No listener: EndpointConnectionError, retried")
def nobody(s3):
    attempts, name = _tried(s3, s3.client(attempts=3, url=None).get_object, "connection_refused", KEY)
    return Seen(text=f"{name} {after(attempts)}", holds=(attempts, name) == (3, "EndpointConnectionError"))


@claim(43, "In StreamingBody.read RST is ResponseStreamingError, silence ReadTimeoutError; neither is retried")
def in_body(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/key", bytes(1000))
    client = s3.client(attempts=3)
    read = lambda **asked: client.get_object(**asked)["Body"].read()  # noqa: E731 - the call that is counted
    arguments = {"Bucket": bucket, "Key": "key"}
    seen = [_tried(s3, read, w, arguments, operation="GetObject") for w in ("reset_body", "stalled_body")]
    ok = seen == [(1, "ResponseStreamingError"), (1, "ReadTimeoutError")]
    return Seen(text=", ".join(f"{name} {after(attempts)}" for attempts, name in seen), holds=ok)


@claim(43, "In a listing, which botocore reads as a whole, it is ConnectionClosedError and retried")
def in_listing(s3):
    bucket = s3.bucket()
    client = s3.client(attempts=3)
    attempts, name = _tried(s3, client.list_objects_v2, "reset_body", {"Bucket": bucket}, operation="ListObjectsV2")
    return Seen(text=f"{name} {after(attempts)}", holds=(attempts, name) == (3, "ConnectionClosedError"))


@claim(44, "botocore's modes: legacy makes 5 attempts, standard and adaptive 3")
def modes(s3):
    counts = {}
    for mode in ("legacy", "standard", "adaptive"):
        counts[mode] = _tried(s3, s3.client(attempts=None, mode=mode).get_object, "InternalError", KEY)[0]
    text = ", ".join(f"{mode} {count}" for mode, count in counts.items())
    return Seen(text=text, holds=text == "legacy 5, standard 3, adaptive 3")


def _by_mode(s3, *causes):
    said = {}
    for mode in ("legacy", "standard"):
        call = s3.client(attempts=2, mode=mode).get_object
        said[mode] = [_tried(s3, call, what, KEY, **options)[0] for what, options in causes]
    return said, "; ".join(f"{mode}: {', '.join(map(str, counts))} attempts" for mode, counts in said.items())


@claim(44, "Only legacy retries status 509 and BadDigest, only standard retries SlowDown with any status")
def lists(s3):
    said, text = _by_mode(
        s3, (None, {"status": 509, "code": "Other"}), ("BadDigest", {}), ("SlowDown", {"status": 400})
    )
    return Seen(text=text, holds=said == {"legacy": [2, 2, 1], "standard": [1, 1, 2]})


@claim(44, "Legacy retries status 429 with any code; standard does since 1.44")
def too_many(s3):
    said, text = _by_mode(s3, (None, {"status": 429, "code": "Other"}))
    return Seen(text=text, holds=said == {"legacy": [2], "standard": [2]})
