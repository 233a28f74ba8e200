"""What S3 answers: the table of operations, and `answer`, which sends a request to its own.

The operations live in the modules beside this one. They change the store only when they succeed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_s3errors._core.access import OPEN, Access
from pytest_s3errors._core.body import Body
from pytest_s3errors._core.catalogue import error_reply
from pytest_s3errors._core.messages import Call, ErrorReply, Refused, Response

from . import buckets, copies, deletes, listings, multipart, objects, tags, uploads, versions
from .ask import Ask
from .digests import ALGORITHMS
from .times import parse_basic_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_s3errors._core.store import Store

MAX_EXPIRES_S = 604_800
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"

_OPERATIONS: Mapping[str, Callable[[Ask], Response]] = {
    "AbortMultipartUpload": multipart.abort_multipart_upload,
    "CompleteMultipartUpload": multipart.complete_multipart_upload,
    "CopyObject": copies.copy_object,
    "CreateBucket": buckets.create_bucket,
    "CreateMultipartUpload": multipart.create_multipart_upload,
    "DeleteBucket": buckets.delete_bucket,
    "DeleteBucketTagging": tags.delete_bucket_tagging,
    "DeleteObject": deletes.delete_object,
    "DeleteObjectTagging": tags.delete_object_tagging,
    "DeleteObjects": deletes.delete_objects,
    "GetBucketLocation": buckets.get_bucket_location,
    "GetBucketTagging": tags.get_bucket_tagging,
    "GetBucketVersioning": versions.get_bucket_versioning,
    "GetObject": objects.get_object,
    "GetObjectTagging": tags.get_object_tagging,
    "HeadBucket": buckets.head_bucket,
    "HeadObject": objects.head_object,
    "ListBuckets": buckets.list_buckets,
    "ListMultipartUploads": uploads.list_multipart_uploads,
    "ListObjectVersions": versions.list_object_versions,
    "ListObjects": listings.list_objects,
    "ListObjectsV2": listings.list_objects_v2,
    "ListParts": uploads.list_parts,
    "PutBucketTagging": tags.put_bucket_tagging,
    "PutBucketVersioning": versions.put_bucket_versioning,
    "PutObject": objects.put_object,
    "PutObjectTagging": tags.put_object_tagging,
    "UploadPart": multipart.upload_part,
    "UploadPartCopy": copies.upload_part_copy,
}

SUPPORTED: frozenset[str] = frozenset(_OPERATIONS)
"""The names of the operations that `answer` knows."""

# Headers that would change what is stored or answered and that nothing here obeys yet.
_MISSING_PREFIXES = (
    "x-amz-server-side-encryption-customer-",
    "x-amz-copy-source-server-side-encryption-customer-",
    "x-amz-object-lock-",
    "x-amz-write-offset-bytes",
    "x-amz-checksum-",
)
_KNOWN_CHECKSUMS = frozenset(f"x-amz-checksum-{name}" for name in (*ALGORITHMS, "algorithm", "mode", "type"))


def missing(call: Call) -> str | None:
    """Return what the model lacks to answer *call* as S3 would, in a few words; None where it lacks nothing.

    `answer` would do without it, so a caller who wants no guesses asks here first.
    """
    if call.operation is None:
        return "operation of this form"
    if call.operation not in _OPERATIONS:
        return f"operation {call.operation}"
    for header in call.headers:
        if header.startswith(_MISSING_PREFIXES) and header not in _KNOWN_CHECKSUMS:
            return f"header {header}"
    return None


def answer(
    store: Store, call: Call, body: Body, *, new_id: Callable[[], str], access: Access = OPEN
) -> Response | ErrorReply:
    """Do what *call* asks on *store* and return S3's answer; raises for no input.

    Args:
        store: What S3 holds. It changes only where the answer is a success.
        call: The request.
        body: Its whole body as sent; aws-chunked framing still on.
        new_id: Makes an upload id, another each time.
        access: Who is let in.

    Returns:
        The response without the headers that every answer carries (request ids, Date, Server), or the error.
        An operation outside SUPPORTED gets NotImplemented.
    """
    operation = _OPERATIONS.get(call.operation or "")
    if operation is None:
        return error_reply("NotImplemented", call)
    ask = Ask(
        store=store,
        call=call,
        body=body,
        new_id=new_id,
        bucket=call.bucket or "",
        key=call.key or "",
        access=access,
    )
    try:
        _check_text(ask)
        if call.query:
            _check_expiry(ask)
        return operation(ask)
    except Refused as refusal:
        return refusal.reply


def _check_text(ask: Ask) -> None:
    """Refuse names that have no UTF-8 form: percent-encoded bytes that were no text."""
    text = "".join((ask.key, ask.bucket, *ask.call.query, *ask.call.query.values()))
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ask.refused("InvalidURI")


def _check_expiry(ask: Ask) -> None:
    """Refuse a presigned request whose time is over (fact 54)."""
    query = ask.call.query
    if "X-Amz-Expires" in query:
        ends = _end_of_v4(ask, query["X-Amz-Expires"])
    elif "Expires" in query and "AWSAccessKeyId" in query:
        ends = _end_of_v2(query["Expires"])
    else:
        return
    now = ask.store.now()
    if now > ends:
        elements = {name: query[name] for name in ("X-Amz-Expires",) if name in query}
        elements |= {"Expires": f"{ends:{_SECONDS}}", "ServerTime": f"{now:{_SECONDS}}"}
        raise ask.refused("AccessDenied", message="Request has expired", elements=elements)


def _end_of_v4(ask: Ask, expires: str) -> datetime:
    signed = parse_basic_date(ask.call.query.get("X-Amz-Date", ""))
    if signed is None or not (expires.isascii() and expires.isdigit()):
        message = "X-Amz-Date is a time, X-Amz-Expires a number of seconds."
        raise ask.refused("AuthorizationQueryParametersError", message=message)
    if len(expires) > len(str(MAX_EXPIRES_S)) or int(expires) > MAX_EXPIRES_S:
        message = f"X-Amz-Expires is at most {MAX_EXPIRES_S} seconds, a week."
        raise ask.refused("AuthorizationQueryParametersError", message=message)
    return signed + timedelta(seconds=int(expires))


def _end_of_v2(expires: str) -> datetime:
    """Return the moment that seconds since 1970 name; the beginning of all time where they name none."""
    try:
        return datetime.fromtimestamp(int(expires), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
