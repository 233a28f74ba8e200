"""S3's Message texts of errors, as recorded on the wire.

Programs match on these texts, as on codes and reason phrases, so they are values of the protocol. A name is a code, or
a code and a situation if S3 distinguishes several. `{}` marks where S3 puts a name or number of the request. A
situation that is not in the tables was not recorded; the model uses its own words for it. There is a table for each
source. `docs/reference/behavior.md` has the source of each text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_SCHEMA = "The XML you provided was not well-formed or did not validate against our published schema"
_CUSTOMER_KEYS = "Requests specifying Server Side Encryption with Customer provided keys must provide"
# A wrong signature is told in three ways: of a header, of a query, and of a form, bare.
_HEADER = "The authorization header is malformed;"
_QUERY = "Error parsing the X-Amz-Credential parameter;"
_CREDENTIAL = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
_DAY = 'incorrect date format "{}". This date in the credential must be in the format "yyyyMMdd".'
_NO_REGION = "a non-empty region must be provided in the credential."
_REGION = "the region '{}' is wrong; expecting '{}'"
_SERVICE = 'incorrect service "{}". This endpoint belongs to "s3".'
_TERMINAL = 'incorrect terminal "{}". This endpoint uses "aws4_request".'

# From LocalStack's snapshots of its tests, recorded against AWS.
_LSREC: dict[str, str] = {
    "AccessDenied": "Access Denied",
    "AccessDenied: customer key": f"{_CUSTOMER_KEYS} the correct secret key.",
    "AccessDenied: expired": "Request has expired",
    "AccessDenied: object lock": "Access Denied because object protected by object lock.",
    "AccessDenied: policy condition": "Invalid according to Policy: Policy Condition failed: {}",
    "AccessDenied: policy expired": "Invalid according to Policy: Policy expired.",
    "AccessDenied: presigned without parameters": (
        "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
    ),
    "AccessDenied: unsigned headers": "There were headers present in the request which were not signed",
    "AccessForbidden": "CORSResponse: CORS is not enabled for this bucket.",
    "AccessForbidden: no bucket": "CORSResponse: Bucket not found",
    "AuthorizationHeaderMalformed: region": f"{_HEADER} {_REGION}",
    "AuthorizationQueryParametersError: credential": f"{_QUERY} {_CREDENTIAL}",
    "AuthorizationQueryParametersError: missing": (
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
        "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
    ),
    "BadDigest": "The Content-MD5 you specified did not match what we received.",
    "BadDigest: checksum": "The {} you specified did not match the calculated checksum.",
    "BadDigest: listed part": "The {} you specified for part {} did not match what we received.",
    "BadRequest: no origin": "Insufficient information. Origin request header needed.",
    "BucketAlreadyOwnedByYou": "Your previous request to create the named bucket succeeded and you already own it.",
    "BucketNotEmpty": "The bucket you tried to delete is not empty",
    "BucketNotEmpty: versions": (
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
    ),
    "ConditionalRequestConflict": (
        "The conditional request cannot succeed due to a conflicting operation against this resource."
    ),
    "CrossLocationLoggingProhibitted": "Cross S3 location logging not allowed. ",
    "EntityTooLarge": "Your proposed upload exceeds the maximum allowed size",
    "EntityTooSmall": "Your proposed upload is smaller than the minimum allowed size",
    "IdMismatch": "Document ID does not match the specified configuration ID.",
    "IllegalLocationConstraintException": (
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
    ),
    "IllegalLocationConstraintException: region": (
        "The {} location constraint is incompatible for the region specific endpoint this request was sent to."
    ),
    "IllegalVersioningConfigurationException": "The Versioning element must be specified",
    "InternalError": "We encountered an internal error. Please try again.",
    "InvalidArgument: bucket region": "Argument value {} is not a valid AWS Region",
    "InvalidArgument: bypass": "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
    "InvalidArgument: canned ACL": "",
    "InvalidArgument: continuation token": "The continuation token provided is incorrect",
    "InvalidArgument: copy range": (
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
        "zero-based offsets of the first and last bytes to copy"
    ),
    "InvalidArgument: copy range end": "Range specified is not valid for source object of size: {}",
    "InvalidArgument: copy source": "Invalid copy source object key",
    "InvalidArgument: customer algorithm": f"{_CUSTOMER_KEYS} a valid encryption algorithm.",
    "InvalidArgument: customer key": f"{_CUSTOMER_KEYS} an appropriate secret key.",
    "InvalidArgument: customer key MD5": "The calculated MD5 hash of the key did not match the hash that was provided.",
    "InvalidArgument: customer key and encryption": (
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
    ),
    "InvalidArgument: customer key length": "The secret key was invalid for the specified algorithm.",
    "InvalidArgument: default KMS key": (
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
    ),
    "InvalidArgument: encoding type": "Invalid Encoding Method specified in Request",
    "InvalidArgument: form field": (
        "Bucket POST must contain a field named '{}'.  If it is specified, please check the order of the fields."
    ),
    "InvalidArgument: grant format": "Argument format not recognized",
    "InvalidArgument: grantee id": "Invalid id",
    "InvalidArgument: grantee uri": "Invalid group uri",
    "InvalidArgument: lock date and mode": (
        "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
    ),
    "InvalidArgument: lock date past": "The retain until date must be in the future!",
    "InvalidArgument: lock mode": "Unknown wormMode directive.",
    "InvalidArgument: override": "Header value cannot be represented using ISO-8859-1.",
    "InvalidArgument: ownership": "Invalid x-amz-object-ownership header: {}",
    "InvalidArgument: part number": "Part number must be an integer between 1 and 10000, inclusive",
    "InvalidArgument: tagging header": (
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates."
    ),
    "InvalidArgument: upload id marker": "Invalid uploadId marker",
    "InvalidArgument: version id": "Invalid version id specified",
    "InvalidArgument: version id marker": "A version-id marker cannot be specified without a key marker.",
    "InvalidBucketName": "The specified bucket is not valid.",
    "InvalidBucketOwnerAWSAccountID: id": (
        "The value of the expected bucket owner parameter must be an AWS Account ID... [{}]"
    ),
    "InvalidBucketState": "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    "InvalidBucketState: lock": (
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
    ),
    "InvalidDigest": "The Content-MD5 you specified was invalid.",
    "InvalidEncryptionAlgorithmError": "The Encryption request you specified is not valid. Supported value: AES256.",
    "InvalidLocationConstraint": "The specified location-constraint is not valid",
    "InvalidObjectState": "The operation is not valid for the object's storage class",
    "InvalidPart": (
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
        "entity tag may not match the part's entity tag."
    ),
    "InvalidPartNumber": "The requested partnumber is not satisfiable",
    "InvalidPartOrder": "The list of parts was not in ascending order. Parts must be ordered by part number.",
    "InvalidPolicyDocument: simple condition": (
        "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."
    ),
    "InvalidRange": "The requested range is not satisfiable",
    "InvalidRequest: ACL twice": "Specifying both Canned ACLs and Header Grants is not allowed",
    "InvalidRequest: checksum algorithm": (
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, "
        "CRC64NVME, SHA1, SHA256]"
    ),
    "InvalidRequest: checksum missing": (
        "The upload was created using a {} checksum. The complete request must include the checksum for each part. It "
        "was missing for part {} in the request."
    ),
    "InvalidRequest: checksum mode": (
        "The upload was created using the {} checksum mode. The complete request must use the same checksum mode."
    ),
    "InvalidRequest: checksum of part": (
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}"
    ),
    "InvalidRequest: checksum type": "The {} checksum type cannot be used with the {} checksum algorithm.",
    "InvalidRequest: checksum type alone": (
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
    ),
    "InvalidRequest: checksum value": "Value for x-amz-checksum-{} header is invalid.",
    "InvalidRequest: checksums": "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    "InvalidRequest: copy of marker": (
        "The source of a copy request may not specifically refer to a delete marker by version id."
    ),
    "InvalidRequest: copy onto itself": (
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
        "metadata, storage class, website redirect location or encryption attributes."
    ),
    "InvalidRequest: copy range": "The specified copy range is invalid for the source object size",
    "InvalidRequest: encrypted": (
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
        "retrieve the object."
    ),
    "InvalidRequest: encryption differs": "The provided encryption parameters did not match the ones used originally.",
    "InvalidRequest: encryption of part": (
        "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
        "encryption parameters."
    ),
    "InvalidRequest: no lock": "Bucket is missing Object Lock Configuration",
    "InvalidRequest: no parts": "You must specify at least one part",
    "InvalidRequest: object size": (
        "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}"
    ),
    "InvalidRequest: range and part": "Cannot specify both Range header and partNumber query parameter",
    "InvalidS3DestinationBucket": "Invalid bucket ARN.",
    "InvalidStorageClass": "The storage class you specified is not valid",
    "InvalidTag": "The TagKey you have provided is invalid",
    "InvalidTag: created bucket": (
        'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" '
        "from your tag keys and try again."
    ),
    "InvalidTag: duplicate": "Cannot provide multiple Tags with the same key",
    "InvalidTag: system tag": "System tags cannot be added/updated by requester",
    "InvalidTag: system tag of object": "Your TagKey cannot be prefixed with aws:",
    "InvalidTag: value": "The TagValue you have provided is invalid",
    "InvalidTargetBucketForLogging": "The target bucket for logging does not exist",
    "KMS.NotFoundException: region": "Invalid arn {}",
    "MalformedACLError": _SCHEMA,
    "MalformedPolicy": "Policies must be valid JSON and the first byte must be '{{'",
    "MalformedPolicy: no statement": "Missing required field Statement",
    "MalformedXML": _SCHEMA,
    "MethodNotAllowed": "The specified method is not allowed against this resource.",
    "MissingSecurityHeader": "Your request was missing a required header",
    "NoSuchAccessPoint": "The specified accesspoint does not exist",
    "NoSuchBucket": "The specified bucket does not exist",
    "NoSuchBucketPolicy": "The bucket policy does not exist",
    "NoSuchCORSConfiguration": "The CORS configuration does not exist",
    "NoSuchConfiguration": "The specified configuration does not exist.",
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchLifecycleConfiguration": "The lifecycle configuration does not exist",
    "NoSuchObjectLockConfiguration": "The specified object does not have a ObjectLock configuration",
    "NoSuchPublicAccessBlockConfiguration": "The public access block configuration was not found",
    "NoSuchTagSet": "The TagSet does not exist",
    "NoSuchUpload": (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed."
    ),
    "NoSuchVersion": "The specified version does not exist.",
    "NoSuchWebsiteConfiguration": "The specified bucket does not have a website configuration",
    "NotImplemented": "A header you provided implies functionality that is not implemented",
    "ObjectLockConfigurationNotFoundError": "Object Lock configuration does not exist for this bucket",
    "OwnershipControlsNotFoundError": "The bucket ownership controls were not found",
    "PreconditionFailed": "At least one of the pre-conditions you specified did not hold",
    "ReplicationConfigurationNotFoundError": "The replication configuration was not found",
    "SignatureDoesNotMatch": (
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method."
    ),
    "UnexpectedContent": "This request does not support content",
}

# From the error tables of versity/versitygw.
_VGW: dict[str, str] = {
    "AccessDenied: anonymous change of ownership": "s3:PutBucketOwnershipControls does not support Anonymous requests!",
    "AccessDenied: anonymous look at ownership": "s3:GetBucketOwnershipControls does not support Anonymous requests!",
    "AccessDenied: extra fields": "Invalid according to Policy: Extra input fields: {}",
    "BadRequest: tags of bucket": "Bucket tag count cannot be greater than {}",
    "InvalidArgument: content sha256": (
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 "
        "value."
    ),
    "InvalidArgument: copy source elsewhere": "You can only specify a copy source header for copy requests.",
    "InvalidArgument: credential": _CREDENTIAL,
    "InvalidArgument: day format": _DAY,
    "InvalidArgument: directive": "Unknown {} directive.",
    "InvalidArgument: lock date form": "The retain until date must be provided in ISO 8601 format",
    "InvalidArgument: service": _SERVICE,
    "InvalidArgument: terminal": _TERMINAL,
    "InvalidPolicyDocument: arguments": "Invalid Policy: Invalid {}: wrong number of arguments.",
    "InvalidPolicyDocument: condition": "Invalid Policy: Invalid condition test: must be a List or Object.",
    "InvalidPolicyDocument: conditions": "Invalid Policy: Invalid 'conditions' value: must be a List.",
    "InvalidPolicyDocument: empty": "Invalid Policy: Expecting '{{' but found End-of-Input",
    "InvalidPolicyDocument: encoding": "Invalid Policy: invalid Base64 encoding.",
    "InvalidPolicyDocument: expiration": "Invalid Policy: Invalid 'expiration' value: '{}'",
    "InvalidPolicyDocument: no conditions": "Invalid Policy: Policy missing conditions.",
    "InvalidPolicyDocument: no expiration": "Invalid Policy: Policy missing expiration.",
    "InvalidPolicyDocument: no operation": "Invalid Policy: Invalid Condition: missing operation identifier.",
    "InvalidPolicyDocument: operation": "Invalid Policy: Invalid Condition: unknown operation '{}'.",
    "InvalidPolicyDocument: text": "Invalid Policy: Invalid Simple-Condition: value must be a string.",
    "InvalidPolicyDocument: unexpected": 'Invalid Policy: Unexpected: "{}"',
    "RequestHeaderSectionTooLarge": "Your request header section exceeds the maximum allowed size.",
}

# What brekkylab/backlot measured on S3, noted in its S3 router and its tests.
_BACKLOT: dict[str, str] = {
    "AccessDenied: anonymous": "Anonymous users cannot invoke this API. Please authenticate.",
    "AccessDenied: seconds": "Invalid date (should be seconds since epoch): {}",
    "AuthorizationHeaderMalformed: day format": f"{_HEADER} {_DAY}",
    "AuthorizationHeaderMalformed: no region": f"{_HEADER} {_NO_REGION}",
    "AuthorizationHeaderMalformed: service": f"{_HEADER} {_SERVICE}",
    "AuthorizationHeaderMalformed: terminal": f"{_HEADER} {_TERMINAL}",
    "AuthorizationQueryParametersError: algorithm": (
        'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
    ),
    "AuthorizationQueryParametersError: day": (
        'Invalid credential date "{}". This date is not the same as X-Amz-Date: "{}".'
    ),
    "AuthorizationQueryParametersError: day format": f"{_QUERY} {_DAY}",
    "AuthorizationQueryParametersError: no region": f"{_QUERY} {_NO_REGION}",
    "AuthorizationQueryParametersError: service": f"{_QUERY} {_SERVICE}",
    "AuthorizationQueryParametersError: terminal": f"{_QUERY} {_TERMINAL}",
    "BadRequest: asked method": "Invalid Access-Control-Request-Method: {}",
    "BadRequest: method": "An error occurred when parsing the HTTP request.",
    "InvalidArgument: bucket region elsewhere": (
        "Requests with bucket-region specified must be made to the corresponding regional endpoint"
    ),
    "InvalidArgument: empty version id": "Version id cannot be the empty string",
    "InvalidArgument: empty version id marker": "A version-id marker cannot be empty.",
    "InvalidArgument: key and signature": "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
    "InvalidArgument: marker of version 1": "Marker unsupported with REST.GET.BUCKET in list-type=2",
    "InvalidArgument: max-buckets": "Argument max-buckets must be an integer between 1 and 10000",
    "InvalidArgument: no version id": "This operation does not accept a version-id.",
    "InvalidArgument: parameter of version 2": "{} only supported in REST.GET.BUCKET with list-type=2",
    "InvalidArgument: selectors": "Conflicting query string parameters: {}",
    "InvalidRequest: checksum to read": "Value for x-amz-checksum-mode header is invalid.",
    "InvalidRequest: no announced checksum": (
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were "
        "found."
    ),
    "InvalidRequest: part without key": "Object must have a valid key name.",
    "InvalidRequest: upload without key": "A key must be specified",
    "InvalidRequest: uploads of key": "Key is not expected for the GET method ?uploads subresource",
    "MissingRequestBodyError": "Request Body is empty",
    "NoLoggingStatusForKey": "There is no such thing as the ?logging sub-resource for a key",
    "UserKeyMustBeSpecified": "User key must be specified.",
}

# From issues in repositories, each of which contains a response from S3.
_OTHERS: dict[str, str] = {
    "AccessControlListNotSupported": "The bucket does not allow ACLs",
    "AccessDenied: anonymous copy": "Anonymous users cannot copy objects.  Please authenticate.",
    "AccessDenied: anonymous upload": "Anonymous users cannot initiate multipart uploads.  Please authenticate.",
    "AccessDenied: no date": "AWS authentication requires a valid Date or x-amz-date header",
    "AccessDenied: not yet valid": "Request is not yet valid",
    "AuthorizationHeaderMalformed: components": (
        f"{_HEADER} the authorization header requires three components: Credential, SignedHeaders, and Signature."
    ),
    "AuthorizationHeaderMalformed: credential": f"{_HEADER} {_CREDENTIAL}",
    "AuthorizationHeaderMalformed: day": f"{_HEADER} Invalid credential date. Date is not the same as X-Amz-Date.",
    "AuthorizationQueryParametersError: date": "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    "AuthorizationQueryParametersError: expires": "X-Amz-Expires should be a number",
    "AuthorizationQueryParametersError: expires late": (
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
        "604800 seconds"
    ),
    "AuthorizationQueryParametersError: expires negative": "X-Amz-Expires must be non-negative",
    "AuthorizationQueryParametersError: region": f"{_QUERY} {_REGION}",
    "BadRequest: tags of object": "Object tags cannot be greater than {}",
    "BucketAlreadyExists": (
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    ),
    "ExpiredToken": "The provided token has expired.",
    "IncompleteBody": "The request body terminated unexpectedly",
    "IncompleteBody: length": "You did not provide the number of bytes specified by the Content-Length HTTP header",
    "InvalidAccessKeyId": "The AWS Access Key Id you provided does not exist in our records.",
    "InvalidArgument: attribute": "Invalid attribute name specified.",
    "InvalidArgument: copy source encoding": "Invalid copy source encoding",
    "InvalidArgument: legal hold": "Legal Hold must be either of 'ON' or 'OFF'",
    "InvalidArgument: listed number": "PartNumber must be >= 1",
    "InvalidArgument: negative": "Argument {} must be an integer between 0 and 2147483647",
    "InvalidArgument: negative max-keys": "max-keys cannot be negative",
    "InvalidArgument: number": "Provided {} not an integer or within integer range",
    "InvalidArgument: one file": "POST requires exactly one file upload per request.",
    "InvalidArgument: one space": "Authorization header is invalid -- one and only one ' ' (space) required",
    "InvalidArgument: part number alone": "This operation does not accept partNumber without uploadId",
    "InvalidArgument: region": _REGION,
    "InvalidArgument: response header": (
        "{} is not in the set of overridable response headers. Please refer to the S3 API documentation for a "
        "complete list of overridable response headers."
    ),
    "InvalidArgument: two signatures": (
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
        "parameter or the Authorization header should be specified"
    ),
    "InvalidArgument: type of authorization": "Unsupported Authorization Type",
    "InvalidBucketAclWithObjectOwnership": (
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    ),
    "InvalidChunkSizeError": "Only the last chunk is allowed to have a size less than 8192 bytes",
    "InvalidPolicyDocument: JSON": "Invalid Policy: Invalid JSON.",
    "InvalidRequest: announced checksum": "Value for x-amz-sdk-checksum-algorithm header is invalid.",
    "InvalidRequest: anonymous response header": (
        "Request specific response headers cannot be used for anonymous GET requests."
    ),
    "InvalidRequest: attributes": (
        "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty"
    ),
    "InvalidRequest: body of copy": (
        "The request included a body. Requests of this type must not include a non-empty body."
    ),
    "InvalidRequest: lock without digest": (
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put {} requests with Object Lock parameters"
    ),
    "InvalidRequest: no digest": "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    "InvalidRequest: no hash": "Missing required header for this request: x-amz-content-sha256",
    "InvalidRequest: trailer": "The value specified in the x-amz-trailer header is not supported",
    "InvalidRequest: trailing checksum": "Value for x-amz-checksum-{} trailing header is invalid.",
    "InvalidRequest: versions of key": "There is no such thing as the ?versions sub-resource for a key",
    "InvalidToken": "The provided token is malformed or otherwise invalid.",
    "KeyTooLongError": "Your key is too long",
    "MalformedPolicy: action": "Policy has invalid action",
    "MalformedPolicy: action and resource": "Action does not apply to any resource(s) in statement",
    "MalformedPolicy: effect": "Invalid effect: {}",
    "MalformedPolicy: principal": "Invalid principal in policy",
    "MalformedPolicy: resource": "Policy has invalid resource",
    "MalformedPolicy: version": "The policy must contain a valid version string",
    "MalformedTrailerError": (
        "The request contained trailing data that was not well-formed or did not conform to our published schema."
    ),
    "MetadataTooLarge": "Your metadata headers exceed the maximum allowed metadata size",
    "MissingContentLength": "You must provide the Content-Length HTTP header.",
    "OperationAborted": (
        "A conflicting conditional operation is currently in progress against this resource. Please try again."
    ),
    "PermanentRedirect": (
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all "
        "future requests to this endpoint."
    ),
    "RequestTimeTooSkewed": "The difference between the request time and the current time is too large.",
    "RequestTimeout": (
        "Your socket connection to the server was not read from or written to within the timeout period. Idle "
        "connections will be closed."
    ),
    "SlowDown": "Please reduce your request rate.",
    "TemporaryRedirect": (
        "Please re-send this request to the specified temporary endpoint. Continue to use the original request "
        "endpoint for future requests."
    ),
    "XAmzContentSHA256Mismatch": "The provided 'x-amz-content-sha256' header does not match what was computed.",
}

RECORDED: Mapping[str, str] = MappingProxyType(_LSREC | _VGW | _BACKLOT | _OTHERS)
"""Code or situation -> text."""


def said(situation: str, *values: object) -> str:
    """Return S3's text for *situation*, filled with *values*."""
    return RECORDED[situation].format(*values)
