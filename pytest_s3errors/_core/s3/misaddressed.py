"""Requests whose method, address and query do not go together, and S3's refusals of them.

Source: what brekkylab/backlot measured on S3, if nothing else is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.errors.catalogue import refusal
from s3_asyncio_client._core.operations import BUCKET, OPERATIONS, names_of

from .copies import COPY_SOURCE
from .messages import Refused
from .selectors import selected

if TYPE_CHECKING:
    from .messages import Call
    from .request import S3Request

# Refusals of their own, after the bucket is found: selector -> methods, whether the address has a key, situation.
_OWN = {
    "restore": ({"POST"}, False, "UserKeyMustBeSpecified"),
    "logging": ({"GET"}, True, "NoLoggingStatusForKey"),
    "uploadId": ({"GET", "POST", "DELETE"}, False, "InvalidRequest: upload without key"),
    "uploads": ({"GET"}, True, "InvalidRequest: uploads of key"),
    "versions": ({"GET"}, True, "InvalidRequest: versions of key"),
}
# Operations that refuse a version id. PutBucketAcl and forms don't.
_UNVERSIONED = names_of(
    lambda row: (
        (row.level == BUCKET or row.subresource in {"torrent", "uploadId", "uploads"})
        and row.name not in {"PostObject", "PutBucketAcl"}
    )
)
# S3 knows PATCH, too, although no operation has it.
_METHODS = frozenset({"PATCH", *(row.method for row in OPERATIONS.values())})


def check_selectors(call: Call) -> None:
    """Refuse two selectors at once."""
    if len(call.query) > 1 and len(names := selected(call)) > 1:
        elements = {"ArgumentName": "ResourceType", "ArgumentValue": names[0]}
        raise refusal("InvalidArgument: selectors", call, ", ".join(names), elements=elements)


def misplaced(ask: S3Request) -> Refused:
    """Return the refusal of a request that is no operation."""
    call = ask.call
    for name in selected(call):
        methods, at_key, situation = _OWN.get(name, ((), False, ""))
        if call.method in methods and at_key == (call.key is not None):
            ask.readable_bucket()
            return ask.refused(situation)
    if call.method not in _METHODS:
        return ask.refused("BadRequest: method")
    return ask.refused("MethodNotAllowed")


def check_form(ask: S3Request) -> None:
    """Refuse what belongs to other operations: a copy source without a copy, what names a part without UploadPart."""
    call = ask.call
    if COPY_SOURCE in call.headers and call.method != "PUT":
        raise ask.bad_argument(COPY_SOURCE, call.headers[COPY_SOURCE], "copy source elsewhere")
    version_id = call.query.get("versionId")
    if version_id is not None:
        _check_version(ask, version_id)
    if call.key is None and "partNumber" in call.query and "uploadId" not in call.query:
        raise ask.refused("InvalidRequest: part without key")
    if "partNumber" in call.query or ("uploadId" in call.query and call.method == "PUT"):
        part, upload = "partNumber" in call.query, "uploadId" in call.query
        if call.method == "PUT" and not upload:
            # S3 repeats the name of the parameter as its value.
            raise ask.bad_argument("partNumber", "partNumber", "part number alone")
        if upload and (call.method != "PUT" or not part):
            raise ask.refused("MethodNotAllowed")


def _check_version(ask: S3Request, version_id: str) -> None:
    """Refuse a version of what has none, and an empty version id."""
    row = OPERATIONS.get(ask.call.operation or "")
    if row is not None and row.name in _UNVERSIONED:
        # Of the ACL of a bucket S3 says something else.
        situation = "version id" if row.name == "GetBucketAcl" else "no version id"
        raise ask.bad_argument("versionId", version_id, situation)
    if not version_id:
        raise ask.bad_argument("versionId", version_id, "empty version id")
