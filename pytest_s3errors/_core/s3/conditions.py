"""Conditional requests: which conditions a request states, and whether they hold.

Reads and copy sources follow RFC 9110, 13.2.2. Writes accept only `If-None-Match: *` and `If-Match: etag`. Conditions
have AWS's casing, as in the Condition element of PreconditionFailed (facts 46-49).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .times import http_date, parse_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .messages import Refused
    from .records import StoredObject, Upload
    from .request import S3Request

_OF_READS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})
# What additionalMessage says, as recorded (LSREC).
_TWO = "Multiple conditional request headers present in the request"
_VALUE = "We don't accept the provided value of {} header for this API"


def check_read(ask: S3Request, obj: StoredObject) -> None:
    """Refuse a GetObject or HeadObject whose conditions do not hold: 412, or 304 for an unchanged object."""
    headers = ask.call.headers
    if _OF_READS.isdisjoint(headers):
        return
    failed = failed_condition(headers, obj, ask.store.now())
    if failed is None:
        return
    if failed in {"If-None-Match", "If-Modified-Since"}:
        unchanged = {"ETag": f'"{obj.etag}"', "Last-Modified": http_date(obj.last_modified)}
        raise ask.refused("NotModified", headers=unchanged)
    raise precondition_failed(ask, failed)


def check_copy_source(ask: S3Request, source: StoredObject) -> None:
    """Refuse a copy whose `x-amz-copy-source-if-*` conditions do not hold: always 412 (fact 47)."""
    failed = failed_condition(ask.call.headers, source, ask.store.now(), prefix="x-amz-copy-source-")
    if failed is not None:
        raise precondition_failed(ask, f"x-amz-copy-source-{failed}")


def check_write(ask: S3Request) -> None:
    """Refuse a write whose conditions on the current object do not hold."""
    if_match, if_none_match = ask.call.headers.get("if-match"), ask.call.headers.get("if-none-match")
    if if_match is None and if_none_match is None:
        return
    if if_match is not None and if_none_match is not None:
        raise _not_offered(ask, "If-Match,If-None-Match", _TWO)
    current = ask.store.find(ask.bucket, ask.key)
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise _not_offered(ask, "If-None-Match", _VALUE.format("If-None-Match"))
        if current is not None:
            raise precondition_failed(ask, "If-None-Match")
    if if_match is not None:
        if if_match.strip() == "*":
            raise _not_offered(ask, "If-Match", _VALUE.format("If-Match"))
        check_still(ask, current, if_match)


def check_not_overtaken(ask: S3Request, upload: Upload) -> None:
    """Refuse a conditional completion if the key was written to or deleted since the upload began (fact 50)."""
    if upload.overtaken:
        for name in ("If-Match", "If-None-Match"):
            if name.lower() in ask.call.headers:
                raise ask.refused("ConditionalRequestConflict", elements={"Condition": name})


def check_delete(ask: S3Request, current: StoredObject | None) -> None:
    """Refuse a DeleteObject of *current* with a condition that fails, or that it can't have (fact 51)."""
    for header in ("x-amz-if-match-last-modified-time", "x-amz-if-match-size"):
        if header in ask.call.headers:
            raise ask.refused("NotImplemented", elements={"Header": header})
    if_match = ask.call.headers.get("if-match")
    if if_match is not None:
        if "versionId" in ask.call.query:
            raise ask.refused("NotImplemented", elements={"Header": "If-Match"})
        check_still(ask, current, if_match)


def check_still(ask: S3Request, current: StoredObject | None, if_match: str) -> None:
    """Refuse unless *if_match* names the ETag of the *current* object. If it is gone: NoSuchKey (fact 48)."""
    if current is None or current.delete_marker:
        raise ask.refused("NoSuchKey")
    if not etag_matches(if_match, current.etag):
        raise precondition_failed(ask, "If-Match")


def failed_condition(headers: Mapping[str, str], obj: StoredObject, now: datetime, prefix: str = "") -> str | None:
    """Return the name, in AWS's casing and without *prefix*, of the first condition that *obj* fails. None: all hold.

    An If-Match that holds overrides If-Unmodified-Since; an If-None-Match that holds overrides If-Modified-Since. Text
    that is not a date, or a date after *now*, is ignored.
    """
    if_match = headers.get(f"{prefix}if-match")
    if if_match is not None:
        if not etag_matches(if_match, obj.etag):
            return "If-Match"
    elif _changed_since(headers.get(f"{prefix}if-unmodified-since"), obj, now) is True:
        return "If-Unmodified-Since"
    if_none_match = headers.get(f"{prefix}if-none-match")
    if if_none_match is not None:
        return "If-None-Match" if etag_matches(if_none_match, obj.etag) else None
    if _changed_since(headers.get(f"{prefix}if-modified-since"), obj, now) is False:
        return "If-Modified-Since"
    return None


def etag_matches(condition: str, etag: str) -> bool:
    """Return whether a condition's list of ETags, quoted or not, or `*`, matches the unquoted *etag*."""
    if condition.strip() == "*":
        return True
    return any(one.strip().removeprefix("W/").strip('"') == etag for one in condition.split(","))


def precondition_failed(ask: S3Request, condition: str) -> Refused:
    """Return PreconditionFailed with *condition* in AWS's casing."""
    return ask.refused("PreconditionFailed", elements={"Condition": condition})


def _changed_since(date: str | None, obj: StoredObject, now: datetime) -> bool | None:
    moment = None if date is None else parse_http_date(date)
    return None if moment is None or moment > now else obj.last_modified > moment


def _not_offered(ask: S3Request, header: str, why: str) -> Refused:
    return ask.refused("NotImplemented", elements={"Header": header, "additionalMessage": why})
