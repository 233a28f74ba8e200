"""The values that cross boundaries: requests and responses.

Nothing here changes once it is made, and nothing does I/O. A layer turns its client's request into a `Call`, passes it
to the simulator with the body, and gets a response back. The S3 model and the error catalogue use the same values.
`Call` and `Response` are not declared frozen: one is made for every request, and that would take three times as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pytest_s3errors._core.body import Body
from s3_asyncio_client._core.digits import whole_number
from s3_asyncio_client._core.operations import names_of

_PARTS = names_of(lambda row: row.needs_upload and row.method == "PUT")
EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as S3 understands it, without its body.

    `url` and `endpoint` are what the client asked for, never where the bytes went. `endpoint` is the host (with its
    port, if named) without the bucket label of a virtual-hosted request. Header names are in lower case, `key` is
    percent-decoded, `query` maps decoded names to decoded values (a bare `?uploads` maps to "").
    `operation` is S3's name of the operation; None: no S3 operation has this form. `came_as` is the request as sent and
    signed, if a fault changed it. `sized` is False if a request on a connection lacks the length that it must state.
    """

    method: str
    url: str
    endpoint: str
    operation: str | None
    bucket: str | None
    key: str | None
    query: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    came_as: Call | None = None
    sized: bool = True

    @property
    def part(self) -> int | None:
        """The part number of an UploadPart or UploadPartCopy. None: another operation, or not a number."""
        if self.operation not in _PARTS:
            return None
        return whole_number(self.query.get("partNumber"), digits=9)


@dataclass(slots=True, kw_only=True)
class Response:
    """A whole response: status 200-599, headers in S3's spelling, the body (b"" for HEAD).

    `length` is the Content-Length of the headers if it differs from the body's, as for HEAD. `code` is the error code
    of a body that does not come from an `ErrorReply`, if known.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    body: Body = b""
    length: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """An error of S3 before it is serialized. Status 200: it is in the body of a success.

    `elements` are the code's own elements between Message and RequestId, in S3's order.
    """

    code: str
    status: int
    message: str
    elements: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Raised inside the S3 model to end a request with *reply*. It never leaves the simulator."""

    def __init__(self, reply: ErrorReply) -> None:
        super().__init__(f"{reply.code}: {reply.message}")
        self.reply = reply
