"""What a test's body did, and how that differs from its expectations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .attempts import failed

if TYPE_CHECKING:
    from pytest_s3errors._core.body import Body

    from .journal import Entry


class Upload(Protocol):
    """A multipart upload that is neither completed nor aborted."""

    @property
    def bucket(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a test's body did.

    `body_of` returns what S3 holds under a bucket and key, or None. `circuits` has the states of each breaker by name.
    `served_by` says what served the last successful read: the position in `entries` (None: no request) and the host or
    "local_cache". `slack_s` is the tolerance of real time; it is 0 on the virtual clock.
    """

    entries: Sequence[Entry]
    elapsed_s: float
    error: BaseException | None
    circuits: Sequence[tuple[str | None, Sequence[str]]]
    served_by: tuple[int | None, str] | None
    body_of: Callable[[str, str], Body | None]
    unfinished: Sequence[Upload]
    slack_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """One expectation that does not hold. `positions` are those of the requests that broke it."""

    what: str
    wanted: str
    seen: str
    positions: frozenset[int] = frozenset()

    def __str__(self) -> str:
        """One line of a report."""
        return f"{self.what}: wanted {self.wanted}, seen {self.seen}"


def last_read(entries: Sequence[Entry]) -> tuple[int, str] | None:
    """Return the position and the endpoint of the last successful read in *entries*."""
    for position in reversed(range(len(entries))):
        call = entries[position].call
        if (call.operation or "").startswith(("Get", "Head", "List")) and not failed(entries[position]):
            return position, call.endpoint
    return None
