"""Digests of bodies: Content-MD5, x-amz-content-sha256, x-amz-checksum-*, and lengths."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256

import pytest

from pytest_s3errors._core.s3.digests import ALGORITHMS, checksum

BODY = b"123456789"
# The check values of the algorithms' catalogues, all over "123456789".
KNOWN = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}


def md5_64(body):
    """Return the value of Content-MD5."""
    return b64encode(md5(body).digest()).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_algorithms_give_their_check_values(algorithm):
    """Each checksum of "123456789" is the published one."""
    assert ALGORITHMS[algorithm](BODY).hex() == KNOWN[algorithm]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_right_checksum_is_kept_and_given_back(s3, algorithm):
    """The checksum comes back from the write, and from a whole read that asks for it."""
    name, value = f"x-amz-checksum-{algorithm}", checksum(algorithm, BODY)
    put = s3("PUT", "/bucket/key", BODY, **{name: value})
    got = s3("GET", "/bucket/key", x_amz_checksum_mode="ENABLED")
    for answer in (put, got):
        assert (answer.headers[name], answer.headers["x-amz-checksum-type"]) == (value, "FULL_OBJECT")
    assert name not in s3("GET", "/bucket/key").headers
    assert name not in s3("GET", "/bucket/key", x_amz_checksum_mode="ENABLED", range="bytes=0-1").headers


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_wrong_checksum_is_refused(s3, algorithm):
    """A well-formed checksum of other bytes is BadDigest without elements; nothing is stored."""
    reply = s3("PUT", "/bucket/key", BODY, **{f"x-amz-checksum-{algorithm}": checksum(algorithm, b"else")})
    assert (reply.code, reply.status, reply.elements) == ("BadDigest", 400, ())
    assert algorithm.upper() in reply.message
    assert s3.store.buckets == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x_amz_checksum_crc32": "no base64"},
        {"x_amz_checksum_crc32": ""},
        {"x_amz_checksum_crc32": b64encode(b"123").decode()},
        {"x_amz_checksum_crc32": checksum("crc32", BODY), "x_amz_checksum_sha1": checksum("sha1", BODY)},
        {"x_amz_checksum_crc32": checksum("crc32", BODY), "x_amz_sdk_checksum_algorithm": "SHA1"},
        {"x_amz_sdk_checksum_algorithm": "CRC32"},
        {"x_amz_sdk_checksum_algorithm": "MD4"},
    ],
)
def test_a_checksum_that_makes_no_sense_is_an_invalid_request(s3, headers):
    """Malformed, doubled, announced but absent, or of another algorithm than announced: InvalidRequest."""
    reply = s3("PUT", "/bucket/key", BODY, **headers)
    assert (reply.code, reply.status) == ("InvalidRequest", 400)
    assert s3.store.buckets == []


def test_content_md5_is_checked(s3, code):
    """A right one passes; a wrong one is BadDigest with both digests; a malformed one InvalidDigest with it."""
    assert code(s3("PUT", "/bucket/key", BODY, content_md5=md5_64(BODY))) == "200"
    wrong = s3("PUT", "/bucket/key", b"else", content_md5=md5_64(BODY))
    expected = {"ExpectedDigest": md5(BODY).hexdigest(), "CalculatedDigest": md5_64(b"else")}
    assert (wrong.code, dict(wrong.elements)) == ("BadDigest", expected)
    for text in ("x", "", b64encode(b"short").decode(), md5(BODY).hexdigest()):
        reply = s3("PUT", "/bucket/key", BODY, content_md5=text)
        assert (reply.code, dict(reply.elements)) == ("InvalidDigest", {"Content-MD5": text})


def test_content_sha256_is_checked(s3, code):
    """A digest of other bytes is refused with both; what is neither digest nor keyword is InvalidArgument."""
    right, wrong = sha256(BODY).hexdigest(), sha256(b"else").hexdigest()
    for value in (right, "UNSIGNED-PAYLOAD"):
        assert code(s3("PUT", "/bucket/key", BODY, x_amz_content_sha256=value)) == "200"
    reply = s3("PUT", "/bucket/key", BODY, x_amz_content_sha256=wrong)
    expected = {"ClientComputedContentSHA256": wrong, "S3ComputedContentSHA256": right}
    assert (reply.code, dict(reply.elements)) == ("XAmzContentSHA256Mismatch", expected)
    for value in ("x", right[:-1], "g" * 64):
        assert code(s3("PUT", "/bucket/key", BODY, x_amz_content_sha256=value)) == "InvalidArgument"


@pytest.mark.parametrize(("stated", "expected"), [(8, "IncompleteBody"), (9, "200"), (10, "IncompleteBody")])
def test_the_body_has_the_length_it_states(s3, code, stated, expected):
    """A body of another length than Content-Length is not whole."""
    assert code(s3("PUT", "/bucket/key", BODY, content_length=str(stated))) == expected


@pytest.mark.parametrize(("size", "expected"), [(5 * 1024**3, "IncompleteBody"), (5 * 1024**3 + 1, "EntityTooLarge")])
def test_the_limit_of_one_upload(s3, size, expected):
    """Above 5 GiB the stated length is enough to refuse; at 5 GiB it is taken, and the body awaited."""
    reply = s3("PUT", "/bucket/key", BODY, content_length=str(size))
    assert reply.code == expected
    if expected == "EntityTooLarge":
        assert dict(reply.elements) == {"ProposedSize": str(size), "MaxSizeAllowed": str(5 * 1024**3)}


def test_a_length_that_is_no_number_is_refused(s3, code):
    """Content-Length takes digits only, and counts as missing with others."""
    assert code(s3("PUT", "/bucket/key", BODY, content_length="nine")) == "MissingContentLength"
