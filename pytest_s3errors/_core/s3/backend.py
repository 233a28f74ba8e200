"""What does the work of S3 behind the rules: the model in memory, or something else that takes the same calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from .access import OPEN
from .model import answer, missing, refuses_by_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.body import Body

    from .access import Access
    from .messages import Call, ErrorReply, Response
    from .store import Store


class BackendError(Exception):
    """The backend gave no answer that could be S3's; the text names it. It fails the test, and is no fault to retry."""


class Backend(Protocol):
    """Does the work of one test's S3.

    Attributes:
        store: What it holds, to arrange and assert without a request of the test's.
    """

    @property
    def store(self) -> Store: ...

    def missing(self, call: Call, /) -> str | None:
        """What it lacks to answer *call* as S3 would, in a few words; None where it lacks nothing."""

    def refuses(self, call: Call, /) -> bool:
        """Whether it refuses *call* by its head, without asking for the body (100 Continue)."""

    def answer(self, call: Call, body: Body, /) -> Response | ErrorReply:
        """Do what *call* asks; *body* is as it was sent, aws-chunked framing still on.

        Raises:
            BackendError: There is no answer.
        """


class Memory:
    """The S3 model on a store in memory; *new_id* makes upload ids, *access* says who is let in."""

    def __init__(self, store: Store, *, new_id: Callable[[], str], access: Access = OPEN) -> None:
        self.store = store
        self.missing = missing
        # No method of its own: a request costs no call more than the model's.
        self.answer = partial(answer, store, new_id=new_id, access=access)
        self.refuses = partial(refuses_by_head, store, new_id=new_id, access=access)
