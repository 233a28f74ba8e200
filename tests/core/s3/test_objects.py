"""PutObject, GetObject, HeadObject and what comes back with an object."""

from __future__ import annotations

from hashlib import md5, sha256

import pytest

from pytest_s3errors._core.s3.messages import ErrorReply


def test_an_object_comes_back_as_it_was_put(s3):
    """GetObject gives the bytes, type, metadata and system headers of PutObject; HeadObject the same without bytes."""
    put = s3("PUT", "/bucket/key", b"data", content_type="text/x", x_amz_meta_who="me", cache_control="no-store")
    assert put.headers["ETag"] == f'"{md5(b"data").hexdigest()}"'
    assert put.headers["x-amz-server-side-encryption"] == "AES256"
    got, head = s3("GET", "/bucket/key"), s3("HEAD", "/bucket/key")
    assert (got.status, got.body) == (200, b"data")
    assert got.headers == {
        "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT",
        "ETag": put.headers["ETag"],
        "x-amz-server-side-encryption": "AES256",
        "Accept-Ranges": "bytes",
        "Content-Type": "text/x",
        "Cache-Control": "no-store",
        "x-amz-meta-who": "me",
    }
    assert (head.status, head.body, head.length, head.headers) == (200, b"", 4, got.headers)


def test_an_object_without_a_type_is_an_octet_stream(s3):
    """S3's own default type is binary/octet-stream."""
    s3("PUT", "/bucket/key")
    assert s3("GET", "/bucket/key").headers["Content-Type"] == "binary/octet-stream"


def test_the_last_write_wins(s3):
    """A second PutObject replaces body and metadata and moves Last-Modified on."""
    s3("PUT", "/bucket/key", b"old", x_amz_meta_who="me")
    s3.wait(61)
    s3("PUT", "/bucket/key", b"new")
    got = s3("GET", "/bucket/key")
    assert (got.body, got.headers["Last-Modified"]) == (b"new", "Fri, 01 May 2026 12:01:01 GMT")
    assert "x-amz-meta-who" not in got.headers


@pytest.mark.parametrize("target", ["//a", "/a/../b", "/a//b/./c", "/%20+%2B%25", "/%E2%82%AC", "/."])
def test_keys_are_not_tidied(s3, target):
    """Keys with empty and dot segments, blanks, plus and unicode are each their own object."""
    s3("PUT", "/bucket" + target, b"data")
    assert len(s3.store.keys("bucket")) == 1
    assert s3("GET", "/bucket" + target).body == b"data"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_what_is_absent(s3, code, method):
    """An absent bucket is NoSuchBucket, an absent key NoSuchKey with the key."""
    assert code(s3(method, "/bucket/key")) == "NoSuchBucket"
    s3.store.create_bucket("bucket")
    reply = s3(method, "/bucket/a%20key")
    assert (reply.code, reply.status, dict(reply.elements)) == ("NoSuchKey", 404, {"Key": "a key"})


def test_writing_makes_the_bucket_unless_buckets_are_declared(s3, code):
    """The first write makes its bucket; once a bucket is declared others give NoSuchBucket, naming the bucket."""
    assert code(s3("PUT", "/bucket/key")) == "200"
    s3.store.declare_bucket("declared")
    reply = s3("PUT", "/other/key")
    assert (reply.code, dict(reply.elements)) == ("NoSuchBucket", {"BucketName": "other"})
    assert code(s3("PUT", "/declared/key")) == "200"
    assert s3.store.buckets == ["bucket", "declared"]


def test_writing_to_a_bucket_of_impossible_name(s3):
    """A bucket that cannot exist is InvalidBucketName and is not made."""
    reply = s3("PUT", "/a%20b/key")
    assert (reply.code, dict(reply.elements)) == ("InvalidBucketName", {"BucketName": "a b"})
    assert s3.store.buckets == []


