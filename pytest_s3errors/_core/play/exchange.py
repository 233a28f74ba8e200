"""What the simulator tells a layer to do for one request."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.rules.matching import Difference
from pytest_s3errors._core.s3.errors.envelope import render_error
from pytest_s3errors._core.s3.messages import Call, ErrorReply, Response
from s3_asyncio_client._core.operations import names_of


class Ending(enum.Enum):
    """What happens to the connection after the bytes of the response."""

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
    """What a layer has to do: wait `delay_s`, send the response (up to `sent` bytes of its body, None: all), end.

    `answer` None sends nothing; `raw` holds bytes that are not HTTP. `connect` names a fault that prevents the
    connection; a layer that already has one plays `ending`, the closest equivalent. `chunked` is the framing of the
    body (None: as S3 does). The body is sent at `bytes_per_second` (None: at once). `unfit` says why a fault could not
    show on the answer, which then is S3's own. This is a tuple because one is created for every request, and a frozen
    dataclass takes twice as long.
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
    unfit: Difference | None = None

    def has_body(self, call: Call) -> bool:
        """Return whether the answer has a body."""
        if isinstance(self.answer, Response):
            return bool(len(self.answer.body))
        return self.answer is not None and call.method != "HEAD" and self.answer.status != 304  # noqa: PLR2004

    @property
    def takes_s(self) -> float:
        """The seconds of deliberate delay up to the last byte of the response."""
        if self.bytes_per_second is None or not isinstance(self.answer, Response):
            return self.delay_s
        return self.delay_s + len(self.answer.body) / self.bytes_per_second

    def response(self, call: Call) -> Response | None:
        """Return the answer as a response with S3's ids and server name in its headers."""
        answer = self.answer
        if isinstance(answer, ErrorReply):
            return render_error(answer, call, request_id=self.ids.request_id, host_id=self.ids.host_id)
        return answer

    def in_chunks(self, response: Response, call: Call) -> bool:
        """Return whether *response* of this exchange is chunked, as S3 sends errors and documents."""
        if self.chunked is not None:
            return self.chunked
        if response.status >= 300:  # noqa: PLR2004 - no success; the name in HTTPStatus costs half a microsecond
            return True
        return bool(response.body) and call.operation not in _WITH_LENGTH


Model = Callable[[Call, Body], Response | ErrorReply]
