"""What S3 does and says, to the letter, where LocalStack's snapshots have recorded AWS."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from urllib3 import encode_multipart_formdata

from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.auth import version2
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.digests import checksum
from pytest_s3errors._core.s3.messages import ErrorReply

OTHER = "Fri, 01 May 2026 11:59:59 GMT"
KNOWN = Credentials(access_key="AKIDKNOWN", secret_key="secret")
DECLARED = Access(known=(KNOWN,), declared=True)
SCHEMA = "The XML you provided was not well-formed or did not validate against our published schema"
NOT_OFFERED = "A header you provided implies functionality that is not implemented"
ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
COPY_RANGE = (
    "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "
    "offsets of the first and last bytes to copy"
)
COPY_ITSELF = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)
PART_MISSING = (
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
    "entity tag may not match the part's entity tag."
)
NO_UPLOAD = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
    "completed."
)
TAGGING = (
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
    "duplicates."
)
SYSTEM_TAG = (
    'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your '
    "tag keys and try again."
)


def tags(*keys, value="v", root="Tagging"):
    pairs = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>" for key in keys)
    inner = f"<TagSet>{pairs}</TagSet>" if root == "Tagging" else f"<Tags>{pairs}</Tags>"
    return f"<{root}>{inner}</{root}>".encode()


def parts(*entries, **sums):
    more = "".join(f"<{name}>{value}</{name}>" for name, value in sums.items())
    listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag>{more}</Part>" for n, etag in entries)
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


ETAG = hashlib.md5(b"data").hexdigest()
PLAIN, SUMMED = "/bucket/key?uploadId=upload-1", "/bucket/key?uploadId=upload-2"
REQUESTS = [
    ("BadDigest", "The Content-MD5 you specified did not match what we received.", "PUT", "/bucket/new", b"data",
     {"content_md5": "AAAAAAAAAAAAAAAAAAAAAA=="}),
    ("BucketNotEmpty", "The bucket you tried to delete is not empty", "DELETE", "/bucket", b"", {}),
    ("BucketNotEmpty", "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
     "DELETE", "/versions", b"", {}),
    ("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", "POST", PLAIN,
     parts((1, ETAG), (2, ETAG)), {}),
    ("IllegalVersioningConfigurationException", "The Versioning element must be specified", "PUT", "/bucket?versioning",
     b"<VersioningConfiguration/>", {}),
    ("InternalError", "We encountered an internal error. Please try again.", "PUT", "/another",
     tags("aws:a", "aws:a", root="CreateBucketConfiguration"), {}),
    ("InvalidArgument", "Invalid Encoding Method specified in Request", "GET", "/bucket?list-type=2&encoding-type=x",
     b"", {}),
    ("InvalidArgument", "The continuation token provided is incorrect", "GET",
     "/bucket?list-type=2&continuation-token=x", b"", {}),
    ("InvalidArgument", "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
     "DELETE", "/bucket/key", b"", {"x_amz_bypass_governance_retention": "true"}),
    ("InvalidArgument", "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
     "POST", "/bucket?delete", b"<Delete><Object><Key>key</Key></Object></Delete>",
     {"x_amz_bypass_governance_retention": "false"}),
    ("InvalidArgument", "Invalid version id specified", "DELETE", f"/bucket/key?versionId={'v' * 32}", b"", {}),
    ("InvalidArgument", "Invalid version id specified", "GET", f"/versions/key?versionId={'v' * 32}", b"", {}),
    ("InvalidArgument", "A version-id marker cannot be specified without a key marker.", "GET",
     "/versions?versions&version-id-marker=x", b"", {}),
    ("InvalidArgument", TAGGING, "PUT", "/bucket/new", b"", {"x_amz_tagging": "a=1&a=2"}),
    ("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive", "PUT",
     f"{PLAIN}&partNumber=-1", b"", {}),
    ("InvalidArgument", "Header value cannot be represented using ISO-8859-1.", "GET",
     "/bucket/key?response-cache-control=%E2%80%94", b"", {}),
    ("InvalidArgument", "Invalid x-amz-object-ownership header: RandomValue", "PUT", "/another", b"",
     {"x_amz_object_ownership": "RandomValue"}),
    ("InvalidArgument", COPY_RANGE, "PUT", f"{PLAIN}&partNumber=1", b"",
     {"x_amz_copy_source": "bucket/key", "x_amz_copy_source_range": "0-8"}),
    ("InvalidArgument", "Range specified is not valid for source object of size: 4", "PUT", f"{PLAIN}&partNumber=1",
     b"", {"x_amz_copy_source": "bucket/key", "x_amz_copy_source_range": "bytes=0-100"}),
    ("InvalidBucketName", "The specified bucket is not valid.", "PUT", "/Upper", b"", {}),
    ("InvalidBucketOwnerAWSAccountID",
     "The value of the expected bucket owner parameter must be an AWS Account ID... [abcd]", "GET", "/bucket", b"",
     {"x_amz_expected_bucket_owner": "abcd"}),
    ("InvalidDigest", "The Content-MD5 you specified was invalid.", "PUT", "/bucket/new", b"data",
     {"content_md5": "000"}),
    ("InvalidObjectState", "The operation is not valid for the object's storage class", "GET", "/bucket/cold", b"", {}),
    ("InvalidPart", PART_MISSING, "POST", PLAIN, parts((3, ETAG)), {}),
    ("InvalidPart", PART_MISSING, "POST", PLAIN, parts((1, ETAG), ChecksumCRC32C="AAAAAA=="), {}),
    ("InvalidPartNumber", "The requested partnumber is not satisfiable", "GET", "/bucket/key?partNumber=2", b"", {}),
    ("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.", "POST",
     PLAIN, parts((2, ETAG), (1, ETAG)), {}),
    ("InvalidRange", "The requested range is not satisfiable", "GET", "/bucket/key", b"", {"range": "bytes=9-"}),
    ("InvalidRequest", "Cannot specify both Range header and partNumber query parameter", "GET",
     "/bucket/key?partNumber=1", b"", {"range": "bytes=0-1"}),
    ("InvalidRequest", COPY_ITSELF, "PUT", "/bucket/key", b"", {"x_amz_copy_source": "bucket/key"}),
    ("InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.", "PUT",
     "/bucket/new", b"data", {"x_amz_checksum_crc32": "AAAAAA==", "x_amz_checksum_crc32c": "AAAAAA=="}),
    ("InvalidRequest", "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 4", "POST",
     PLAIN, parts((1, ETAG)), {"x_amz_mp_object_size": "5"}),
    ("InvalidRequest",
     "The upload was created using the null checksum mode. The complete request must use the same checksum mode.",
     "POST", PLAIN, parts((1, ETAG)), {"x_amz_checksum_type": "FULL_OBJECT"}),
    ("InvalidRequest",
     "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.",
     "POST", SUMMED, parts((1, ETAG)), {"x_amz_checksum_type": "FULL_OBJECT"}),
    ("InvalidRequest",
     ("The upload was created using a crc32c checksum. The complete request must include the checksum for each part. "
     "It was missing for part 1 in the request."), "POST", SUMMED, parts((1, ETAG)), {}),
    ("InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: crc32c, actual checksum Type: crc32",
     "PUT", f"{SUMMED}&partNumber=1", b"data", {"x_amz_checksum_crc32": checksum("crc32", b"data")}),
    ("BadDigest", "The sha256 you specified for part 1 did not match what we received.", "POST", SUMMED,
     parts((1, ETAG), ChecksumSHA256=checksum("sha256", b"data")), {}),
    ("InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
     "POST", "/bucket/new?uploads", b"", {"x_amz_checksum_type": "COMPOSITE"}),
    ("InvalidRequest", "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.", "POST",
     "/bucket/new?uploads", b"", {"x_amz_checksum_type": "COMPOSITE", "x_amz_checksum_algorithm": "CRC64NVME"}),
    ("InvalidRequest",
     ("Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
     "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"), "POST", "/bucket/new?uploads", b"",
     {"x_amz_checksum_algorithm": "TEST"}),
    ("InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.",
     "PUT", "/bucket/new", b"", {"x_amz_copy_source": "versions/key?versionId=MARKER"}),
    ("InvalidStorageClass", "The storage class you specified is not valid", "PUT", "/bucket/new", b"",
     {"x_amz_storage_class": "OUTPOSTS"}),
    ("InvalidTag", "The TagKey you have provided is invalid", "PUT", "/bucket?tagging", tags("a,b"), {}),
    ("InvalidTag", "The TagValue you have provided is invalid", "PUT", "/bucket?tagging", tags("a", value="a,b"), {}),
    ("InvalidTag", "Cannot provide multiple Tags with the same key", "PUT", "/bucket?tagging", tags("a", "a"), {}),
    ("InvalidTag", "System tags cannot be added/updated by requester", "PUT", "/bucket?tagging", tags("aws:a"), {}),
    ("InvalidTag", "Your TagKey cannot be prefixed with aws:", "PUT", "/bucket/key?tagging", tags("aws:a"), {}),
    ("InvalidTag", SYSTEM_TAG, "PUT", "/another", tags("aws:a", root="CreateBucketConfiguration"), {}),
    ("MalformedXML", SCHEMA, "POST", "/bucket?delete", b"<Delete/>", {}),
    ("MethodNotAllowed", "The specified method is not allowed against this resource.", "GET",
     "/versions/key?versionId=MARKER", b"", {}),
    ("NoSuchBucket", "The specified bucket does not exist", "GET", "/another", b"", {}),
    ("NoSuchKey", "The specified key does not exist.", "GET", "/bucket/none", b"", {}),
    ("NoSuchTagSet", "The TagSet does not exist", "GET", "/bucket?tagging", b"", {}),
    ("NoSuchUpload", NO_UPLOAD, "DELETE", "/bucket/key?uploadId=none", b"", {}),
    ("NoSuchVersion", "The specified version does not exist.", "GET", "/versions/other?versionId=MARKER", b"", {}),
    ("NotImplemented", NOT_OFFERED, "PUT", "/bucket/new", b"", {"if_none_match": "0"}),
    ("NotImplemented", NOT_OFFERED, "DELETE", "/bucket/key", b"", {"x_amz_if_match_size": "1"}),
    ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "GET", "/bucket/key", b"",
     {"if_unmodified_since": OTHER}),
    *(("BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.", "PUT", "/bucket/new",
       b"data", {f"x_amz_checksum_{name}": checksum(name, b"else")}) for name in ALGORITHMS),
    *(("InvalidRequest", f"Value for x-amz-checksum-{name} header is invalid.", "PUT", "/bucket/new", b"data",
       {f"x_amz_checksum_{name}": "nonsense"}) for name in ALGORITHMS),
]  # fmt: skip


@pytest.mark.parametrize(("code", "message", "method", "target", "body", "headers"), REQUESTS)
def test_says_what_s3_says(s3, code, message, method, target, body, headers):
    """Code and message are those that were recorded."""
    s3.store.declare_bucket("bucket")
    s3.store.declare_bucket("versions", versioning=True)
    s3.store.put("bucket", "key", b"data")
    s3.store.put("bucket", "cold", storage_class="GLACIER")
    marker = s3("DELETE", "/versions/key").headers["x-amz-version-id"]
    s3("POST", "/bucket/key?uploads")
    s3("POST", "/bucket/key?uploads", x_amz_checksum_algorithm="CRC32C")
    for upload in (PLAIN, SUMMED):
        for number in (1, 2):
            s3("PUT", f"{upload}&partNumber={number}", b"data")
    headers = {name: value.replace("MARKER", marker) for name, value in headers.items()}
    reply = s3(method, target.replace("MARKER", marker), body, **headers)
    assert (reply.code, reply.message) == (code, message)


@pytest.mark.parametrize("header", ["if-match", "if-none-match"])
def test_a_completion_that_was_overtaken(s3, header):
    """409 ConditionalRequestConflict in S3's words."""
    s3("POST", "/bucket/key?uploads")
    s3("PUT", f"{PLAIN}&partNumber=1", b"data")
    s3("PUT", "/bucket/key", b"other")
    value = "*" if header == "if-none-match" else hashlib.md5(b"other").hexdigest()
    s3("DELETE", "/bucket/key") if value == "*" else None
    reply = s3("POST", PLAIN, parts((1, ETAG)), **{header: value})
    assert reply.code == "ConditionalRequestConflict"
    assert reply.message == (
        "The conditional request cannot succeed due to a conflicting operation against this resource."
    )


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ({"if_none_match": "0"}, "We don't accept the provided value of If-None-Match header for this API"),
        ({"if_match": "*"}, "We don't accept the provided value of If-Match header for this API"),
        ({"if_match": "0", "if_none_match": "*"}, "Multiple conditional request headers present in the request"),
    ],
)
def test_what_is_said_of_conditions_that_no_write_takes(s3, headers, more):
    """additionalMessage is recorded too."""
    assert dict(s3("PUT", "/bucket/key", **headers).elements)["additionalMessage"] == more


