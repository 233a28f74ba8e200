"""Multipart uploads from beginning to end."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import md5

import pytest

from pytest_s3errors._core.s3.digests import ALGORITHMS, checksum

MIN = 5 * 1024**2
BIG = b"a" * MIN


def begin(s3, **headers):
    """Begin an upload of bucket/key; return its id."""
    body = s3("POST", "/bucket/key?uploads", **headers).body.decode()
    return body.partition("<UploadId>")[2].partition("</UploadId>")[0]


def put_part(s3, upload_id, number, body, /, **headers):
    """Upload a part; return the answer."""
    return s3("PUT", f"/bucket/key?partNumber={number}&uploadId={upload_id}", body, **headers)


def listing(*parts, extra=""):
    """Return the body of CompleteMultipartUpload for (number, etag) pairs."""
    entries = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>{extra}</Part>" for number, etag in parts
    )
    return f"<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>".encode()


def complete(s3, upload_id, *parts, body=None, **headers):
    """Complete the upload; return the answer."""
    return s3("POST", f"/bucket/key?uploadId={upload_id}", listing(*parts) if body is None else body, **headers)


def etag(body):
    """Return a part's ETag, unquoted."""
    return md5(body).hexdigest()


def test_the_parts_become_the_object(s3):
    """Parts in any order of arrival make the object in order of number, with its attributes and the ETag of parts."""
    upload_id = begin(s3, content_type="text/x", x_amz_meta_who="me")
    second = put_part(s3, upload_id, 7, b"end")
    first = put_part(s3, upload_id, 2, BIG)
    assert (first.headers["ETag"], second.headers["ETag"]) == (f'"{etag(BIG)}"', f'"{etag(b"end")}"')
    assert not s3.store.exists("bucket", "key")
    s3.wait(5)
    done = complete(s3, upload_id, (2, first.headers["ETag"]), (7, etag(b"end")))
    obj = s3.store.get("bucket", "key")
    whole = md5(md5(BIG).digest() + md5(b"end").digest()).hexdigest()
    assert (done.status, obj.body, obj.etag, obj.parts) == (200, BIG + b"end", f"{whole}-2", 2)
    assert (obj.content_type, dict(obj.metadata), obj.last_modified) == ("text/x", {"who": "me"}, s3.now)
    assert s3.store.unfinished_uploads == []


def test_the_answer_tells_where_the_object_is(s3, parsed):
    """Location, bucket, key and ETag come with the completion; the id with the beginning."""
    begun = parsed("CreateMultipartUpload", s3("POST", "/bucket/a%20b?uploads"))
    assert (begun["Bucket"], begun["Key"], begun["UploadId"]) == ("bucket", "a b", "upload-1")
    s3("PUT", "/bucket/a%20b?partNumber=1&uploadId=upload-1", b"data")
    done = parsed("CompleteMultipartUpload", s3("POST", "/bucket/a%20b?uploadId=upload-1", listing((1, etag(b"data")))))
    assert (done["Bucket"], done["Key"]) == ("bucket", "a b")
    assert done["Location"] == "https://s3.us-east-1.amazonaws.com/bucket/a%20b"
    assert done["ETag"] == f'"{s3.store.get("bucket", "a b").etag}"'


def test_the_parts_of_the_object_can_be_read_again(s3):
    """PartNumber gives a part's bytes, place and the count of parts."""
    upload_id = begin(s3)
    for number, body in ((1, BIG), (2, b"end")):
        put_part(s3, upload_id, number, body)
    complete(s3, upload_id, (1, etag(BIG)), (2, etag(b"end")))
    got = s3("GET", "/bucket/key?partNumber=2")
    assert (got.status, got.body, got.headers["x-amz-mp-parts-count"]) == (206, b"end", "2")
    assert got.headers["Content-Range"] == f"bytes {MIN}-{MIN + 2}/{MIN + 3}"
    assert s3("GET", "/bucket/key?partNumber=3").code == "InvalidPartNumber"


