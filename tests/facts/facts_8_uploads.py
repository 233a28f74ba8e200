"""Facts 60 to 73, and 85: what S3 accepts to be stored."""

from __future__ import annotations

import base64
import hashlib
import zlib

from botocore.exceptions import ClientError
from fact_list import Seen, after, caught, claim

SHORT = b"hello"
OTHER = base64.b64encode(hashlib.md5(b"other").digest()).decode()
CRC32 = base64.b64encode(zlib.crc32(SHORT).to_bytes(4, "big")).decode()
WRONG_CRC32 = base64.b64encode(bytes(4)).decode()


def _begun(s3):
    """A path, and an upload begun to it."""
    path = f"/{s3.bucket()}/key"
    return path, s3.start(path)


@claim(
    60,
    "EntityTooSmall comes at completion, for any part except the last: ProposedSize, MinSizeAllowed, PartNumber, ETag",
)
def too_small(s3):
    path, upload = _begun(s3)
    first, last = (s3.part(path, upload, number, b"x" * number) for number in (1, 2))
    seen = s3.complete(path, upload, (1, first), (2, last)).error(
        400, "EntityTooSmall", ProposedSize="1", MinSizeAllowed="5242880", PartNumber="1", ETag=first.strip('"')
    )
    return _short_etag(seen, first) & s3.complete(path, upload, (1, first)).is_status(200)


def _short_etag(seen, etag):
    """The observation without the digits of an ETag, which are of no interest."""
    return Seen(text=seen.text.replace(etag.strip('"'), "of the part"), holds=seen.holds)


@claim(61, "InvalidPart has UploadId, PartNumber, ETag (unquoted); InvalidPartOrder UploadId")
def invalid_part(s3):
    path, upload = _begun(s3)
    first, second = s3.part(path, upload, 1), s3.part(path, upload, 2, bytes(5 * 1024**2))
    missing = s3.complete(path, upload, (3, first)).error(400, "InvalidPart", "UploadId", "ETag", PartNumber="3")
    order = s3.complete(path, upload, (2, second), (1, first)).error(400, "InvalidPartOrder", "UploadId")
    return missing & order


@claim(61, "404 NoSuchUpload has UploadId")
def no_such_upload(s3):
    path = f"/{s3.bucket()}/key"
    answers = (
        s3.complete(path, "nonsense", (1, '"0"')),
        s3.ask("PUT", f"{path}?partNumber=1&uploadId=nonsense", SHORT),
        s3.ask("DELETE", f"{path}?uploadId=nonsense"),
    )
    seen = [answer.error(404, "NoSuchUpload", UploadId="nonsense") for answer in answers]
    return seen[0] & seen[1] & seen[2]


@claim(61, "A part without ETag or number is MalformedXML, a list without parts MalformedXML or InvalidRequest")
def incomplete_list(s3):
    path, upload = _begun(s3)
    s3.part(path, upload, 1)
    lists = (b"<Part><PartNumber>1</PartNumber></Part>", b"<Part><ETag>0</ETag></Part>", b"")
    answers = [
        s3.ask("POST", f"{path}?uploadId={upload}", b"<CompleteMultipartUpload>" + each + b"</CompleteMultipartUpload>")
        for each in lists
    ]
    codes = [answer.code or str(answer.status) for answer in answers]
    ok = codes[:2] == ["MalformedXML"] * 2 and codes[2] in {"MalformedXML", "InvalidRequest"}
    return Seen(text=", ".join(codes), holds=ok)


@claim(62, "A partNumber outside 1 to 10,000 is 400 InvalidArgument with ArgumentName and ArgumentValue")
def part_number(s3):
    path, upload = _begun(s3)
    seen = []
    for number in ("0", "10001"):
        answer = s3.ask("PUT", f"{path}?partNumber={number}&uploadId={upload}", SHORT)
        seen.append(answer.error(400, "InvalidArgument", ArgumentName="partNumber", ArgumentValue=number))
    return seen[0] & seen[1]


@claim(62, "The source of a copy is at most 5 GiB: 400 InvalidRequest")
def copy_source(s3):
    bucket = s3.bucket()
    s3.put_sized(bucket, "large", 5 * 1024**3 + 1)
    return s3.ask("PUT", f"/{bucket}/copy", x_amz_copy_source=f"{bucket}/large").error(400, "InvalidRequest")


@claim(63, "A wrong Content-MD5: 400 BadDigest with ExpectedDigest and CalculatedDigest")
def wrong_md5(s3):
    answer = s3.ask("PUT", f"/{s3.bucket()}/key", SHORT, content_md5=OTHER)
    return answer.error(400, "BadDigest", "ExpectedDigest", "CalculatedDigest")