def test_a_bucket_twice(s3):
    """Elsewhere than in us-east-1 it is refused."""
    body = b"<CreateBucketConfiguration><LocationConstraint>us-west-1</LocationConstraint></CreateBucketConfiguration>"
    s3("PUT", "/bucket", body)
    reply = s3("PUT", "/bucket", body)
    assert reply.message == "Your previous request to create the named bucket succeeded and you already own it."


def form(s3, conditions=None, drop=(), access=DECLARED, **fields):
    """Post a form with a policy of version 2, without the fields of *drop*."""
    until = f"{s3.now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    fitting = [{"bucket": "bucket"}, ["starts-with", "$key", ""], *({name: value} for name, value in fields.items())]
    document = {"expiration": until, "conditions": [*fitting, *(conditions or [])]}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    signed = {"AWSAccessKeyId": KNOWN.access_key, "policy": policy, "signature": version2.sign("secret", policy)}
    given = {name: value for name, value in ({"key": "key"} | fields | signed).items() if name not in drop}
    body, kind = encode_multipart_formdata([*given.items(), ("file", ("f.txt", b"body"))])
    headers = {"host": "s3.us-east-1.amazonaws.com", "content-type": kind, "content-length": str(len(body))}
    call = parse_call(method="POST", target="/bucket", headers=headers)
    return answer(s3.store, call, body, new_id=s3.new_id, access=access)


