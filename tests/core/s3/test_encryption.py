"""Default encryption of buckets, and keys that customers keep to themselves."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import md5

import pytest

SSE = "x_amz_server_side_encryption"
ONE, TWO = b"1" * 32, b"2" * 32


def own(key=ONE, /, prefix=SSE, **changes):
    """The headers of a customer's key."""
    encoded, digest = b64encode(key).decode(), b64encode(md5(key).digest()).decode()
    stated = {"algorithm": "AES256", "key": encoded, "key-md5": digest, **changes}
    return {f"{prefix}_customer_{name}": value for name, value in stated.items() if value is not None}


def source(key=ONE):
    """The headers of a copy with the key of its source."""
    return {"x_amz_copy_source": "bucket/key", **own(key, prefix="x_amz_copy_source_server_side_encryption")}


def encryption(reply):
    """What an answer tells of encryption."""
    prefix = "x-amz-server-side-encryption"
    return {name.removeprefix(prefix): value for name, value in reply.headers.items() if name.startswith(prefix)}


AES, BY_KEY = (
    {"": "AES256"},
    {"-customer-algorithm": "AES256", "-customer-key-MD5": b64encode(md5(ONE).digest()).decode()},
)
DOCUMENT = "<ServerSideEncryptionConfiguration>{}</ServerSideEncryptionConfiguration>"
RULE = "<Rule><ApplyServerSideEncryptionByDefault>{}</ApplyServerSideEncryptionByDefault>{}</Rule>"
ALGORITHM = "<SSEAlgorithm>{}</SSEAlgorithm>"
KMS = ALGORITHM.format("aws:kms") + "<KMSMasterKeyID>key-id</KMSMasterKeyID>"


def set_default(s3, *rules):
    return s3("PUT", "/bucket?encryption", DOCUMENT.format("".join(RULE.format(*rule) for rule in rules)).encode())


def default(parsed, s3):
    found = parsed("GetBucketEncryption", s3("GET", "/bucket?encryption"))
    return found["ServerSideEncryptionConfiguration"]["Rules"]


def test_the_default_of_a_bucket(s3, code):
    """It is AES256 until another is put, which objects that name none are then encrypted with."""
    s3("PUT", "/bucket")
    before = s3("GET", "/bucket?encryption").body
    assert code(set_default(s3, (KMS, "<BucketKeyEnabled>true</BucketKeyEnabled>"))) == "200"
    for reply in (s3("PUT", "/bucket/key", b"1"), s3("GET", "/bucket/key"), s3("POST", "/bucket/parts?uploads")):
        assert encryption(reply) == {"": "aws:kms", "-aws-kms-key-id": "key-id", "-bucket-key-enabled": "true"}
    assert encryption(s3("PUT", "/bucket/key", b"1", **{SSE: "AES256"})) == AES
    for _ in range(2):
        assert code(s3("DELETE", "/bucket?encryption")) == "204"
    assert s3("GET", "/bucket?encryption").body == before
    assert encryption(s3("PUT", "/bucket/key", b"1")) == AES


def test_the_account_s_own_kms_key(s3):
    """Where no key is named S3 has one for the account, in the bucket's region; a key's UUID is told as its ARN."""
    s3("PUT", "/bucket")
    kms = {SSE: "aws:kms"}
    named = encryption(s3("PUT", "/bucket/key", b"1", **kms))["-aws-kms-key-id"]
    assert re.fullmatch(r"arn:aws:kms:us-east-1:\d{12}:key/[0-9a-f-]{36}", named)
    assert encryption(s3("POST", "/bucket/other?uploads", **kms))["-aws-kms-key-id"] == named
    arn, uuid = named.rpartition("/")[::2]
    again = s3("PUT", "/bucket/key", b"1", **kms, x_amz_server_side_encryption_aws_kms_key_id=uuid[::-1].upper())
    assert encryption(again)["-aws-kms-key-id"] == uuid[::-1].upper()
    again = s3("PUT", "/bucket/key", b"1", **kms, x_amz_server_side_encryption_aws_kms_key_id="0" + uuid[1:])
    assert encryption(again)["-aws-kms-key-id"] == f"{arn}/0{uuid[1:]}"


def test_a_bucket_key_is_told_of_kms_alone(s3):
    """Nor is one that is off."""
    s3("PUT", "/bucket")
    set_default(s3, (ALGORITHM.format("AES256"), "<BucketKeyEnabled>true</BucketKeyEnabled>"))
    assert encryption(s3("PUT", "/bucket/key", b"1")) == AES
    set_default(s3, (ALGORITHM.format("aws:kms"), "<BucketKeyEnabled>true</BucketKeyEnabled>"))
    assert encryption(s3("PUT", "/bucket/key", b"1", **{SSE: "aws:kms"}))["-bucket-key-enabled"] == "true"
    off = {SSE: "aws:kms", f"{SSE}_bucket_key_enabled": "false"}
    assert encryption(s3("PUT", "/bucket/key", b"1", **off)).keys() == {"", "-aws-kms-key-id"}


