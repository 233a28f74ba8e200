"""Version 4 signatures, in the Authorization header and in the query."""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, NoReturn

from pytest_s3errors._core.s3.errors.catalogue import bad_argument, refusal
from pytest_s3errors._core.s3.hosts import region_of
from pytest_s3errors._core.s3.times import parse_basic_date, parse_http_date
from s3_asyncio_client._core.limits import MAX_SKEW_S

from .canonical import (
    ALGORITHM,
    SERVICE,
    TERMINATOR,
    UNSIGNED_PAYLOAD,
    Claim,
    canonical_request,
    sign,
    signing_key,
    string_to_sign,
)
from .refusals import denied, iso_seconds, malformed, mismatch, skewed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_s3errors._core.s3.access import Credentials
    from pytest_s3errors._core.s3.messages import Call, Refused

MAX_EXPIRES_S = 604_800
_HEADER, _QUERY = "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError"
_SIGNATURE = "X-Amz-Signature"
_PARAMETERS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", _SIGNATURE)
_SHA256 = "x-amz-content-sha256"
_PAYLOADS = re.compile(
    r"[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    r"|STREAMING-AWS4-(?:HMAC-SHA256|ECDSA-P256-SHA256)-PAYLOAD(?:-TRAILER)?"
)
_DATE = re.compile(r"\d{8}", re.ASCII)


def access_key_of(call: Call) -> str:
    """Return the access key in a signature, "" if it can't be parsed."""
    return _credential(call).rsplit("/", 4)[0]


def check_region(call: Call, expected: str | None) -> None:
    """Refuse a signature for a region other than *expected* if both are known, without verifying it."""
    if expected is None:
        return
    scope = _credential(call).rsplit("/", 4)[1:]
    if len(scope) == len(("date", "region", "service", "terminator")) and scope[1] != expected:
        raise _wrong(call, None, "region", scope[1], expected, Region=expected)


def _credential(call: Call) -> str:
    text = call.headers.get("authorization")
    if text is None:
        return call.query.get("X-Amz-Credential", "")
    return text.partition("Credential=")[2].partition(",")[0].strip()


def _code(call: Call) -> str:
    return _HEADER if "authorization" in call.headers else _QUERY


def claim_in_header(call: Call, now: datetime) -> Claim:
    """Parse the Authorization header, or refuse the first that is wrong, the request's time before the header."""
    payload_hash = call.headers.get(_SHA256)
    if payload_hash is None:
        raise refusal("InvalidRequest: no hash", call)
    _check_payload(call, payload_hash)
    timestamp = _timestamp_in_header(call)
    moment = parse_basic_date(timestamp)
    if moment is None or abs((now - moment).total_seconds()) > MAX_SKEW_S:
        raise skewed(call, call.headers.get("x-amz-date") or call.headers.get("date", ""), now)
    fields = _fields(call.headers["authorization"])
    if not all(fields.get(name) for name in ("Credential", "SignedHeaders", "Signature")):
        raise malformed(_HEADER, "components")
    return _claim(call, fields["Credential"], timestamp, fields["SignedHeaders"], fields["Signature"], payload_hash)


def claim_in_query(call: Call, now: datetime) -> Claim:
    """Parse the query of a presigned URL, or refuse the first that is wrong, its validity before its credential."""
    query = call.query
    if query.get("X-Amz-Algorithm", ALGORITHM) != ALGORITHM:
        raise malformed(_QUERY, "algorithm")
    if any(name not in query for name in _PARAMETERS):
        raise malformed(_QUERY, "missing")
    check_expiry(call, now)
    timestamp, names = query["X-Amz-Date"], query["X-Amz-SignedHeaders"]
    payload_hash = query.get("X-Amz-Content-Sha256", UNSIGNED_PAYLOAD)
    if _SHA256 in call.headers and _SHA256 in names.split(";"):
        payload_hash = call.headers[_SHA256]
        _check_payload(call, payload_hash)
    return _claim(call, query["X-Amz-Credential"], timestamp, names, query[_SIGNATURE], payload_hash)


def claim_in_form(call: Call, fields: Mapping[str, str]) -> Claim:
    """Parse the signature in the fields of a form, names in lower case, or refuse a malformed credential."""
    credential, signature = fields["x-amz-credential"], fields["x-amz-signature"]
    return _claim(call, credential, fields["x-amz-date"], "host", signature, UNSIGNED_PAYLOAD, form=credential)


def expiry(call: Call) -> tuple[datetime, datetime]:
    """Return when a presigned URL becomes valid and when it expires, or refuse a malformed time or a too long one."""
    signed = parse_basic_date(call.query.get("X-Amz-Date", ""))
    if signed is None:
        raise malformed(_QUERY, "date")
    expires = call.query["X-Amz-Expires"]
    if not (expires.isascii() and expires.removeprefix("-").isdigit()):
        raise malformed(_QUERY, "expires")
    if expires.startswith("-") and expires.strip("-0"):
        raise malformed(_QUERY, "expires negative")
    if len(expires) > len(str(MAX_EXPIRES_S)) or int(expires) > MAX_EXPIRES_S:
        raise malformed(_QUERY, "expires late")
    try:
        return signed, signed + timedelta(seconds=int(expires))
    except OverflowError:
        return signed, signed


