"""Presigned requests: headers that were signed with the URL are in its query."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import Call

_SIGNATURES = frozenset({"X-Amz-Signature", "Signature"})
_CONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})
# Parameters that only describe the signature.
OF_SIGNATURE = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "security-token", "signature", "signedheaders")
)


def with_signed_query(call: Call) -> Call:
    """Return *call* with the headers in its presigned URL. A header that was sent wins over them.

    These are the conditions and all x-amz-, in any case.
    """
    if _SIGNATURES.isdisjoint(call.query):
        return call
    stated = {name.lower(): value for name, value in call.query.items()}
    headers = {name: value for name, value in stated.items() if name in _CONDITIONS or name.startswith("x-amz-")}
    headers = {name: value for name, value in headers.items() if name not in OF_SIGNATURE}
    return replace(call, headers={**headers, **call.headers}) if headers else call
