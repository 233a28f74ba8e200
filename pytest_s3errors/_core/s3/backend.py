"""The backend behind the rules: the model in memory, or anything else that takes the same calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from .access import OPEN
from .model import answer, missing, refuses_by_head, region_of_bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.body import Body

    from .access import Access
    from .messages import Call, ErrorReply, Response
    from .store import S3Store


class BackendError(Exception):
    """The backend returned no valid S3 response. The message names it. It fails the test; a retry would not help."""


class Backend(Protocol):
    """Do the work of one test's S3.

    Attributes:
        store: Its content, to arrange and check without requests.
    """

    @property
    def store(self) -> S3Store: ...

    def missing(self, call: Call, /) -> str | None:
        """Return what it lacks to answer *call* as S3 would, in a few words. None: nothing."""

    def refuses(self, call: Call, /) -> bool:
        """Return whether it refuses *call* by its head, without asking for the body (100 Continue)."""

    def bucket_region(self, call: Call, /) -> str | None:
        """Return the region that the bucket of *call* wants it to be signed for. None: it asks for none."""

    def answer(self, call: Call, body: Body, /) -> Response | ErrorReply:
        """Execute *call*. *body* is as sent, with aws-chunked framing.

        Raises:
            BackendError: There is no valid response.
        """


class Memory:
    """The S3 model on a store in memory. *new_id* creates upload ids, *access* says who is let in."""

    def __init__(self, store: S3Store, *, new_id: Callable[[], str], access: Access = OPEN) -> None:
        self.store = store
        self.missing = missing
        # Not a method, so that a request costs no call beyond the model's.
        self.answer = partial(answer, store, new_id=new_id, access=access)
        self.bucket_region = partial(region_of_bucket, store, access=access)
        self.refuses = partial(refuses_by_head, store, new_id=new_id, access=access)