@pytest.mark.parametrize(
    ("conditions", "drop", "code", "message"),
    [
        ([["content-length-range", 0, 1]], (), "EntityTooLarge",
         "Your proposed upload exceeds the maximum allowed size"),
        ([["content-length-range", 9, 10]], (), "EntityTooSmall",
         "Your proposed upload is smaller than the minimum allowed size"),
        ([["content-length-range", "test", "10"]], (), "AccessDenied",
         'Invalid according to Policy: Policy Condition failed: ["content-length-range", "test", "10"]'),
        ([["eq", "$acl", "x"]], (), "AccessDenied",
         'Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "x"]'),
        ([["eq", "acl", "x"]], (), "AccessDenied",
         'Invalid according to Policy: Policy Condition failed: ["eq", "acl", "x"]'),
        ([{"acl": "x", "b": "y"}], (), "InvalidPolicyDocument",
         "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."),
        ([], ("AWSAccessKeyId", "signature"), "AccessDenied", "Access Denied"),
        ([], ("AWSAccessKeyId",), "InvalidArgument",
         ("Bucket POST must contain a field named 'AWSAccessKeyId'.  If it is specified, please check the order of the "
         "fields.")),
        ([], ("signature",), "InvalidArgument",
         ("Bucket POST must contain a field named 'Signature'.  If it is specified, please check the order of the "
         "fields.")),
    ],
)  # fmt: skip
def test_what_is_said_of_forms(s3, conditions, drop, code, message):
    """Their policies and their fields."""
    s3.store.create_bucket("bucket")
    reply = form(s3, conditions, drop)
    assert (reply.code, reply.message) == (code, message)


