"""Facts 29 to 35: the bucket is elsewhere."""

from __future__ import annotations

import contextlib

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from fact_list import Seen, caught, claim
from fact_servers import CREDENTIALS

AWAY = "eu-west-1"


def _redirected(answer, code, *, location):
    """Compare with a redirect to AWAY that has a Location header or none."""
    seen = answer.error(answer.status, code, "Endpoint", "Bucket", lacks=("BucketName",))
    region = answer.headers.get("x-amz-bucket-region")
    has = "location" in answer.headers
    text = f"{seen.text}, x-amz-bucket-region {region}, {'a' if has else 'no'} Location"
    return Seen(text=text, holds=bool(seen.holds) and region == AWAY and has is location)


@claim(29, "301 PermanentRedirect has Endpoint and Bucket (not BucketName), x-amz-bucket-region and no Location")
def permanent(s3):
    with s3.fail("redirect", region=AWAY):
        return _redirected(s3.ask("GET", "/bucket/key"), "PermanentRedirect", location=False)


@claim(30, "307 TemporaryRedirect has the same and a Location")
def temporary(s3):
    with s3.fail("redirect", status=307, region=AWAY):
        return _redirected(s3.ask("GET", "/bucket/key"), "TemporaryRedirect", location=True)


@claim(31, "A signature for another region: 400 AuthorizationHeaderMalformed with the right Region")
def other_region(s3):
    path = f"/{s3.bucket()}"
    request = AWSRequest("GET", s3.url + path)
    S3SigV4Auth(CREDENTIALS, "s3", AWAY).add_auth(request)
    answer = s3.send("GET", path, dict(request.headers.items()))
    return answer.error(400, "AuthorizationHeaderMalformed", Region="us-east-1")


@claim(
    31, "AuthorizationHeaderMalformed has Region; x-amz-bucket-region comes to requests for a bucket, not for an object"
)
def malformed(s3):
    answers = []
    with s3.fail("AuthorizationHeaderMalformed"):
        for method, path in (("GET", "/bucket"), ("GET", "/bucket/key"), ("HEAD", "/bucket/key")):
            answers.append(s3.ask(method, path))
    told = ["x-amz-bucket-region" in answer.headers for answer in answers]
    element = ["Region" in answer.own for answer in answers]
    names = ("bucket", "object", "HEAD object")
    said = [
        f"{name}: {' and '.join(filter(None, (e and 'element', t and 'header'))) or 'neither'}"
        for name, e, t in zip(names, element, told, strict=True)
    ]
    ok = told == [True, False, False] and element == [True, True, False]
    return Seen(text="; ".join(said), holds=ok and answers[0].status == 400)


def _asked(s3, call, what, options, **arguments):
    """The operations that reached S3 when the first request of *call* failed."""
    before = len(s3.asked())
    with s3.fail(what, times=1, **options), contextlib.suppress(ClientError):
        call(**arguments)
    return [record.operation for record in s3.asked()[before:]]


@claim(
    32,
    "botocore sends once more after AuthorizationHeaderMalformed, IllegalLocationConstraintException, 301, 302, 307",
)
def once_more(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/key")
    region = {"headers": {"x-amz-bucket-region": AWAY}}
    causes = (
        ("redirect", {"region": AWAY}),
        ("AuthorizationHeaderMalformed", {}),
        (None, {"status": 301, "code": "Moved", **region}),
        (None, {"status": 302, "code": "Moved", **region}),
        (None, {"status": 307, "code": "Moved", **region}),
        ("IllegalLocationConstraintException", region),
    )
    counts = []
    for what, options in causes:
        asked = _asked(s3, s3.client().get_object, what, options, Bucket=bucket, Key="key")
        counts.append(asked.count("GetObject"))
    return Seen(text=f"{', '.join(dict.fromkeys(map(str, counts)))} requests each", holds=counts == [2] * len(causes))


@claim(32, "After a 301 or 400 to HEAD too, for a bucket only if the header tells the region")
def head_once_more(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/key")
    client = s3.client()
    counts = []
    for status in (301, 400):
        options = {"status": status, "code": "Other", "headers": {"x-amz-bucket-region": AWAY}}
        for call, arguments in (
            (client.head_object, {"Bucket": bucket, "Key": "key"}),
            (client.head_bucket, {"Bucket": bucket}),
        ):
            counts.append(len(_asked(s3, call, None, options, **arguments)))
    told = _asked(s3, client.head_bucket, None, {"status": 400, "code": "Other"}, Bucket=bucket)
    text = f"{', '.join(dict.fromkeys(map(str, counts)))} requests each; without the header {len(told)}"
    return Seen(text=text, holds=counts == [2] * 4 and len(told) == 1)


@claim(
    33,
    "A 301 to everything without x-amz-bucket-region makes botocore send HeadBucket until Python gives up",
)
def endless(s3):
    with s3.fail(status=301, code="Moved"), caught(Exception) as errors:
        s3.client().get_object(Bucket=s3.bucket(), Key="key")
    heads = sum(record.operation == "HeadBucket" for record in s3.asked())
    many = "more than 20" if heads > 20 else str(heads)
    return Seen(text=f"{many} HeadBucket, then an exception", holds=heads > 20 and bool(errors))


@claim(34, "After a 400 to HEAD of an object, botocore sends a HeadBucket, which returns the region")
def extra_head(s3):
    bucket = s3.bucket()
    asked = _asked(s3, s3.client().head_object, 400, {"operation": "HeadObject"}, Bucket=bucket, Key="key")
    return Seen(text=", ".join(asked), holds=asked == ["HeadObject", "HeadBucket", "HeadObject"])


@claim(35, "Creating a bucket again is 409 BucketAlreadyOwnedByYou with BucketName; in us-east-1 it is 200")
def owned(s3):
    here = s3.ask("PUT", f"/{s3.bucket()}")
    body = f"<CreateBucketConfiguration><LocationConstraint>{AWAY}</LocationConstraint></CreateBucketConfiguration>"
    away = f"/{s3.bucket()}-{AWAY}"
    first, again = s3.ask("PUT", away, body.encode()), s3.ask("PUT", away, body.encode())
    seen = again.error(409, "BucketAlreadyOwnedByYou", "BucketName")
    text = f"us-east-1: {here.is_status(200).text}; {AWAY}: {seen.text}"
    return Seen(text=text, holds=(here.status, first.status) == (200, 200) and seen.holds)
