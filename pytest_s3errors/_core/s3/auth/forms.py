"""The signature of a form upload, which covers only its policy."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.errors.catalogue import bad_argument, refusal

from . import version2, version4
from .canonical import ALGORITHM, sign, signing_key
from .identity import Caller, unsigned
from .refusals import check_token, mismatch, unknown_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_s3errors._core.s3.access import Access, Credentials
    from pytest_s3errors._core.s3.messages import Call, Refused

_V4_FIELDS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature")
_V2_FIELDS = ("AWSAccessKeyId", "Signature")


def identify_form(call: Call, fields: Mapping[str, str], access: Access) -> Caller:
    """Return the account that signed the policy of a form. A form without a policy has no signature.

    Args:
        call: The request.
        fields: Of the form, names in lower case.
        access: Who is known.

    Raises:
        Refused: The signature is wrong, missing, or outside the form.
    """
    if "authorization" in call.headers:
        raise refusal("CredentialsNotSupported", call)
    policy = fields.get("policy")
    if policy is None:
        return unsigned(access)
    in_v4 = any(name.lower() in fields for name in _V4_FIELDS)
    if not (in_v4 or any(name.lower() in fields for name in _V2_FIELDS)):
        raise refusal("AccessDenied", call)
    for name in _V4_FIELDS if in_v4 else _V2_FIELDS:
        if not fields.get(name.lower()):
            raise missing_field(call, name)
    access_key = fields["x-amz-credential"].rsplit("/", 4)[0] if in_v4 else fields["awsaccesskeyid"]
    known = access.find(access_key)
    if known is None:
        if not access.declared:
            return Caller(access.owner_id)
        raise unknown_key(call, access_key)
    check_token(call, fields.get("x-amz-security-token"), known)
    if in_v4:
        _check_v4(call, fields, policy, known)
    else:
        _compare(call, known, version2.sign(known.secret_key, policy), fields["signature"], policy)
    return Caller(known.owner_id)


def missing_field(call: Call, name: str) -> Refused:
    """Return InvalidArgument for a missing field of a form (fact 59)."""
    return bad_argument(call, name, "", "form field", name)


def _check_v4(call: Call, fields: Mapping[str, str], policy: str, known: Credentials) -> None:
    algorithm = fields.get("x-amz-algorithm", "")
    if algorithm != ALGORITHM:
        raise bad_argument(call, "X-Amz-Algorithm", algorithm, message=f"X-Amz-Algorithm is {ALGORITHM} only")
    claim = version4.claim_in_form(call, fields)
    version4.check_scope(call, claim, None, form=fields["x-amz-credential"])
    ours = sign(signing_key(known.secret_key, claim.date, claim.region), policy)
    _compare(call, known, ours, claim.signature, policy)


def _compare(call: Call, known: Credentials, ours: str, theirs: str, policy: str) -> None:
    if not (theirs.isascii() and compare_digest(ours, theirs)):
        raise mismatch(call, known.access_key, theirs, policy)
