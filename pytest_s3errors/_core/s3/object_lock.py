"""Object lock: how long a version can't be deleted, by retention and by legal hold.

A retention in COMPLIANCE mode can only be extended until it is over. One in GOVERNANCE mode can be bypassed by a
request with that header. A legal hold lasts until it is removed. Both protect a version, not its key: a delete marker
can always be added.
Sources: S3 User Guide, "Locking objects with Object Lock"; messages and most codes were recorded.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core.digits import whole_number

from .bucket_record import Bucket
from .commit import whole_second
from .digests import is_undigested
from .documents import Elements, text_of, xml_response
from .messages import Response
from .payload import configuration
from .records import ENABLED, DefaultRetention, Retention, StoredObject
from .times import iso_date, java_date

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .request import S3Request

LOCK = "x-amz-object-lock-"
_MODE, _UNTIL, _HOLD = f"{LOCK}mode", f"{LOCK}retain-until-date", f"{LOCK}legal-hold"
_BYPASS = "x-amz-bypass-governance-retention"
_BORN = "x-amz-bucket-object-lock-enabled"
_GOVERNANCE = "GOVERNANCE"
_MODES = frozenset({_GOVERNANCE, "COMPLIANCE"})
_HOLDS = frozenset({"ON", "OFF"})
_MAX_DAYS, _MAX_YEARS = 36_500, 100


# The bucket.


def is_born_locked(ask: S3Request) -> bool:
    """Return whether a new bucket gets object lock, and with it versioning."""
    return ask.call.headers.get(_BORN, "").lower() == "true"


def put_object_lock_configuration(ask: S3Request) -> Response:
    """Enable object lock permanently, and set the default retention of new objects."""
    bucket, wanted = configuration(ask, "ObjectLockConfiguration")
    if text_of(wanted, "ObjectLockEnabled") != ENABLED:
        raise ask.refused("MalformedXML")
    if bucket.versioning != ENABLED:
        raise ask.refused("InvalidBucketState")
    rule = wanted.find("Rule")
    bucket.default_retention = None if rule is None else _default(ask, rule.find("DefaultRetention"))
    bucket.locked = True
    return Response(status=200)


def _default(ask: S3Request, wanted: ET.Element | None) -> DefaultRetention:
    mode = None if wanted is None else text_of(wanted, "Mode")
    spans = [] if wanted is None else [(unit, text) for unit in ("Days", "Years") if (text := text_of(wanted, unit))]
    if mode not in _MODES or len(spans) != 1:
        raise ask.refused("MalformedXML")
    ((unit, text),) = spans
    length = whole_number(text, digits=len(str(_MAX_DAYS)))
    if length is None or not 1 <= length <= (_MAX_DAYS if unit == "Days" else _MAX_YEARS):
        message = f"A default retention is 1 to {_MAX_DAYS} days or 1 to {_MAX_YEARS} years"
        raise ask.refused("InvalidArgument", message=message)
    return DefaultRetention(mode, unit, length)


def get_object_lock_configuration(ask: S3Request) -> Response:
    """Return the default."""
    bucket = ask.readable_bucket()
    if not bucket.locked:
        raise ask.refused("ObjectLockConfigurationNotFoundError")
    children: Elements = [("ObjectLockEnabled", ENABLED)]
    if default := bucket.default_retention:
        span = [("Mode", default.mode), (default.unit, str(default.length))]
        children.append(("Rule", [("DefaultRetention", span)]))
    return xml_response("ObjectLockConfiguration", children)


# Objects.


def put_object_retention(ask: S3Request) -> Response:
    """Set or extend the retention of a version. Shorten or remove it if that is allowed."""
    _, wanted = configuration(ask, "Retention")  # S3 reads it before it checks whether the bucket has object lock
    bucket, obj = _locked(ask)
    mode, until = text_of(wanted, "Mode"), text_of(wanted, "RetainUntilDate")
    if (mode is None) != (until is None) or (mode is not None and mode not in _MODES):
        raise ask.refused("MalformedXML")
    retention = None if mode is None or until is None else Retention(mode, _until(ask, "RetainUntilDate", until))
    current = _in_force(ask, obj)
    longer = current and retention and retention.mode == current.mode and retention.until >= current.until
    if current and not longer and not _gives_way(ask, current):
        raise ask.refused("AccessDenied: object lock")
    bucket.amend(obj, retention=retention)
    return Response(status=200)


def get_object_retention(ask: S3Request) -> Response:
    """Return mode and end, which may have passed."""
    _, obj = _locked(ask)
    if obj.retention is None:
        raise ask.refused("NoSuchObjectLockConfiguration")
    children = [("Mode", obj.retention.mode), ("RetainUntilDate", iso_date(obj.retention.until))]
    return xml_response("Retention", children)


def put_object_legal_hold(ask: S3Request) -> Response:
    """Set or remove the legal hold of a version."""
    _, wanted = configuration(ask, "LegalHold")
    bucket, obj = _locked(ask)
    status = text_of(wanted, "Status")
    if status not in _HOLDS:
        raise ask.refused("MalformedXML")
    bucket.amend(obj, legal_hold=status)
    return Response(status=200)


def get_object_legal_hold(ask: S3Request) -> Response:
    """Return ON or OFF."""
    _, obj = _locked(ask)
    if not obj.legal_hold:
        raise ask.refused("NoSuchObjectLockConfiguration")
    return xml_response("LegalHold", [("Status", obj.legal_hold)])


def _locked(ask: S3Request) -> tuple[Bucket, StoredObject]:
    """Return bucket and version, or refuse: the bucket has no object lock, or the version does not exist."""
    bucket = ask.readable_bucket()
    if not bucket.locked:
        raise ask.refused("InvalidRequest: no lock")
    return bucket, ask.readable_object()


# Writes and deletions.


def stated_lock(ask: S3Request, bucket: Bucket | None) -> dict[str, Any]:
    """Return retention and legal hold of a `StoredObject`, from the headers or else from the bucket's default.

    Refuse with InvalidRequest or InvalidArgument.
    """
    headers = ask.call.headers
    mode, until, hold = headers.get(_MODE), headers.get(_UNTIL), headers.get(_HOLD)
    if (mode, until, hold) != (None, None, None) and (bucket is None or not bucket.locked):
        raise ask.refused("InvalidRequest: no lock")
    if hold is not None and hold not in _HOLDS:
        raise ask.bad_argument(_HOLD, hold, "legal hold")
    lock = {"retention": _stated(ask, bucket, mode, until), "legal_hold": hold or ""}
    if ask.call.operation == "PutObject":
        _check_digested(ask, "Object", locked=hold is not None or lock["retention"] is not None)
    return lock


def check_part(ask: S3Request, draft: StoredObject) -> None:
    """Refuse a part without a digest, if the object that it is for will be locked."""
    _check_digested(ask, "Part", locked=draft.retention is not None or draft.legal_hold != "")


def _check_digested(ask: S3Request, what: str, *, locked: bool) -> None:
    if locked and is_undigested(ask):
        raise ask.refused("InvalidRequest: lock without digest", what)


def _stated(ask: S3Request, bucket: Bucket | None, mode: str | None, until: str | None) -> Retention | None:
    if mode is None and until is None:
        return None if bucket is None else _by_default(bucket.default_retention, ask.store.now())
    if mode is None or until is None:
        missing = _MODE if mode is None else _UNTIL
        raise ask.bad_argument(missing, None, "lock date and mode")
    if mode not in _MODES:
        raise ask.bad_argument(_MODE, mode, "lock mode")
    return Retention(mode, _until(ask, _UNTIL, until))


def _by_default(default: DefaultRetention | None, now: datetime) -> Retention | None:
    if default is None:
        return None
    days = default.length if default.unit == "Days" else default.length * 365
    return Retention(default.mode, now + timedelta(days=days))


def _until(ask: S3Request, name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        wrong = ask.bad_argument(name, text, "lock date form") if name == _UNTIL else ask.refused("MalformedXML")
        raise wrong from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment <= ask.store.now():
        raise ask.bad_argument(name, java_date(moment), "lock date past")
    return whole_second(moment)  # as it is told, so that a client that waits until then finds the lock gone


def check_bypass(ask: S3Request) -> None:
    """Refuse the header that bypasses a retention, whatever its value, in a bucket without object lock."""
    bucket = ask.store.bucket(ask.bucket)
    if _BYPASS in ask.call.headers and (bucket is None or not bucket.locked):
        raise ask.bad_argument(_BYPASS, None, "bypass")


def check_unlocked(ask: S3Request, version: StoredObject | None) -> None:
    """Refuse to delete a version with a legal hold or a retention."""
    if version is None:
        return
    current = _in_force(ask, version)
    if version.legal_hold == "ON" or (current and not _gives_way(ask, current)):
        raise ask.refused("AccessDenied: object lock")


def _in_force(ask: S3Request, obj: StoredObject) -> Retention | None:
    return obj.retention if obj.retention and obj.retention.until > ask.store.now() else None


def _gives_way(ask: S3Request, current: Retention) -> bool:
    return current.mode == _GOVERNANCE and ask.call.headers.get(_BYPASS, "").lower() == "true"


def lock_headers(obj: StoredObject) -> dict[str, str]:
    """Return the headers about an object's lock."""
    headers = {_HOLD: obj.legal_hold} if obj.legal_hold else {}
    if obj.retention:
        headers |= {_MODE: obj.retention.mode, _UNTIL: iso_date(obj.retention.until)}
    return headers
