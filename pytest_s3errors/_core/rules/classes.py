"""The classes of errors that code on S3 must handle, and which of them can happen to each operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from s3_asyncio_client._core.operations import OPERATIONS
from s3_asyncio_client._core.retry import THROTTLING_CODES

from .faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSES: Final[Mapping[str, str]] = {
    "throttle": "S3 asks for fewer requests: SlowDown, 429",
    "5xx": "S3 fails: InternalError, ServiceUnavailable",
    "4xx": "S3 refuses the request or sends it elsewhere (3xx)",
    "connection": "no connection, or it ends before the answer",
    "timeout": "no answer, or no more of it, until somebody gives up",
    "lost answer": "S3 did the work, and the client can't know",
    "cut body": "the connection ends within the answer's body",
    "corruption": "the body is whole by its framing, and its bytes are wrong",
    "error in 200": "a 200 that holds an error, or errors for some of its keys",
    "protocol": "what came is not S3's protocol",
}
"""Each class with its meaning, from the most to the least common."""

_FIRST_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


def class_of_error(status: int, code: str | None) -> str:
    """Return the class of a response with an error status (300-599)."""
    if code in THROTTLING_CODES or status == _TOO_MANY_REQUESTS:
        return "throttle"
    return "5xx" if status >= _FIRST_SERVER_ERROR else "4xx"


def classes_of(operation: str) -> tuple[str, ...]:
    """Return the classes of errors that can happen to *operation*, in the order of CLASSES.

    Raises:
        KeyError: S3 does not have this operation.
    """
    row = OPERATIONS[operation]
    found = {"throttle", "5xx", "4xx"}  # there are such codes of any operation
    found |= {kind.shows_as for kind in FAULTS.values() if kind.can_show_on(operation) and kind.happens_to(row)}
    return tuple(name for name in CLASSES if name in found)