def test_a_policy_that_is_over(s3):
    s3.store.create_bucket("bucket")
    until, s3.now = s3.now, s3.now + timedelta(hours=2)
    document = {"expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}", "conditions": []}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    signature = version2.sign("secret", policy)
    fields = {"key": "key", "AWSAccessKeyId": KNOWN.access_key, "policy": policy, "signature": signature}
    body, kind = encode_multipart_formdata([*fields.items(), ("file", ("f", b""))])
    call = parse_call(method="POST", target="/bucket", headers={"host": "s3.amazonaws.com", "content-type": kind})
    reply = answer(s3.store, call, body, new_id=s3.new_id, access=DECLARED)
    assert (reply.code, reply.message) == ("AccessDenied", "Invalid according to Policy: Policy expired.")


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("AWSAccessKeyId=AKIDKNOWN&Expires=1", "AccessDenied",
         "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"),
        ("AWSAccessKeyId=AKIDKNOWN&Expires=1&Signature=x", "AccessDenied", "Request has expired"),
        ("AWSAccessKeyId=AKIDKNOWN&Expires=2000000000&Signature=x", "SignatureDoesNotMatch",
         ("The request signature we calculated does not match the signature you provided. Check your key and signing "
         "method.")),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDKNOWN/20260501/us-east-1/s3/aws4_request",
         "AuthorizationQueryParametersError",
         ("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
         "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")),
        (("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDKNOWN%252F20260501&X-Amz-Date=20260501T120000Z"
         "&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=x"), "AuthorizationQueryParametersError",
         ('Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting '
         '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')),
    ],
)  # fmt: skip
def test_what_is_said_of_presigned_urls(s3, query, code, message):
    """Of both versions of signatures."""
    s3.store.create_bucket("bucket")
    call = parse_call(method="GET", target=f"/bucket/key?{query}", headers={"host": "s3.amazonaws.com"})
    reply = answer(s3.store, call, b"", new_id=s3.new_id, access=DECLARED)
    assert (reply.code, reply.message) == (code, message)


