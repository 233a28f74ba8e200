"""Checksums of multipart uploads: in the list of parts, of the whole, and of what is read."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import md5

import pytest

from pytest_s3errors._core.s3 import multipart
from pytest_s3errors._core.s3.digests import ALGORITHMS, checksum

BIG = b"a" * 1024
PARTS = {1: BIG, 2: b"end"}
COMPOSITES = ["crc32", "crc32c", "sha1", "sha256"]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Take parts of 1 KiB: to sum five MiB each time would be most of what these tests do."""
    monkeypatch.setattr(multipart, "MIN_PART_BYTES", len(BIG))


def upload(s3, algorithm=None, kind=None, parts=PARTS):
    """Upload *parts* with their checksums, which the upload announced unless *algorithm* is None."""
    headers = {} if algorithm is None else {"x-amz-checksum-algorithm": algorithm.upper()}
    headers |= {} if kind is None else {"x-amz-checksum-type": kind}
    text = s3("POST", "/bucket/key?uploads", **headers).body.decode()
    upload_id = text.partition("<UploadId>")[2].partition("</UploadId>")[0]
    for number, body in parts.items():
        stated = {} if algorithm is None else {f"x-amz-checksum-{algorithm}": checksum(algorithm, body)}
        assert s3("PUT", f"/bucket/key?partNumber={number}&uploadId={upload_id}", body, **stated).status == 200
    return upload_id


def complete(s3, upload_id, algorithm=None, parts=PARTS, *, wrong=(), without=(), **headers):
    """Complete the upload with the parts' checksums; those of parts in *wrong* are, those in *without* are missing."""
    entries = ""
    for number, body in parts.items():
        entries += f"<Part><PartNumber>{number}</PartNumber><ETag>{md5(body).hexdigest()}</ETag>"
        if algorithm is not None and number not in without:
            value = checksum(algorithm, b"wrong" if number in wrong else body)
            entries += f"<Checksum{algorithm.upper()}>{value}</Checksum{algorithm.upper()}>"
        entries += "</Part>"
    body = f"<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>".encode()
    return s3("POST", f"/bucket/key?uploadId={upload_id}", body, **headers)


def composite(algorithm):
    """Return the sum over the parts' sums, without the count of parts."""
    raw = b"".join(b64decode(checksum(algorithm, body)) for body in PARTS.values())
    return b64encode(ALGORITHMS[algorithm](raw)).decode()


def sums_in(headers):
    """Return what the headers tell of checksums, by the last word of their names."""
    return {name.rpartition("-")[2]: value for name, value in headers.items() if "checksum" in name}


@pytest.mark.parametrize("algorithm", COMPOSITES)
def test_a_composite_checksum_and_its_parts(s3, algorithm):
    """Reads of the whole have the composite one with the count, reads of a part its own, reads of a range none."""
    assert complete(s3, upload(s3, algorithm), algorithm).status == 200
    whole = {algorithm: f"{composite(algorithm)}-2", "type": "COMPOSITE"}
    for method in ("GET", "HEAD"):
        asked = {"x-amz-checksum-mode": "ENABLED"}
        assert sums_in(s3(method, "/bucket/key", **asked).headers) == whole
        assert sums_in(s3(method, "/bucket/key").headers) == {}
        for number, body in PARTS.items():
            part = s3(method, f"/bucket/key?partNumber={number}", **asked)
            assert sums_in(part.headers) == {algorithm: checksum(algorithm, body), "type": "COMPOSITE"}
        assert sums_in(s3(method, "/bucket/key", range="bytes=0-1", **asked).headers) == {}


@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "crc64nvme"])
def test_a_checksum_of_the_full_object(s3, algorithm):
    """It is that of all bytes, also for a range of all of them; parts have none of their own."""
    assert complete(s3, upload(s3, algorithm, "FULL_OBJECT"), algorithm).status == 200
    whole = {algorithm: checksum(algorithm, BIG + b"end"), "type": "FULL_OBJECT"}
    asked = {"x-amz-checksum-mode": "ENABLED"}
    assert sums_in(s3("GET", "/bucket/key", **asked).headers) == whole
    assert sums_in(s3("GET", "/bucket/key", range="bytes=0-", **asked).headers) == whole
    assert sums_in(s3("GET", "/bucket/key?partNumber=2", **asked).headers) == {}


def test_a_full_object_that_is_one_part(s3):
    """The part is the whole, so its read has the object's checksum."""
    one = {1: b"data"}
    complete(s3, upload(s3, "crc32", "FULL_OBJECT", one), "crc32", one)
    read = s3("GET", "/bucket/key?partNumber=1", x_amz_checksum_mode="ENABLED")
    assert sums_in(read.headers) == {"crc32": checksum("crc32", b"data"), "type": "FULL_OBJECT"}


