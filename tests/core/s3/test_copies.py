"""CopyObject and UploadPartCopy."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.s3 import copies
from pytest_s3errors._core.s3.digests import checksum

ETAG = "8d777f385d3dfec8815d20f7496026dc"  # md5 of b"data"
BEFORE, AT, AFTER = (f"Fri, 01 May 2026 {clock} GMT" for clock in ("11:59:59", "12:00:00", "12:00:01"))


@pytest.fixture
def stored(s3):
    """Return an S3 that holds bucket/a b with attributes."""
    s3("PUT", "/bucket/a%20b", b"data", content_type="text/x", x_amz_meta_who="me", cache_control="no-store")
    return s3


def copy(s3, target="/bucket/copy", /, source="bucket/a%20b", **headers):
    """Copy *source* to *target*."""
    return s3("PUT", target, x_amz_copy_source=source, **headers)


@pytest.mark.parametrize(
    "source", ["bucket/a%20b", "/bucket/a%20b", "bucket/a b", "bucket%2Fa%20b", "bucket/a%20b?versionId=null"]
)
def test_a_copy_is_another_object_with_the_same_bytes(stored, parsed, source):
    """The source may be spelled in several ways; the answer has the copy's ETag and time."""
    stored.wait(1)
    result = parsed("CopyObject", copy(stored, source=source))["CopyObjectResult"]
    made = stored.store.get("bucket", "copy")
    assert (result["ETag"], result["LastModified"]) == (f'"{made.etag}"', stored.now)
    assert (made.body, made.content_type, dict(made.metadata)) == (b"data", "text/x", {"who": "me"})
    assert dict(made.headers) == {"cache-control": "no-store"}
    assert made.last_modified > stored.store.get("bucket", "a b").last_modified


def test_metadata_is_replaced_where_asked(stored, code):
    """With REPLACE all attributes come from the request; with COPY none of metadata and type does."""
    new = {"x_amz_meta_new": "1", "content_type": "text/y"}
    assert code(copy(stored, "/bucket/replaced", x_amz_metadata_directive="REPLACE", **new)) == "200"
    replaced = stored.store.get("bucket", "replaced")
    assert (replaced.content_type, dict(replaced.metadata), dict(replaced.headers)) == ("text/y", {"new": "1"}, {})
    copy(stored, "/bucket/copied", x_amz_metadata_directive="COPY", **new)
    assert dict(stored.store.get("bucket", "copied").metadata) == {"who": "me"}


def test_storage_class_is_the_requests_own(stored):
    """The class is not copied: the request states it, or it is STANDARD."""
    copy(stored, "/bucket/cold", x_amz_storage_class="GLACIER_IR")
    assert dict(stored.store.get("bucket", "cold").headers)["x-amz-storage-class"] == "GLACIER_IR"
    copy(stored, "/bucket/warm", source="bucket/cold")
    assert "x-amz-storage-class" not in stored.store.get("bucket", "warm").headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "InvalidRequest"),
        ({"x_amz_metadata_directive": "COPY"}, "InvalidRequest"),
        ({"x_amz_metadata_directive": "REPLACE"}, "200"),
        ({"x_amz_storage_class": "STANDARD_IA"}, "200"),
        ({"x_amz_server_side_encryption": "AES256"}, "200"),
        ({"x_amz_website_redirect_location": "/x"}, "200"),
    ],
)
def test_a_copy_onto_itself_must_change_something(stored, code, headers, expected):
    """InvalidRequest unless metadata, class, encryption or redirect are stated."""
    assert code(copy(stored, "/bucket/a%20b", **headers)) == expected
    assert stored.store.get("bucket", "a b").body == b"data"


