"""ListParts and ListMultipartUploads."""

from __future__ import annotations

import pytest

PARTS = "/bucket/key?uploadId=upload-1"


def begin(s3, *keys):
    """Begin an upload per key, a second apart."""
    for key in keys:
        s3("POST", f"/bucket/{key}?uploads")
        s3.wait(1)


def test_parts_are_listed_in_order(boto, s3):
    """Number, size, ETag, time and checksum of each part, sorted by number, with the upload's own facts."""
    s3("POST", "/bucket/key?uploads", x_amz_checksum_algorithm="CRC32", x_amz_storage_class="STANDARD_IA")
    for number in (3, 1):
        s3("PUT", f"{PARTS}&partNumber={number}", b"x" * number)
    listed = boto.list_parts(Bucket="bucket", Key="key", UploadId="upload-1")
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 1), (3, 3)]
    assert listed["Parts"][0]["LastModified"] == s3.now
    assert listed["Parts"][0]["ChecksumCRC32"]
    assert (listed["StorageClass"], listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (
        "STANDARD_IA",
        "CRC32",
        "COMPOSITE",
    )
    assert listed["IsTruncated"] is False


@pytest.mark.parametrize(("size", "pages"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_pages_of_parts_add_up(boto, s3, size, pages):
    """Pages of any size hold every part once."""
    begin(s3, "key")
    for number in (2, 4, 10000):
        s3("PUT", f"{PARTS}&partNumber={number}", b"x")
    paginator = boto.get_paginator("list_parts")
    found = list(
        paginator.paginate(Bucket="bucket", Key="key", UploadId="upload-1", PaginationConfig={"PageSize": size})
    )
    assert [part["PartNumber"] for page in found for part in page["Parts"]] == [2, 4, 10000]
    assert len(found) == pages


@pytest.mark.parametrize(
    ("parameters", "name"),
    [("max-parts=-1", "max-parts"), ("max-parts=x", "max-parts"), ("part-number-marker=x", "part-number-marker")],
)
def test_parameters_of_a_listing_of_parts(s3, parameters, name):
    """InvalidArgument names the parameter."""
    begin(s3, "key")
    reply = s3("GET", f"{PARTS}&{parameters}")
    assert (reply.code, dict(reply.elements)["ArgumentName"]) == ("InvalidArgument", name)


def test_uploads_are_listed_by_key_and_time(boto, s3):
    """Unfinished uploads of this bucket, by key, those of one key as they began; ended ones are left out."""
    begin(s3, "b", "a", "b", "c")
    s3("POST", "/other/a?uploads")
    s3("DELETE", "/bucket/c?uploadId=upload-4")
    listed = boto.list_multipart_uploads(Bucket="bucket")
    assert [(one["Key"], one["UploadId"]) for one in listed["Uploads"]] == [
        ("a", "upload-2"),
        ("b", "upload-1"),
        ("b", "upload-3"),
    ]
    assert listed["Uploads"][1]["Initiated"].isoformat() == "2026-05-01T12:00:00+00:00"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_pages_of_uploads_add_up(boto, s3, size):
    """Pages of any size hold every upload once, also where several uploads share a key."""
    begin(s3, "a", "a", "d/1", "d/2", "d/2", "e")
    paginator = boto.get_paginator("list_multipart_uploads")
    pages = list(paginator.paginate(Bucket="bucket", PaginationConfig={"PageSize": size}))
    found = [one["UploadId"] for page in pages for one in page.get("Uploads", [])]
    assert found == [f"upload-{number}" for number in range(1, 7)]


@pytest.mark.parametrize(
    ("asked", "uploads", "groups", "following"),
    [
        ({}, ["f/x", "f/y"], ["f/a/"], ("f/y", "upload-3")),
        ({"MaxUploads": 1}, [], ["f/a/"], ("", "")),
        ({"MaxUploads": 1, "KeyMarker": "f/a/"}, ["f/x"], [], ("f/x", "upload-2")),
        ({"MaxUploads": 1, "KeyMarker": "f/a/1"}, ["f/x"], [], ("f/x", "upload-2")),
        ({"KeyMarker": "f/y"}, [], [], ("", "")),
        ({"UploadIdMarker": "upload-2"}, ["f/x", "f/y"], ["f/a/"], ("f/y", "upload-3")),
        ({"MaxUploads": 2}, ["f/x"], ["f/a/"], ("f/x", "upload-2")),
    ],
)
def test_the_markers_of_the_next_page(boto, s3, asked, uploads, groups, following):
    """They name the last upload of the page, whether or not more follows, and nothing where there is none."""
    begin(s3, "f/a/1", "f/x", "f/y")
    listed = boto.list_multipart_uploads(Bucket="bucket", Prefix="f/", Delimiter="/", **asked)
    assert [one["Key"] for one in listed.get("Uploads", [])] == uploads
    assert [one["Prefix"] for one in listed.get("CommonPrefixes", [])] == groups
    assert (listed["NextKeyMarker"], listed["NextUploadIdMarker"]) == following


def test_the_markers_before_a_common_prefix(boto, s3):
    """They name the last upload, as the sample in the API reference, not the prefix that ends the page."""
    begin(s3, "photos/1", "sample.jpg", "videos/1", "x")
    for size, groups in ((1000, ["photos/", "videos/"]), (3, ["photos/", "videos/"])):
        listed = boto.list_multipart_uploads(Bucket="bucket", Delimiter="/", KeyMarker="p", MaxUploads=size)
        assert [one["Prefix"] for one in listed["CommonPrefixes"]] == groups
        following = (listed["NextKeyMarker"], listed["NextUploadIdMarker"])
        assert following == (("x", "upload-4") if size == 1000 else ("sample.jpg", "upload-2"))


def test_an_upload_id_marker_of_another_key(s3):
    """Beside a key it has to be one of that key."""
    begin(s3, "a", "b")
    reply = s3("GET", "/bucket?uploads&key-marker=a&upload-id-marker=upload-2")
    elements = {"ArgumentName": "upload-id-marker", "ArgumentValue": "upload-2"}
    assert (reply.code, dict(reply.elements), reply.message) == ("InvalidArgument", elements, "Invalid uploadId marker")


def test_the_initiator_has_a_name(boto, s3):
    """S3 dropped the names of owners, not those of initiators."""
    begin(s3, "a")
    (listed,) = boto.list_multipart_uploads(Bucket="bucket")["Uploads"]
    parts = boto.list_parts(Bucket="bucket", Key="a", UploadId="upload-1")
    for one in (listed, parts):
        assert one["Initiator"]["DisplayName"].isdigit()
        assert one["Owner"].keys() == {"ID"}


def test_uploads_are_chosen_by_prefix(boto, s3):
    """Only keys with the prefix are listed; the answer repeats it."""
    begin(s3, "a/1", "b/1", "b/x y")
    listed = boto.list_multipart_uploads(Bucket="bucket", Prefix="b/")
    assert [one["Key"] for one in listed["Uploads"]] == ["b/1", "b/x y"]
    assert listed["Prefix"] == "b/"


@pytest.mark.parametrize(
    ("parameters", "name"), [("max-uploads=-1", "max-uploads"), ("encoding-type=x", "encoding-type")]
)
def test_parameters_of_a_listing_of_uploads(s3, parameters, name):
    """InvalidArgument names the parameter."""
    begin(s3, "key")
    reply = s3("GET", f"/bucket?uploads&{parameters}")
    assert (reply.code, dict(reply.elements)["ArgumentName"]) == ("InvalidArgument", name)


def test_a_bucket_that_is_not_there(s3, code):
    """NoSuchBucket where nothing was ever written."""
    assert code(s3("GET", "/bucket?uploads")) == "NoSuchBucket"


def test_a_page_of_nothing_is_not_truncated(s3, parsed):
    """max-parts=0 and max-uploads=0 answer an empty page that claims no more."""
    begin(s3, "key")
    s3("PUT", f"{PARTS}&partNumber=1", b"x")
    assert parsed("ListParts", s3("GET", f"{PARTS}&max-parts=0"))["IsTruncated"] is False
    assert parsed("ListMultipartUploads", s3("GET", "/bucket?uploads&max-uploads=0"))["IsTruncated"] is False
