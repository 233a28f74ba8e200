"""S3's operations, one row each: the form of its request, its input and output, and what can happen to it.

Everything that depends on a request's operation is a column of this table, for both packages. To add an operation, add
a row here and a handler to the simulated S3.

Sources: the S3 API Reference, whose request syntax, bodies and digests botocore's model repeats, and the Service
Authorization Reference for the actions. Late errors and errors without a prolog were captured on AWS.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BodyKind: TypeAlias = Literal["", "xml", "json", "bytes", "form", "events"]
SERVICE, BUCKET, OBJECT = range(3)
_LEVELS = {"/": SERVICE, "/b": BUCKET, "/b/k": OBJECT}


class Operation(NamedTuple):
    """One operation of S3's data plane.

    Attributes:
        name: S3's own.
        request: The form that identifies it: method, what the address names (``/``, ``/b`` or ``/b/k``), and in the
            query the subresource and a parameter that distinguishes it from its neighbor. ``name=value`` requires that
            value.
        header: A header that distinguishes it from its neighbor. ``name=value*`` requires a value with that start.
        takes: The type of the request's body.
        digest: Whether S3 refuses a body without Content-MD5 or a checksum.
        answers: The type of a success's body.
        action: The permission that it needs, without ``s3:``.
        makes: What it creates.
        late: A 200 can contain an "error" instead of the result, or errors among the results ("partial").
        bare: Whether a 4xx has no XML prolog.
        reads: Whether it changes nothing, unlike other operations with its method.
        anywhere: Whether any region answers, not only the bucket's.
        signed: Whether the head has the signature. A form has it in its fields.
    """

    name: str
    request: str
    header: str = ""
    takes: BodyKind = ""
    digest: bool = False
    answers: BodyKind = ""
    action: str = ""
    makes: Literal["", "bucket", "object", "upload"] = ""
    late: Literal["", "error", "partial"] = ""
    bare: bool = False
    reads: bool = False
    anywhere: bool = False
    signed: bool = True

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.partition(" ")[0]

    @property
    def level(self) -> int:
        """What the address names: SERVICE, BUCKET or OBJECT."""
        return _LEVELS[self.request.partition(" ")[2].partition("?")[0]]

    @property
    def acts_on(self) -> int:
        """What its permission is about: SERVICE, BUCKET or OBJECT. A form and a list of keys name objects."""
        return OBJECT if self.takes == "form" or self.late == "partial" else self.level

    @property
    def subresource(self) -> str:
        """The parameter of the subresource. "": the request is about the whole bucket or object."""
        first = self.request.partition("?")[2].partition("&")[0]
        return "" if "=" in first else first

    @property
    def parameter(self) -> str:
        """The parameter that distinguishes it from an operation with the same subresource. "": none is needed."""
        return self.request.partition("?")[2][len(self.subresource) :].lstrip("&")

    @property
    def writes(self) -> bool:
        """Whether it changes the content of S3."""
        return self.method in {"PUT", "POST", "DELETE"} and not self.reads

    @property
    def needs_upload(self) -> bool:
        """Whether it is about a multipart upload in progress."""
        return self.subresource == "uploadId"


_ROWS = (
    Operation("AbortMultipartUpload", "DELETE /b/k?uploadId"),
    Operation("CORSPreflight", "OPTIONS /b", signed=False),
    Operation(
        "CompleteMultipartUpload",
        "POST /b/k?uploadId",
        takes="xml",
        answers="xml",
        action="PutObject",
        makes="object",
        late="error",
        bare=True,
    ),
    Operation(
        "CopyObject",
        "PUT /b/k",
        header="x-amz-copy-source",
        answers="xml",
        action="PutObject",
        makes="object",
        late="error",
    ),
    Operation("CreateBucket", "PUT /b", takes="xml", makes="bucket", anywhere=True),
    Operation("CreateBucketMetadataConfiguration", "POST /b?metadataConfiguration", takes="xml", digest=True),
    Operation("CreateBucketMetadataTableConfiguration", "POST /b?metadataTable", takes="xml", digest=True),
    Operation("CreateMultipartUpload", "POST /b/k?uploads", answers="xml", action="PutObject", makes="upload"),
    Operation("CreateSession", "GET /b?session", answers="xml"),
    Operation("DeleteBucket", "DELETE /b"),
    Operation("DeleteBucketAnalyticsConfiguration", "DELETE /b?analytics", action="PutAnalyticsConfiguration"),
    Operation("DeleteBucketCors", "DELETE /b?cors", action="PutBucketCORS"),
    Operation("DeleteBucketEncryption", "DELETE /b?encryption", action="PutEncryptionConfiguration"),
    Operation(
        "DeleteBucketIntelligentTieringConfiguration",
        "DELETE /b?intelligent-tiering",
        action="PutIntelligentTieringConfiguration",
    ),
    Operation("DeleteBucketInventoryConfiguration", "DELETE /b?inventory", action="PutInventoryConfiguration"),
    Operation("DeleteBucketLifecycle", "DELETE /b?lifecycle", action="PutLifecycleConfiguration"),
    Operation("DeleteBucketMetadataConfiguration", "DELETE /b?metadataConfiguration"),
    Operation("DeleteBucketMetadataTableConfiguration", "DELETE /b?metadataTable"),
    Operation("DeleteBucketMetricsConfiguration", "DELETE /b?metrics", action="PutMetricsConfiguration"),
    Operation("DeleteBucketOwnershipControls", "DELETE /b?ownershipControls", action="PutBucketOwnershipControls"),
    Operation("DeleteBucketPolicy", "DELETE /b?policy"),
    Operation("DeleteBucketReplication", "DELETE /b?replication", action="PutReplicationConfiguration"),
    Operation("DeleteBucketTagging", "DELETE /b?tagging", action="PutBucketTagging"),
    Operation("DeleteBucketWebsite", "DELETE /b?website"),
    Operation("DeleteObject", "DELETE /b/k"),
    Operation("DeleteObjectAnnotation", "DELETE /b/k?annotation"),
    Operation("DeleteObjectTagging", "DELETE /b/k?tagging"),
    Operation(
        "DeleteObjects",
        "POST /b?delete",
        takes="xml",
        digest=True,
        answers="xml",
        action="DeleteObject",
        late="partial",
    ),
    Operation("DeletePublicAccessBlock", "DELETE /b?publicAccessBlock", action="PutBucketPublicAccessBlock"),
    Operation("GetBucketAbac", "GET /b?abac", answers="xml"),
    Operation(
        "GetBucketAccelerateConfiguration", "GET /b?accelerate", answers="xml", action="GetAccelerateConfiguration"
    ),
    Operation("GetBucketAcl", "GET /b?acl", answers="xml"),
    Operation(
        "GetBucketAnalyticsConfiguration", "GET /b?analytics&id", answers="xml", action="GetAnalyticsConfiguration"
    ),
    Operation("GetBucketCors", "GET /b?cors", answers="xml", action="GetBucketCORS"),
    Operation("GetBucketEncryption", "GET /b?encryption", answers="xml", action="GetEncryptionConfiguration"),
    Operation(
        "GetBucketIntelligentTieringConfiguration",
        "GET /b?intelligent-tiering&id",
        answers="xml",
        action="GetIntelligentTieringConfiguration",
    ),
    Operation(
        "GetBucketInventoryConfiguration", "GET /b?inventory&id", answers="xml", action="GetInventoryConfiguration"
    ),
    Operation("GetBucketLifecycleConfiguration", "GET /b?lifecycle", answers="xml", action="GetLifecycleConfiguration"),
    Operation("GetBucketLocation", "GET /b?location", answers="xml", anywhere=True),
    Operation("GetBucketLogging", "GET /b?logging", answers="xml"),
    Operation("GetBucketMetadataConfiguration", "GET /b?metadataConfiguration", answers="xml"),
    Operation("GetBucketMetadataTableConfiguration", "GET /b?metadataTable", answers="xml"),
    Operation("GetBucketMetricsConfiguration", "GET /b?metrics&id", answers="xml", action="GetMetricsConfiguration"),
    Operation(
        "GetBucketNotificationConfiguration", "GET /b?notification", answers="xml", action="GetBucketNotification"
    ),
    Operation("GetBucketOwnershipControls", "GET /b?ownershipControls", answers="xml"),
    Operation("GetBucketPolicy", "GET /b?policy", answers="json"),
    Operation("GetBucketPolicyStatus", "GET /b?policyStatus", answers="xml"),
    Operation("GetBucketReplication", "GET /b?replication", answers="xml", action="GetReplicationConfiguration"),
    Operation("GetBucketRequestPayment", "GET /b?requestPayment", answers="xml"),
    Operation("GetBucketTagging", "GET /b?tagging", answers="xml"),
    Operation("GetBucketVersioning", "GET /b?versioning", answers="xml"),
    Operation("GetBucketWebsite", "GET /b?website", answers="xml"),
    Operation("GetObject", "GET /b/k", answers="bytes"),
    Operation("GetObjectAcl", "GET /b/k?acl", answers="xml"),
    Operation("GetObjectAnnotation", "GET /b/k?annotation&annotationName", answers="bytes"),
    Operation("GetObjectAttributes", "GET /b/k?attributes", answers="xml"),
    Operation("GetObjectLegalHold", "GET /b/k?legal-hold", answers="xml"),
    Operation(
        "GetObjectLockConfiguration", "GET /b?object-lock", answers="xml", action="GetBucketObjectLockConfiguration"
    ),
    Operation("GetObjectRetention", "GET /b/k?retention", answers="xml"),
    Operation("GetObjectTagging", "GET /b/k?tagging", answers="xml"),
    Operation("GetObjectTorrent", "GET /b/k?torrent", answers="bytes"),
    Operation("GetPublicAccessBlock", "GET /b?publicAccessBlock", answers="xml", action="GetBucketPublicAccessBlock"),
    Operation("HeadBucket", "HEAD /b", action="ListBucket"),
    Operation("HeadObject", "HEAD /b/k", action="GetObject"),
    Operation(
        "ListBucketAnalyticsConfigurations", "GET /b?analytics", answers="xml", action="GetAnalyticsConfiguration"
    ),
    Operation(
        "ListBucketIntelligentTieringConfigurations",
        "GET /b?intelligent-tiering",
        answers="xml",
        action="GetIntelligentTieringConfiguration",
    ),
    Operation(
        "ListBucketInventoryConfigurations", "GET /b?inventory", answers="xml", action="GetInventoryConfiguration"
    ),
    Operation("ListBucketMetricsConfigurations", "GET /b?metrics", answers="xml", action="GetMetricsConfiguration"),
    Operation("ListBuckets", "GET /", answers="xml", action="ListAllMyBuckets"),
    Operation(
        "ListDirectoryBuckets",
        "GET /",
        header="host=s3express-control.*",
        answers="xml",
        action="ListAllMyDirectoryBuckets",
    ),
    Operation("ListMultipartUploads", "GET /b?uploads", answers="xml", action="ListBucketMultipartUploads"),
    Operation("ListObjectAnnotations", "GET /b/k?annotation", answers="xml"),
    Operation("ListObjectVersions", "GET /b?versions", answers="xml", action="ListBucketVersions"),
    Operation("ListObjects", "GET /b", answers="xml", action="ListBucket"),
    Operation("ListObjectsV2", "GET /b?list-type=2", answers="xml", action="ListBucket"),
    Operation("ListParts", "GET /b/k?uploadId", answers="xml", action="ListMultipartUploadParts"),
    Operation("PostObject", "POST /b", takes="form", action="PutObject", makes="object", signed=False),
    Operation("PutBucketAbac", "PUT /b?abac", takes="xml"),
    Operation(
        "PutBucketAccelerateConfiguration", "PUT /b?accelerate", takes="xml", action="PutAccelerateConfiguration"
    ),
    Operation("PutBucketAcl", "PUT /b?acl", takes="xml", digest=True),
    Operation("PutBucketAnalyticsConfiguration", "PUT /b?analytics", takes="xml", action="PutAnalyticsConfiguration"),
    Operation("PutBucketCors", "PUT /b?cors", takes="xml", digest=True, action="PutBucketCORS"),
    Operation(
        "PutBucketEncryption", "PUT /b?encryption", takes="xml", digest=True, action="PutEncryptionConfiguration"
    ),
    Operation(
        "PutBucketIntelligentTieringConfiguration",
        "PUT /b?intelligent-tiering",
        takes="xml",
        action="PutIntelligentTieringConfiguration",
    ),
    Operation("PutBucketInventoryConfiguration", "PUT /b?inventory", takes="xml", action="PutInventoryConfiguration"),
    Operation(
        "PutBucketLifecycleConfiguration",
        "PUT /b?lifecycle",
        takes="xml",
        digest=True,
        action="PutLifecycleConfiguration",
    ),
    Operation("PutBucketLogging", "PUT /b?logging", takes="xml", digest=True),
    Operation("PutBucketMetricsConfiguration", "PUT /b?metrics", takes="xml", action="PutMetricsConfiguration"),
    Operation("PutBucketNotificationConfiguration", "PUT /b?notification", takes="xml", action="PutBucketNotification"),
    Operation("PutBucketOwnershipControls", "PUT /b?ownershipControls", takes="xml", digest=True),
    Operation("PutBucketPolicy", "PUT /b?policy", takes="json", digest=True),
    Operation(
        "PutBucketReplication", "PUT /b?replication", takes="xml", digest=True, action="PutReplicationConfiguration"
    ),
    Operation("PutBucketRequestPayment", "PUT /b?requestPayment", takes="xml", digest=True),
    Operation("PutBucketTagging", "PUT /b?tagging", takes="xml", digest=True),
    Operation("PutBucketVersioning", "PUT /b?versioning", takes="xml", digest=True),
    Operation("PutBucketWebsite", "PUT /b?website", takes="xml", digest=True),
    Operation("PutObject", "PUT /b/k", takes="bytes", makes="object"),
    Operation("PutObjectAcl", "PUT /b/k?acl", takes="xml", digest=True),
    Operation("PutObjectAnnotation", "PUT /b/k?annotation", takes="bytes", answers="xml"),
    Operation("PutObjectLegalHold", "PUT /b/k?legal-hold", takes="xml", digest=True),
    Operation(
        "PutObjectLockConfiguration",
        "PUT /b?object-lock",
        takes="xml",
        digest=True,
        action="PutBucketObjectLockConfiguration",
    ),
    Operation("PutObjectRetention", "PUT /b/k?retention", takes="xml", digest=True),
    Operation("PutObjectTagging", "PUT /b/k?tagging", takes="xml", digest=True),
    Operation(
        "PutPublicAccessBlock",
        "PUT /b?publicAccessBlock",
        takes="xml",
        digest=True,
        action="PutBucketPublicAccessBlock",
    ),
    Operation("RenameObject", "PUT /b/k?renameObject", action="PutObject", makes="object"),
    Operation("RestoreObject", "POST /b/k?restore", takes="xml"),
    Operation("SelectObjectContent", "POST /b/k?select", takes="xml", answers="events", action="GetObject", reads=True),
    Operation(
        "UpdateBucketMetadataAnnotationTableConfiguration", "PUT /b?metadataAnnotationTable", takes="xml", digest=True
    ),
    Operation(
        "UpdateBucketMetadataInventoryTableConfiguration", "PUT /b?metadataInventoryTable", takes="xml", digest=True
    ),
    Operation("UpdateBucketMetadataJournalTableConfiguration", "PUT /b?metadataJournalTable", takes="xml", digest=True),
    Operation("UpdateObjectEncryption", "PUT /b/k?encryption", takes="xml", digest=True),
    Operation("UploadPart", "PUT /b/k?uploadId", takes="bytes", action="PutObject"),
    Operation(
        "UploadPartCopy",
        "PUT /b/k?uploadId",
        header="x-amz-copy-source",
        answers="xml",
        action="PutObject",
        late="error",
        bare=True,
    ),
    Operation("WriteGetObjectResponse", "POST /b", header="x-amz-request-route", takes="bytes", reads=True),
)

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {row.name: row._replace(action=row.action or row.name) for row in _ROWS}
)
"""Every operation of S3's data plane by its name, in the order of the names.

No SDK has a method for two of them, which AWS only names in prose: `PostObject` is a browser's form upload, and
`CORSPreflight` the OPTIONS request before a cross-origin one. Names that AWS has replaced (`PutBucketLifecycle`) are
under the new name.
"""


def names_of(wanted: Callable[[Operation], object]) -> frozenset[str]:
    """Return the names of the operations for whose row *wanted* is true."""
    return frozenset(row.name for row in OPERATIONS.values() if wanted(row))


OBJECT_READS: Final = frozenset({"GetObject"})
"""Where a success's body is an object's bytes, which can be compared with their checksum."""