@pytest.mark.parametrize(("size", "expected"), [(1023, "200"), (1024, "200"), (1025, "KeyTooLongError")])
@pytest.mark.parametrize("letter", ["k", "%C3%A9"])
def test_the_limit_of_a_key(s3, code, size, expected, letter):
    """A key has at most 1024 bytes in UTF-8; above, Size and MaxSizeAllowed say so and nothing is stored."""
    width = 1 if letter == "k" else 2
    target = "/bucket/" + letter * (size // width) + "k" * (size % width)
    reply = s3("PUT", target)
    assert code(reply) == expected
    if isinstance(reply, ErrorReply):
        assert dict(reply.elements) == {"Size": str(size), "MaxSizeAllowed": "1024"}
        assert s3.store.buckets == []
        s3.store.create_bucket("bucket")
        assert code(s3("GET", target)) == expected


@pytest.mark.parametrize(("size", "expected"), [(2047, "200"), (2048, "200"), (2049, "MetadataTooLarge")])
def test_the_limit_of_metadata(s3, code, size, expected):
    """Names without prefix and values together have at most 2048 bytes."""
    reply = s3("PUT", "/bucket/key", x_amz_meta_ab="x" * 1000, x_amz_meta_cd="y" * (size - 1004))
    assert code(reply) == expected
    if isinstance(reply, ErrorReply):
        assert dict(reply.elements) == {"Size": str(size), "MaxSizeAllowed": "2048"}
        assert s3.store.buckets == []


def test_metadata_beyond_ascii_comes_back_as_an_encoded_word(s3):
    """S3 sends text that is not ASCII as RFC 2047 has it; the store keeps the text."""
    s3("PUT", "/bucket/key", x_amz_meta_who="é")
    assert s3.store.get("bucket", "key").metadata["who"] == "é"
    assert s3("HEAD", "/bucket/key").headers["x-amz-meta-who"] == "=?UTF-8?B?w6k=?="


@pytest.mark.parametrize("surrogate", [0xDCFF, 0xD800])
def test_metadata_that_is_no_text_does_no_harm(s3, surrogate):
    """Bytes of a header that were no UTF-8 come back as an encoded question mark."""
    assert s3("PUT", "/bucket/key", x_amz_meta_who=chr(surrogate)).status == 200
    assert s3("HEAD", "/bucket/key").headers["x-amz-meta-who"] == "=?UTF-8?B?Pw==?="


def test_storage_class_and_encryption_come_back(s3):
    """A storage class other than STANDARD and the encryption asked for are told with the object."""
    kms = {"x_amz_server_side_encryption": "aws:kms", "x_amz_server_side_encryption_aws_kms_key_id": "id"}
    put = s3("PUT", "/bucket/key", x_amz_storage_class="STANDARD_IA", **kms)
    head = s3("HEAD", "/bucket/key").headers
    assert head["x-amz-storage-class"] == "STANDARD_IA"
    for answer in (put.headers, head):
        assert answer["x-amz-server-side-encryption"] == "aws:kms"
        assert answer["x-amz-server-side-encryption-aws-kms-key-id"] == "id"
    s3("PUT", "/bucket/plain", x_amz_storage_class="STANDARD")
    assert "x-amz-storage-class" not in s3("HEAD", "/bucket/plain").headers


@pytest.mark.parametrize(
    ("headers", "expected", "elements"),
    [
        ({"x_amz_storage_class": "COLD"}, "InvalidStorageClass", {"StorageClassRequested": "COLD"}),
        (
            {"x_amz_server_side_encryption": "ROT13"},
            "InvalidArgument",
            {"ArgumentName": "x-amz-server-side-encryption", "ArgumentValue": "ROT13"},
        ),
    ],
)
def test_refuses_attributes_that_s3_does_not_have(s3, headers, expected, elements):
    """An unknown storage class or encryption is refused and nothing stored."""
    reply = s3("PUT", "/bucket/key", **headers)
    assert (reply.code, reply.status, dict(reply.elements)) == (expected, 400, elements)
    assert s3.store.buckets == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("aws-chunked", None),
        ("aws-chunked,gzip", "gzip"),
        ("deflate, aws-chunked, gzip", "deflate, gzip"),
        ("deflate, gzip", "deflate, gzip"),
        ("gzip", "gzip"),
        ("", None),
    ],
)
def test_content_encoding_keeps_only_what_is_stored(s3, sent, kept):
    """aws-chunked frames the request and is not part of the object."""
    s3("PUT", "/bucket/key", b"0\r\n\r\n", content_encoding=sent, x_amz_decoded_content_length="0") if (
        "aws" in sent
    ) else s3("PUT", "/bucket/key", content_encoding=sent)
    assert s3("GET", "/bucket/key").headers.get("Content-Encoding") == kept