@pytest.mark.parametrize("algorithm", COMPOSITES)
def test_a_composite_completion_lists_the_checksums_of_all_parts(s3, code, algorithm):
    """One that is missing is InvalidRequest, a wrong one InvalidPart; the upload stays."""
    upload_id = upload(s3, algorithm)
    assert code(complete(s3, upload_id, algorithm, without=[2])) == "InvalidRequest"
    wrong = complete(s3, upload_id, algorithm, wrong=[2])
    assert (wrong.code, dict(wrong.elements)["PartNumber"]) == ("InvalidPart", "2")
    assert code(complete(s3, upload_id, algorithm)) == "200"


def test_a_completion_with_checksums_of_another_algorithm(s3, code):
    """BadDigest where the upload announced one; without one there is nothing that they could be right about."""
    assert code(complete(s3, upload(s3, "crc32"), "sha256")) == "BadDigest"
    assert code(complete(s3, upload(s3), "crc32")) == "InvalidPart"


def test_a_full_object_needs_no_checksums_of_parts(s3, code):
    """They are held to the parts where given."""
    upload_id = upload(s3, "crc32", "FULL_OBJECT")
    assert code(complete(s3, upload_id, "crc32", wrong=[1])) == "InvalidPart"
    assert code(complete(s3, upload_id)) == "200"


def test_a_composite_checksum_wants_parts_without_gaps(s3, code):
    """Fact 39: S3 answers an InternalError each time, though nothing broke."""
    gap = {1: BIG, 3: b"end"}
    upload_id = upload(s3, "sha256", parts=gap)
    assert code(complete(s3, upload_id, "sha256", gap)) == "InternalError"
    assert code(complete(s3, upload(s3, parts=gap), parts=gap)) == "200"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_amz_checksum_sha256": composite("sha256")}, "200"),
        ({"x_amz_checksum_sha256": composite("sha256") + "-2"}, "200"),
        ({"x_amz_checksum_sha256": composite("sha256") + "-3"}, "BadDigest"),
        ({"x_amz_checksum_sha256": checksum("sha256", BIG + b"end")}, "BadDigest"),
        ({"x_amz_checksum_crc32": checksum("crc32", BIG + b"end")}, "BadDigest"),
        ({"x_amz_checksum_type": "COMPOSITE"}, "200"),
        ({"x_amz_checksum_type": "FULL_OBJECT"}, "InvalidRequest"),
    ],
)
def test_what_a_completion_states_is_held_to_the_composite_checksum(s3, code, headers, expected):
    """With or without the count of parts; in the upload's algorithm, and of its type."""
    assert code(complete(s3, upload(s3, "sha256"), "sha256", **headers)) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_amz_checksum_crc64nvme": checksum("crc64nvme", b"data")}, "200"),
        ({"x_amz_checksum_crc32c": checksum("crc32c", b"else")}, "200"),
        ({"x_amz_checksum_type": "FULL_OBJECT"}, "InvalidRequest"),
    ],
)
def test_a_completion_without_announced_checksum(s3, code, headers, expected):
    """S3 sums the whole by itself and does not look at what is stated; there is no type to agree with."""
    one = {1: b"data"}
    answer = complete(s3, upload(s3, parts=one), parts=one, **headers)
    assert code(answer) == expected
    if expected == "200":
        assert f"<ChecksumCRC64NVME>{checksum('crc64nvme', b'data')}</ChecksumCRC64NVME>".encode() in answer.body
        assert b"<ChecksumType>FULL_OBJECT</ChecksumType>" in answer.body


def test_checksums_of_parts_that_were_not_announced_are_not_kept(s3):
    """S3 tells them in the answer to the part, and no longer in the list of parts."""
    upload_id = upload(s3, parts={})
    stated = {"x-amz-checksum-crc32": checksum("crc32", b"data")}
    answer = s3("PUT", f"/bucket/key?partNumber=1&uploadId={upload_id}", b"data", **stated)
    assert answer.headers.items() >= stated.items()
    assert b"Checksum" not in s3("GET", f"/bucket/key?uploadId={upload_id}").body


def test_a_copy_has_a_checksum_of_its_own(s3, parsed):
    """A composite checksum becomes one of the full object, as a copy has no parts."""
    complete(s3, upload(s3, "crc32"), "crc32")
    copied = parsed("CopyObject", s3("PUT", "/bucket/copy", x_amz_copy_source="bucket/key"))["CopyObjectResult"]
    assert (copied["ChecksumCRC32"], copied["ChecksumType"]) == (checksum("crc32", BIG + b"end"), "FULL_OBJECT")
    assert s3("GET", "/bucket/copy?partNumber=2").code == "InvalidPartNumber"
