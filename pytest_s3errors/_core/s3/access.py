"""Who may ask: the credentials that the simulated S3 knows, and what it does with everybody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from .records import BUCKET_OWNER_ENFORCED

OWNERSHIPS = (BUCKET_OWNER_ENFORCED, "BucketOwnerPreferred", "ObjectWriter")
"""Who owns what others write into a bucket; with the first one it has no ACLs."""

NOBODY_ID = "5eed" * 16
"""The canonical user id that owns everything where no credentials are known; of S3's shape, it stands for nobody."""

_ACCOUNTS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One pair of keys, which is one account; the secret parts stay out of ``repr``."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def owner_id(self) -> str:
        """The account's canonical user id, 64 hex digits; it depends on the access key alone."""
        return _owner_id(self.access_key)

    @property
    def account_id(self) -> str:
        """The account's number, 12 digits; it depends on the access key alone."""
        return account_id(self.owner_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whom S3 lets in.

    A request signed with a key of `known` has its signature verified, always. Whatever else comes, a foreign key or no
    signature, is let in too, as the first known account, until access is `declared`: then foreign keys get
    InvalidAccessKeyId, each account has its own buckets, and unsigned requests get what is public, else AccessDenied.
    `anonymous` lets unsigned requests in as the first known account even then. `ownership` is that of a new bucket that
    says nothing of it; S3's own was ObjectWriter, with ACLs switched on, until 2023.
    """

    known: tuple[Credentials, ...] = ()
    declared: bool = False
    anonymous: bool = False
    ownership: str = BUCKET_OWNER_ENFORCED

    @property
    def owner_id(self) -> str:
        """The canonical user id of the first known account, which owns what no request made."""
        return self.known[0].owner_id if self.known else NOBODY_ID

    def find(self, access_key: str) -> Credentials | None:
        """The known credentials with this access key, None if there are none."""
        for one in self.known:
            if one.access_key == access_key:
                return one
        return None


OPEN = Access()
"""Nobody is known and everybody is let in."""


def account_id(owner_id: str) -> str:
    """The 12 digits of the account whose canonical user id is *owner_id*."""
    return f"{int(owner_id, 16) % _ACCOUNTS:012}"


@lru_cache(maxsize=256)
def _owner_id(access_key: str) -> str:
    return sha256(access_key.encode("utf-8", "surrogateescape")).hexdigest()


TEST_CREDENTIALS = Credentials(
    access_key="AKIAPYTESTS3ERRORS00",
    secret_key="not-a-secret/known-to-every-test",  # noqa: S106 - a test double's key, published here
)
"""Those of the test itself, which S3 always knows."""

UNDECLARED = Access(known=(TEST_CREDENTIALS,))
"""Of a test that names no credentials: any key is let in, and the test's own is verified."""
