"""What the cases are made of: operations, headers, parameters, documents, and values that are hard to read."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5

_CONFIGURATIONS = ("acl", "encryption", "object-lock", "ownershipControls", "policy", "publicAccessBlock")
OPERATIONS: tuple[tuple[str, str], ...] = (
    ("GET", "/"),
    ("PUT", "/bucket"),
    ("HEAD", "/bucket"),
    ("DELETE", "/other"),
    ("GET", "/bucket?location"),
    ("GET", "/bucket"),
    ("GET", "/bucket?list-type=2"),
    ("GET", "/bucket?versions"),
    ("GET", "/bucket?uploads"),
    ("GET", "/bucket?versioning"),
    ("PUT", "/bucket?versioning"),
    ("GET", "/bucket?tagging"),
    ("PUT", "/bucket?tagging"),
    ("DELETE", "/bucket?tagging"),
    *((method, f"/bucket?{name}") for name in _CONFIGURATIONS for method in ("GET", "PUT", "DELETE")),
    ("GET", "/bucket?policyStatus"),
    *((method, f"/bucket/key?{name}") for name in ("acl", "retention", "legal-hold") for method in ("GET", "PUT")),
    ("POST", "/bucket?delete"),
    ("POST", "/bucket"),
    ("GET", "/bucket/key"),
    ("HEAD", "/bucket/key"),
    ("PUT", "/bucket/key"),
    ("DELETE", "/bucket/key"),
    ("GET", "/bucket/key?tagging"),
    ("PUT", "/bucket/key?tagging"),
    ("DELETE", "/bucket/key?tagging"),
    ("GET", "/bucket/key?attributes"),
    ("POST", "/bucket/key?uploads"),
    ("PUT", "/bucket/key?uploadId=UPLOAD&partNumber=1"),
    ("POST", "/bucket/key?uploadId=UPLOAD"),
    ("GET", "/bucket/key?uploadId=UPLOAD"),
    ("DELETE", "/bucket/key?uploadId=UPLOAD"),
    ("OPTIONS", "/bucket/key"),
    ("PATCH", "/bucket/key"),
)

RARE_HEADERS: tuple[str, ...] = (
    "authorization", "connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade",
    "x-amz-content-sha256", "x-amz-date", "x-amz-decoded-content-length", "x-amz-security-token", "x-s3errors-mark",
)  # fmt: skip
"""Those that end a request early, most of the time."""

HEADERS: tuple[str, ...] = (
    "accept-encoding", "cache-control", "content-encoding", "content-md5", "content-type", "date", "expires",
    "if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "origin", "range", "x-amz-abort-rule-id",
    "x-amz-acl", "x-amz-bypass-governance-retention", "x-amz-checksum-algorithm", "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-mode", "x-amz-checksum-sha1",
    "x-amz-checksum-sha256", "x-amz-checksum-type", "x-amz-copy-source", "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since", "x-amz-copy-source-if-none-match", "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range", "x-amz-expected-bucket-owner", "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size", "x-amz-max-parts", "x-amz-meta-a", "x-amz-metadata-directive", "x-amz-mfa",
    "x-amz-mp-object-size", "x-amz-object-attributes", "x-amz-part-number-marker", "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm", "x-amz-server-side-encryption", "x-amz-source-expected-bucket-owner",
    "x-amz-bucket-object-lock-enabled", "x-amz-object-ownership", "x-amz-grant-read", "x-amz-grant-full-control",
    "x-amz-object-lock-legal-hold", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-customer-algorithm", "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5", "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-storage-class", "x-amz-tagging", "x-amz-tagging-directive", "x-amz-trailer",
    "x-amz-website-redirect-location",
)  # fmt: skip

PARAMETERS: tuple[str, ...] = (
    "acl", "allow-unordered", "AWSAccessKeyId", "attributes", "bucket-region", "continuation-token", "delete",
    "delimiter", "encoding-type", "Expires", "fetch-owner", "key-marker", "legal-hold", "list-type", "location",
    "marker", "max-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker", "partNumber", "policy",
    "prefix", "response-cache-control", "response-content-type", "response-expires", "restore", "select",
    "Signature", "start-after", "tagging", "upload-id-marker", "uploadId", "uploads", "version-id-marker",
    "versionId", "versioning", "versions", "website", "x-id", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",
    "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders",
)  # fmt: skip

DOCUMENTS: dict[str, bytes] = {
    "location": b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint>"
    b"</CreateBucketConfiguration>",
    "delete": b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>false</Quiet><Object><Key>key</Key>'
    b"<VersionId>null</VersionId><ETag>e</ETag></Object><Object><Key>b</Key></Object></Delete>",
    "uploadId": b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
    b'<ETag>"900150983cd24fb0d6963f7d28e17f72"</ETag></Part></CompleteMultipartUpload>',
    "parts": b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>NSRBwg=="
    b"</ChecksumCRC32></Part><Part><ETag>e</ETag><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>",
    "versioning": b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    "tagging": b"<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value/></Tag></TagSet>"
    b"</Tagging>",
    "acl": b'<AccessControlPolicy><Owner><ID>a</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="x" '
    b'xsi:type="CanonicalUser"><ID>a</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList>'
    b"</AccessControlPolicy>",
    "encryption": b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms"
    b"</SSEAlgorithm><KMSMasterKeyID>key</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true"
    b"</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
    "legal-hold": b"<LegalHold><Status>ON</Status></LegalHold>",
    "object-lock": b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    b"<Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
    "ownershipControls": b"<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"
    b"</OwnershipControls>",
    "policy": b'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": '
    b'"s3:Get*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"], "Condition": {"StringLike": '
    b'{"s3:prefix": ["a*"]}, "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "Bool": {"aws:SecureTransport": false}}}, '
    b'{"Effect": "Deny", "Principal": "*", "NotAction": ["s3:PutObject"], "Resource": "arn:aws:s3:::bucket/b?"}]}',
    "publicAccessBlock": b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>"
    b"<IgnorePublicAcls>false</IgnorePublicAcls></PublicAccessBlockConfiguration>",
    "retention": b"<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2027-01-01T00:00:00Z</RetainUntilDate>"
    b"</Retention>",
}

JSON: tuple[object, ...] = (
    None, True, 0, -1, 1.5, "", "*", "s3:*", "arn:aws:s3:::bucket/*", "127.0.0.1", "::/0", "1.2.3.4/99", "\ud800", [],
    [[]], [1], ["*", {}], {}, {"AWS": 1}, {"AWS": "123456789012"}, {"Bool": {}}, {"StringLike": {"s3:prefix": [None]}},
    {"IpAddress": {"aws:SourceIp": "x"}}, {"NumericLessThan": {"a": 1}}, "Deny", "2008-10-17",
)  # fmt: skip

ENTITIES = (
    b'<!DOCTYPE Delete [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    b'<!DOCTYPE Delete SYSTEM "file:///etc/passwd">',
    b'<?xml version="1.0" encoding="UTF-16"?>',
    b'<?xml version="1.1"?>',
    b'<?xml version="1.0" encoding="shift_jis"?>',
    b'<?xml version="1.0" encoding="none"?>',
    b"\xef\xbb\xbf",
    b"<?xml-stylesheet href='x'?><!-- -- -->",
)

FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="key"\r\n\r\nkey-${filename}\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="policy"\r\n\r\n'
    b"eyJleHBpcmF0aW9uIjogIjIwMzAtMDEtMDFUMDA6MDA6MDBaIiwg"
    b"ImNvbmRpdGlvbnMiOiBbWyJjb250ZW50LWxlbmd0aC1yYW5nZSIsIDAsIDEwXSwgWyJzdGFydHMtd2l0aCIsICIka2V5IiwgIiJdXX0=\r\n"
    b'--edge\r\nContent-Disposition: form-data; name="AWSAccessKeyId"\r\n\r\nAKIAFUZZ\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="signature"\r\n\r\nc2lnbmF0dXJl\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="success_action_status"\r\n\r\n201\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nabc\r\n"
    b"--edge--\r\n"
)

VALUES: tuple[bytes, ...] = (
    b"", b" ", b"0", b"-0", b"-1", b"1", b"2", b"00", b"1e3", b"1000", b"10001", b"2147483648", b"9" * 25, b"abc",
    b"*", b"null", b"true", b"url", b"\xb2", b"\xc2\xb2", b"\xff\xfe", b"%00", b"%ff%fe", b"%zz", b"%", b"+", b"/",
    b"//", b"..", b'"', b'"e"', b'W/"e"', b'"a", "b"', b"*, *", b"a" * 300, b"a" * 1025, b"\xe2\x98\x83" * 9, b"&=&",
    b"=", b"bytes=0-", b"bytes=-0", b"bytes=5-1", b"bytes=0-0,1-1", b"bytes=-", b"bytes=99-",
    b"bytes=%s-" % (b"9" * 30), b"Thu, 01 Jan 1970 00:00:00 GMT", b"Fri, 31 Dec 9999 23:59:59 GMT",
    b"Thu, 32 Jan 2026 25:61:61 GMT", b"20260501T120000Z", b"99999999T999999Z", b"2026-05-01T12:00:00Z",
    b"0000-00-00T00:00:00Z", b"Thu, 01 Jan 0000 00:00:00 +9999", b"1B2M2Y8AsgTpgAmY7PhCfg==", b"====", b"AAAA",
    b"NSRBwg==", b"CRC32", b"sha256", b"COMPOSITE", b"FULL_OBJECT", b"UNSIGNED-PAYLOAD",
    b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    b"aws-chunked", b"gzip,aws-chunked", b"chunked", b"gzip, chunked", b"close", b"keep-alive", b"100-continue",
    b"bucket/key", b"/bucket/key", b"/bucket/key?versionId=null", b"bucket", b"bucket/", b"/other/%ff",
    b"arn:aws:s3:us-east-1:1:accesspoint/a/object/k",
    b"AWS4-HMAC-SHA256 Credential=AKIAFUZZ/20260501/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" + b"0" * 9,
    b"AWS4-HMAC-SHA256 Credential=/////,SignedHeaders=;;,Signature=", b"AWS4-HMAC-SHA256", b"AWS AKIAFUZZ:c2ln",
    b"AWS :", b"AKIAFUZZ/20260501/us-east-1/s3/aws4_request", b"AWS4-ECDSA-P256-SHA256 Credential=x", b"Basic eDp5",
    b"host", b"host;range", b"localhost:80", b"bucket.s3.amazonaws.com", b"s3.eu-west-1.amazonaws.com", b"[::1]:1",
    b"a:b:c", b"private", b"public-read", b"GLACIER", b"STANDARD", b"COPY", b"REPLACE", b"ETag,Checksum,ObjectParts",
    b"a=1&b=2", b"a=1&a=1", b"application/xml", b"multipart/form-data; boundary=edge", b"multipart/form-data",
    b"x-amz-checksum-crc32", b"x-amz-meta-a, content-md5", b"a\tb", b"GOVERNANCE", b"COMPLIANCE", b"ON", b"AES256",
    b"aws:kms", b"ObjectWriter", b"BucketOwnerPreferred", b"a" * 43 + b"=", b"2027-01-01T00:00:00Z", b"+10000-01-01",
    b'id="a"', b'uri="http://acs.amazonaws.com/groups/global/AllUsers"', b'emailAddress="a@b"', b'id="', b"{}", b"[]",
    b'{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}', b"1" + b"0" * 400,
)  # fmt: skip


def md5_of(body: bytes) -> str:
    """Return what Content-MD5 says of a body."""
    return b64encode(md5(body).digest()).decode()


def post_of(document: bytes) -> bytes:
    """Return a whole DeleteObjects. Without a digest S3 would not read the document."""
    head = "POST /bucket?delete HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\nContent-MD5: {}\r\n\r\n"
    return head.format(len(document), md5_of(document)).encode() + document