@pytest.mark.parametrize("headers", [{SSE: "aws:kms"}, own()])
def test_what_a_key_encrypts_has_a_new_etag_with_each_write(s3, headers):
    """As AWS's reference says of SSE-KMS and SSE-C: no MD5; parts and copies are no exception."""
    s3("PUT", "/bucket")
    plain = f'"{md5(b"data").hexdigest()}"'
    assert s3("PUT", "/bucket/plain", b"data", **{SSE: "AES256"}).headers["ETag"] == plain
    restore, brought = s3.store.memento(), headers if SSE not in headers else {}

    def written():
        etags = [s3("PUT", "/bucket/key", b"data", **headers).headers["ETag"] for _ in range(2)]
        assert s3("HEAD", "/bucket/key", **brought).headers["ETag"] == etags[-1]
        s3("POST", "/bucket/parts?uploads", **headers)
        part = f"/bucket/parts?uploadId={s3.store.unfinished_uploads[0].upload_id}&partNumber=1"
        etags += [s3("PUT", part, b"data", **brought).headers["ETag"] for _ in range(2)]
        for _ in range(2):
            answer = s3("PUT", "/bucket/copy", x_amz_copy_source="bucket/plain", **headers).body.decode()
            etags += re.findall(r'"\w+"', answer.replace("&quot;", '"'))
        return etags

    first = written()
    assert len({plain, *first}) == 7
    assert {len(etag) for etag in first} == {len(plain)}
    restore()
    assert written() == first


def test_the_default_as_botocore_reads_it(s3, parsed):
    """One rule, whatever was put."""
    s3("PUT", "/bucket")
    aes = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    assert default(parsed, s3) == [aes]
    set_default(s3, (KMS, "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>"))
    kms = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key-id"}
    blocked = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    assert default(parsed, s3) == [{**aes, "ApplyServerSideEncryptionByDefault": kms, **blocked}]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], "MalformedXML"),
        ([(ALGORITHM.format("AES256"), "")] * 2, "MalformedXML"),
        ([(ALGORITHM.format("ROT13"), "")], "MalformedXML"),
        ([("", "")], "MalformedXML"),
        ([(ALGORITHM.format("AES256") + "<KMSMasterKeyID>1</KMSMasterKeyID>", "")], "InvalidArgument"),
        ([(ALGORITHM.format("aws:kms:dsse"), "")], "200"),
    ],
)
def test_a_default_that_is_none(s3, code, rules, expected):
    """One rule of a known method; a KMS key goes with KMS alone."""
    s3("PUT", "/bucket")
    assert code(set_default(s3, *rules)) == expected


def test_customers_keys_can_be_blocked(s3, code):
    """A bucket that blocks SSE-C denies writes with such a key, and reads what is there."""
    s3("PUT", "/bucket/key", b"1", **own())
    blocked = "<BlockedEncryptionTypes><EncryptionType>{}</EncryptionType></BlockedEncryptionTypes>"
    s3("PUT", "/bucket?encryption", DOCUMENT.format(f"<Rule>{blocked.format('SSE-C')}</Rule>").encode())
    assert code(s3("PUT", "/bucket/key", b"2", **own())) == "AccessDenied"
    assert s3("GET", "/bucket/key", **own()).body == b"1"
    s3("PUT", "/bucket?encryption", DOCUMENT.format(f"<Rule>{blocked.format('NONE')}</Rule>").encode())
    assert code(s3("PUT", "/bucket/key", b"2", **own())) == "200"


@pytest.mark.parametrize(
    ("method", "target", "more"),
    [
        ("GET", "/bucket/key", {}),
        ("HEAD", "/bucket/key", {}),
        ("GET", "/bucket/key?attributes", {"x_amz_object_attributes": "ETag"}),
    ],
)
def test_an_object_needs_its_key(s3, code, method, target, more):
    """Every read brings the key of the write; a key that nothing was encrypted with is refused as well."""
    assert encryption(s3("PUT", "/bucket/key", b"data", **own())) == BY_KEY
    assert code(s3(method, target, **more)) == "InvalidRequest"
    assert code(s3(method, target, **more, **own(TWO))) == "AccessDenied"
    reply = s3(method, target, **more, **own())
    assert code(reply) == "200"
    assert "attributes" in target or encryption(reply) == BY_KEY
    s3("PUT", "/bucket/key", b"data")
    assert code(s3(method, target, **more, **own())) == "InvalidRequest"