@pytest.mark.parametrize(
    ("headers", "condition"),
    [
        ({"x-amz-copy-source-if-match": ETAG}, None),
        ({"x-amz-copy-source-if-match": "0"}, "x-amz-copy-source-If-Match"),
        ({"x-amz-copy-source-if-none-match": "0"}, None),
        ({"x-amz-copy-source-if-none-match": ETAG}, "x-amz-copy-source-If-None-Match"),
        ({"x-amz-copy-source-if-modified-since": BEFORE}, None),
        ({"x-amz-copy-source-if-modified-since": AT}, "x-amz-copy-source-If-Modified-Since"),
        ({"x-amz-copy-source-if-modified-since": AFTER}, None),
        ({"x-amz-copy-source-if-unmodified-since": AFTER}, None),
        ({"x-amz-copy-source-if-unmodified-since": BEFORE}, "x-amz-copy-source-If-Unmodified-Since"),
    ],
)
@pytest.mark.parametrize("target", ["/bucket/copy", "/bucket/key?partNumber=1&uploadId=upload-1"])
def test_conditions_on_the_source(stored, code, target, headers, condition):
    """A condition that fails is 412 for both kinds of copy, never 304, named in AWS's casing."""
    stored("POST", "/bucket/key?uploads")
    reply = copy(stored, target, **headers)
    if condition is None:
        assert code(reply) == "200"
    else:
        assert (reply.code, reply.status, dict(reply.elements)) == (
            "PreconditionFailed",
            412,
            {"Condition": condition},
        )
        assert not stored.store.exists("bucket", "copy")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if_none_match": "*"}, "PreconditionFailed"),
        ({"if_match": ETAG}, "200"),
        ({"if_match": "0"}, "PreconditionFailed"),
    ],
)
def test_conditions_on_the_target(stored, code, headers, expected):
    """A copy is a write: If-Match and If-None-Match speak of what it would replace."""
    stored("PUT", "/bucket/copy", b"data")
    assert code(copy(stored, **headers)) == expected


@pytest.mark.parametrize(
    ("source", "expected", "elements"),
    [
        ("bucket/none", "NoSuchKey", {"Key": "none"}),
        ("other/key", "NoSuchBucket", {"BucketName": "other"}),
        ("bucket/a%20b?versionId=x", "InvalidArgument", {"ArgumentName": "versionId", "ArgumentValue": "x"}),
        ("bucket", "InvalidArgument", None),
        ("bucket/", "InvalidArgument", None),
        ("/", "InvalidArgument", None),
    ],
)
def test_a_source_that_is_not_there(stored, source, expected, elements):
    """The error speaks of the source, not of the target; nothing is stored."""
    reply = copy(stored, source=source)
    assert reply.code == expected
    if elements is not None:
        assert dict(reply.elements) == elements
    assert stored.store.keys("bucket") == ["a b"]


def test_a_directive_that_s3_does_not_have(stored):
    """x-amz-metadata-directive is COPY or REPLACE."""
    reply = copy(stored, x_amz_metadata_directive="MERGE")
    assert dict(reply.elements) == {"ArgumentName": "x-amz-metadata-directive", "ArgumentValue": "MERGE"}


@pytest.mark.parametrize(("limit", "expected"), [(3, "InvalidRequest"), (4, "200"), (5, "200")])
def test_the_limit_of_a_copy(stored, code, monkeypatch, limit, expected):
    """A source above the limit, 5 GiB in truth, must be copied in parts."""
    assert copies.MAX_UPLOAD_BYTES == 5 * 1024**3
    monkeypatch.setattr(copies, "MAX_UPLOAD_BYTES", limit)
    assert code(copy(stored)) == expected


def test_checksums_of_a_copy(stored, parsed, code):
    """The algorithm asked for, else that of the source; one that S3 does not have is refused."""
    plain = parsed("CopyObject", copy(stored))["CopyObjectResult"]
    assert (plain["ChecksumCRC64NVME"], plain["ChecksumType"]) == (checksum("crc64nvme", b"data"), "FULL_OBJECT")
    result = parsed("CopyObject", copy(stored, x_amz_checksum_algorithm="SHA256"))["CopyObjectResult"]
    assert result["ChecksumSHA256"] == checksum("sha256", b"data")
    again = parsed("CopyObject", copy(stored, "/bucket/again", source="bucket/copy"))["CopyObjectResult"]
    assert again["ChecksumSHA256"] == checksum("sha256", b"data")
    assert code(copy(stored, x_amz_checksum_algorithm="MD4")) == "InvalidRequest"