@claim(63, "A malformed one: 400 InvalidDigest with Content-MD5")
def malformed_md5(s3):
    return s3.ask("PUT", f"/{s3.bucket()}/key", SHORT, content_md5="nonsense").error(
        400, "InvalidDigest", Content_MD5="nonsense"
    )


@claim(64, "A wrong x-amz-checksum-*: 400 BadDigest without elements, the message names the algorithm")
def wrong_checksum(s3):
    answer = s3.ask("PUT", f"/{s3.bucket()}/key", SHORT, x_amz_checksum_crc32=WRONG_CRC32)
    seen = answer.error(400, "BadDigest", lacks=("ExpectedDigest", "CalculatedDigest"))
    named = "CRC32" in dict(answer.elements).get("Message", "")
    return Seen(
        text=seen.text + (", names CRC32" if named else ""), holds=bool(seen.holds and named and not answer.own)
    )


@claim(64, "A malformed one, two of them, or one that is not of the algorithm named: 400 InvalidRequest")
def malformed_checksum(s3):
    path = f"/{s3.bucket()}/key"
    sha256 = base64.b64encode(hashlib.sha256(SHORT).digest()).decode()
    answers = (
        s3.ask("PUT", path, SHORT, x_amz_checksum_crc32="nonsense"),
        s3.ask("PUT", path, SHORT, x_amz_checksum_crc32=CRC32, x_amz_checksum_sha256=sha256),
        s3.ask("PUT", path, SHORT, x_amz_checksum_crc32=CRC32, x_amz_sdk_checksum_algorithm="SHA256"),
    )
    seen = [answer.error(400, "InvalidRequest") for answer in answers]
    return seen[0] & seen[1] & seen[2]


@claim(
    65,
    "A body other than the signed one: 400 XAmzContentSHA256Mismatch with ClientComputed- and S3ComputedContentSHA256",
)
def other_body(s3):
    path = f"/{s3.bucket()}/key"
    answer = s3.send("PUT", path, s3.signed("PUT", path, b"other"), SHORT)
    names = ("ClientComputedContentSHA256", "S3ComputedContentSHA256")
    return answer.error(400, "XAmzContentSHA256Mismatch", *names)


@claim(
    65,
    "A chunk of `aws-chunked` below 8,192 bytes, not the last: 403 InvalidChunkSizeError with Chunk, BadChunkSize",
)
def small_chunk(s3):
    path = f"/{s3.bucket()}/key"
    body = b"5\r\nhello\r\n5\r\nagain\r\n0\r\n\r\n"
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "10",
        "Content-Encoding": "aws-chunked",
    }
    answer = s3.send("PUT", path, s3.streaming("PUT", path, headers), body)
    return answer.error(403, "InvalidChunkSizeError", "Chunk", BadChunkSize="5")


@claim(66, "A body that does not match its checksum raises FlexibleChecksumError in botocore, without a retry")
def spoiled(s3):
    bucket = s3.bucket()
    client = s3.client(attempts=3)
    client.put_object(Bucket=bucket, Key="key", Body=SHORT, ChecksumAlgorithm="CRC32")
    with s3.fail("corrupted_body", operation="GetObject"), caught(Exception) as errors:
        client.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")["Body"].read()
    attempts = sum(record.operation == "GetObject" for record in s3.asked())
    name = type(errors[0]).__name__ if errors else "nothing"
    return Seen(text=f"{name} {after(attempts)}", holds=(name, attempts) == ("FlexibleChecksumError", 1))


