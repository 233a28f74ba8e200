"""Operations on buckets."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.calls import parse_call


def located(region):
    """Return the body of a CreateBucket for *region*."""
    space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    constraint = f"<LocationConstraint>{region}</LocationConstraint>"
    return f"<CreateBucketConfiguration {space}>{constraint}</CreateBucketConfiguration>".encode()


def test_a_bucket_is_made_found_and_deleted(s3, code):
    """CreateBucket, HeadBucket, DeleteBucket in turn, and the bucket is gone."""
    assert code(s3("HEAD", "/bucket")) == "NoSuchBucket"
    made = s3("PUT", "/bucket")
    assert (made.status, made.headers["Location"]) == (200, "/bucket")
    headers = s3("HEAD", "/bucket").headers
    assert headers["x-amz-bucket-region"] == "us-east-1"
    assert headers["x-amz-bucket-arn"] == made.headers["x-amz-bucket-arn"] == "arn:aws:s3:::bucket"
    assert code(s3("DELETE", "/bucket")) == "204"
    for method in ("HEAD", "DELETE"):
        assert code(s3(method, "/bucket")) == "NoSuchBucket"


def test_a_deleted_bucket_takes_no_write(s3, code):
    """After DeleteBucket a write does not make the bucket again; CreateBucket does."""
    s3("PUT", "/bucket")
    s3("DELETE", "/bucket")
    assert code(s3("PUT", "/bucket/key")) == "NoSuchBucket"
    s3("PUT", "/bucket")
    assert code(s3("PUT", "/bucket/key")) == "200"


def test_a_bucket_with_objects_is_not_deleted(s3, code):
    """BucketNotEmpty until the last object is out."""
    s3("PUT", "/bucket/key")
    reply = s3("DELETE", "/bucket")
    assert (reply.code, reply.status, dict(reply.elements)) == ("BucketNotEmpty", 409, {"BucketName": "bucket"})
    s3("DELETE", "/bucket/key")
    assert code(s3("DELETE", "/bucket")) == "204"


def test_deleting_a_bucket_ends_its_uploads(s3):
    """Uploads neither completed nor aborted do not keep a bucket; they go with it, those elsewhere stay."""
    s3("POST", "/bucket/key?uploads")
    s3("POST", "/other/key?uploads")
    s3("DELETE", "/bucket")
    assert [upload.bucket for upload in s3.store.unfinished_uploads] == ["other"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (b"", b"", "200"),
        (b"", located("eu-west-1"), "BucketAlreadyOwnedByYou"),
        (located("eu-west-1"), b"", "BucketAlreadyOwnedByYou"),
        (located("eu-west-1"), located("eu-west-1"), "BucketAlreadyOwnedByYou"),
    ],
)
def test_creating_a_bucket_twice(s3, code, first, second, expected):
    """us-east-1 alone answers 200 for a bucket one has; what is in it stays."""
    s3("PUT", "/bucket", first)
    s3("PUT", "/bucket/key")
    assert code(s3("PUT", "/bucket", second)) == expected
    assert s3.store.keys("bucket") == ["key"]


@pytest.mark.parametrize(
    ("constraint", "region"),
    [("eu-central-1", "eu-central-1"), ("EU", "eu-west-1"), ("us-gov-west-1", "us-gov-west-1")],
)
def test_a_bucket_lies_where_the_request_says(s3, constraint, region):
    """LocationConstraint decides; HeadBucket and GetBucketLocation tell."""
    assert s3("PUT", "/bucket", located(constraint)).status == 200
    assert s3("HEAD", "/bucket").headers["x-amz-bucket-region"] == region
    assert f">{constraint}</LocationConstraint>".encode() in s3("GET", "/bucket?location").body


def test_us_east_1_is_told_as_nothing(boto):
    """GetBucketLocation of a us-east-1 bucket has no text, which botocore reads as None."""
    boto.create_bucket(Bucket="bucket")
    assert boto.get_bucket_location(Bucket="bucket")["LocationConstraint"] is None
    boto.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert boto.get_bucket_location(Bucket="elsewhere")["LocationConstraint"] == "eu-west-1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (located("us-east-1"), "InvalidLocationConstraint"),
        (located("mars"), "InvalidLocationConstraint"),
        (located(""), "InvalidLocationConstraint"),
        (b"<Wrong/>", "MalformedXML"),
        (b"junk", "MalformedXML"),
        (b"<CreateBucketConfiguration/>", "200"),
    ],
)
def test_a_location_that_s3_does_not_have(s3, code, body, expected):
    """Unknown regions, and us-east-1 by name, are refused and no bucket made."""
    reply = s3("PUT", "/bucket", body)
    assert code(reply) == expected
    assert s3.store.buckets == (["bucket"] if expected == "200" else [])


@pytest.mark.parametrize(
    ("endpoint", "constraint", "expected"),
    [
        ("us-east-1", "us-west-1", "us-west-1"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
        ("us-east-1", "foo", "InvalidLocationConstraint"),
        ("us-east-1", "aws-global", "InvalidLocationConstraint"),
        ("us-east-2", "us-west-1", "IllegalLocationConstraintException"),
        ("us-east-2", "EU", "IllegalLocationConstraintException"),
        ("us-west-2", "us-east-1", "IllegalLocationConstraintException"),
        ("eu-west-1", "bar", "IllegalLocationConstraintException"),
        ("eu-west-1", "eu-west-1", "eu-west-1"),
        ("eu-west-1", "EU", "eu-west-1"),
        ("eu-west-1", None, "IllegalLocationConstraintException"),
    ],
)
def test_an_endpoint_makes_buckets_of_its_own_region(s3, code, endpoint, constraint, expected):
    """A regional endpoint wants its own region named; that of us-east-1 makes buckets anywhere."""
    bodies = [b"", b"<CreateBucketConfiguration/>"] if constraint is None else [located(constraint)]
    for body in bodies:
        call = parse_call(method="PUT", target="/bucket", headers={"host": f"s3.{endpoint}.amazonaws.com"})
        reply = answer(s3.store, call, body, new_id=s3.new_id)
        if expected.startswith("Illegal"):
            named = constraint or "unspecified"
            assert (reply.code, reply.status) == (expected, 400)
            assert reply.message == (
                f"The {named} location constraint is incompatible for the region specific endpoint this request was "
                "sent to."
            )
        elif expected.startswith("Invalid"):
            assert (reply.code, dict(reply.elements)) == (expected, {"LocationConstraint": constraint})
            assert reply.message == "The specified location-constraint is not valid"
        else:
            assert code(reply) == "200"
            assert reply.headers["Location"] == "http://bucket.s3.amazonaws.com/"
            assert s3.store.bucket("bucket").region == expected


def test_a_location_without_text_has_no_end_tag(s3):
    """The document of a bucket in us-east-1 is one empty element."""
    s3("PUT", "/bucket")
    assert s3("GET", "/bucket?location").body.endswith(
        b'\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    )


def test_buckets_of_a_region_that_is_none(s3):
    """ListBuckets refuses a region that AWS does not have."""
    reply = s3("GET", "/?bucket-region=eu-east-1")
    assert (reply.code, reply.status, dict(reply.elements)) == (
        "InvalidArgument",
        400,
        {"ArgumentName": "bucket-region"},
    )
    assert reply.message == "Argument value eu-east-1 is not a valid AWS Region"


def test_what_a_listing_tells_of_a_bucket(boto):
    """Each bucket has its ARN; its region is told where the listing is narrowed."""
    boto.create_bucket(Bucket="bucket")
    (plain,), (narrowed,) = (boto.list_buckets(**given)["Buckets"] for given in ({}, {"Prefix": "b"}))
    assert plain["BucketArn"] == narrowed["BucketArn"] == "arn:aws:s3:::bucket"
    assert ("BucketRegion" in plain, narrowed["BucketRegion"]) == (False, "us-east-1")


@pytest.mark.parametrize("name", ["ab", "Upper", "a_b", "1.2.3.4", "xn--bucket"])
def test_a_name_that_s3_does_not_allow(s3, name):
    """InvalidBucketName tells the name."""
    reply = s3("PUT", f"/{name}")
    assert (reply.code, dict(reply.elements)) == ("InvalidBucketName", {"BucketName": name})
    assert s3.store.buckets == []


def test_buckets_are_listed(boto):
    """ListBuckets has all buckets by name with the time of their creation, none before there are any."""
    assert boto.list_buckets()["Buckets"] == []
    for name in ("zebra", "apple"):
        boto.create_bucket(Bucket=name)
    listed = boto.list_buckets()
    assert [bucket["Name"] for bucket in listed["Buckets"]] == ["apple", "zebra"]
    assert listed["Buckets"][0]["CreationDate"].isoformat() == "2026-05-01T12:00:00+00:00"
    assert listed["Owner"]["ID"]


def test_buckets_are_listed_in_pages(boto, s3):
    """MaxBuckets, Prefix and BucketRegion choose; the token continues without gap or repetition."""
    for number in range(5):
        boto.create_bucket(Bucket=f"bucket-{number}")
    boto.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    pages = list(boto.get_paginator("list_buckets").paginate(Prefix="bucket", PaginationConfig={"PageSize": 2}))
    assert [[b["Name"] for b in page["Buckets"]] for page in pages] == [
        ["bucket-0", "bucket-1"],
        ["bucket-2", "bucket-3"],
        ["bucket-4"],
    ]
    far = s3("GET", "/?bucket-region=EU-WEST-1", host="s3.eu-west-1.amazonaws.com").body
    assert far.count(b"<Bucket>") == far.count(b"<Name>far</Name>") == far.count(b"<BucketRegion>eu-west-1<") == 1
    reply = s3("GET", "/?bucket-region=eu-west-1")
    assert (reply.code, reply.elements) == ("InvalidArgument", (("ArgumentName", "bucket-region"),))
    assert reply.message.endswith("must be made to the corresponding regional endpoint")
    assert s3("GET", "/?bucket-region=eu-west-1", host="localhost").status == 200


@pytest.mark.parametrize(
    ("text", "expected"), [("0", "InvalidArgument"), ("1", "200"), ("10000", "200"), ("10001", "InvalidArgument")]
)
def test_the_limit_of_a_page_of_buckets(s3, code, text, expected):
    """max-buckets is 1 to 10000."""
    assert code(s3("GET", f"/?max-buckets={text}")) == expected