@pytest.mark.parametrize(
    ("text", "body"),
    [(None, b"data"), ("bytes=0-0", b"d"), ("bytes=1-2", b"at"), ("bytes=0-3", b"data"), ("bytes=3-3", b"a")],
)
def test_a_part_is_copied_from_a_range(stored, parsed, text, body):
    """UploadPartCopy takes the whole source or the bytes first to last."""
    upload_id = parsed("CreateMultipartUpload", stored("POST", "/bucket/key?uploads"))["UploadId"]
    headers = {} if text is None else {"x-amz-copy-source-range": text}
    answer = copy(stored, f"/bucket/key?partNumber=3&uploadId={upload_id}", **headers)
    etag = parsed("UploadPartCopy", answer)["CopyPartResult"]["ETag"]
    part = f"<Part><PartNumber>3</PartNumber><ETag>{etag}</ETag></Part>"
    body_xml = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
    assert stored("POST", f"/bucket/key?uploadId={upload_id}", body_xml).status == 200
    assert stored.store.get("bucket", "key").body == body


@pytest.mark.parametrize(
    "text", ["", "0-1", "bytes=0-", "bytes=-1", "bytes=2-1", "bytes=0-4", "bytes=a-b", "bytes=0-1,2-3"]
)
def test_a_range_that_the_source_does_not_have(stored, text):
    """Anything but a range within the source is InvalidArgument, naming the header."""
    stored("POST", "/bucket/key?uploads")
    reply = copy(stored, "/bucket/key?partNumber=1&uploadId=upload-1", **{"x-amz-copy-source-range": text})
    assert (reply.code, reply.status) == ("InvalidArgument", 400)
    assert dict(reply.elements) == {"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": text}


def test_a_range_that_begins_behind_the_source(stored):
    """Here S3 names no argument."""
    stored("POST", "/bucket/key?uploads")
    reply = copy(stored, "/bucket/key?partNumber=1&uploadId=upload-1", **{"x-amz-copy-source-range": "bytes=4-4"})
    assert (reply.code, reply.status, reply.elements) == ("InvalidRequest", 400, ())
    assert reply.message == "The specified copy range is invalid for the source object size"


@pytest.mark.parametrize(
    "source", ["bucket/a+b", "bucket%2Fa+b", "/bucket/a%20b", "https://s3.amazonaws.com/bucket/a%20b"]
)
def test_forms_of_a_source(stored, code, source):
    """A plus is a space, as in forms; the URL of an object with its bucket in the path will do."""
    assert code(copy(stored, source=source)) == "200"
    assert stored.store.get("bucket", "copy").body == b"data"


def test_a_source_without_key(stored):
    """S3 names the header as the value that is wrong."""
    reply = copy(stored, source="bucket")
    elements = {"ArgumentName": "x-amz-copy-source", "ArgumentValue": "x-amz-copy-source"}
    assert (reply.code, dict(reply.elements)) == ("InvalidArgument", elements)
    assert reply.message == "Invalid copy source object key"


def test_a_version_may_be_copied_onto_its_object(s3, code):
    """Named by its id even the current one gives a new version; by its key alone it is no change."""
    s3.store.create_bucket("bucket", versioning=True)
    current = s3.store.put("bucket", "key", b"data").version_id
    assert code(copy(s3, "/bucket/key", source="bucket/key")) == "InvalidRequest"
    assert code(copy(s3, "/bucket/key", source=f"bucket/key?versionId={current}")) == "200"
    assert len(s3.store.versions("bucket", "key")) == 2


def test_a_copied_part_has_the_uploads_checksum(stored, parsed):
    """S3 works out the checksum that the upload announced."""
    stored("POST", "/bucket/key?uploads", x_amz_checksum_algorithm="SHA256")
    answer = copy(stored, "/bucket/key?partNumber=1&uploadId=upload-1")
    assert parsed("UploadPartCopy", answer)["CopyPartResult"]["ChecksumSHA256"] == checksum("sha256", b"data")


def test_botocore_copies(boto):
    """Botocore's spelling of the source, with a key that needs encoding, finds it."""
    boto.put_object(Bucket="bucket", Key="a +%é", Body=b"data")
    boto.copy_object(Bucket="other", Key="copy", CopySource={"Bucket": "bucket", "Key": "a +%é"})
    assert boto.get_object(Bucket="other", Key="copy")["Body"].read() == b"data"