def presigned(s3, method, target, **query):
    """Send a request with *query* and a signature in it that nobody knows."""
    expires = str(int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()))
    signature = {"AWSAccessKeyId": "AKIDFOREIGN", "Signature": "x", "Expires": expires}
    pairs = "&".join(f"{name}={value}" for name, value in (query | signature).items())
    return s3(method, f"{target}?{pairs}")


def test_conditions_in_a_presigned_query(s3, code):
    """They hold, so that a second write does not pass in silence."""
    assert [code(presigned(s3, "PUT", "/bucket/key", **{"If-None-Match": "*"})) for _ in range(2)] == [
        "200",
        "PreconditionFailed",
    ]
    assert code(s3("PUT", "/bucket/key?If-None-Match=*")) == "200"  # a query that nobody signed says nothing


def test_metadata_in_a_presigned_query(s3):
    """It is the object's, unless the header says otherwise."""
    presigned(s3, "PUT", "/bucket/key", **{"x-amz-meta-foo": "bar"})
    assert dict(s3.store.get("bucket", "key").metadata) == {"foo": "bar"}


def test_a_region_holds_without_credentials(s3):
    """A bucket that was put elsewhere wants signatures for its region, whoever signs."""
    s3.store.declare_bucket("bucket", "eu-west-1")
    for region, expected in (("eu-west-1", "NoSuchKey"), ("us-east-1", "AuthorizationHeaderMalformed")):
        scope = f"AKIDFOREIGN/20260501/{region}/s3/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        reply = s3("GET", "/bucket/key", authorization=signed)
        assert reply.code == expected
    assert reply.message == (
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'"
    )
    assert dict(reply.elements) == {"Region": "eu-west-1"}


@pytest.mark.parametrize("target", ["/bucket", "/bucket?list-type=2"])
def test_listings_tell_the_region(s3, target):
    s3.store.create_bucket("bucket", "eu-west-1")
    assert s3("GET", target).headers["x-amz-bucket-region"] == "eu-west-1"


def test_a_token_outweighs_start_after(boto):
    """StartAfter is then not told."""
    for key in "abcd":
        boto.put_object(Bucket="bucket", Key=key)
    page = boto.list_objects_v2(Bucket="bucket", StartAfter="a", MaxKeys=1)
    assert (page["StartAfter"], page["Contents"][0]["Key"]) == ("a", "b")
    token = page["NextContinuationToken"]
    page = boto.list_objects_v2(Bucket="bucket", StartAfter="a", ContinuationToken=token)
    assert ("StartAfter" in page, [one["Key"] for one in page["Contents"]]) == (False, ["c", "d"])


@pytest.mark.parametrize(
    ("sent", "kept", "told"),
    [
        ("=?UTF-8?B?YWJj?=", "abc", "abc"),
        ("=?UTF-8?Q?actually-ascii?=", "actually-ascii", "actually-ascii"),
        ("Ã\x84MÃ\x84ZÃ\x95Ã\x91 S3", "ÄMÄZÕÑ S3", "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?="),
        ("=?UTF-8?B?AAECAw==?=", "\0\1\2\3", "=?UTF-8?B?AAECAw==?="),
        ("=?UTF-8?Q?=E2=80=94=5F=3F_?=", "—_? ", "=?UTF-8?Q?=E2=80=94=5F=3F_?="),
        ("=?UTF-8?B?=GGG?=", "\ufffda\ufffd", "=?UTF-8?B?77+9Ye+/vQ==?="),
        ("=?UTF-8?B?G:GG?=", "=?UTF-8?B?G:GG?=", "=?UTF-8?B?G:GG?="),
    ],
)
def test_encodings_of_metadata(s3, sent, kept, told):
    """Encoded words and bytes of UTF-8 are read; text that is not plain goes out as the word that JavaMail makes."""
    s3("PUT", "/bucket/key", x_amz_meta_a=sent)
    assert s3.store.get("bucket", "key").metadata["a"] == kept
    assert s3("HEAD", "/bucket/key").headers["x-amz-meta-a"] == told


