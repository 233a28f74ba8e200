"""Canned ACLs and who owns what is written: what a request's headers say, and what the bucket lets them say.

S3 switches ACLs off in a new bucket (BucketOwnerEnforced), unless x-amz-object-ownership says otherwise at its birth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_s3errors._core.s3.errors.messages import said

from .access import OWNERSHIPS
from .records import BUCKET_OWNER_ENFORCED, PRIVATE, PUBLIC_BLOCKS

if TYPE_CHECKING:
    from .request import S3Request
    from .store import Bucket

_, PREFERRED, _ = OWNERSHIPS
FULL_CONTROL = "bucket-owner-full-control"
GRANT = "x-amz-grant-"
_ACL, _OWNERSHIP = "x-amz-acl", "x-amz-object-ownership"
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
_BUCKET_ACLS = _PUBLIC_ACLS | {PRIVATE}
_OBJECT_ACLS = _BUCKET_ACLS | {"aws-exec-read", "bucket-owner-read", FULL_CONTROL}


def bucket_ownership(ask: S3Request) -> tuple[str, str]:
    """Return ownership and canned ACL of a bucket to be made.

    Refuses with InvalidArgument, InvalidBucketAclWithObjectOwnership, InvalidBucketAclWithBlockPublicAccessError or,
    for grants, NotImplemented.
    """
    headers = ask.call.headers
    ownership, acl = headers.get(_OWNERSHIP, ask.access.ownership), headers.get(_ACL, PRIVATE)
    if ownership not in OWNERSHIPS:
        raise ask.bad_argument(_OWNERSHIP, None, said("InvalidArgument: ownership", ownership))
    if acl not in _BUCKET_ACLS:
        raise ask.bad_argument(_ACL, acl, "S3 has no such canned ACL for buckets")
    granted = any(name.startswith(GRANT) for name in headers)
    if ownership == BUCKET_OWNER_ENFORCED and (granted or acl != PRIVATE):
        raise ask.refused("InvalidBucketAclWithObjectOwnership")
    if granted:
        raise ask.refused("NotImplemented")
    if acl in _PUBLIC_ACLS and born_blocked(ask):
        raise ask.refused("InvalidBucketAclWithBlockPublicAccessError")
    return ownership, acl


def born_blocked(ask: S3Request) -> frozenset[str] | None:
    """Return the public access block of a new bucket: on in all ways since new buckets have no ACLs."""
    return frozenset(PUBLIC_BLOCKS) if ask.access.ownership == BUCKET_OWNER_ENFORCED else None


def object_ownership(ask: S3Request, *, granted: bool) -> tuple[str, str]:
    """Return owner and canned ACL of an object to be written; *granted* says that headers grant more.

    Refuses with InvalidArgument, AccessControlListNotSupported or, for grants, NotImplemented.
    """
    acl = ask.call.headers.get(_ACL, PRIVATE)
    if acl not in _OBJECT_ACLS:
        raise ask.bad_argument(_ACL, acl, "S3 has no such canned ACL for objects")
    bucket = ask.store.bucket(ask.bucket)
    if bucket is None or bucket.ownership == BUCKET_OWNER_ENFORCED:
        if granted or acl not in {PRIVATE, FULL_CONTROL}:
            raise ask.refused("AccessControlListNotSupported")
        return (ask.caller.owner_id or "") if bucket is None else bucket.owner, PRIVATE
    if granted:
        raise ask.refused("NotImplemented")
    if acl in _PUBLIC_ACLS and bucket.blocks("BlockPublicAcls"):
        raise ask.refused("AccessDenied")
    return _owner(ask, bucket, acl), acl


def _owner(ask: S3Request, bucket: Bucket, acl: str) -> str:
    given_up = bucket.ownership == PREFERRED and acl == FULL_CONTROL
    # What nobody in particular writes is the bucket owner's, who could not take it away otherwise.
    return bucket.owner if given_up or ask.caller.owner_id is None else ask.caller.owner_id
