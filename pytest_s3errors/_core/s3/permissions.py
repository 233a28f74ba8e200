"""Who may do what: the owner everything, others what an ACL grants them.

Asked only where access is declared; elsewhere everybody is the owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_s3errors._core.s3.errors.messages import said
from s3_asyncio_client._core.operations import OPERATIONS, names_of

from .access import account_id
from .grants import ALL_USERS, AUTHENTICATED_USERS, FULL, grants_of
from .records import BUCKET_OWNER_ENFORCED

if TYPE_CHECKING:
    from .access import Access
    from .auth import Caller
    from .messages import Call, Refused
    from .records import Acl
    from .store import Bucket, Store, StoredObject

EXPECTED_OWNER = "x-amz-expected-bucket-owner"
EXPECTED_SOURCE_OWNER = "x-amz-source-expected-bucket-owner"
_ACCOUNT_DIGITS = 12

# What the permissions of a bucket's ACL allow; objects have an ACL of their own, and the rest is the owner's alone.
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


class _Asked(Protocol):
    """What of a request decides whether it is allowed."""

    @property
    def call(self) -> Call: ...
    @property
    def store(self) -> Store: ...
    @property
    def access(self) -> Access: ...
    @property
    def caller(self) -> Caller: ...
    @property
    def bucket(self) -> str: ...
    def refused(self, code: str, *, message: str | None = None) -> Refused: ...


def check_allowed(ask: _Asked) -> None:
    """Refuse with AccessDenied what the caller may not do with the bucket; objects to be read are checked later."""
    operation, caller = ask.call.operation or "", ask.caller.owner_id
    bucket = ask.store.bucket(ask.bucket)
    if bucket is None:
        # A bucket that is not there has no owner; but nobody in particular can't own one.
        if caller is None and (not ask.bucket or operation == "CreateBucket" or ask.store.accepts(ask.bucket)):
            raise ask.refused("AccessDenied")
        return
    if operation == "CreateBucket":
        if caller is None:
            raise ask.refused("AccessDenied")
        return
    check_expected_owner(ask, bucket, EXPECTED_OWNER)
    if not ask.access.declared or caller == owner_of(ask, bucket) or operation in _BY_OBJECT:
        return
    permission = _BY_BUCKET.get(operation)
    if permission is None or not _grants(ask, bucket, bucket.acl, owner_of(ask, bucket), permission):
        raise ask.refused("AccessDenied")


def may_list(ask: _Asked, bucket: Bucket) -> bool:
    """Whether the caller may know which keys *bucket* has (fact 20)."""
    owner = owner_of(ask, bucket)
    if not ask.access.declared or ask.caller.owner_id == owner:
        return True
    return _grants(ask, bucket, bucket.acl, owner, "READ")


def may(ask: _Asked, permission: str, bucket: Bucket, obj: StoredObject) -> bool:
    """Whether the caller has *permission* (READ, READ_ACP, WRITE_ACP) for *obj*."""
    if not ask.access.declared:
        return True
    owner = object_owner(ask, bucket, obj)
    return ask.caller.owner_id == owner or _grants(ask, bucket, obj.acl, owner, permission)


def object_owner(ask: _Asked, bucket: Bucket, obj: StoredObject) -> str:
    """The canonical user id of an object's owner: of the bucket's where ACLs are off."""
    bucket_owner = owner_of(ask, bucket)
    return bucket_owner if bucket.ownership == BUCKET_OWNER_ENFORCED else obj.owner or bucket_owner


def owner_of(ask: _Asked, bucket: Bucket) -> str:
    """The canonical user id of a bucket's owner; what no request made is the first known account's."""
    return bucket.owner or ask.access.owner_id


def check_expected_owner(ask: _Asked, bucket: Bucket, header: str) -> None:
    """Refuse where *header* names another account than the bucket's owner, by number or canonical user id.

    Where access is not declared any account number will do: the test has said nothing about accounts.
    """
    stated = ask.call.headers.get(header)
    owner = owner_of(ask, bucket)
    if stated is None or stated in {owner, account_id(owner)}:
        return
    if not (stated.isascii() and stated.isdigit() and len(stated) == _ACCOUNT_DIGITS):
        message = said("InvalidBucketOwnerAWSAccountID: id", stated)
        raise ask.refused("InvalidBucketOwnerAWSAccountID", message=message)
    if ask.access.declared:
        raise ask.refused("AccessDenied")


def _grants(ask: _Asked, bucket: Bucket, acl: Acl, owner: str, permission: str) -> bool:
    """Whether *acl* gives the caller *permission*; not where ACLs are off, nor to groups where that is blocked."""
    if bucket.ownership == BUCKET_OWNER_ENFORCED:
        return False
    caller = ask.caller.owner_id
    mine = {caller} if caller is not None else set()
    if not bucket.blocks("IgnorePublicAcls"):
        mine |= {ALL_USERS, AUTHENTICATED_USERS} if caller is not None else {ALL_USERS}
    granted = grants_of(acl, owner, owner_of(ask, bucket))
    return any(grant.grantee in mine and grant.permission in {permission, FULL} for grant in granted)
