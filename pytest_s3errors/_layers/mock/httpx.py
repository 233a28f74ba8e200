"""The `mock` layer for httpx, blocking and async: respx takes the requests, the simulator answers them.

Our own router answers blocking and async clients itself. In the test's router, respx calls the side effect of a route,
which may decline. It is the same function for both kinds of client, and for an async client it must wait without
blocking the loop. So the kind of client is noted in the request's extensions, httpx's place for notes between clients
and transports.
"""

from __future__ import annotations

import errno
import functools
import os
from typing import TYPE_CHECKING, Any

import httpx
import respx

from pytest_s3errors._core.play.answer import on_schedule
from pytest_s3errors._core.play.exchange import Ending
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._layers.patience import Limit, wait
from pytest_s3errors._layers.wire.connect_faults import connect_error, seconds_of
from pytest_s3errors._time.pauses import now, pause

from .answers import joined, play

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import pytest

    from pytest_s3errors._core.play.answer import Answer
    from pytest_s3errors._scene import Scene

    from .answers import Played

_DAY_S = 86_400
_READ_BYTES = 64 * 1024  # what httpx reads at once
_ASYNC = "s3errors.async"
_ROUTE = "simulated S3"
# Matches everything, but differs from any pattern of the test: respx treats two routes with one pattern as one.
_ANY = r"^(?#the simulated S3)"


class _Route(respx.Route):
    """A route that need not be called: rules decide which requests are required."""

    @property
    def called(self) -> bool:
        """Return True, for `assert_all_called`."""
        return True


class _Router(respx.MockRouter):
    """Our own router. S3 requests pass no routes and are recorded only in the test's journal."""

    def __init__(self, mock: MockHttpx) -> None:
        super().__init__(assert_all_called=False)
        self._mock = mock
        self.routes.add(_Route().mock(side_effect=self._pass))

    def _pass(self, request: httpx.Request) -> httpx.Request | None:
        self.reset()  # the records that respx keeps would fill the memory
        # Without another router the request passes. With one, that router decides.
        alone = self.Mocker is None or len(self.Mocker.routers) == 1
        return request if alone else None

    def handler(self, request: httpx.Request) -> httpx.Response:
        """Return the response for a blocking client."""
        return self._mock.answer(request) if self._mock.is_s3(request) else super().handler(request)

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        """Return the response for an async client."""
        if not self._mock.is_s3(request):
            return await super().async_handler(request)
        return await self._mock.answer_async(request)


class MockHttpx:
    """Answers the S3 requests of one test that reach respx routers."""

    def __init__(self, scene: Scene, patches: pytest.MonkeyPatch) -> None:
        self._scene = scene
        self._patches = patches

    def install(self) -> None:
        """Take the S3 requests of every client until the test ends. Other requests pass."""
        router = _Router(self)
        router.start()
        self._scene.at_end(functools.partial(router.stop, quiet=True))

    def mount(self, router: respx.Router) -> None:
        """Answer S3 requests that match no current route of *router*, until the test ends."""

        def effect(request: httpx.Request) -> Any:
            if not self.is_s3(request):
                return None
            return self.answer_async(request) if _ASYNC in request.extensions else self.answer(request)

        # A router may replace more than the transport: respx.mock(using="httpx").
        for owner, name in ((httpx.AsyncHTTPTransport, "handle_async_request"), (httpx.AsyncClient, "send")):
            _note_async(self._patches, owner, name)
        # Not router.add(): that would prefix the pattern with the router's base_url.
        router.routes.add(_Route(url__regex=_ANY).mock(side_effect=effect), name=_ROUTE)
        self._scene.at_end(lambda: router.pop(_ROUTE, None))

    def is_s3(self, request: httpx.Request) -> bool:
        """Return whether the simulator answers *request*."""
        return self._scene.is_s3(request.url.host, request.url.port)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Return the simulator's response to *request*, after its delay.

        Raises:
            httpx.TransportError: there is no response, or the client's timeout ends first.
        """
        played, done = self._played(request)
        try:
            if _is_late(played):
                _wait(*_before(request, played))
            return _response(request, played, done)
        except BaseException:
            done()
            raise

    async def answer_async(self, request: httpx.Request) -> httpx.Response:
        """Do the same without blocking the event loop."""
        played, done = self._played(request)
        try:
            if _is_late(played):
                await wait(*_before(request, played))
            return _response(request, played, done)
        except BaseException:
            done()
            raise

    def _played(self, request: httpx.Request) -> tuple[Played, Callable[[], None]]:
        played = play(self._scene, self._call(request), request.content)
        return played, functools.partial(self._scene.simulator.end, played.entry)

    def _call(self, request: httpx.Request) -> Any:
        return parse_call(
            method=request.method,
            target=request.url.raw_path.decode("ascii"),
            headers=_headers(request.headers.raw),
            scheme=request.url.scheme,
            endpoints=self._scene.endpoints(),
        )


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
    if len(headers) == len(raw):  # nearly always, and twice as fast
        return headers
    return joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)


def _note_async(patches: pytest.MonkeyPatch, owner: type, name: str) -> None:
    send = getattr(owner, name)

    @functools.wraps(send)
    async def noting(owner: Any, request: httpx.Request, *args: Any, **kwargs: Any) -> httpx.Response:
        request.extensions = {**request.extensions, _ASYNC: True}
        return await send(owner, request, *args, **kwargs)  # type: ignore[no-any-return]  # httpx's own

    patches.setattr(owner, name, noting)


def _is_late(played: Played) -> bool:
    return played.exchange.answer is None or played.exchange.delay_s > 0


def _before(request: httpx.Request, played: Played) -> tuple[float | None, Limit | None]:
    """Return the seconds before the response (None: forever), and the limit of the client's wait."""
    exchange = played.exchange
    if exchange.connect is not None:
        limit = _limit(request, "connect", httpx.ConnectTimeout("timed out"))
        return seconds_of(exchange.connect, exchange.delay_s), limit
    silent = exchange.answer is None and exchange.ending is Ending.HANG
    return None if silent else exchange.delay_s, _limit(request, "read", httpx.ReadTimeout("timed out"))