def test_text_of_system_headers(s3):
    """It is sent back as it came, and is no metadata; what ISO-8859-1 lacks is a space."""
    s3("PUT", "/bucket/key", cache_control="Ã\x84M")
    assert s3("HEAD", "/bucket/key").headers["Cache-Control"] == "Ã\x84M"
    s3.store.put("bucket", "key", cache_control="a—é")
    assert s3("HEAD", "/bucket/key").headers["Cache-Control"] == "a é"


def test_metadata_of_forms(s3):
    """Their fields are what they look like, control characters too."""
    s3.store.create_bucket("bucket")
    kept = {"x-amz-meta-a": "\0\1\2\3\4", "x-amz-meta-b": "a\tb", "x-amz-meta-c": "=?UTF-8?B?YWJj?="}
    assert form(s3, **kept).status == 204
    assert {f"x-amz-meta-{name}": text for name, text in s3.store.get("bucket", "key").metadata.items()} == kept
    assert s3("HEAD", "/bucket/key").headers["x-amz-meta-a"] == "=?UTF-8?B?AAECAwQ=?="


@pytest.mark.parametrize(("tagging", "status"), [("<InvalidXmlTagging></InvalidXmlTagging>", 204), ("not-xml", 400)])
def test_tags_of_forms_that_are_none(s3, tagging, status):
    """Another document has no tags; what is no document is refused."""
    s3.store.create_bucket("bucket")
    assert form(s3, tagging=tagging).status == status


def test_a_file_without_name(s3):
    """`${filename}` stays."""
    s3.store.create_bucket("bucket")
    body, kind = encode_multipart_formdata([("key", "as-${filename}"), ("file", b"body")])
    s3("POST", "/bucket", body, content_type=kind)
    assert s3.store.keys("bucket") == ["as-${filename}"]


def test_a_put_without_checksum_gets_one(s3):
    """S3 sums a CRC64NVME; the answer, reads and attributes tell it."""
    stated = {"x-amz-checksum-crc64nvme": checksum("crc64nvme", b"data"), "x-amz-checksum-type": "FULL_OBJECT"}
    assert s3("PUT", "/bucket/key", b"data").headers.items() >= stated.items()
    assert s3("HEAD", "/bucket/key", x_amz_checksum_mode="ENABLED").headers.items() >= stated.items()
    attributes = s3("GET", "/bucket/key?attributes", x_amz_object_attributes="Checksum").body
    assert b"<ChecksumCRC64NVME>" in attributes
    assert b"<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>" in s3("GET", "/bucket?list-type=2").body


def test_encryption_headers_that_do_not_fit(s3):
    """A KMS key needs aws:kms; a read takes no encryption at all."""
    header = "x-amz-server-side-encryption"
    for headers in ({header: "AES256"}, {}):
        reply = s3("PUT", "/bucket/key", **headers, **{f"{header}-aws-kms-key-id": "key"})
        assert (reply.code, dict(reply.elements)["ArgumentName"]) == ("InvalidArgument", header)
    s3("PUT", "/bucket/key", **{header: "AES256"})
    for method in ("GET", "HEAD"):
        assert s3(method, "/bucket/key", **{header: "AES256"}).status == 400


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"x_amz_acl": "fake"}, b"", "InvalidArgument"),
        ({"x_amz_grant_write": 'id="wrong-id"'}, b"", "InvalidArgument"),
        ({}, b"<AccessControlPolicy/>", "MalformedACLError"),
        ({}, b"", "MissingSecurityHeader"),
        ({"x_amz_acl": "private", "x_amz_grant_read": f"id={KNOWN.owner_id}"}, b"", "InvalidRequest"),
        ({"x_amz_acl": "private"}, b"<AccessControlPolicy/>", "UnexpectedContent"),
        ({"x_amz_acl": "private"}, b"", "AccessControlListNotSupported"),
    ],
)
@pytest.mark.parametrize("target", ["/bucket?acl", "/bucket/key?acl"])
def test_what_is_no_acl_is_refused_before_acls_that_are_off(s3, target, headers, body, code):
    """An unknown canned ACL is the one error that says nothing."""
    s3("PUT", "/bucket/key", b"data")
    reply = s3("PUT", target, body, **headers)
    assert reply.code == code
    assert (reply.message == "") == (headers == {"x_amz_acl": "fake"})


