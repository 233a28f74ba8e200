"""An `aiohttp.ClientResponse` without a connection. Its body arrives and breaks as the simulator decides.

The constructor of aiohttp's response is not public. It gets every keyword argument that the installed version of
aiohttp names, and None for those unknown to us. The body goes through aiohttp's own stream.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import inspect
import os
import sys
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import ContentEncodingError, ContentLengthError, HttpProcessingError, TransferEncodingError
from multidict import CIMultiDict, CIMultiDictProxy

from pytest_s3errors._core.body import Body
from pytest_s3errors._core.play.answer import on_schedule
from pytest_s3errors._core.play.exchange import Ending
from pytest_s3errors._layers.patience import Patience
from pytest_s3errors._layers.wire.aiohttp import natural_error
from pytest_s3errors._layers.wire.connect_faults import connect_error
from pytest_s3errors._time.pauses import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_s3errors._core.play.answer import Answer
    from pytest_s3errors._core.play.exchange import Exchange

_BAD_LINE = "Bad status line:\n  Expected HTTP/, RTSP/ or ICE/"


class _NoTransport(asyncio.Transport):
    """An open connection, as far as aiohttp's stream can tell. There is nothing to pause or to close."""

    def pause_reading(self) -> None:
        """Do nothing: all data is here already."""

    def resume_reading(self) -> None:
        """Do nothing, like `pause_reading`."""

    def is_closing(self) -> bool:
        """Return False."""
        return False

    def close(self) -> None:
        """Do nothing."""


def _stream(loop: asyncio.AbstractEventLoop) -> aiohttp.StreamReader:
    protocol = ResponseHandler(loop)
    protocol.connection_made(_NoTransport())
    # At this limit the stream would ask the transport to pause.
    return aiohttp.StreamReader(protocol, sys.maxsize // 4, loop=loop)


class _Feeder:
    """Feeds a response's body into a stream, at its rate and with its ending. It calls *done* once, after the last."""

    def __init__(
        self, content: aiohttp.StreamReader, exchange: Exchange, patience: Patience, done: Callable[[], None]
    ) -> None:
        self._content = content
        self._exchange = exchange
        self._patience = patience
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None

    def feed(self, body: Body, broken: BaseException | None) -> None:
        """Begin to deliver *body*. *broken* is the error with which it ends. None: it is complete."""
        self._steps = on_schedule(body, self._exchange.bytes_per_second, now)
        self._broken = broken
        self._step()

    def stop(self) -> None:
        """Deliver nothing more: the client has released the response."""
        if self._timer is not None:
            self._timer.cancel()
        self._done()

    def _step(self) -> None:
        for step in self._steps:
            if isinstance(step, float):
                self._after(step, self._step)
                return
            self._content.feed_data(step)
        if self._broken is None:
            self._content.feed_eof()
            self._done()
        elif self._exchange.ending is Ending.HANG:
            self._after(None, self._done)
        else:
            # In the loop's next round, as on the wire: what came before the break can be read.
            self._timer = self._loop.call_soon(self._fail, self._broken)

    def _after(self, seconds: float | None, then: Callable[[], None]) -> None:
        limit = self._patience.of_data()
        if limit is not None and (seconds is None or limit.seconds < seconds):
            self._timer = self._loop.call_later(limit.seconds, self._fail, limit.error)
        elif seconds is not None:
            self._timer = self._loop.call_later(seconds, then)

    def _fail(self, error: BaseException) -> None:
        self._content.set_exception(error)
        self._done()


class MockedResponse(aiohttp.ClientResponse):
    """A response that stops its feeder when the client releases it."""

    feeder: _Feeder | None = None

    def close(self) -> None:
        """Drop the response."""
        self._stop()
        super().close()

    def release(self) -> Any:
        """Release the response. The unread rest of its body is lost."""
        self._stop()
        return super().release()

    def _stop(self) -> None:
        feeder, self.feeder = self.feeder, None
        if feeder is not None:
            feeder.stop()


@functools.cache
def _asked_for() -> tuple[str, ...]:
    parameters = inspect.signature(aiohttp.ClientResponse.__init__).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


def build(
    answer: Answer,
    exchange: Exchange,
    info: aiohttp.RequestInfo,
    *,
    session: aiohttp.ClientSession,
    sent: int,
    decompress: bool,
    patience: Patience,
    done: Callable[[], None],
) -> MockedResponse:
    """Return aiohttp's response for *answer*.

    Args:
        answer: Status, headers and body.
        exchange: The rate of the body, and its ending.
        info: The request as aiohttp shows it.
        session: The session that made the request.
        sent: Size of the request's body in bytes.
        decompress: Whether aiohttp decodes bodies.
        patience: The request's timeouts.
        done: Called after the last byte, or when the body breaks.
    """
    loop = asyncio.get_running_loop()
    known: dict[str, Any] = {
        "request_info": info,
        "traces": [],
        "loop": loop,
        "session": session,
        "stream_writer": SimpleNamespace(output_size=sent),
    }
    wanted: dict[str, Any] = {name: known.get(name) for name in _asked_for()}
    response = MockedResponse(info.method, info.real_url, **wanted)
    response.version = aiohttp.HttpVersion11
    response.status, response.reason = answer.status, answer.reason
    response._headers = CIMultiDictProxy(CIMultiDict(answer.headers))  # noqa: SLF001 - as aioresponses sets them
    response._raw_headers = tuple([(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers])  # noqa: SLF001
    response.content = _stream(loop)
    response.feeder = _Feeder(response.content, exchange, patience, done)
    body, broken = answer.body, None if answer.whole else cut_short(answer, exchange)
    if decompress and answer.body:
        body, broken = _decoded(body, answer.header("content-encoding"), broken)
    response.feeder.feed(body, broken)
    return response


def _decoded(body: Body, coding: str | None, broken: Exception | None) -> tuple[Body, Exception | None]:
    if coding is None or coding.lower() not in ("gzip", "deflate"):
        return body, broken
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(bytes(body)), broken
    except zlib.error as error:
        return b"", _because(aiohttp.ClientPayloadError(str(ContentEncodingError(f"Can not decode: {error}"))), error)


def _because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def cut_short(answer: Answer, exchange: Exchange) -> Exception:
    """Return aiohttp's error for a body that is cut short."""
    what: HttpProcessingError
    if answer.header("content-length") is None:
        what = TransferEncodingError("Not enough data to satisfy transfer length header.")
    else:
        got = f"(received {len(answer.body)} of {answer.size} bytes)"
        what = ContentLengthError(f"Not enough data to satisfy content length header {got}.")
    text = f"Response payload is not completed: {what!r}"
    if exchange.ending is Ending.RESET:
        text = f"{text}. {_reset()!r}"
    return _because(aiohttp.ClientPayloadError(text), what)


def no_answer(exchange: Exchange, info: aiohttp.RequestInfo) -> Exception:
    """Return aiohttp's error for an exchange without a response. The timeouts end one that stays silent."""
    if exchange.connect is not None:
        cause, url = connect_error(exchange.connect), info.url
        key = SimpleNamespace(host=url.host, port=url.port, is_ssl=url.scheme == "https", ssl=True)
        return _because(natural_error(cause, key), cause)
    if exchange.raw:
        line = HttpProcessingError(code=400, message=_BAD_LINE)
        error = aiohttp.ClientResponseError(info, (), status=line.code, message=line.message)
        return _because(error, line)
    if exchange.ending is Ending.RESET:
        return _because(aiohttp.ClientOSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)), _reset())
    return aiohttp.ServerDisconnectedError()


def _reset() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