def test_a_part_uploaded_again_replaces_the_former(s3, code):
    """The last upload of a number counts; the ETag of the former is InvalidPart."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"old")
    put_part(s3, upload_id, 1, b"new")
    assert code(complete(s3, upload_id, (1, etag(b"old")))) == "InvalidPart"
    assert code(complete(s3, upload_id, (1, etag(b"new")))) == "200"
    assert s3.store.get("bucket", "key").body == b"new"


def test_parts_that_are_not_listed_are_thrown_away(s3):
    """Only listed parts make the object; nothing of the others remains."""
    upload_id = begin(s3)
    for number in (1, 2, 3):
        put_part(s3, upload_id, number, b"%d" % number)
    complete(s3, upload_id, (2, etag(b"2")))
    assert s3.store.get("bucket", "key").body == b"2"
    assert s3.store.unfinished_uploads == []


def test_the_store_tells_unfinished_uploads(s3):
    """Bucket, key, id and the sizes of parts by number, until completed or aborted."""
    first, second = begin(s3), begin(s3)
    put_part(s3, first, 2, b"22")
    put_part(s3, first, 1, b"1")
    told = s3.store.unfinished_uploads
    assert [(one.bucket, one.key, one.upload_id, dict(one.parts)) for one in told] == [
        ("bucket", "key", first, {1: 1, 2: 2}),
        ("bucket", "key", second, {}),
    ]
    assert list(told[0].parts) == [1, 2]
    assert s3("DELETE", f"/bucket/key?uploadId={first}").status == 204
    assert [one.upload_id for one in s3.store.unfinished_uploads] == [second]


@pytest.mark.parametrize("ended", ["complete", "abort", "never"])
def test_an_upload_that_is_not_there(s3, ended):
    """After completion or abort, or with another key or id, every other request is NoSuchUpload with the id."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"data")
    if ended == "complete":
        complete(s3, upload_id, (1, etag(b"data")))
    elif ended == "abort":
        s3("DELETE", f"/bucket/key?uploadId={upload_id}")
    else:
        upload_id = "other"
    body = listing((1, etag(b"else")))
    s3.store.put("bucket", "source", b"")
    for method, target, sent, headers in (
        ("PUT", f"key?partNumber=1&uploadId={upload_id}", b"", {}),
        ("PUT", f"key?partNumber=1&uploadId={upload_id}", b"", {"x-amz-copy-source": "bucket/source"}),
        ("POST", f"key?uploadId={upload_id}", body, {}),
        ("GET", f"key?uploadId={upload_id}", b"", {}),
        ("DELETE", f"key?uploadId={upload_id}", b"", {}),
        ("GET", "elsewhere?uploadId=upload-1", b"", {}),
    ):
        reply = s3(method, f"/bucket/{target}", sent, **headers)
        named = target.rpartition("=")[2]
        assert (reply.code, reply.status, dict(reply.elements)) == ("NoSuchUpload", 404, {"UploadId": named})


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0", "InvalidArgument"),
        ("1", "200"),
        ("2", "200"),
        ("9999", "200"),
        ("10000", "200"),
        ("10001", "InvalidArgument"),
        ("x", "InvalidArgument"),
        ("-1", "InvalidArgument"),
    ],
)
def test_the_limit_of_part_numbers(s3, code, number, expected):
    """1 to 10000; the refusal names partNumber and the value."""
    reply = put_part(s3, begin(s3), number, b"data")
    assert code(reply) == expected
    if expected != "200":
        assert dict(reply.elements) == {"ArgumentName": "partNumber", "ArgumentValue": number}


@pytest.mark.parametrize(("size", "expected"), [(MIN - 1, "EntityTooSmall"), (MIN, "200"), (MIN + 1, "200")])
def test_the_least_size_of_a_part(s3, code, size, expected):
    """All parts but the last have 5 MiB or more; this is checked at completion, and the upload stays."""
    upload_id, body = begin(s3), b"a" * size
    assert put_part(s3, upload_id, 1, body).status == 200
    put_part(s3, upload_id, 2, b"end")
    reply = complete(s3, upload_id, (1, etag(body)), (2, etag(b"end")))
    assert code(reply) == expected
    if expected != "200":
        elements = {"ProposedSize": str(size), "MinSizeAllowed": str(MIN), "PartNumber": "1", "ETag": etag(body)}
        assert dict(reply.elements) == elements
        assert len(s3.store.unfinished_uploads) == 1


