"""Who has access: the credentials that the simulated S3 knows, and what it does with everyone else."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from .records import BUCKET_OWNER_ENFORCED

OWNERSHIPS = (BUCKET_OWNER_ENFORCED, "BucketOwnerPreferred", "ObjectWriter")
"""Who owns what others write into a bucket. With the first value the bucket has no ACLs."""

NOBODY_ID = "5eed" * 16
"""The canonical user id that owns everything if no credentials are known. It has S3's form and no account."""

_ACCOUNTS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One key pair, which is one account. The secret parts are not in ``repr``."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def owner_id(self) -> str:
        """The account's canonical user id, 64 hex digits. It depends only on the access key."""
        return _owner_id(self.access_key)

    @property
    def account_id(self) -> str:
        """The account's number, 12 digits. It depends only on the access key."""
        return account_id(self.owner_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whom S3 lets in.

    The signature of a request with a key in `known` is always verified. Requests with another key or without a
    signature are let in as the first known account, until access is `declared`. Then unknown keys get
    InvalidAccessKeyId, each account has its own buckets, and unsigned requests get what is public, otherwise
    AccessDenied. `anonymous` lets unsigned requests in as the first known account even then. `ownership` is the default
    of new buckets; S3's own default was ObjectWriter, with ACLs, until 2023.
    """

    known: tuple[Credentials, ...] = ()
    declared: bool = False
    anonymous: bool = False
    ownership: str = BUCKET_OWNER_ENFORCED
    owner_id: str = field(init=False, repr=False)
    """The canonical user id of the first known account, which owns everything that no request created."""

    def __post_init__(self) -> None:
        """Fill in the owner once, for every request asks."""
        object.__setattr__(self, "owner_id", self.known[0].owner_id if self.known else NOBODY_ID)

    def find(self, access_key: str) -> Credentials | None:
        """Return the known credentials with this access key, or None."""
        for one in self.known:
            if one.access_key == access_key:
                return one
        return None


OPEN = Access()
"""No account is known, and everyone is let in."""


def account_id(owner_id: str) -> str:
    """Return the 12 digits of the account with the canonical user id *owner_id*."""
    return f"{int(owner_id, 16) % _ACCOUNTS:012}"


@lru_cache(maxsize=256)
def _owner_id(access_key: str) -> str:
    return sha256(access_key.encode("utf-8", "surrogateescape")).hexdigest()


TEST_CREDENTIALS = Credentials(
    access_key="AKIAPYTESTS3ERRORS00",
    secret_key="not-a-secret/known-to-every-test",  # noqa: S106 - a test double's key, published here
)
"""The test's own credentials, which S3 always knows."""

UNDECLARED = Access(known=(TEST_CREDENTIALS,))
"""The access of a test that declares no credentials: any key is let in, and the test's own key is verified."""
