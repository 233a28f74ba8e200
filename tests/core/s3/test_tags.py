"""Tags of objects and buckets."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

KEY = {"Bucket": "bucket", "Key": "key"}
ONE = [{"Key": "a", "Value": "1"}]
TWO = [{"Key": "b +", "Value": ""}, {"Key": "a", "Value": "é/@"}]


def document(*pairs):
    """Return the document that sets tags, given as (key, value) or as what stands inside of Tag."""
    tags = "".join(
        f"<Tag>{pair}</Tag>" if isinstance(pair, str) else f"<Tag><Key>{pair[0]}</Key><Value>{pair[1]}</Value></Tag>"
        for pair in pairs
    )
    return f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()


def tags_of(boto, **names):
    """Return an object's tags as botocore reads them."""
    return boto.get_object_tagging(**{**KEY, **names})["TagSet"]


def test_tags_of_an_object_are_replaced_and_taken_off(boto, s3):
    """Tags come back in their order; the next set replaces them; reads tell how many there are."""
    before = s3.store.put("bucket", "key", b"data")
    assert tags_of(boto) == []
    assert "TagCount" not in boto.head_object(**KEY)
    for tags in (TWO, ONE):
        boto.put_object_tagging(**KEY, Tagging={"TagSet": tags})
        assert tags_of(boto) == tags
        assert boto.get_object(**KEY)["TagCount"] == boto.head_object(**KEY)["TagCount"] == len(tags)
    assert dict(s3.store.get("bucket", "key").tags) == {"a": "1"}
    assert boto.delete_object_tagging(**KEY)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags_of(boto) == []
    assert s3.store.get("bucket", "key") == before


@pytest.mark.parametrize("body", [document(), b"<Tagging/>"])
def test_an_empty_set_takes_the_tags_off(s3, code, body):
    """No tags in the document are none on the object."""
    s3.store.put("bucket", "key", b"", tags={"a": "1"})
    assert code(s3("PUT", "/bucket/key?tagging", body)) == "200"
    assert dict(s3.store.get("bucket", "key").tags) == {}


def test_every_way_to_write_takes_tags(boto, s3):
    """PUT and multipart uploads take them from the header; a copy takes the source's, or its own where it says so."""
    stated = urlencode({"b": "2", "a": "1 +"}) + "&c"
    expected = {"a": "1 +", "b": "2", "c": ""}
    boto.put_object(**KEY, Tagging=stated)
    assert list(s3.store.get("bucket", "key").tags.items()) == list(expected.items())
    named = {"Bucket": "bucket", "Key": "parts"}
    upload = boto.create_multipart_upload(**named, Tagging=stated)["UploadId"]
    etag = boto.upload_part(**named, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = [{"PartNumber": 1, "ETag": etag}]
    boto.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={"Parts": parts})
    assert dict(s3.store.get("bucket", "parts").tags) == expected
    for options, tags in (
        ({}, expected),
        ({"Tagging": "new=1"}, expected),
        ({"Tagging": "new=1", "TaggingDirective": "COPY"}, expected),
        ({"Tagging": "new=1", "TaggingDirective": "REPLACE"}, {"new": "1"}),
        ({"TaggingDirective": "REPLACE"}, {}),
    ):
        boto.copy_object(Bucket="bucket", Key="copy", CopySource=KEY, **options)
        assert dict(s3.store.get("bucket", "copy").tags) == tags
    boto.put_object(**KEY)
    assert tags_of(boto) == []


def test_a_directive_that_s3_does_not_have(s3):
    """x-amz-tagging-directive is COPY or REPLACE."""
    s3.store.put("bucket", "key", b"")
    reply = s3("PUT", "/bucket/copy", x_amz_copy_source="bucket/key", x_amz_tagging_directive="MERGE")
    assert dict(reply.elements) == {"ArgumentName": "x-amz-tagging-directive", "ArgumentValue": "MERGE"}


