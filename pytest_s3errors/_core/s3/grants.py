"""What an ACL grants, and to whom.

A canned ACL stays a name until its grants are needed: the owner's full control, and what the name adds.
Source: S3 User Guide, "Access control list (ACL) overview".
"""

from __future__ import annotations

from collections.abc import Mapping

from .records import PRIVATE, Acl, Grant

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
GROUPS = frozenset({ALL_USERS, AUTHENTICATED_USERS, _LOG_DELIVERY})
FULL = "FULL_CONTROL"
PERMISSIONS = (FULL, "READ", "WRITE", "READ_ACP", "WRITE_ACP")
BUCKET_OWNER_FULL = "bucket-owner-full-control"
_BUCKET_OWNER = "the bucket's owner"

_OF_BUCKETS: Mapping[str, tuple[Grant, ...]] = {
    PRIVATE: (),
    "public-read": (Grant(ALL_USERS, "READ"),),
    "public-read-write": (Grant(ALL_USERS, "READ"), Grant(ALL_USERS, "WRITE")),
    "authenticated-read": (Grant(AUTHENTICATED_USERS, "READ"),),
}
_CANNED: Mapping[str, tuple[Grant, ...]] = {
    **_OF_BUCKETS,
    "log-delivery-write": (Grant(_LOG_DELIVERY, "WRITE"), Grant(_LOG_DELIVERY, "READ_ACP")),
    "aws-exec-read": (),
    "bucket-owner-read": (Grant(_BUCKET_OWNER, "READ"),),
    BUCKET_OWNER_FULL: (Grant(_BUCKET_OWNER, FULL),),
}
BUCKET_ACLS = frozenset({*_OF_BUCKETS, "log-delivery-write"})
OBJECT_ACLS = frozenset(_CANNED) - {"log-delivery-write"}


def grants_of(acl: Acl, owner: str, bucket_owner: str) -> tuple[Grant, ...]:
    """Return all grants of *acl*, which *owner* set on a bucket or object of *bucket_owner*."""
    if not isinstance(acl, str):
        return acl
    more = (grant._replace(grantee=bucket_owner) if grant.grantee == _BUCKET_OWNER else grant for grant in _CANNED[acl])
    return Grant(owner, FULL), *(grant for grant in more if grant.grantee != owner)


def is_public(acl: Acl) -> bool:
    """Return whether *acl* grants anything to everyone, or to everyone with an account."""
    return any(grant.grantee in {ALL_USERS, AUTHENTICATED_USERS} for grant in grants_of(acl, "", ""))
