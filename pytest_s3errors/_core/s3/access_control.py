"""The operations on ACLs of buckets and objects: read one, and replace it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .acls import ACL, check_public
from .documents import Elements, xml_response
from .grants import BUCKET_ACLS, OBJECT_ACLS, grants_of
from .messages import Response
from .payload import receive
from .permissions import may, object_owner, owner_of
from .records import BUCKET_OWNER_ENFORCED
from .stated_grants import document_grants, header_grants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .bucket_record import Bucket
    from .records import Acl, Grant, StoredObject
    from .request import S3Request

_XSI = b'<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="%s">'


def get_bucket_acl(ask: S3Request) -> Response:
    """Return the bucket's owner and grants."""
    bucket = ask.readable_bucket()
    owner = owner_of(ask, bucket)
    return _policy(owner, grants_of(bucket.acl, owner, owner))


def put_bucket_acl(ask: S3Request) -> Response:
    """Replace the bucket's ACL."""
    bucket = ask.readable_bucket()
    bucket.acl = _stated(ask, bucket, BUCKET_ACLS, owner_of(ask, bucket))
    return Response(status=200)


def get_object_acl(ask: S3Request) -> Response:
    """Return a version's owner and grants."""
    bucket, obj = _object(ask, "READ_ACP")
    owner = object_owner(ask, bucket, obj)
    return _policy(owner, grants_of(obj.acl, owner, owner_of(ask, bucket)))


def put_object_acl(ask: S3Request) -> Response:
    """Replace a version's ACL. Refuse a delete marker, whether or not its version is named."""
    marker = ask.readable_bucket().newest(ask.key)
    if marker is not None and marker.delete_marker and "versionId" not in ask.call.query:
        raise ask.is_marker(marker)
    bucket, obj = _object(ask, "WRITE_ACP")
    bucket.amend(obj, acl=_stated(ask, bucket, OBJECT_ACLS, object_owner(ask, bucket, obj)))
    return Response(status=200)


def _object(ask: S3Request, permission: str) -> tuple[Bucket, StoredObject]:
    bucket, obj = ask.named_object()
    if not may(ask, permission, bucket, obj):
        raise ask.refused("AccessDenied")
    return bucket, obj


def _stated(ask: S3Request, bucket: Bucket, canned: frozenset[str], owner: str) -> Acl:
    """Return the ACL in the request, which states it in exactly one way: by name, by headers or by a document."""
    name, grants, body = ask.call.headers.get(ACL), header_grants(ask), bytes(receive(ask).body)
    if name is not None and grants:
        raise ask.refused("InvalidRequest: ACL twice")
    if body and (name is not None or grants):
        raise ask.refused("UnexpectedContent")
    if not (body or name is not None or grants):
        raise ask.refused("MissingSecurityHeader", elements={"MissingHeaderName": ACL})
    if name is not None and name not in canned:
        raise ask.bad_argument(ACL, name, "canned ACL")
    acl: Acl = name or grants or document_grants(ask, body, owner)
    if bucket.ownership == BUCKET_OWNER_ENFORCED:  # only now: a document that is not an ACL is refused before
        raise ask.refused("AccessControlListNotSupported")
    check_public(ask, bucket, acl)
    return acl


def _policy(owner: str, grants: Iterable[Grant]) -> Response:
    listed: Elements = []
    for grant in grants:
        kind = "URI" if grant.grantee.startswith("http:") else "ID"
        listed.append(("Grant", [("Grantee", [(kind, grant.grantee)]), ("Permission", grant.permission)]))
    told = xml_response("AccessControlPolicy", [("Owner", [("ID", owner)]), ("AccessControlList", listed)])
    # The only element in S3's documents with attributes.
    body = bytes(told.body).replace(b"<Grantee><ID>", _XSI % b"CanonicalUser" + b"<ID>")
    return replace(told, body=body.replace(b"<Grantee><URI>", _XSI % b"Group" + b"<URI>"))
