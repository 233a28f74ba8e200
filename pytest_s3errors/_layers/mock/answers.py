"""What the two halves of the `mock` layer share: an exchange as status, headers and the bytes that come.

Headers and framing are those of the wire; no socket is behind them.
"""

from __future__ import annotations

import functools
import time
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from pytest_s3errors._core.body import Body, pieces
from pytest_s3errors._core.play.framing import piece_size
from pytest_s3errors._core.s3.errors.envelope import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_s3errors._core.play.exchange import Exchange
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.messages import Call, Response
    from pytest_s3errors._scene import Scene


class Played(NamedTuple):
    """One request and what the simulator makes of it. `whole` is False where S3 does not read all of its body."""

    call: Call
    entry: Entry
    exchange: Exchange
    whole: bool


class Answer(NamedTuple):
    """An answer with a status. `body` are the bytes that come, `size` is how many the headers promise."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: Body
    size: int

    @property
    def whole(self) -> bool:
        """Whether every promised byte comes."""
        return len(self.body) == self.size

    def header(self, name: str) -> str | None:
        """The value of the header *name*, in lower case; None where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), None)


_UNFRAMED = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


def play(scene: Scene, call: Call, body: Body) -> Played:
    """Show *call* to the simulator; the caller ends the entry.

    Raises:
        SimulationError: the test's plan is broken.
    """
    scene.check_playable()
    entry = scene.simulator.begin(call)
    fault = entry.firing.fault if entry.firing else None
    read = None if fault is None else fault.reads(len(body))
    try:
        exchange = scene.simulator.answer(entry, body[:read])
        if scene.simulator.problems:
            scene.check_playable()
    except BaseException:
        scene.simulator.end(entry)
        raise
    return Played(call, entry, exchange, whole=read is None or 0 < len(body) <= read)


def answer_of(played: Played) -> Answer | None:
    """The answer to a request, None where nothing with a status comes."""
    call, exchange = played.call, played.exchange
    response = exchange.response(call)
    if response is None:
        return None
    if not played.whole:
        response = replace(response, headers={**response.headers, "Connection": "close"})
    bodiless = call.method == "HEAD" or response.status in _UNFRAMED
    body = b"" if bodiless else response.body
    return Answer(
        status=response.status,
        reason=reason(response.status, getattr(exchange.answer, "code", None)),
        headers=_headers(response, chunked=exchange.in_chunks(response, call), bodiless=bodiless),
        body=body[: exchange.sent],
        size=len(body),
    )


def _headers(response: Response, *, chunked: bool, bodiless: bool) -> tuple[tuple[str, str], ...]:
    """The headers that `encode_response` writes, without the way into bytes and back."""
    headers = [*response.headers.items(), ("Date", _date(int(time.time())))]
    if chunked and response.status not in _UNFRAMED:
        headers.append(("Transfer-Encoding", "chunked"))
    elif response.length is not None or response.body or not bodiless:
        length = len(response.body) if response.length is None else response.length
        headers.append(("Content-Length", str(length)))
    return tuple(headers)


@functools.lru_cache(maxsize=1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)


def paced(body: Body, bytes_per_second: float | None) -> Iterator[tuple[float, bytes]]:
    """*body* as it comes: seconds to wait, and what has come then; at no rate all at once."""
    if bytes_per_second is None:
        yield from ((0.0, piece) for piece in pieces(body))
        return
    for piece in pieces(body, piece_size(len(body), bytes_per_second)):
        yield len(piece) / bytes_per_second, piece


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """*headers* with names in lower case; the values of one that comes twice are joined with a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        low = name.lower()
        found[low] = f"{found[low]}, {value}" if low in found else value
    return found
