"""Owner and ACL of a new bucket or object: what the headers state, and what the bucket allows them to state.

S3 disables ACLs in a new bucket (BucketOwnerEnforced) unless CreateBucket has another x-amz-object-ownership.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .access import OWNERSHIPS
from .grants import BUCKET_ACLS, BUCKET_OWNER_FULL, OBJECT_ACLS, is_public
from .records import BUCKET_OWNER_ENFORCED, PRIVATE, PUBLIC_BLOCKS
from .stated_grants import GRANT, header_grants

if TYPE_CHECKING:
    from .bucket_record import Bucket
    from .records import Acl
    from .request import S3Request

_, PREFERRED, _ = OWNERSHIPS
ACL, _OWNERSHIP = "x-amz-acl", "x-amz-object-ownership"


def bucket_ownership(ask: S3Request) -> tuple[str, Acl]:
    """Return ownership and ACL of a new bucket.

    Refuse with InvalidArgument, InvalidRequest, InvalidBucketAclWithObjectOwnership or
    InvalidBucketAclWithBlockPublicAccessError.
    """
    ownership = ask.call.headers.get(_OWNERSHIP, ask.access.ownership)
    if ownership not in OWNERSHIPS:
        raise ask.bad_argument(_OWNERSHIP, None, "ownership", ownership)
    off = ownership == BUCKET_OWNER_ENFORCED
    if off and any(name.startswith(GRANT) for name in ask.call.headers):
        raise ask.refused("InvalidBucketAclWithObjectOwnership")
    acl = _stated(ask, BUCKET_ACLS)
    if off and acl != PRIVATE:
        raise ask.refused("InvalidBucketAclWithObjectOwnership")
    if is_public(acl) and born_blocked(ask):
        raise ask.refused("InvalidBucketAclWithBlockPublicAccessError")
    return ownership, acl


def born_blocked(ask: S3Request) -> frozenset[str] | None:
    """Return the public access block of a new bucket. S3 turns on all switches since new buckets have no ACLs."""
    return frozenset(PUBLIC_BLOCKS) if ask.access.ownership == BUCKET_OWNER_ENFORCED else None


def object_ownership(ask: S3Request, bucket: Bucket | None, *, granted: bool) -> tuple[str, Acl]:
    """Return owner and ACL of a new object in *bucket* (None: it is new too). *granted*: headers grant something.

    Refuse with InvalidArgument, InvalidRequest, AccessControlListNotSupported or, for a public object if that is
    blocked, AccessDenied.
    """
    off = bucket is None or bucket.ownership == BUCKET_OWNER_ENFORCED
    acl = _stated(ask, OBJECT_ACLS) if granted or ACL in ask.call.headers else PRIVATE
    if off and granted:
        raise ask.refused("AccessControlListNotSupported")
    if bucket is None or off:
        if acl not in {PRIVATE, BUCKET_OWNER_FULL}:
            raise ask.refused("AccessControlListNotSupported")
        return (ask.caller.owner_id or "") if bucket is None else bucket.owner, PRIVATE
    check_public(ask, bucket, acl)
    return _owner(ask, bucket, acl), acl


def check_public(ask: S3Request, bucket: Bucket, acl: Acl) -> None:
    """Refuse with AccessDenied an ACL that would make something public that the bucket blocks."""
    if bucket.blocks("BlockPublicAcls") and is_public(acl):
        raise ask.refused("AccessDenied")


def _stated(ask: S3Request, canned: frozenset[str]) -> Acl:
    acl, grants = ask.call.headers.get(ACL), header_grants(ask)
    if acl is not None and acl not in canned:
        raise ask.bad_argument(ACL, acl, "canned ACL")
    if acl is not None and grants:
        raise ask.refused("InvalidRequest: ACL twice")
    return acl or grants or PRIVATE


def _owner(ask: S3Request, bucket: Bucket, acl: Acl) -> str:
    given_up = bucket.ownership == PREFERRED and acl == BUCKET_OWNER_FULL
    # The bucket's owner owns anonymous objects, since it could not delete them otherwise.
    return bucket.owner if given_up or ask.caller.owner_id is None else ask.caller.owner_id
