"""Who may do what: the owner everything, others what a canned ACL grants them.

Asked only where access is declared; elsewhere everybody is the owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pytest_s3errors._core.s3.errors.messages import said
from s3_asyncio_client._core.operations import names_of

from .access import account_id
from .records import BUCKET_OWNER_ENFORCED

if TYPE_CHECKING:
    from .access import Access
    from .auth import Caller
    from .messages import Call, Refused
    from .store import Bucket, Store, StoredObject

EXPECTED_OWNER = "x-amz-expected-bucket-owner"
EXPECTED_SOURCE_OWNER = "x-amz-source-expected-bucket-owner"
_ACCOUNT_DIGITS = 12

# What READ and WRITE of a bucket's ACL allow; objects have an ACL of their own, and the rest is the owner's alone.
# Source: S3 User Guide, "Mapping of ACL permissions and access policy permissions".
_READ = frozenset({"ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"})
_WRITE = frozenset({"PutObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"})
_LISTING = names_of(lambda row: row.action in _READ)
_WRITING = names_of(lambda row: row.action in _WRITE)
_READING = names_of(lambda row: row.action == "GetObject")
_PUBLIC = frozenset({"public-read", "public-read-write"})


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
    if not ask.access.declared or caller == owner_of(ask, bucket) or operation in _READING:
        return
    if operation in _LISTING and _reads(ask, bucket, bucket.acl):
        return
    if operation in _WRITING and bucket.acl == "public-read-write" and not _ignores_public(bucket):
        return
    raise ask.refused("AccessDenied")


def may_list(ask: _Asked, bucket: Bucket) -> bool:
    """Whether the caller may know which keys *bucket* has (fact 20)."""
    return not ask.access.declared or ask.caller.owner_id == owner_of(ask, bucket) or _reads(ask, bucket, bucket.acl)


def may_read(ask: _Asked, bucket: Bucket, obj: StoredObject) -> bool:
    """Whether the caller may read *obj*."""
    if not ask.access.declared:
        return True
    caller, bucket_owner = ask.caller.owner_id, owner_of(ask, bucket)
    enforced = bucket.ownership == BUCKET_OWNER_ENFORCED
    owner = bucket_owner if enforced else obj.owner or bucket_owner
    shared = obj.acl in {"bucket-owner-read", "bucket-owner-full-control"}
    return caller == owner or _reads(ask, bucket, obj.acl) or (shared and caller == bucket_owner)


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


def _reads(ask: _Asked, bucket: Bucket, acl: str) -> bool:
    groups = acl in _PUBLIC or (acl == "authenticated-read" and ask.caller.owner_id is not None)
    return groups and not _ignores_public(bucket)


def _ignores_public(bucket: Bucket) -> bool:
    return bucket.ownership == BUCKET_OWNER_ENFORCED or bucket.blocks("IgnorePublicAcls")