def test_versions_have_tags_of_their_own(boto, s3):
    """A version is tagged by its id; the answers tell it; a delete marker has no tags, by id or as the newest."""
    s3.store.create_bucket("bucket", versioning=True)
    old, new = (boto.put_object(**KEY, Tagging=tags)["VersionId"] for tags in ("v=1", "v=2"))
    assert boto.put_object_tagging(**KEY, VersionId=old, Tagging={"TagSet": ONE})["VersionId"] == old
    assert boto.get_object_tagging(**KEY)["VersionId"] == new
    assert (tags_of(boto), tags_of(boto, VersionId=old)) == ([{"Key": "v", "Value": "2"}], ONE)
    assert boto.delete_object_tagging(**KEY)["VersionId"] == new
    assert dict(s3.store.get("bucket", "key").tags) == {}
    marker = boto.delete_object(**KEY)["VersionId"]
    for query in ("", f"&versionId={marker}"):
        for method in ("GET", "PUT", "DELETE"):
            reply = s3(method, f"/bucket/key?tagging{query}", document())
            assert (reply.code, reply.status) == ("MethodNotAllowed", 405)
            assert dict(reply.elements) == {"Method": method, "ResourceType": "DeleteMarker"}
    assert [dict(one.tags) for one in s3.store.versions("bucket", "key")] == [{}, {}, {"a": "1"}]


@pytest.mark.parametrize(("method", "named"), [("GET", "bucket/none"), ("PUT", "none"), ("DELETE", "none")])
def test_an_object_that_is_not_there_has_no_tags(s3, code, method, named):
    """NoSuchKey, NoSuchVersion or NoSuchBucket; GetObjectTagging names the bucket with the key, as S3 does."""
    s3.store.create_bucket("bucket", versioning=True)
    gone = s3.store.put("bucket", "key").version_id
    reply = s3(method, "/bucket/none?tagging", document())
    assert (reply.code, dict(reply.elements)) == ("NoSuchKey", {"Key": named})
    assert code(s3(method, f"/bucket/none?tagging&versionId={gone}", document())) == "NoSuchVersion"
    assert code(s3(method, "/other/none?tagging", document())) == "NoSuchBucket"
    assert code(s3(method, f"/bucket/{'k' * 1025}?tagging", document())) == "KeyTooLongError"


@pytest.mark.parametrize(
    ("key", "value", "elements"),
    [
        ("k" * 128, "v" * 256, None),
        ("é +-=._:/@9", "", None),
        ("k" * 129, "", ("TagKey",)),
        ("", "", ("TagKey",)),
        ("a,b", "", ("TagKey",)),
        ("aws:x", "", ("TagKey",)),
        ("k", "v" * 257, ("TagKey", "TagValue")),
        ("k", "a,b", ("TagKey", "TagValue")),
    ],
)
@pytest.mark.parametrize("target", ["/bucket/key?tagging", "/bucket?tagging"])
def test_what_a_tag_may_be(s3, code, target, key, value, elements):
    """1 to 128 and 0 to 256 characters, few signs, no aws: in front; else InvalidTag with the tag."""
    s3.store.put("bucket", "key", b"")
    reply = s3("PUT", target, document((key, value)))
    if elements is None:
        assert reply.status in {200, 204}
        assert (key in s3.store.get("bucket", "key").tags) is ("key" in target)
    else:
        told = {"TagKey": key, "TagValue": value}
        assert (reply.code, dict(reply.elements)) == ("InvalidTag", {name: told[name] for name in elements})
        assert not s3.store.get("bucket", "key").tags


@pytest.mark.parametrize(("target", "limit"), [("/bucket/key?tagging", 10), ("/bucket?tagging", 50)])
def test_how_many_tags_there_may_be(s3, target, limit):
    """10 for an object, 50 for a bucket; one more is BadRequest."""
    s3.store.put("bucket", "key", b"")
    for count in (limit - 1, limit, limit + 1):
        reply = s3("PUT", target, document(*((f"k{number}", "") for number in range(count))))
        assert reply.status == (400 if count > limit else 204 if limit == 50 else 200)
    assert reply.code == "BadRequest"