@pytest.mark.parametrize("kind", ["CanonicalUser", "BadType"])
def test_the_kind_of_a_grantee(s3, kind):
    """One that S3 does not have makes the document malformed."""
    s3("PUT", "/bucket", x_amz_object_ownership="ObjectWriter")
    owner = s3.store.bucket("bucket").owner or Access().owner_id
    xsi = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{kind}"'
    grant = f"<Grant><Grantee {xsi}><ID>{owner}</ID></Grantee><Permission>READ</Permission></Grant>"
    body = f"<Owner><ID>{owner}</ID></Owner><AccessControlList>{grant}</AccessControlList>"
    reply = s3("PUT", "/bucket?acl", f"<AccessControlPolicy>{body}</AccessControlPolicy>".encode())
    assert (reply.code if isinstance(reply, ErrorReply) else "") == (
        "" if kind == "CanonicalUser" else "MalformedACLError"
    )


def test_the_acl_of_a_delete_marker(s3):
    """It can't be put, by version or not; without a version there is nothing to read."""
    s3.store.declare_bucket("bucket", versioning=True)
    marker = s3("DELETE", "/bucket/key").headers["x-amz-version-id"]
    for target in ("/bucket/key?acl", f"/bucket/key?acl&versionId={marker}"):
        reply = s3("PUT", target, x_amz_acl="private")
        assert (reply.code, dict(reply.elements)) == (
            "MethodNotAllowed",
            {"Method": "PUT", "ResourceType": "DeleteMarker"},
        )
    assert s3("GET", "/bucket/key?acl").code == "NoSuchKey"


def test_a_lock_s_document_is_read_before_the_lock_is_asked_for(s3):
    """The bucket comes first of all."""
    s3("PUT", "/bucket/key", b"data")
    for target, valid in (
        ("key?legal-hold", b"<LegalHold><Status>ON</Status></LegalHold>"),
        ("key?retention", b"<Retention/>"),
    ):
        assert s3("PUT", f"/none-such/{target}", b"").code == "NoSuchBucket"
        assert s3("PUT", f"/bucket/{target}", b"").code == "MalformedXML"
        assert s3("PUT", f"/bucket/{target}", valid).message == "Bucket is missing Object Lock Configuration"


@pytest.mark.parametrize(
    ("moment", "spelled"),
    [
        ("2020-01-01T00:00:00Z", "Tue Dec 31 16:00:00 PST 2019"),
        ("2025-07-04T12:30:05Z", "Fri Jul 04 05:30:05 PDT 2025"),
        ("2025-03-09T09:59:59Z", "Sun Mar 09 01:59:59 PST 2025"),
        ("2025-03-09T10:00:00Z", "Sun Mar 09 03:00:00 PDT 2025"),
        ("2025-11-02T09:00:00Z", "Sun Nov 02 01:00:00 PST 2025"),
    ],
)
def test_a_retention_that_is_over_is_told_as_java_spells_it(s3, moment, spelled):
    """The first is recorded, the others are its time zone's."""
    s3("PUT", "/bucket", x_amz_bucket_object_lock_enabled="true")
    s3("PUT", "/bucket/key", b"data")
    document = f"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{moment}</RetainUntilDate></Retention>"
    reply = s3("PUT", "/bucket/key?retention", document.encode())
    assert dict(reply.elements) == {"ArgumentName": "RetainUntilDate", "ArgumentValue": spelled}


@pytest.mark.parametrize("before", ["a default", "a KMS key"])
def test_a_copy_onto_itself_that_may_encrypt(s3, before):
    """Where the bucket was given a default, or the object has a KMS key, nothing else has to change."""
    s3("PUT", "/bucket")
    sse = {"x_amz_server_side_encryption": "aws:kms"} if before == "a KMS key" else {}
    s3("PUT", "/bucket/key", b"data", **sse)
    if before == "a default":
        assert s3("PUT", "/bucket/key", x_amz_copy_source="bucket/key").code == "InvalidRequest"
        default = "ApplyServerSideEncryptionByDefault"
        rule = f"<Rule><{default}><SSEAlgorithm>AES256</SSEAlgorithm></{default}></Rule>"
        document = f"<ServerSideEncryptionConfiguration>{rule}</ServerSideEncryptionConfiguration>".encode()
        assert s3("PUT", "/bucket?encryption", document).status == 200
    assert s3("PUT", "/bucket/key", x_amz_copy_source="bucket/key").headers["x-amz-server-side-encryption"] == "AES256"
    assert s3.store.get("bucket", "key").etag == ETAG