@claim(67, "A key of more than 1,024 bytes: 400 KeyTooLongError with Size and MaxSizeAllowed")
def long_key(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/{'k' * 1024}")
    answer = s3.ask("PUT", f"/{bucket}/{'k' * 1025}", SHORT)
    return answer.error(400, "KeyTooLongError", Size="1025", MaxSizeAllowed="1024")


@claim(67, "User metadata of more than 2,048 bytes: 400 MetadataTooLarge with Size and MaxSizeAllowed")
def long_metadata(s3):
    path = f"/{s3.bucket()}/key"
    s3.put(path, SHORT, x_amz_meta_a="m" * 2047)
    answer = s3.ask("PUT", path, SHORT, x_amz_meta_a="m" * 2048)
    return answer.error(400, "MetadataTooLarge", Size="2049", MaxSizeAllowed="2048")


@claim(67, "Headers of more than 8,192 bytes: 400 RequestHeaderSectionTooLarge with MaxSizeAllowed")
def long_headers(s3):
    answer = s3.ask("GET", f"/{s3.bucket()}/key", x_other="h" * 9000)
    return answer.error(400, "RequestHeaderSectionTooLarge", MaxSizeAllowed="8192")


NAMES = ("ab", "a" * 64, "Upper", "under_score", "-a-", "a..b", "192.168.5.4", "xn--abc", "abc-s3alias")


@claim(68, "A bucket name that breaks a rule: 400 InvalidBucketName with BucketName")
def bucket_names(s3):
    said = {}
    for name in NAMES:
        said.setdefault(s3.ask("PUT", f"/{name}").error(400, "InvalidBucketName", "BucketName"), []).append(
            name if len(name) < 64 else "64 letters"
        )
    if len(said) == 1:
        return next(iter(said))
    others = [f"{seen.text} for {', '.join(names)}" for seen, names in said.items()]
    return Seen(text="; ".join(others), holds=False)


@claim(69, "max-keys above 1,000 counts as 1,000")
def many_keys(s3):
    answer = s3.ask("GET", f"/{s3.bucket()}?list-type=2&max-keys=5000")
    said = answer.text("MaxKeys") if answer.status == 200 else answer.code
    return Seen(text=f"MaxKeys {said}", holds=said == "1000")


@claim(69, "A negative or non-numeric max-keys: 400 InvalidArgument")
def bad_max_keys(s3):
    bucket = s3.bucket()
    seen = [
        s3.ask("GET", f"/{bucket}?list-type=2&max-keys={text}").error(400, "InvalidArgument") for text in ("-1", "abc")
    ]
    return seen[0] & seen[1]


@claim(69, "DeleteObjects with more than 1,000 keys: 400 MalformedXML, and nothing is deleted")
def too_many_deletes(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/k0")
    listed = "".join(f"<Object><Key>k{number}</Key></Object>" for number in range(1001))
    body = f"<Delete>{listed}</Delete>".encode()
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    answer = s3.ask("POST", f"/{bucket}?delete", body, content_md5=md5)
    there = s3.ask("HEAD", f"/{bucket}/k0").status == 200
    seen = answer.error(400, "MalformedXML")
    return Seen(text=f"{seen.text}, {'nothing' if there else 'all'} deleted", holds=bool(seen.holds and there))


@claim(70, "An invalid continuation token: 400 InvalidArgument, ArgumentName continuation-token, no ArgumentValue")
def bad_token(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/key")
    answer = s3.ask("GET", f"/{bucket}?list-type=2&continuation-token=nonsense")
    return answer.error(400, "InvalidArgument", lacks=("ArgumentValue",), ArgumentName="continuation-token")


@claim(71, "An impossible version id: 400 InvalidArgument with ArgumentName versionId")
def malformed_version(s3):
    bucket = s3.versioned()
    s3.put(f"/{bucket}/key")
    return s3.ask("GET", f"/{bucket}/key?versionId=nonsense").error(400, "InvalidArgument", ArgumentName="versionId")


@claim(71, "A deleted version: 404 NoSuchVersion with Key and VersionId")
def gone_version(s3):
    bucket = s3.versioned()
    version = s3.ask("PUT", f"/{bucket}/key", SHORT).headers["x-amz-version-id"]
    s3.ask("DELETE", f"/{bucket}/key?versionId={version}")
    answer = s3.ask("GET", f"/{bucket}/key?versionId={version}")
    return answer.error(404, "NoSuchVersion", "VersionId", Key="key")


@claim(73, "GET of an archived object: 403 InvalidObjectState with StorageClass")
def archived(s3):
    path = f"/{s3.bucket()}/key"
    s3.put(path, SHORT, x_amz_storage_class="GLACIER")
    return s3.ask("GET", path).error(403, "InvalidObjectState", StorageClass="GLACIER")


@claim(73, "KMS.NotFoundException is 400")
def kms(s3):
    with s3.fail("KMS.NotFoundException"), caught(ClientError) as errors:
        s3.client().put_object(Bucket="bucket", Key="key", Body=SHORT)
    said = errors[0].response
    text = f"{said['ResponseMetadata']['HTTPStatusCode']} {said['Error']['Code']}"
    return Seen(text=text, holds=text == "400 KMS.NotFoundException")


@claim(85, "A repeated CompleteMultipartUpload, its first response lost or not, gets the same 200")
def complete_again(s3):
    path, upload = _begun(s3)
    part = s3.part(path, upload, 1)
    answers = [s3.complete(path, upload, (1, part)) for _ in range(2)]
    seen = answers[0].is_status(200) & answers[1].is_status(200)
    return Seen(text=f"{answers[0].status}, then {answers[1].status}", holds=seen.holds)
