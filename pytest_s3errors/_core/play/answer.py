"""The response to one request: turns an `Exchange` into a status, headers with framing, and bytes at a rate.

All three layers take their responses from here. The wire layer sends the bytes of `encode`; the mock and client layers
hand the parts to their client. So a header, a cut or a rate is decided in one place.
"""

from __future__ import annotations

import functools
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from pytest_s3errors._core.body import Body, pieces
from pytest_s3errors._core.s3.errors.envelope import reason

from .exchange import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.messages import Call

    from .exchange import Exchange

_UNFRAMED = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_CLOSE = ("Connection", "close")


class Answer(NamedTuple):
    """A response with a status. `body` holds the bytes to send; `size` is the number that the headers promise.

    `chunked` says whether the body is in chunks, `whole` whether it is complete. `ending` is what then happens to the
    connection.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: Body
    size: int
    chunked: bool
    whole: bool
    ending: Ending

    def header(self, name: str) -> str | None:
        """Return the value of the header *name*, given in lower case. None: it is absent."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def taken(entry: Entry, body: Body) -> tuple[Body, bool]:
    """Return the part of the request's *body* that S3 reads before it answers *entry*, and whether that is all."""
    fault = entry.injected
    stop = None if fault is None else fault.reads(len(body))
    if stop is None:
        return body, True
    return (body, True) if fits(stop, len(body)) else (body[:stop], False)


def fits(stop: int | None, size: int) -> bool:
    """Return whether S3 reads a body of *size* bytes completely if it reads *stop* bytes of it. None: all.

    With 0 it responds after the head, and never learns whether there was a body.
    """
    return stop is None or 0 < stop >= size


def answer_of(
    exchange: Exchange, call: Call, *, now_s: float, whole: bool = True, keep: bool = True, chunks: bool = True
) -> Answer | None:
    """Return the response of *exchange* at *now_s*. None: nothing with a status is sent.

    Args:
        exchange: What the simulator decided.
        call: The request.
        now_s: Seconds since the epoch, for the Date header.
        whole: Whether S3 read the request to its end. If not, the connection can't be reused.
        keep: Whether the client wants to reuse the connection.
        chunks: Whether the client can read a body in chunks.
    """
    response = exchange.response(call)
    if response is None:
        return None
    unframed = response.status in _UNFRAMED
    bodiless = unframed or call.method == "HEAD"
    chunked = chunks and not unframed and exchange.in_chunks(response, call)
    headers = [*response.headers.items(), ("Date", _date(int(now_s)))]
    if chunked:  # for HEAD too: the framing that the body would have (fact 12)
        headers.append(("Transfer-Encoding", "chunked"))
    elif response.length is not None or response.body or not bodiless:
        length = len(response.body) if response.length is None else response.length
        headers.append(("Content-Length", str(length)))
    if not whole and "Connection" not in response.headers:
        headers.append(_CLOSE)
    body, sent = b"" if bodiless else response.body, exchange.sent
    ending = exchange.ending
    if ending is Ending.KEEP and not (keep and whole and "Connection" not in response.headers):
        ending = Ending.CLOSE
    # Positional arguments take half the time, and this runs for every request.
    return Answer(
        response.status,
        reason(response.status, getattr(exchange.answer, "code", None)),
        tuple(headers),
        body if sent is None else body[:sent],
        len(body),
        chunked and not bodiless,
        sent is None or bodiless or (sent >= len(body) and not chunked),
        ending,
    )


def encode(answer: Answer) -> tuple[bytes, bytes]:
    """Return the bytes before and after the body of *answer*.

    If the body is cut, its framing still promises the whole.
    """
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *[f"{name}: {value}" for name, value in answer.headers]]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    if not answer.chunked:
        return head, b""
    if answer.size:
        head += b"%x\r\n" % answer.size
    if not answer.whole:
        return head, b""
    return head, b"\r\n0\r\n\r\n" if answer.size else b"0\r\n\r\n"


def paced(body: Body, bytes_per_second: float | None) -> Iterator[tuple[float, bytes]]:
    """Yield *body* as pairs: seconds to wait, and the bytes that then arrive. Without a rate nothing waits."""
    if bytes_per_second is None:
        for piece in pieces(body):
            yield 0.0, piece
        return
    for piece in pieces(body, _piece_size(len(body), bytes_per_second)):
        yield len(piece) / bytes_per_second, piece


def on_schedule(
    body: Body, bytes_per_second: float | None, clock: Callable[[], float], *, most: int = 1
) -> Iterator[float | bytes]:
    """Return *body* as seconds to wait from now on, and bytes that have come.

    The first piece is on its way already. Who is late for one is not later for the next. Those that have come meanwhile
    are given as one of at most *most* bytes.
    """
    if bytes_per_second is None:
        return iter(pieces(body))
    return _on_schedule(paced(body, bytes_per_second), clock, clock(), most)


def _on_schedule(
    steps: Iterable[tuple[float, bytes]], clock: Callable[[], float], began_s: float, most: int
) -> Iterator[float | bytes]:
    due_s, come, size = 0.0, list[bytes](), 0
    for seconds, piece in steps:
        due_s += seconds  # apart from the beginning, which may be so large that a sum loses nanoseconds
        if come and (size + len(piece) > most or began_s - clock() + due_s > 0):
            yield b"".join(come)
            come, size = [], 0
        if (left_s := began_s - clock() + due_s) > 0:
            yield left_s
        come.append(piece)
        size += len(piece)
    if come:
        yield b"".join(come)


def _piece_size(size: int, bytes_per_second: float) -> int:
    """Return how many of *size* bytes to send at a time at this rate: about a hundred pieces, 0.02 to 1 s apart."""
    return max(1, int(bytes_per_second * min(1.0, max(0.02, size / bytes_per_second / 100))))


@functools.lru_cache(maxsize=1)
def _date(now_s: int) -> str:
    """Return the Date header. It costs more to format than the rest of the head, so the last one is cached."""
    return formatdate(now_s, usegmt=True)
