"""What the simulator tells a layer to do for one request."""

from __future__ import annotations

import enum
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.s3.errors.envelope import render_error
from pytest_s3errors._core.s3.messages import Call, ErrorReply, Response
from s3_asyncio_client._core.operations import names_of


class Ending(enum.Enum):
    """What becomes of the connection after the bytes of the answer."""

    KEEP = "keep"
    CLOSE = "FIN"
    RESET = "RST"
    HANG = "silence"


class Ids(NamedTuple):
    """The two ids by which S3 names one request."""

    request_id: str
    host_id: str


_WITH_LENGTH = names_of(lambda row: row.answers == "bytes")


class Exchange(NamedTuple):
    """What a layer has to do: wait `delay_s`, send the answer (up to `sent` bytes of its body, None: all), end.

    `answer` None sends nothing; `raw` bytes stand for an answer that is no HTTP. `connect` names a fault by which there
    is no connection at all; a layer that has one already plays `ending`, the nearest to it. `chunked` is the framing of
    the body, None: as S3 would. The body comes at `bytes_per_second`, None: at once. A tuple, since one is made for
    every request and a frozen dataclass takes twice as long to make.
    """

    answer: Response | ErrorReply | None
    ids: Ids
    ending: Ending = Ending.KEEP
    sent: int | None = None
    raw: bytes = b""
    delay_s: float = 0.0
    connect: str | None = None
    chunked: bool | None = None
    bytes_per_second: float | None = None

    @property
    def takes_s(self) -> float:
        """For how many seconds the answer is late on purpose, until its last byte."""
        body = self.answer.body if isinstance(self.answer, Response) else b""
        return self.delay_s + (len(body) / self.bytes_per_second if self.bytes_per_second is not None else 0.0)

    def response(self, call: Call) -> Response | None:
        """The answer as a response, S3's ids and server name in its headers."""
        answer = self.answer
        if isinstance(answer, ErrorReply):
            return render_error(answer, call, request_id=self.ids.request_id, host_id=self.ids.host_id)
        return answer

    def in_chunks(self, response: Response, call: Call) -> bool:
        """Whether *response*, the one of this exchange, comes in chunks: S3 sends errors and documents so."""
        if self.chunked is not None:
            return self.chunked
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            return True
        return bool(response.body) and call.operation not in _WITH_LENGTH


Model = Callable[[Call, Body], Response | ErrorReply]