def test_response_parameters_override_headers(s3):
    """`response-*` in the query replaces the object's headers in this answer only."""
    s3("PUT", "/bucket/key", b"data", content_type="text/x")
    got = s3("GET", "/bucket/key?response-content-type=a%2Fb&response-cache-control=no-store&response-expires=never")
    assert (got.headers["Content-Type"], got.headers["Cache-Control"], got.headers["Expires"]) == (
        "a/b",
        "no-store",
        "never",
    )
    assert s3("GET", "/bucket/key").headers["Content-Type"] == "text/x"


@pytest.mark.parametrize("value", ["a%0D%0Ab: c", "%E2%82%AC", "%00"])
def test_a_response_parameter_that_no_header_can_carry_is_refused(s3, value):
    """Line breaks and text beyond ISO-8859-1 do not get into a header."""
    s3("PUT", "/bucket/key")
    reply = s3("GET", f"/bucket/key?response-content-disposition={value}")
    assert (reply.code, dict(reply.elements)["ArgumentName"]) == ("InvalidArgument", "response-content-disposition")


@pytest.mark.parametrize(
    ("version", "expected"), [("null", "200"), ("x", "InvalidArgument"), ("v" * 32, "InvalidArgument")]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unversioned_object_has_the_null_version(s3, code, version, expected, method):
    """versionId=null is the object; a bucket that never had versions has no other id."""
    s3("PUT", "/bucket/key", b"data")
    reply = s3(method, f"/bucket/key?versionId={version}")
    assert code(reply) == expected
    if expected != "200":
        assert dict(reply.elements) == {"ArgumentName": "versionId", "ArgumentValue": version}


def test_a_failed_write_leaves_the_former_object(s3, code):
    """A body that is not what its digest says changes nothing."""
    s3("PUT", "/bucket/key", b"old")
    reply = s3("PUT", "/bucket/key", b"new", x_amz_content_sha256=sha256(b"else").hexdigest())
    assert code(reply) == "XAmzContentSHA256Mismatch"
    assert s3.store.get("bucket", "key").body == b"old"


def test_botocore_reads_back_what_it_wrote(boto):
    """Botocore's own requests (aws-chunked, with a CRC-32 trailer) and parser agree with the model."""
    etag = f'"{md5(b"data").hexdigest()}"'
    put = boto.put_object(Bucket="bucket", Key="a b/é+", Body=b"data", Metadata={"who": "me"}, ContentType="text/x")
    got = boto.get_object(Bucket="bucket", Key="a b/é+")
    assert put["ETag"] == got["ETag"] == etag
    assert got["Body"].read() == b"data"
    assert (got["ContentLength"], got["Metadata"], got["ContentType"]) == (4, {"who": "me"}, "text/x")
    assert put["ChecksumCRC32"] == got["ChecksumCRC32"] == "rfPzYw=="
    assert boto.head_object(Bucket="bucket", Key="a b/é+")["ContentLength"] == 4
    with pytest.raises(boto.exceptions.NoSuchKey):
        boto.get_object(Bucket="bucket", Key="none")


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_can_be_headed_but_not_read(s3, code, storage_class):
    """InvalidObjectState names the storage class; a copy that was restored can be read, also by a copy (fact 73)."""
    s3("PUT", "/bucket/cold", b"data", x_amz_storage_class=storage_class)
    reply = s3("GET", "/bucket/cold")
    assert (reply.code, reply.status, reply.elements) == (
        "InvalidObjectState",
        403,
        (("StorageClass", storage_class),),
    )
    assert code(s3("PUT", "/bucket/copy", x_amz_copy_source="bucket/cold")) == "InvalidObjectState"
    assert s3("HEAD", "/bucket/cold").status == 200
    for restore, expected in (('ongoing-request="true"', "InvalidObjectState"), ('ongoing-request="false"', "200")):
        s3.store.put("bucket", "cold", b"data", x_amz_storage_class=storage_class, x_amz_restore=restore)
        assert code(s3("GET", "/bucket/cold")) == expected
        assert code(s3("PUT", "/bucket/copy", x_amz_copy_source="bucket/cold")) == expected


def test_an_object_of_a_class_with_fast_retrieval_is_read(s3):
    """GLACIER_IR is not archived, whatever its name; INTELLIGENT_TIERING is where the archive status says so."""
    for storage_class in ("GLACIER_IR", "INTELLIGENT_TIERING", "STANDARD_IA"):
        s3("PUT", "/bucket/key", b"data", x_amz_storage_class=storage_class)
        assert s3("GET", "/bucket/key").body == b"data"