def test_copies_bring_the_keys_of_both_sides(s3, code):
    """The source's key in headers of its own; the copy is encrypted as the request says, else by default."""
    s3("PUT", "/bucket/key", b"data", **own())
    assert code(s3("PUT", "/bucket/copy", x_amz_copy_source="bucket/key")) == "InvalidRequest"
    assert code(s3("PUT", "/bucket/copy", **source(TWO))) == "AccessDenied"
    assert encryption(s3("PUT", "/bucket/plain", **source())) == AES
    assert code(s3("PUT", "/bucket/copy", **source(), **own(TWO))) == "200"
    assert s3("GET", "/bucket/copy", **own(TWO)).body == b"data"
    assert code(s3("PUT", "/bucket/key", **source())) == "InvalidRequest"
    assert code(s3("PUT", "/bucket/key", **source(), **own(TWO))) == "200"


def test_parts_bring_the_key_of_their_upload(s3, code):
    """None, another one, or one too many is InvalidRequest; the object needs the key then."""
    assert encryption(s3("POST", "/bucket/key?uploads", **own())) == BY_KEY
    part = "/bucket/key?partNumber=1&uploadId=upload-1"
    assert code(s3("PUT", part, b"part")) == "InvalidRequest"
    assert code(s3("PUT", part, b"part", **own(TWO))) == "InvalidRequest"
    etag = s3("PUT", part, b"part", **own()).headers["ETag"]
    listed = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    assert code(s3("POST", "/bucket/key?uploadId=upload-1", document)) == "200"
    assert code(s3("GET", "/bucket/key")) == "InvalidRequest"
    assert s3("GET", "/bucket/key", **own()).body == b"part"
    s3("POST", "/bucket/plain?uploads")
    part = "/bucket/plain?partNumber=1&uploadId=upload-2"
    assert code(s3("PUT", part, b"part", **own())) == "InvalidRequest"
    assert code(s3("PUT", part, x_amz_copy_source="bucket/key")) == "InvalidRequest"
    assert code(s3("PUT", part, **source())) == "200"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (own(), "200"),
        (own(algorithm=None), "InvalidArgument"),
        (own(key=None), "InvalidArgument"),
        (own(algorithm="ROT13"), "InvalidEncryptionAlgorithmError"),
        (own(b"short"), "InvalidArgument"),
        (own(key="no base64"), "InvalidArgument"),
        (own(**{"key-md5": None}), "InvalidArgument"),
        (own(**{"key-md5": "AAAA"}), "InvalidArgument"),
        ({**own(), SSE: "AES256"}, "InvalidArgument"),
        ({SSE: "ROT13"}, "InvalidArgument"),
    ],
)
def test_a_key_is_checked(s3, code, headers, expected):
    """Algorithm, key and digest belong together, and no other encryption beside them; no answer repeats the key."""
    reply = s3("PUT", "/bucket/key", b"", **headers)
    assert code(reply) == expected
    assert headers.get(f"{SSE}_customer_key", "none") not in str(reply)
    assert s3.store.exists("bucket", "key") == (expected == "200")


def test_what_was_recorded_of_customers_keys(s3):
    """A reader's key of another length is just the wrong one; no ArgumentValue is told; nothing is summed."""
    reply = s3("PUT", "/bucket/key", b"1", **own(**{"key-md5": None}))
    assert (reply.code, dict(reply.elements)) == ("InvalidArgument", {"ArgumentName": SSE.replace("_", "-")})
    s3("PUT", "/bucket/key", b"1", **own())
    reply = s3("GET", "/bucket/key", **own(b64encode(ONE)))
    assert (reply.status, reply.code) == (403, "AccessDenied")
    assert reply.message.endswith("must provide the correct secret key.")
    reply = s3("PUT", "/bucket/key", b"1", **own(algorithm="KMS"), **{SSE: "AES256"})
    assert (reply.code, dict(reply.elements)["ArgumentValue"]) == ("InvalidArgument", "AES256")
    s3("POST", "/bucket/key?uploads")
    reply = s3("PUT", "/bucket/key?uploadId=upload-1&partNumber=1", b"1", **own())
    assert reply.message.startswith("The multipart upload initiate requested encryption.")
    s3("POST", "/bucket/key?uploads", **own())
    part = s3("PUT", "/bucket/key?uploadId=upload-2&partNumber=1", b"1", **own()).headers["ETag"]
    listed = f"<Part><PartNumber>1</PartNumber><ETag>{part}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    assert b"Checksum" not in s3("POST", "/bucket/key?uploadId=upload-2", document).body