def test_parts_must_be_listed_in_order(s3):
    """A number that does not grow is InvalidPartOrder with the upload's id."""
    upload_id = begin(s3)
    for number in (1, 2):
        put_part(s3, upload_id, number, b"data")
    for numbers in ((2, 1), (1, 1)):
        reply = complete(s3, upload_id, *((number, etag(b"data")) for number in numbers))
        assert (reply.code, dict(reply.elements)) == ("InvalidPartOrder", {"UploadId": upload_id})


@pytest.mark.parametrize(("number", "stated"), [(1, "0" * 32), (2, etag(b"data"))])
def test_a_part_that_was_not_uploaded(s3, number, stated):
    """A number or ETag that S3 does not have is InvalidPart, with the ETag unquoted."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"data")
    reply = complete(s3, upload_id, (number, f'"{stated}"'))
    elements = {"UploadId": upload_id, "PartNumber": str(number), "ETag": stated}
    assert (reply.code, dict(reply.elements)) == ("InvalidPart", elements)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b"<Wrong/>",
        b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload><Part><ETag>a</ETag></Part></CompleteMultipartUpload>",
        listing(("x", "a")),
        listing(("", "a")),
        listing(("9" * 5000, "a")),
    ],
)
def test_a_list_of_parts_that_says_nothing_sensible(s3, code, body):
    """No parts, no numbers, no ETags or no XML: MalformedXML, and the upload stays."""
    upload_id = begin(s3)
    assert code(complete(s3, upload_id, body=body)) == "MalformedXML"
    assert len(s3.store.unfinished_uploads) == 1


@pytest.mark.parametrize("body", [b"", b"<CompleteMultipartUpload/>"])
def test_a_list_without_parts(s3, body):
    """It asks for nothing; so does a body without a list, if there are parts that it could list."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"data")
    reply = complete(s3, upload_id, body=body)
    assert (reply.code, reply.status) == ("InvalidRequest", 400)
    assert reply.message == "You must specify at least one part"


def test_conditions_of_a_completion(s3, code):
    """If-None-Match: * and If-Match hold against the object now under the key; a failure leaves the upload."""
    s3("PUT", "/bucket/key", b"old")
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"new")
    parts = [(1, etag(b"new"))]
    assert code(complete(s3, upload_id, *parts, if_none_match="*")) == "PreconditionFailed"
    assert code(complete(s3, upload_id, *parts, if_match="0")) == "PreconditionFailed"
    assert s3.store.get("bucket", "key").body == b"old"
    assert code(complete(s3, upload_id, *parts, if_match=etag(b"old"))) == "200"


