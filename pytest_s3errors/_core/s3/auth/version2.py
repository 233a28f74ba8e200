"""Version 2 signatures, HMAC-SHA1, which S3 still accepts for its oldest buckets.

Source: S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)".
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_s3errors._core.s3.errors.catalogue import bad_argument
from pytest_s3errors._core.s3.times import parse_basic_date, parse_http_date
from s3_asyncio_client._core.limits import MAX_SKEW_S

from .refusals import check_token, denied, iso_seconds, mismatch, skewed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_s3errors._core.s3.access import Credentials
    from pytest_s3errors._core.s3.messages import Call

_EPOCH = 1970
_SECONDS = re.compile(r"[+-]?[0-9]{1,19}")
_LAST = datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)  # S3 takes 31 bits of seconds
_SIGNED_QUERY = re.compile(
    r"response-(cache-control|content-(disposition|encoding|language|type)|expires)|accelerate|acl|analytics|cors"
    r"|defaultObjectAcl|delete|inventory|lifecycle|location|logging|metrics|notification|object-lock|partNumber|policy"
    r"|replication|requestPayment|restore|select|select-type|storageClass|tagging|torrent|uploadId|uploads|versionId"
    r"|versioning|versions|website"
)


def in_header(call: Call) -> tuple[str, str]:
    """Return access key and signature of an Authorization header, both "" if it has another form."""
    access_key, colon, signature = call.headers.get("authorization", "").partition(" ")[2].strip().partition(":")
    return (access_key, signature) if colon and access_key else ("", "")


def check_form(call: Call) -> None:
    """Refuse an Authorization header without one key and one signature."""
    value = call.headers["authorization"]
    if value[4:5] == " ":
        raise bad_argument(call, "Authorization", value, "one space")
    _, signature = in_header(call)
    if not signature or ":" in signature:
        raise bad_argument(call, "Authorization", value, "key and signature")


def check_time(call: Call, now: datetime) -> None:
    """Refuse a request without a time, or with a skewed one."""
    stated = call.headers.get("x-amz-date", call.headers.get("date", ""))
    moment = parse_http_date(stated) or parse_basic_date(stated)
    if moment is None or moment.year < _EPOCH:
        raise denied(call, "no date")
    if abs((now - moment).total_seconds()) > MAX_SKEW_S:
        raise skewed(call, stated, now)


def check_header(call: Call, known: Credentials) -> None:
    """Refuse a request with a wrong signature in its header."""
    date = "" if "x-amz-date" in call.headers else call.headers.get("date", "")
    _check(call, known, in_header(call)[1], _strings_to_sign(call, call.headers, date))


def check_query(call: Call, known: Credentials) -> None:
    """Refuse a presigned request with a wrong signature."""
    # A header that was signed may be in the URL.
    headers = {**{name: value for name, value in call.query.items() if name == name.lower()}, **call.headers}
    _check(call, known, call.query["Signature"], _strings_to_sign(call, headers, call.query["Expires"]))


def check_expiry(call: Call, now: datetime) -> None:
    """Refuse an expired presigned request (fact 54), or one that doesn't state its seconds since 1970."""
    stated = call.query["Expires"]
    try:
        ends = datetime.fromtimestamp(int(stated), UTC) if _SECONDS.fullmatch(stated) else None
    except (ValueError, OverflowError, OSError):
        ends = None
    if ends is None or ends >= _LAST:
        raise denied(call, "seconds", stated)
    if now > ends:
        raise denied(call, "expired", Expires=iso_seconds(ends), ServerTime=iso_seconds(now))


def sign(secret_key: str, text: str) -> str:
    """Return the signature of *text* in base64."""
    digest = hmac.digest(secret_key.encode("utf-8", "surrogateescape"), text.encode("utf-8", "surrogateescape"), "sha1")
    return b64encode(digest).decode()


def _check(call: Call, known: Credentials, signature: str, forms: Sequence[str]) -> None:
    header = call.headers.get("x-amz-security-token")
    check_token(call, call.query.get("x-amz-security-token") if header is None else header, known)
    if not any(signature.isascii() and hmac.compare_digest(sign(known.secret_key, form), signature) for form in forms):
        raise mismatch(call, known.access_key, signature, forms[0])


def _strings_to_sign(call: Call, headers: Mapping[str, str], date: str) -> list[str]:
    """Return the possible signed texts: botocore signs a bucket's path with a final slash, sent or not."""
    own = sorted((name, headers[name].strip()) for name in headers if name.startswith("x-amz-"))
    lines = "".join(f"{name}:{value}\n" for name, value in own)
    first = "\n".join((call.method, headers.get("content-md5", ""), headers.get("content-type", "").strip(), date))
    path, query = _resource(call)
    paths = [path] if call.key is not None or path.endswith("/") else [path, f"{path}/"]
    return [f"{first}\n{lines}{one}{query}" for one in paths]


def _resource(call: Call) -> tuple[str, str]:
    """Return the path, with the bucket in front if the host names it, and the signed parameters."""
    _, _, rest = call.url.partition("://")
    host, _, target = rest.partition("/")
    path, _, query = target.partition("?")
    bucket = "" if host.lower() == call.endpoint else f"/{call.bucket}"
    pairs = sorted(pair for pair in query.split("&") if _SIGNED_QUERY.fullmatch(pair.partition("=")[0]))
    signed = "&".join(_decoded(pair) for pair in pairs)
    return f"{bucket}/{path}", f"?{signed}" if signed else ""


def _decoded(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}{equals}{unquote(value)}"
