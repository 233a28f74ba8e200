"""Who sent a request: find the account by its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pytest_s3errors._core.s3.errors.catalogue import bad_argument

from . import version2, version4
from .canonical import ALGORITHM
from .refusals import check_token, denied, unknown_key
from .streaming import SIGNED_CHUNKS, SIGNED_TRAILERS, Seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pytest_s3errors._core.s3.access import Access, Credentials
    from pytest_s3errors._core.s3.messages import Call

    from .canonical import Claim

    _Now: TypeAlias = Callable[[], datetime]
    _Region: TypeAlias = Callable[[], str | None]

_V4_QUERY = frozenset({"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Expires"})
_V2_QUERY = frozenset({"AWSAccessKeyId", "Signature"})


class Caller(NamedTuple):
    """The sender: its account (None: anonymous), and the seed of the chunk signatures (None: there are none)."""

    owner_id: str | None
    seal: Seal | None = None


ANYBODY = Caller(None)


def identify(call: Call, access: Access, *, now: _Now, bucket_region: _Region = lambda: None) -> Caller:
    """Return the account that signed *call*, or the first known one if no signature is needed.

    Args:
        call: The request as sent.
        access: Who is known.
        now: S3's clock.
        bucket_region: The region of the request's bucket. None: it does not determine the region to sign for.

    Raises:
        Refused: The signature is wrong, or a required one is missing.
    """
    query = call.query
    v4, v2 = (not _V4_QUERY.isdisjoint(query), not _V2_QUERY.isdisjoint(query)) if query else (False, False)
    authorization = call.headers.get("authorization")
    if authorization is not None:
        if v4 or v2:
            raise bad_argument(call, "Authorization", authorization, "two signatures")
        return _by_header(call, authorization, access, now, bucket_region)
    if v4:
        return _by_v4_query(call, access, now, bucket_region)
    if v2:
        return _by_v2_query(call, access, now)
    return unsigned(access)


def unsigned(access: Access) -> Caller:
    """Return the sender of an unsigned request: anonymous, unless such requests are let in."""
    return Caller(access.owner_id) if not access.declared or access.anonymous else ANYBODY


def _by_header(call: Call, authorization: str, access: Access, now: _Now, bucket_region: _Region) -> Caller:
    if not authorization.strip():
        return unsigned(access)
    if access.declared and " " not in authorization:
        raise bad_argument(call, "Authorization", authorization, "one space")
    if authorization.startswith(ALGORITHM):
        known = access.find(version4.access_key_of(call))
        if known is None and not access.declared:
            version4.check_region(call, bucket_region())
            return Caller(access.owner_id)
        claim = version4.claim_in_header(call, now())
        return _checked(call, claim, known, bucket_region)
    if authorization.startswith("AWS "):
        known = access.find(version2.in_header(call)[0])
        if known is None and not access.declared:
            return Caller(access.owner_id)
        version2.check_form(call)
        version2.check_time(call, now())
        known = _known(call, known, version2.in_header(call)[0])
        version2.check_header(call, known)
        return Caller(known.owner_id)
    if access.declared:
        raise bad_argument(call, "Authorization", authorization, "type of authorization")
    return Caller(access.owner_id)


def _by_v4_query(call: Call, access: Access, now: _Now, bucket_region: _Region) -> Caller:
    known = access.find(version4.access_key_of(call))
    if known is None and not access.declared:
        if "X-Amz-Expires" in call.query:
            version4.check_expiry(call, now())
        version4.check_region(call, bucket_region())
        return Caller(access.owner_id)
    claim = version4.claim_in_query(call, now())
    return _checked(call, claim, known, bucket_region)


def _by_v2_query(call: Call, access: Access, now: _Now) -> Caller:
    query = call.query
    known = access.find(query.get("AWSAccessKeyId", ""))
    needed = known is not None or access.declared
    if needed and not all(query.get(name) for name in ("AWSAccessKeyId", "Expires", "Signature")):
        raise denied(call, "presigned without parameters")
    if "Expires" in query and "AWSAccessKeyId" in query:
        version2.check_expiry(call, now())
    if not needed:
        return Caller(access.owner_id)
    known = _known(call, known, query["AWSAccessKeyId"])
    version2.check_query(call, known)
    return Caller(known.owner_id)


def _checked(call: Call, claim: Claim, known: Credentials | None, bucket_region: _Region) -> Caller:
    version4.check_scope(call, claim, bucket_region())
    version4.check_signed_headers(call, claim)
    known = _known(call, known, claim.access_key)
    header = call.headers.get("x-amz-security-token")
    check_token(call, call.query.get("X-Amz-Security-Token") if header is None else header, known)
    key = version4.check_signature(call, claim, known)
    if not claim.payload_hash.startswith(SIGNED_CHUNKS):
        return Caller(known.owner_id)
    seal = Seal(
        access_key=known.access_key,
        key=key,
        timestamp=claim.timestamp,
        scope=claim.scope,
        signature=claim.signature,
        trailers=claim.payload_hash == SIGNED_TRAILERS,
    )
    return Caller(known.owner_id, seal)


def _known(call: Call, known: Credentials | None, access_key: str) -> Credentials:
    if known is None:
        raise unknown_key(call, access_key)
    return known