def check_expiry(call: Call, now: datetime) -> None:
    """Refuse a presigned request outside its validity (fact 54)."""
    begins, ends = expiry(call)
    times = {"Expires": iso_seconds(ends), "ServerTime": iso_seconds(now)}
    if begins > now + timedelta(seconds=MAX_SKEW_S):
        since_epoch = {"X_Amz_Date": str(int(begins.timestamp()) * 1000)}
        raise denied(call, "not yet valid", **since_epoch, **times)
    if now > ends or begins == ends:  # a URL that is valid for 0 seconds was never valid
        raise denied(call, "expired", X_Amz_Expires=call.query["X-Amz-Expires"], **times)


def check_scope(call: Call, claim: Claim, expected_region: str | None, form: str | None = None) -> None:
    """Refuse a credential for another region, if the right one is known, another service or another day.

    *form* is the credential of a form, whose day isn't compared.
    """
    expected = expected_region or region_of(call.endpoint)
    if form is None and not claim.region:
        raise _wrong(call, form, "no region")
    if expected is not None and claim.region != expected:
        raise _wrong(call, form, "region", claim.region, expected, Region=expected)
    if claim.service != SERVICE:
        raise _wrong(call, form, "service", claim.service)
    if claim.terminator != TERMINATOR:
        raise _wrong(call, form, "terminal", claim.terminator)
    if form is None and claim.date != claim.timestamp[:8]:
        told = () if _code(call) == _HEADER else (claim.date, claim.timestamp[:8])
        raise _wrong(call, None, "day", *told)


def check_signed_headers(call: Call, claim: Claim) -> None:
    """Refuse a request whose signature omits Host, Content-MD5 or an x-amz-* header (fact 58)."""
    signed = claim.signed_headers
    left_out = [name for name in call.headers if name.startswith("x-amz-") and name not in signed and name != _SHA256]
    left_out += [name for name in ("content-md5", "host") if name not in signed and name in call.headers]
    if left_out:
        names = ", ".join(sorted(left_out))
        raise denied(call, "unsigned headers", HeadersNotSigned=names)


def check_signature(call: Call, claim: Claim, known: Credentials) -> bytes:
    """Refuse a signature that does not match this request and key. Return the signing key."""
    key = signing_key(known.secret_key, claim.date, claim.region)
    canonical = canonical_request(call, claim)
    # Headers arrive as bytes and are decoded as latin-1. A layer without a wire has the client's own text.
    forms = [canonical.encode("utf-8", "surrogateescape")]
    if not canonical.isascii() and all(character <= "\xff" for character in canonical):
        forms.append(canonical.encode("latin-1"))
    for form in forms:
        if _same(sign(key, string_to_sign(form, claim)), claim.signature):
            return key
    raise mismatch(call, claim.access_key, claim.signature, string_to_sign(forms[-1], claim), forms[-1])


def _same(ours: str, theirs: str) -> bool:
    return theirs.isascii() and compare_digest(ours, theirs)


def _fields(authorization: str) -> dict[str, str]:
    parts = authorization.partition(" ")[2].split(",")
    return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts)}


def _check_payload(call: Call, payload_hash: str) -> None:
    if _PAYLOADS.fullmatch(payload_hash) is None:
        raise bad_argument(call, _SHA256, payload_hash, "content sha256")


def _timestamp_in_header(call: Call) -> str:
    """Return the request's time in its signed form, from x-amz-date or otherwise Date."""
    stated = call.headers.get("x-amz-date")
    if stated is not None and parse_basic_date(stated) is not None:
        return stated
    moment = parse_http_date(call.headers.get("date", "") if stated is None else stated)
    try:
        return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" if moment else _no_time(call)
    except OverflowError:
        return _no_time(call)


def _no_time(call: Call) -> NoReturn:
    raise denied(call, "no date")


def _claim(
    call: Call,
    credential: str,
    timestamp: str,
    names: str,
    signature: str,
    payload_hash: str,
    *,
    form: str | None = None,
) -> Claim:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0]:  # noqa: PLR2004 - the five fields of a credential
        raise _wrong(call, form, "credential")
    access_key, day, region, service, terminator = parts
    if day != timestamp[:8] and not _is_day(day):
        raise _wrong(call, form, "day format", day)
    return Claim(
        access_key=access_key,
        date=day,
        region=region,
        service=service,
        terminator=terminator,
        timestamp=timestamp,
        signed_headers=tuple(names.lower().split(";")),
        signature=signature,
        payload_hash=payload_hash,
    )


def _is_day(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _wrong(call: Call, form: str | None, situation: str, *values: str, **elements: str) -> Refused:
    """Return the refusal of a credential, which is named if it is *form*'s."""
    if form is None:
        return malformed(_code(call), situation, *values, **elements)
    named = {"ArgumentName": "X-Amz-Credential", "ArgumentValue": form}
    return malformed("InvalidArgument", situation, *values, **named, **elements)
