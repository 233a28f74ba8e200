"""Permissions: the owner may do everything, others what an ACL grants them.

They are checked only if access is declared. Otherwise everyone is the owner.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from s3_asyncio_client._core.operations import OBJECT, OPERATIONS, names_of

from .access import account_id
from .grants import ALL_USERS, AUTHENTICATED_USERS, FULL, grants_of
from .policies import verdict
from .records import BUCKET_OWNER_ENFORCED

if TYPE_CHECKING:
    from .asked import Asked
    from .bucket_record import Bucket
    from .records import Acl, StoredObject

EXPECTED_OWNER = "x-amz-expected-bucket-owner"
EXPECTED_SOURCE_OWNER = "x-amz-source-expected-bucket-owner"
_ACCOUNT_DIGITS = 12

# What the permissions in a bucket's ACL allow. Objects have their own ACL, and only the owner may do the rest.
# Source: S3 User Guide, "Mapping of ACL permissions and access policy permissions".
_GRANTED = {
    "READ": frozenset({"ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"}),
    "WRITE": frozenset({"PutObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"}),
    "READ_ACP": frozenset({"GetBucketAcl"}),
    "WRITE_ACP": frozenset({"PutBucketAcl"}),
}
_BY_BUCKET = {
    row.name: permission
    for permission, actions in _GRANTED.items()
    for row in OPERATIONS.values()
    if row.action in actions
}
_BY_OBJECT = names_of(lambda row: row.action in {"GetObject", "GetObjectAcl", "PutObjectAcl"})


_ON_OBJECTS = {"READ": "GetObject", "READ_ACP": "GetObjectAcl", "WRITE_ACP": "PutObjectAcl"}
# A policy can't lock the bucket's owner out of the policy.
_OF_POLICIES = names_of(lambda row: row.subresource == "policy")
# What S3 lets nobody do without a signature, whatever policies and ACLs allow, and what it says.
_SIGNED_ONLY = {
    "CopyObject": "anonymous copy",
    "CreateBucket": "anonymous",
    "CreateMultipartUpload": "anonymous upload",
    "DeleteBucketOwnershipControls": "anonymous change of ownership",
    "GetBucketOwnershipControls": "anonymous look at ownership",
    "PutBucketAcl": "anonymous",
    "PutBucketOwnershipControls": "anonymous change of ownership",
    "PutObjectAcl": "anonymous",
}
_OF_VERSIONS = re.compile(r"(Get|Put|Delete)Object(|Acl|Tagging)")


def check_allowed(ask: Asked) -> None:
    """Refuse with AccessDenied what the caller may not do with the bucket. Objects to be read are checked later."""
    operation, caller = ask.call.operation or "", ask.caller.owner_id
    bucket = ask.store.bucket(ask.bucket)
    if bucket is None:
        # A missing bucket has no owner, but an anonymous caller can't own one.
        if caller is None and operation == "CreateBucket":
            raise ask.refused(f"AccessDenied: {_SIGNED_ONLY[operation]}")
        if caller is None and (not ask.bucket or ask.store.accepts(ask.bucket)):
            raise ask.refused("AccessDenied")
        return
    if caller is None and operation in _SIGNED_ONLY:
        raise ask.refused(f"AccessDenied: {_SIGNED_ONLY[operation]}")
    if operation == "CreateBucket":
        return
    check_expected_owner(ask, bucket, EXPECTED_OWNER)
    mine = caller == owner_of(ask, bucket)
    allowed = _by_policy(ask, bucket)
    if allowed is False and not (mine and operation in _OF_POLICIES):
        raise ask.refused("AccessDenied")
    if not ask.access.declared or mine or allowed or operation in _BY_OBJECT:
        return
    permission = _BY_BUCKET.get(operation)
    if permission is None or not _grants(ask, bucket, bucket.acl, owner_of(ask, bucket), permission):
        raise ask.refused("AccessDenied")


def check_policy(ask: Asked, bucket: Bucket) -> None:
    """Refuse with AccessDenied what the bucket's policy denies."""
    if _by_policy(ask, bucket) is False:
        raise ask.refused("AccessDenied")


def _by_policy(ask: Asked, bucket: Bucket) -> bool | None:
    row = OPERATIONS.get(ask.call.operation or "")
    if bucket.policy is None or row is None:
        return None
    resource = f"{bucket.name}/{ask.key}" if row.acts_on == OBJECT else bucket.name
    return verdict(ask, bucket, _versioned(ask, row.action), resource)


def _versioned(ask: Asked, action: str) -> str:
    """Return the action of a request for a version, which has its own permission."""
    return _OF_VERSIONS.sub(r"\1ObjectVersion\2", action) if "versionId" in ask.call.query else action


def may_list(ask: Asked, bucket: Bucket) -> bool:
    """Return whether the caller may know which keys *bucket* has (fact 20)."""
    owner, said = owner_of(ask, bucket), verdict(ask, bucket, "ListBucket", bucket.name)
    if said is not None or not ask.access.declared or ask.caller.owner_id == owner:
        return said is not False
    return _grants(ask, bucket, bucket.acl, owner, "READ")


def may(ask: Asked, permission: str, bucket: Bucket, obj: StoredObject) -> bool:
    """Return whether the caller has *permission* (READ, READ_ACP, WRITE_ACP) for *obj*."""
    said = None
    if bucket.policy is not None:
        said = verdict(ask, bucket, _versioned(ask, _ON_OBJECTS[permission]), f"{obj.bucket}/{obj.key}")
    if said is not None or not ask.access.declared:
        return said is not False
    owner = object_owner(ask, bucket, obj)
    return ask.caller.owner_id == owner or _grants(ask, bucket, obj.acl, owner, permission)


def object_owner(ask: Asked, bucket: Bucket, obj: StoredObject) -> str:
    """Return the canonical user id of an object's owner: the bucket's owner if ACLs are off."""
    bucket_owner = owner_of(ask, bucket)
    return bucket_owner if bucket.ownership == BUCKET_OWNER_ENFORCED else obj.owner or bucket_owner


def owner_of(ask: Asked, bucket: Bucket) -> str:
    """Return the canonical user id of a bucket's owner: the first known account if no request created the bucket."""
    return bucket.owner or ask.access.owner_id


def check_expected_owner(ask: Asked, bucket: Bucket, header: str) -> None:
    """Refuse if *header* names an account other than the bucket's owner, by number or canonical user id.

    If access is not declared, any account number is accepted, since the test has declared no accounts.
    """
    stated = ask.call.headers.get(header)
    owner = owner_of(ask, bucket)
    if stated is None or stated in {owner, account_id(owner)}:
        return
    if not (stated.isascii() and stated.isdigit() and len(stated) == _ACCOUNT_DIGITS):
        raise ask.refused("InvalidBucketOwnerAWSAccountID: id", stated)
    if ask.access.declared:
        raise ask.refused("AccessDenied")


def _grants(ask: Asked, bucket: Bucket, acl: Acl, owner: str, permission: str) -> bool:
    """Return whether *acl* grants the caller *permission*. It does not if ACLs are off, nor to blocked groups."""
    if bucket.ownership == BUCKET_OWNER_ENFORCED:
        return False
    caller = ask.caller.owner_id
    mine = {caller} if caller is not None else set()
    if not bucket.blocks("IgnorePublicAcls"):
        mine |= {ALL_USERS, AUTHENTICATED_USERS} if caller is not None else {ALL_USERS}
    granted = grants_of(acl, owner, owner_of(ask, bucket))
    return any(grant.grantee in mine and grant.permission in {permission, FULL} for grant in granted)