def test_a_completion_can_be_repeated(s3, code):
    """The same list gets the same answer while the object is there; another list, or key, is NoSuchUpload."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"data")
    first = complete(s3, upload_id, (1, etag(b"data")))
    s3.wait(60)
    assert complete(s3, upload_id, (1, f'"{etag(b"data")}"')) == first
    assert s3.store.get("bucket", "key").last_modified < s3.now
    assert code(complete(s3, upload_id, (1, etag(b"else")))) == "NoSuchUpload"
    assert code(s3("POST", f"/bucket/none?uploadId={upload_id}", listing((1, etag(b"data"))))) == "NoSuchUpload"
    s3("PUT", "/bucket/key", b"other")
    assert code(complete(s3, upload_id, (1, etag(b"data")))) == "NoSuchUpload"


def test_a_repeated_completion_makes_no_second_version(s3):
    """The version id is that of the first answer, also when newer versions stand above it."""
    s3.store.create_bucket("bucket", versioning=True)
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"data")
    first = complete(s3, upload_id, (1, etag(b"data")))
    s3("DELETE", "/bucket/key")
    assert complete(s3, upload_id, (1, etag(b"data"))) == first
    assert len(s3.store.versions("bucket", "key")) == 2
    s3("DELETE", f"/bucket/key?versionId={first.headers['x-amz-version-id']}")
    assert complete(s3, upload_id, (1, etag(b"data"))).code == "NoSuchUpload"


@pytest.mark.parametrize("versioning", [False, True])
@pytest.mark.parametrize(
    ("before", "during", "condition", "expected"),
    [
        (b"a", None, {"if_match": etag(b"a")}, "200"),
        (b"a", b"a", {"if_match": etag(b"a")}, "ConditionalRequestConflict"),
        (b"a", b"b", {"if_match": etag(b"b")}, "ConditionalRequestConflict"),
        (b"a", b"b", {"if_match": etag(b"a")}, "PreconditionFailed"),
        (b"a", "delete", {"if_match": etag(b"a")}, "NoSuchKey"),
        (b"a", "delete", {"if_none_match": "*"}, "ConditionalRequestConflict"),
        (None, b"a", {"if_none_match": "*"}, "PreconditionFailed"),
        (None, None, {"if_none_match": "*"}, "200"),
        (b"a", b"b", {}, "200"),
    ],
)
def test_a_key_that_changes_during_the_upload(s3, code, versioning, before, during, condition, expected):
    """Fact 50: a conditional completion is a conflict where its condition holds but the key was written to."""
    s3.store.create_bucket("bucket", versioning=versioning)
    if before is not None:
        s3("PUT", "/bucket/key", before)
    s3("PUT", "/bucket/other", b"")
    upload_id = begin(s3)
    if during is not None:
        s3(*(("DELETE", "/bucket/key") if during == "delete" else ("PUT", "/bucket/key", during)))
    s3("PUT", "/bucket/other", b"")
    put_part(s3, upload_id, 1, b"data")
    reply = complete(s3, upload_id, (1, etag(b"data")), **condition)
    assert code(reply) == expected
    if expected == "ConditionalRequestConflict":
        named = "If-Match" if "if_match" in condition else "If-None-Match"
        assert (reply.status, dict(reply.elements)) == (409, {"Condition": named, "Key": "key"})


def test_tags_do_not_count_as_a_change_of_the_key(s3, code):
    """Tagging what is under the key is no write to it."""
    s3("PUT", "/bucket/key", b"a")
    upload_id = begin(s3)
    s3("PUT", "/bucket/key?tagging", b"<Tagging><TagSet/></Tagging>")
    put_part(s3, upload_id, 1, b"data")
    assert code(complete(s3, upload_id, (1, etag(b"data")), if_match=etag(b"a"))) == "200"


@pytest.mark.parametrize(("size", "expected"), [("3", "InvalidRequest"), ("4", "200"), ("5", "InvalidRequest")])
def test_the_size_of_the_object_is_held_to_the_request(s3, code, size, expected):
    """x-amz-mp-object-size must be the sum of the parts."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"data")
    assert code(complete(s3, upload_id, (1, etag(b"data")), x_amz_mp_object_size=size)) == expected


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_of_parts_make_that_of_the_object(s3, parsed, algorithm):
    """SHA and CRC sums are summed over the parts with their count; CRC-64 is that of the whole."""
    upload_id = begin(s3, x_amz_checksum_algorithm=algorithm.upper())
    sums = []
    for number, body in ((1, b"data"),):
        sums.append(checksum(algorithm, body))
        stated = f"<Checksum{algorithm.upper()}>{sums[-1]}</Checksum{algorithm.upper()}>"
        answer = put_part(s3, upload_id, number, body, **{f"x-amz-checksum-{algorithm}": sums[-1]})
        assert answer.headers[f"x-amz-checksum-{algorithm}"] == sums[-1]
    body = listing((1, etag(b"data")), extra=stated)
    done = parsed("CompleteMultipartUpload", complete(s3, upload_id, body=body))
    if algorithm == "crc64nvme":
        expected, kind = checksum(algorithm, b"data"), "FULL_OBJECT"
    else:
        joined = ALGORITHMS[algorithm](b"".join(map(b64decode, sums)))
        expected, kind = f"{b64encode(joined).decode()}-1", "COMPOSITE"
    assert (done[f"Checksum{algorithm.upper()}"], done["ChecksumType"]) == (expected, kind)
    head = s3("HEAD", "/bucket/key", x_amz_checksum_mode="ENABLED").headers
    assert (head[f"x-amz-checksum-{algorithm}"], head["x-amz-checksum-type"]) == (expected, kind)


