"""Facts 54 to 59: who asks, and since when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from botocore.auth import HmacV1Auth, HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from fact_list import Seen, claim
from fact_servers import CREDENTIALS, REGION
from urllib3 import encode_multipart_formdata

_V4 = "%Y%m%dT%H%M%SZ"
_TO_SIGN = ("AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes")
_SIGNATURE = re.compile("Signature=[0-9a-f]{64}")


def _now():
    return datetime.now(UTC)


def _signed_at(s3, signer, moment, path, method="GET", **headers):
    """A request signed as if it were *moment*."""
    request = AWSRequest(method, s3.url + path, {name.replace("_", "-"): text for name, text in headers.items()}, b"")
    request.context["timestamp"] = f"{moment:{_V4}}"
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)
    return request


def _sent(s3, request, **changed):
    """The answer to *request*; headers in *changed* are replaced or added."""
    headers = {**request.headers, **{name.replace("_", "-"): text for name, text in changed.items()}}
    return s3.send(request.method, request.url.removeprefix(s3.url), headers)


def _presigned(s3, *, moment=None, expires=60):
    """The answer to a presigned GET of an object that is there."""
    path = f"/{s3.bucket()}/key"
    s3.put(path)
    signer = S3SigV4QueryAuth(CREDENTIALS, "s3", REGION, expires=expires)
    return _sent(s3, _signed_at(s3, signer, moment or _now(), path))


@claim(54, "An expired presigned URL: 403 AccessDenied with X-Amz-Expires, Expires, ServerTime")
def expired(s3):
    answer = _presigned(s3, moment=_now() - timedelta(hours=1))
    return answer.error(403, "AccessDenied", "Expires", "ServerTime", X_Amz_Expires="60")


@claim(54, "With a version 2 signature there is no X-Amz-Expires")
def expired_v2(s3):
    path = f"/{s3.bucket()}/key"
    s3.put(path)
    request = AWSRequest("GET", s3.url + path)
    HmacV1QueryAuth(CREDENTIALS, expires=-60).add_auth(request)
    return _sent(s3, request).error(403, "AccessDenied", "Expires", "ServerTime", lacks=("X-Amz-Expires",))


@claim(54, "One that is not valid yet: 403 AccessDenied too")
def not_yet(s3):
    return _presigned(s3, moment=_now() + timedelta(hours=1)).error(403, "AccessDenied")


@claim(54, "One for more than 604,800 seconds: 400 AuthorizationQueryParametersError")
def too_long(s3):
    return _presigned(s3, expires=604_801).error(400, "AuthorizationQueryParametersError")


@claim(
    55,
    "A skewed clock: 403 RequestTimeTooSkewed, RequestTime as sent, ServerTime, MaxAllowedSkewMilliseconds",
)
def skewed(s3):
    moment = _now() - timedelta(minutes=16)
    request = _signed_at(s3, S3SigV4Auth(CREDENTIALS, "s3", REGION), moment, f"/{s3.bucket()}")
    answer = _sent(s3, request)
    stated = answer.own.get("RequestTime") == f"{moment:{_V4}}"
    seen = answer.error(403, "RequestTimeTooSkewed", "RequestTime", "ServerTime", MaxAllowedSkewMilliseconds="900000")
    return Seen(text=seen.text, holds=bool(seen.holds and stated))


@claim(
    56,
    "403 SignatureDoesNotMatch: AWSAccessKeyId, SignatureProvided, StringToSign and CanonicalRequest as text and bytes",
)
def mismatch(s3):
    request = _signed_at(s3, S3SigV4Auth(CREDENTIALS, "s3", REGION), _now(), f"/{s3.bucket()}")
    answer = _sent(s3, request, Authorization=_SIGNATURE.sub(f"Signature={'0' * 64}", request.headers["Authorization"]))
    return answer.error(403, "SignatureDoesNotMatch", *_TO_SIGN, "CanonicalRequest", "CanonicalRequestBytes")


@claim(56, "Without the CanonicalRequest for a version 2 signature")
def mismatch_v2(s3):
    request = AWSRequest("GET", f"{s3.url}/{s3.bucket()}")
    HmacV1Auth(Credentials(CREDENTIALS.access_key, "another")).add_auth(request)
    return _sent(s3, request).error(403, "SignatureDoesNotMatch", *_TO_SIGN, lacks=("CanonicalRequest",))


def _signed_by(s3, credentials):
    signer = S3SigV4Auth(credentials, "s3", REGION)
    return _sent(s3, _signed_at(s3, signer, _now(), f"/{s3.bucket()}"))


@claim(57, "An unknown key: 403 InvalidAccessKeyId with AWSAccessKeyId")
def unknown_key(s3):
    key = "AKIAUNKNOWNUNKNOWN00"
    return _signed_by(s3, Credentials(key, "secret")).error(403, "InvalidAccessKeyId", AWSAccessKeyId=key)


@claim(57, "An invalid session token is 400 InvalidToken, not 403")
def invalid_token(s3):
    credentials = Credentials(CREDENTIALS.access_key, CREDENTIALS.secret_key, "nonsense")
    return _signed_by(s3, credentials).error(400, "InvalidToken")


@claim(57, "ExpiredToken is 400 too")
def expired_token(s3):
    with s3.fail("ExpiredToken"):
        return s3.ask("GET", "/bucket").error(400, "ExpiredToken")


@claim(58, "An unsigned x-amz-* header: 403 AccessDenied with HeadersNotSigned")
def unsigned_header(s3):
    request = _signed_at(s3, S3SigV4Auth(CREDENTIALS, "s3", REGION), _now(), f"/{s3.bucket()}/key", method="PUT")
    answer = _sent(s3, request, x_amz_meta_color="red")
    return answer.error(403, "AccessDenied", HeadersNotSigned="x-amz-meta-color")


def _posted(s3, *, without=(), **changed):
    """The answer to a browser's form, signed as boto3 signs it; some fields left out or changed."""
    bucket = s3.bucket()
    fields = s3.client().generate_presigned_post(bucket, "key")["fields"]
    fields = {name: text for name, text in (fields | changed).items() if name not in without}
    body, kind = encode_multipart_formdata([*fields.items(), ("file", ("a.txt", b"hello"))])
    return s3.send("POST", f"/{bucket}", {"Content-Type": kind}, body)


@claim(59, "A form that breaks its policy: 403 AccessDenied")
def policy(s3):
    return _posted(s3).is_status(204) & _posted(s3, key="another").error(403, "AccessDenied")


@claim(59, "A form with a policy and no signature: 400 InvalidArgument with ArgumentName")
def missing_field(s3):
    answer = _posted(s3, without=("signature", "x-amz-signature"))
    return answer.error(400, "InvalidArgument", "ArgumentName")


@claim(
    59, "A POST that is not a multipart form: 412 PreconditionFailed with Condition, not RequestIsNotMultiPartContent"
)
def no_form(s3):
    answer = s3.send("POST", f"/{s3.bucket()}", {"Content-Type": "text/plain"}, b"key=key")
    return answer.error(412, "PreconditionFailed", "Condition")
