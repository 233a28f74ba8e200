"""The errors with which S3 refuses a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.errors.catalogue import CODES, refusal
from pytest_s3errors._core.s3.errors.messages import said
from pytest_s3errors._core.s3.messages import ErrorReply, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_s3errors._core.s3.access import Credentials
    from pytest_s3errors._core.s3.messages import Call

_REGION = "x-amz-bucket-region"
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


def iso_seconds(moment: datetime) -> str:
    """Return *moment*, UTC, in the format of error elements."""
    return f"{moment:{_SECONDS}}"


def denied(call: Call, situation: str, *values: str, **elements: str) -> Refused:
    """Return AccessDenied in *situation*, filled with *values*. `_` in the names of *elements* becomes `-`."""
    named = {name.replace("_", "-"): value for name, value in elements.items()}
    return refusal(f"AccessDenied: {situation}", call, *values, elements=named)


def malformed(code: str, situation: str, *values: str, **elements: str) -> Refused:
    """Return *code* with S3's text for *situation* and no elements but those given.

    The region in particular is told only after a wrong one: clients use it to find the right one, after a HEAD in the
    header.
    """
    spec, message = CODES[code], said(f"{code}: {situation}", *values)
    headers = {_REGION: elements["Region"]} if "Region" in elements and _REGION in spec.headers else {}
    told = tuple(elements.items())
    return Refused(ErrorReply(code=code, status=spec.status, message=message, elements=told, headers=headers))


def unknown_key(call: Call, access_key: str) -> Refused:
    """Return InvalidAccessKeyId."""
    return refusal("InvalidAccessKeyId", call, elements={"AWSAccessKeyId": access_key})


def check_token(call: Call, token: str | None, known: Credentials) -> None:
    """Refuse a session token that does not belong to these credentials. Without their token they are unknown."""
    if token is None and known.session_token is not None:
        raise unknown_key(call, known.access_key)
    if token != known.session_token:
        raise refusal("InvalidToken", call)


def skewed(call: Call, stated: str, now: datetime) -> Refused:
    """Return RequestTimeTooSkewed with the client's time as the client wrote it (fact 55)."""
    return refusal("RequestTimeTooSkewed", call, elements={"RequestTime": stated, "ServerTime": iso_seconds(now)})


def mismatch(
    call: Call, access_key: str, provided: str, string_to_sign: str, canonical: bytes | None = None
) -> Refused:
    """Return SignatureDoesNotMatch with the text to sign (fact 56). Version 2 has no canonical request."""
    elements = {
        "AWSAccessKeyId": access_key,
        "StringToSign": string_to_sign,
        "SignatureProvided": provided,
        "StringToSignBytes": string_to_sign.encode("utf-8", "surrogateescape").hex(" "),
    }
    if canonical is not None:
        elements["CanonicalRequest"] = canonical.decode("utf-8", "replace")
        elements["CanonicalRequestBytes"] = canonical.hex(" ")
    return refusal("SignatureDoesNotMatch", call, elements=elements)
