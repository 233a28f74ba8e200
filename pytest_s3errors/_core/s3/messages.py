"""The values that cross boundaries: what was asked, what is answered.

Everything here is frozen and does no I/O. A layer turns its client's request into a `Call`, hands it to the
simulator with the body, and gets an answer back; the S3 model and the error catalogue speak in the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pytest_s3errors._core.body import Body
from s3_asyncio_client._core.operations import names_of

_MAX_DIGITS = 9
_PARTS = names_of(lambda row: row.needs_upload and row.method == "PUT")
EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as S3 understands it, without its body.

    `url` and `endpoint` are what the client asked for, never where the bytes went: `endpoint` is the host (with a
    port where one was named) without the bucket label of a virtual-hosted request. Header names are in lower case,
    `key` is percent-decoded, `query` maps decoded names to decoded values (a bare `?uploads` maps to "").
    `operation` is S3's own name for what is asked, None where no operation of S3 has this form. `came_as` is the
    request that was sent, and signed, where a fault has made another one of it. `sized` is False where a connection
    brought a request that does not say how long its body is, and has to.
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
        """The part number of an UploadPart or UploadPartCopy, None elsewhere or where it is no number."""
        if self.operation not in _PARTS:
            return None
        number = self.query.get("partNumber", "")
        return int(number) if number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer: status 200-599, headers as S3 spells them, the body (b"" to HEAD).

    `length` is the Content-Length that the headers state where it differs from the body's, as it does for HEAD. `code`
    is the error code of a body that was not made from an `ErrorReply`, where it is known.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    body: Body = b""
    length: int | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """What S3 says when it says no, before it is put into bytes.

    `elements` are the code's own elements, in S3's order, between Message and RequestId.
    """

    code: str
    status: int
    message: str
    elements: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Raised inside the S3 model to end a request with *reply*; never leaves the simulator."""

    def __init__(self, reply: ErrorReply) -> None:
        super().__init__(f"{reply.code}: {reply.message}")
        self.reply = reply