@pytest.mark.parametrize("target", ["/bucket/key?tagging", "/bucket?tagging"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (document(("a", "1"), ("a", "2")), "InvalidTag"),
        (document("<Key>a</Key>"), "MalformedXML"),
        (document("<Value>a</Value>"), "MalformedXML"),
        (b"", "MalformedXML"),
        (b"<Tags/>", "MalformedXML"),
    ],
)
def test_a_document_that_says_nothing_sensible(s3, code, target, body, expected):
    """A key twice is InvalidTag; a tag without key or value is no tag."""
    s3.store.put("bucket", "key", b"")
    assert code(s3("PUT", target, body)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "200"),
        ("a", "200"),
        ("a=1&", "200"),
        ("a=1&a=2", "InvalidArgument"),
        ("a=1,b=2", "InvalidArgument"),
        ("a=%FF", "InvalidArgument"),
        ("aws%3Ax=1", "InvalidTag"),
        ("a=1%2C2", "InvalidTag"),
        ("&".join(f"k{number}=" for number in range(10)), "200"),
        ("&".join(f"k{number}=" for number in range(11)), "BadRequest"),
    ],
)
@pytest.mark.parametrize(("method", "target"), [("PUT", "/bucket/key"), ("POST", "/bucket/key?uploads")])
def test_the_header_is_read_as_a_query(s3, code, method, target, text, expected):
    """Names once each, encoded; what is no query is InvalidArgument, and nothing is stored."""
    reply = s3(method, target, x_amz_tagging=text)
    assert code(reply) == expected
    assert (s3.store.buckets == []) is (expected != "200")
    if expected == "InvalidArgument":
        assert dict(reply.elements) == {"ArgumentName": "x-amz-tagging", "ArgumentValue": text}


def test_tags_of_a_bucket(boto, s3, code):
    """NoSuchTagSet until there are some, and again when they are gone."""
    s3.store.create_bucket("bucket")
    for remove in (
        lambda: boto.delete_bucket_tagging(Bucket="bucket"),
        lambda: boto.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": []}),
    ):
        reply = s3("GET", "/bucket?tagging")
        assert (reply.code, reply.status, dict(reply.elements)) == ("NoSuchTagSet", 404, {"BucketName": "bucket"})
        boto.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": TWO})
        assert boto.get_bucket_tagging(Bucket="bucket")["TagSet"] == TWO
        assert remove()["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert code(s3("GET", "/bucket?tagging")) == "NoSuchTagSet"
    for method in ("GET", "PUT", "DELETE"):
        assert code(s3(method, "/other?tagging", document())) == "NoSuchBucket"


def test_a_bucket_is_made_with_tags(boto, s3):
    """CreateBucket takes tags; a second one with tags is refused, one without changes nothing."""
    boto.create_bucket(Bucket="bucket", CreateBucketConfiguration={"Tags": ONE})
    assert boto.get_bucket_tagging(Bucket="bucket")["TagSet"] == ONE
    with pytest.raises(boto.exceptions.BucketAlreadyOwnedByYou):
        boto.create_bucket(Bucket="bucket", CreateBucketConfiguration={"Tags": ONE})
    boto.create_bucket(Bucket="bucket")
    assert dict(s3.store.bucket("bucket").tags) == {"a": "1"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("<Tag><Key>a</Key></Tag>", "MalformedXML"),
        ("<Tag><Key>aws:a</Key><Value/></Tag>", "InvalidTag"),
        ("<Tag><Key>a</Key><Value/></Tag>" * 2, "InternalError"),
        ("", "200"),
    ],
)
def test_a_bucket_is_not_made_with_bad_tags(s3, code, tags, expected):
    """Fact 39: a key that comes twice is an InternalError here."""
    body = f"<CreateBucketConfiguration><Tags>{tags}</Tags></CreateBucketConfiguration>".encode()
    assert code(s3("PUT", "/bucket", body)) == expected
    assert (s3.store.buckets == []) is (expected != "200")
