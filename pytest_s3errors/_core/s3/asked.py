"""The part of a request that permission checks need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .access import Access
    from .auth import Caller
    from .messages import Call, Refused
    from .store import S3Store


class Asked(Protocol):
    """The fields of a request that decide whether it is allowed."""

    @property
    def call(self) -> Call: ...
    @property
    def store(self) -> S3Store: ...
    @property
    def access(self) -> Access: ...
    @property
    def caller(self) -> Caller: ...
    @property
    def bucket(self) -> str: ...
    @property
    def key(self) -> str: ...
    def refused(self, situation: str, *values: object) -> Refused: ...
