"""GetObjectAttributes."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.s3.digests import checksum

KEY = {"Bucket": "bucket", "Key": "key"}
ALL = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
MIN = 5 * 1024**2


def upload(boto, count, **options):
    """Upload *count* parts, the last of one byte; return their checksums."""
    upload_id = boto.create_multipart_upload(**KEY, **options)["UploadId"]
    sent = []
    for number in range(1, count + 1):
        body = b"a" * (MIN if number < count else 1)
        part = boto.upload_part(**KEY, UploadId=upload_id, PartNumber=number, Body=body)
        sent.append({"PartNumber": number, "ETag": part["ETag"]})
        if options:
            sent[-1]["ChecksumCRC32"] = part["ChecksumCRC32"]
    boto.complete_multipart_upload(**KEY, UploadId=upload_id, MultipartUpload={"Parts": sent})
    return [part.get("ChecksumCRC32") for part in sent]


def attributes(boto, *names, **options):
    """Return the attributes, without what every answer of botocore has."""
    found = boto.get_object_attributes(**KEY, ObjectAttributes=names or ALL, **options)
    del found["ResponseMetadata"]
    return found


def test_an_object_sent_in_one_request(boto, s3):
    """ETag without quotes, the checksum with its type, class and size; it has no parts."""
    boto.put_object(**KEY, Body=b"data", StorageClass="STANDARD_IA")
    assert attributes(boto) == {
        "LastModified": s3.now,
        "ETag": s3.store.get("bucket", "key").etag,
        "Checksum": {"ChecksumCRC32": checksum("crc32", b"data"), "ChecksumType": "FULL_OBJECT"},
        "StorageClass": "STANDARD_IA",
        "ObjectSize": 4,
    }


@pytest.mark.parametrize("name", ALL)
def test_only_what_was_asked_for_is_told(boto, s3, name):
    """One attribute each; an object without parts has nothing to tell of them."""
    s3.store.put("bucket", "key", b"")
    expected = set() if name == "ObjectParts" else {name}
    assert attributes(boto, name).keys() - {"LastModified"} == expected


def test_parts_with_checksums_are_told_one_by_one(boto, s3):
    """Number, size and checksum of each; the composite checksum comes without the count of parts."""
    sums = upload(boto, 2, ChecksumAlgorithm="CRC32")
    found = attributes(boto)
    assert found["ObjectParts"] == {
        "TotalPartsCount": 2,
        "PartNumberMarker": 0,
        "NextPartNumberMarker": 2,
        "MaxParts": 1000,
        "IsTruncated": False,
        "Parts": [
            {"PartNumber": 1, "Size": MIN, "ChecksumCRC32": sums[0]},
            {"PartNumber": 2, "Size": 1, "ChecksumCRC32": sums[1]},
        ],
    }
    value = s3.store.get("bucket", "key").checksums["crc32"]
    assert found["Checksum"] == {"ChecksumCRC32": value.removesuffix("-2"), "ChecksumType": "COMPOSITE"}


@pytest.mark.parametrize("options", [{}, {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}])
def test_parts_without_checksums_are_counted(boto, options):
    """S3 tells how many there are, and nothing else."""
    upload(boto, 2, **options)
    assert attributes(boto)["ObjectParts"] == {"TotalPartsCount": 2}


@pytest.mark.parametrize(
    ("limit", "marker", "numbers", "truncated"),
    [
        (1, 0, [1], True),
        (1, 1, [2], True),
        (2, 1, [2, 3], False),
        (1000, 0, [1, 2, 3], False),
        (1001, 0, [1, 2, 3], False),
        (1, 3, [], False),
        (0, 0, [], False),
    ],
)
def test_pages_of_parts(boto, limit, marker, numbers, truncated):
    """MaxParts from behind the marker, 1000 at most."""
    upload(boto, 3, ChecksumAlgorithm="CRC32")
    found = attributes(boto, "ObjectParts", MaxParts=limit, PartNumberMarker=marker)["ObjectParts"]
    assert [part["PartNumber"] for part in found.get("Parts", [])] == numbers
    assert found["IsTruncated"] is truncated
    assert (found["MaxParts"], found["PartNumberMarker"]) == (min(limit, 1000), marker)
    assert found["NextPartNumberMarker"] == (numbers[-1] if numbers else 0)


def test_versions_have_attributes_of_their_own(boto, s3):
    """The answer tells the version; a delete marker has none."""
    s3.store.create_bucket("bucket", versioning=True)
    old, new = (boto.put_object(**KEY, Body=body)["VersionId"] for body in (b"1", b"22"))
    assert (attributes(boto)["VersionId"], attributes(boto)["ObjectSize"]) == (new, 2)
    assert attributes(boto, VersionId=old)["ObjectSize"] == 1
    marker = s3("DELETE", "/bucket/key").headers["x-amz-version-id"]
    hidden = s3("GET", "/bucket/key?attributes", x_amz_object_attributes="ETag")
    assert (hidden.code, hidden.headers["x-amz-version-id"]) == ("NoSuchKey", marker)
    itself = s3("GET", f"/bucket/key?attributes&versionId={marker}", x_amz_object_attributes="ETag")
    assert (itself.code, itself.status) == ("MethodNotAllowed", 405)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "InvalidRequest"),
        (",", "InvalidRequest"),
        ("", "InvalidArgument"),
        (" , ", "InvalidArgument"),
        ("ETag,,", "200"),
        ("Size", "InvalidArgument"),
        ("etag", "InvalidArgument"),
        ("ETag, Size", "InvalidArgument"),
        ("ETag, ObjectSize", "200"),
    ],
)
def test_the_names_that_are_taken(s3, code, text, expected):
    """None is InvalidRequest; one that S3 does not have is InvalidArgument with its name."""
    s3.store.put("bucket", "key", b"")
    reply = s3("GET", "/bucket/key?attributes", **({} if text is None else {"x_amz_object_attributes": text}))
    assert code(reply) == expected
    if expected == "InvalidArgument":
        named = text.rpartition(" ")[2]
        assert dict(reply.elements) == {"ArgumentName": "x-amz-object-attributes", "ArgumentValue": named}


@pytest.mark.parametrize("header", ["x-amz-max-parts", "x-amz-part-number-marker"])
@pytest.mark.parametrize("text", ["x", "-1", "9" * 5000])
def test_numbers_that_are_none_do_not_matter(boto, s3, header, text):
    """S3 goes on as if they were not there."""
    upload(boto, 1, ChecksumAlgorithm="CRC32")
    asked = {"x_amz_object_attributes": "ObjectParts"}
    assert s3("GET", "/bucket/key?attributes", **asked, **{header: text}) == s3(
        "GET", "/bucket/key?attributes", **asked
    )


def test_an_object_that_is_not_there(s3, code):
    """NoSuchKey, NoSuchBucket; conditions hold as they do for reads."""
    s3.store.put("bucket", "key", b"")
    asked = {"x_amz_object_attributes": "ETag"}
    assert code(s3("GET", "/bucket/none?attributes", **asked)) == "NoSuchKey"
    assert code(s3("GET", "/none/key?attributes", **asked)) == "NoSuchBucket"
    assert code(s3("GET", "/bucket/key?attributes", **asked, if_match="0")) == "PreconditionFailed"