def _limit(request: httpx.Request, kind: str, error: httpx.TimeoutException) -> Limit | None:
    seconds = request.extensions.get("timeout", {}).get(kind)
    return None if seconds is None else Limit(seconds, error)


def _wait(seconds: float | None, limit: Limit | None) -> None:
    """Do what `wait` does, in blocking code."""
    if limit is not None and (seconds is None or limit.seconds < seconds):
        pause(limit.seconds)
        raise limit.error
    if seconds is None:
        while True:
            pause(_DAY_S)
    if seconds:
        pause(seconds)


def _response(request: httpx.Request, played: Played, done: Callable[[], None]) -> httpx.Response:
    answer = played.answer
    if answer is None:
        raise _no_answer(played)
    stream: _Whole | _Stream
    if answer.whole and played.exchange.bytes_per_second is None and isinstance(answer.body, bytes):
        stream = _Whole(answer.body)
        done()
    else:
        stream = _Stream(request, answer, played, done)
    return httpx.Response(
        answer.status,
        headers=[(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers],
        stream=stream,
        request=request,
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": answer.reason.encode("latin-1")},
    )


class _Whole(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A complete body. respx would read one of httpx's own class before the client does."""

    def __init__(self, body: bytes) -> None:
        self._pieces = iter((body,))

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives slowly or breaks."""

    def __init__(self, request: httpx.Request, answer: Answer, played: Played, done: Callable[[], None]) -> None:
        self._steps = on_schedule(answer.body, played.exchange.bytes_per_second, now, most=_READ_BYTES)
        self._limit = _limit(request, "read", httpx.ReadTimeout("timed out"))
        self._hangs = not answer.whole and played.exchange.ending is Ending.HANG
        self._broken = None if answer.whole else _cut_short(answer, played)
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            else:
                _wait(step, self._limit)
        if self._hangs:
            _wait(None, self._limit)
        if self._broken is not None:
            raise self._broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            else:
                await wait(step, self._limit)
        if self._hangs:
            await wait(None, self._limit)
        if self._broken is not None:
            raise self._broken

    def close(self) -> None:
        self._done()

    async def aclose(self) -> None:
        self._done()


def _cut_short(answer: Answer, played: Played) -> httpx.TransportError:
    if played.exchange.ending is Ending.RESET:
        return _reset()
    how = f"received {len(answer.body)} bytes, expected {answer.size}"
    if answer.header("content-length") is None:
        how = "incomplete chunked read"
    return httpx.RemoteProtocolError(f"peer closed connection without sending complete message body ({how})")


def _no_answer(played: Played) -> httpx.TransportError:
    exchange = played.exchange
    if exchange.connect is not None:
        error = connect_error(exchange.connect)
        return (httpx.ConnectTimeout if isinstance(error, TimeoutError) else httpx.ConnectError)(str(error))
    if exchange.raw:
        line = bytearray(exchange.raw.partition(b"\r\n")[0])
        return httpx.RemoteProtocolError(f"illegal status line: {line!r}")
    if exchange.ending is Ending.RESET:
        return _reset()
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


def _reset() -> httpx.ReadError:
    return httpx.ReadError(f"[Errno {errno.ECONNRESET}] {os.strerror(errno.ECONNRESET)}")