def test_a_listing_tells_nobody_of_owners(s3):
    """Of the first kind, to a request that nobody signed; in the second kind it has to be asked for."""
    s3.store.put("bucket", "key", b"data")
    assert b"<Owner>" in s3("GET", "/bucket").body
    call = parse_call(method="GET", target="/bucket", headers={"host": "s3.us-east-1.amazonaws.com"})
    s3.store.bucket("bucket").acl, s3.store.bucket("bucket").ownership = "public-read", "ObjectWriter"
    s3.store.bucket("bucket").public_access_block = None
    reply = answer(s3.store, call, b"", new_id=s3.new_id, access=DECLARED)
    assert (reply.status, b"<Key>key</Key>" in reply.body, b"<Owner>" in reply.body) == (200, True, False)


def test_a_completion_with_a_kms_key_tells_no_checksum_of_its_own(s3):
    """S3 sums one all the same, and a read tells it."""
    s3("PUT", "/bucket")
    kms = {"x_amz_server_side_encryption": "aws:kms"}
    for key, headers in (("kms", kms), ("plain", {})):
        upload = (
            s3("POST", f"/bucket/{key}?uploads", **headers).body.partition(b"<UploadId>")[2].partition(b"<")[0].decode()
        )
        etag = s3("PUT", f"/bucket/{key}?partNumber=1&uploadId={upload}", b"test-sse").headers["ETag"]
        part = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
        listed = f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()
        reply = s3("POST", f"/bucket/{key}?uploadId={upload}", listed)
        assert (b"Checksum" in reply.body) == (key == "plain")
        assert (
            s3("GET", f"/bucket/{key}", x_amz_checksum_mode="ENABLED").headers["x-amz-checksum-crc64nvme"]
            == "Kr7StX/uFlQ="
        )


def test_a_kms_key_of_another_region(s3):
    """Its ARN is enough to know, for each way to write and for the default of a bucket at the next write."""
    s3("PUT", "/bucket")
    s3("PUT", "/bucket/key", b"data")
    header = "x_amz_server_side_encryption"
    headers = {header: "aws:kms", f"{header}_aws_kms_key_id": "arn:aws:kms:us-west-2:111122223333:key/1"}
    for method, target, more in (
        ("PUT", "/bucket/new", {}),
        ("PUT", "/bucket/new", {"x_amz_copy_source": "bucket/key"}),
        ("POST", "/bucket/new?uploads", {}),
    ):
        reply = s3(method, target, **headers, **more)
        assert (reply.status, reply.code, reply.message) == (400, "KMS.NotFoundException", "Invalid arn us-west-2")
    here = {**headers, f"{header}_aws_kms_key_id": "arn:aws:kms:us-east-1:111122223333:key/1"}
    assert s3("PUT", "/bucket/new", b"data", **here).status == 200


@pytest.mark.parametrize("target", ["/bucket", "/bucket/key?acl"])
def test_a_preflight_without_a_configuration(s3, target):
    """No bucket has one; the answer tells whether there is a bucket."""
    s3("PUT", "/bucket")
    reply = s3("OPTIONS", target)
    assert (reply.status, reply.code) == (400, "BadRequest")
    assert reply.message == "Insufficient information. Origin request header needed."
    origin = {"origin": "http://localhost"}
    refused = "CORSResponse: CORS is not enabled for this bucket."
    for asked, method in (({}, "OPTIONS"), ({"access_control_request_method": "PUT"}, "PUT")):
        reply = s3("OPTIONS", target, **origin, **asked)
        assert (reply.status, reply.code, reply.message) == (403, "AccessForbidden", refused)
        assert dict(reply.elements) == {"Method": method, "ResourceType": "BUCKET"}
    assert s3("OPTIONS", "/absent", **origin).message == "CORSResponse: Bucket not found"
    assert s3("OPTIONS", "/", **origin).message == "CORSResponse: Bucket not found"
    reply = s3("OPTIONS", target, **origin, access_control_request_method="Get")
    assert (reply.code, reply.message) == ("BadRequest", "Invalid Access-Control-Request-Method: Get")