def test_a_checksum_of_the_whole_object_is_held_to_it(s3, code):
    """A FULL_OBJECT checksum in the completion is BadDigest unless right, and said to be one."""
    whole = {"x_amz_checksum_algorithm": "CRC32", "x_amz_checksum_type": "FULL_OBJECT"}
    upload_id = begin(s3, **whole)
    put_part(s3, upload_id, 1, b"data")
    parts = [(1, etag(b"data"))]
    assert code(complete(s3, upload_id, *parts, x_amz_checksum_crc32=checksum("crc32", b"else"))) == "BadDigest"
    right = {"x_amz_checksum_crc32": checksum("crc32", b"data")}
    assert code(complete(s3, upload_id, *parts, **right)) == "BadDigest"
    assert code(complete(s3, upload_id, *parts, **right, x_amz_checksum_type="COMPOSITE")) == "InvalidRequest"
    assert code(complete(s3, upload_id, *parts, **right, x_amz_checksum_type="FULL_OBJECT")) == "200"


def test_the_checksums_in_the_list_are_held_to_the_parts(s3, code):
    """A checksum beside the ETag that is not the part's is InvalidPart."""
    upload_id = begin(s3, x_amz_checksum_algorithm="CRC32")
    put_part(s3, upload_id, 1, b"data")
    for body, expected in ((b"else", "InvalidPart"), (b"data", "200")):
        stated = f"<ChecksumCRC32>{checksum('crc32', body)}</ChecksumCRC32>"
        assert code(complete(s3, upload_id, body=listing((1, etag(b"data")), extra=stated))) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"x_amz_checksum_algorithm": "MD4"},
        {"x_amz_checksum_type": "COMPOSITE"},
        {"x_amz_checksum_algorithm": "CRC64NVME", "x_amz_checksum_type": "COMPOSITE"},
        {"x_amz_checksum_algorithm": "SHA1", "x_amz_checksum_type": "FULL_OBJECT"},
    ],
)
def test_a_checksum_that_s3_does_not_offer(s3, code, headers):
    """Unknown algorithms and impossible types are InvalidRequest, and no upload begins."""
    assert code(s3("POST", "/bucket/key?uploads", **headers)) == "InvalidRequest"
    assert s3.store.unfinished_uploads == []
    assert s3.store.buckets == []


@pytest.mark.parametrize("stated", [{}, {"x_amz_checksum_crc32": checksum("crc32", b"data")}])
def test_a_part_must_bring_the_announced_sha(s3, code, stated):
    """An upload with SHA-256 takes no part without one."""
    assert code(put_part(s3, begin(s3, x_amz_checksum_algorithm="SHA256"), 1, b"data", **stated)) == "InvalidRequest"
    assert dict(s3.store.unfinished_uploads[0].parts) == {}


def test_a_bad_part_is_not_kept(s3, code):
    """A part that is not what its digest says leaves the former one."""
    upload_id = begin(s3)
    put_part(s3, upload_id, 1, b"old")
    assert code(put_part(s3, upload_id, 1, b"newer", content_md5=b64encode(md5(b"x").digest()).decode())) == "BadDigest"
    assert dict(s3.store.unfinished_uploads[0].parts) == {1: 3}


def test_beginning_follows_the_rules_of_writes(s3, code):
    """Declared buckets, keys and attributes are checked when an upload begins."""
    assert code(s3("POST", "/bucket/key?uploads", x_amz_storage_class="COLD")) == "InvalidStorageClass"
    assert code(s3("POST", f"/bucket/{'k' * 1025}?uploads")) == "KeyTooLongError"
    s3.store.declare_bucket("declared")
    assert code(s3("POST", "/bucket/key?uploads")) == "NoSuchBucket"


def test_botocore_uploads_in_parts(boto, s3):
    """Botocore's requests with its default checksums make the object."""
    begun = boto.create_multipart_upload(Bucket="bucket", Key="key", ChecksumAlgorithm="CRC32")
    named = {"Bucket": "bucket", "Key": "key", "UploadId": begun["UploadId"]}
    parts = []
    for number, body in ((1, BIG), (2, b"end")):
        part = boto.upload_part(**named, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
    done = boto.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    assert done["ETag"] == f'"{s3.store.get("bucket", "key").etag}"'
    assert s3.store.get("bucket", "key").size == MIN + 3
    with pytest.raises(boto.exceptions.NoSuchUpload):
        boto.abort_multipart_upload(**named)
