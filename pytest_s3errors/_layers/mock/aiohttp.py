"""The `mock` layer for aiohttp: aioresponses takes the requests, the simulator answers them, no socket is opened.

aioresponses calls its public `match` for the response to each request. The wrapped `match` asks the test's own routes
first, then the simulator. Callbacks of aioresponses are not enough: they can't decline a request, do not get the
method, and see the URL with a sorted query. Nor can aioresponses build the response on every version of aiohttp, see
`aiohttp_response`.
"""

from __future__ import annotations

import inspect
from contextvars import ContextVar
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
from aioresponses import aioresponses
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._layers.patience import Patience, wait

from .aiohttp_response import build, no_answer
from .answers import joined, play

if TYPE_CHECKING:
    import pytest

    from pytest_s3errors._scene import Scene

    from .aiohttp_response import MockedResponse
    from .answers import Played

# RFC 9110, 9.2.2. aiohttp itself resends these once if the connection breaks before a response.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_MAX_REDIRECTS = 10
_TO_GET = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND)
_REDIRECTS = (*_TO_GET, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request as aiohttp would send it. Header names are in lower case."""

    session: aiohttp.ClientSession
    method: str
    url: URL
    headers: dict[str, str]
    body: bytes
    decompress: bool

    @property
    def info(self) -> aiohttp.RequestInfo:
        headers = CIMultiDictProxy(CIMultiDict(self.headers))
        return aiohttp.RequestInfo(self.url, self.method, headers, self.url)

    def to(self, url: URL, status: int) -> _Request:
        """Return the request that follows a redirect to *url* with *status*, as aiohttp would send it."""
        headers = {**self.headers, "host": url.host_port_subcomponent or ""}
        if url.origin() != self.url.origin():
            headers.pop("authorization", None)
        becomes_get = status == HTTPStatus.SEE_OTHER or (status in _TO_GET and self.method == "POST")
        if not becomes_get or self.method == "HEAD":
            return replace(self, url=url, headers=headers)
        headers = {name: value for name, value in headers.items() if name not in ("content-length", "content-type")}
        return replace(self, method="GET", url=url, headers=headers, body=b"")


class MockAiohttp:
    """Answers the S3 requests of one test that reach aioresponses routers."""

    def __init__(self, scene: Scene, patches: pytest.MonkeyPatch) -> None:
        self._scene = scene
        # aioresponses passes to `match` neither the session nor the original URL.
        self._asked: ContextVar[tuple[aiohttp.ClientSession, URL]] = ContextVar("asked")
        build_url = aiohttp.ClientSession._build_url  # noqa: SLF001 - aioresponses calls it for each request

        def noted(session: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> URL:
            url = build_url(session, *args, **kwargs)
            self._asked.set((session, url))
            return url

        patches.setattr(aiohttp.ClientSession, "_build_url", noted)

    def install(self) -> None:
        """Take the S3 requests of every session until the test ends. Other requests never reach aioresponses."""
        router = aioresponses()

        async def match(method: str, *_: Any, **kwargs: Any) -> aiohttp.ClientResponse:
            # We have our own journal, and the records that aioresponses keeps would fill the memory.
            router.clear()
            router.requests.clear()
            return await self._answer(method.upper(), **kwargs)

        router.match = match  # type: ignore[method-assign]
        before = aiohttp.ClientSession._request  # noqa: SLF001 - what aioresponses replaces

        # aioresponses can't start while the mock of another router, such as the test's own, is in place.
        async def below(session: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> Any:
            return await before(session, *args, **kwargs)

        self._replace_request(below)
        router.start()
        self._scene.at_end(router.stop)
        mocked: Any = aiohttp.ClientSession._request  # noqa: SLF001
        answer = mocked.mock.side_effect  # The mock around it records each request, which takes memory and time.
        signature = inspect.signature(before)

        async def above(session: aiohttp.ClientSession, method: str, url: Any, **kwargs: Any) -> Any:
            asked = session._build_url(url)  # noqa: SLF001
            if asked.host is None or not self._scene.is_s3(asked.host, asked.port):
                return await before(session, method, url, **kwargs)
            if not kwargs.keys() <= signature.parameters.keys():
                signature.bind(session, method, url, **kwargs)  # TypeError for an argument that aiohttp has not
            return await answer(session, method, url, **kwargs)

        self._replace_request(above)

    def _replace_request(self, request: Any) -> None:
        before = aiohttp.ClientSession._request  # noqa: SLF001
        aiohttp.ClientSession._request = request  # type: ignore[method-assign]  # noqa: SLF001
        self._scene.at_end(lambda: setattr(aiohttp.ClientSession, "_request", before))

    def mount(self, router: aioresponses) -> None:
        """Answer S3 requests for which *router* has no route, until the test ends."""
        theirs = router.match

        async def match(method: str, url: URL, **kwargs: Any) -> aiohttp.ClientResponse | None:
            response = await theirs(method, url, **kwargs)
            if response is None and url.host is not None and self._scene.is_s3(url.host, url.port):
                return await self._answer(method.upper(), **kwargs)
            return response

        router.match = match  # type: ignore[method-assign, assignment]
        self._scene.at_end(lambda: router.__dict__.pop("match", None))

    async def _answer(self, method: str, *, allow_redirects: bool = True, **kwargs: Any) -> aiohttp.ClientResponse:
        session, asked = self._asked.get()
        request = await _request(session, method, asked, kwargs)
        patience = Patience.of(kwargs.get("timeout"), session)
        history: list[MockedResponse] = []
        while True:
            response = await self._attempts(request, patience)
            redirected = allow_redirects and response.status in _REDIRECTS
            if redirected:
                history.append(response)
            response._history = tuple(history)  # noqa: SLF001 - as aioresponses sets it
            if redirected and len(history) >= kwargs.get("max_redirects", _MAX_REDIRECTS):
                raise aiohttp.TooManyRedirects(history[0].request_info, tuple(history))
            location = response.headers.get("Location")
            if not redirected or location is None:
                return response
            response.release()
            request = request.to(request.url.join(URL(location, encoded=True)), response.status)
            if not self._scene.is_s3(request.url.host or "", request.url.port):
                raise self._scene.escape(str(request.url.host), "by a redirect")

    async def _attempts(self, request: _Request, patience: Patience) -> MockedResponse:
        try:
            return await self._attempt(request, patience)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            resends = getattr(request.session, "_retry_connection", True)  # a private name; our client says no
            if request.method not in _IDEMPOTENT or not resends:
                raise
        return await self._attempt(request, patience)

    async def _attempt(self, request: _Request, patience: Patience) -> MockedResponse:
        call = parse_call(
            method=request.method,
            target=request.url.raw_path_qs,
            headers=request.headers,
            scheme=request.url.scheme,
            endpoints=self._scene.endpoints(),
        )
        played = play(self._scene, call, request.body)
        try:
            return await self._played(played, request, patience)
        except BaseException:
            self._scene.simulator.end(played.entry)
            raise

    async def _played(self, played: Played, request: _Request, patience: Patience) -> MockedResponse:
        exchange = played.exchange
        answer = played.answer
        seconds, limit = patience.before(exchange, request.url)
        if seconds != 0:
            await wait(seconds, limit)
        if answer is None:
            raise no_answer(exchange, request.info)
        return build(
            answer,
            exchange,
            request.info,
            session=request.session,
            sent=len(request.body),
            decompress=request.decompress,
            patience=patience,
            done=lambda: self._scene.simulator.end(played.entry),
        )


async def _request(session: aiohttp.ClientSession, method: str, url: URL, kwargs: dict[str, Any]) -> _Request:
    """Return the request that aiohttp would send for these arguments."""
    if kwargs.get("params"):
        url = url.extend_query(kwargs["params"])
    body, kind = await _body(session, kwargs.get("data"), kwargs.get("json"))
    # aioresponses has merged the session's headers into these.
    headers = joined(CIMultiDict(kwargs.get("headers") or {}).items())
    automatic = {
        "host": url.host_port_subcomponent or "",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": f"aiohttp/{aiohttp.__version__}",
    }
    if kind is not None or method in _WITH_BODY:
        automatic["content-type"] = kind or "application/octet-stream"
    if body or method in _WITH_BODY:
        automatic["content-length"] = str(len(body))
    skipped = {str(name).lower() for name in (*session.skip_auto_headers, *(kwargs.get("skip_auto_headers") or ()))}
    for name, value in automatic.items():
        if name not in skipped:
            headers.setdefault(name, value)
    decompress = kwargs.get("auto_decompress")
    return _Request(
        session=session,
        method=method,
        url=url.with_fragment(None),
        headers=headers,
        body=body,
        decompress=session.auto_decompress if decompress is None else decompress,
    )


async def _body(session: aiohttp.ClientSession, data: Any, json: Any) -> tuple[bytes, str | None]:
    """Return a body in one piece, and the Content-Type that aiohttp gives it."""
    if json is not None:
        return session.json_serialize(json).encode(), "application/json"
    if data is None:
        return b"", None
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data), "application/octet-stream"
    if isinstance(data, dict | list | tuple):
        data = aiohttp.FormData(data)
    payload = data() if isinstance(data, aiohttp.FormData) else aiohttp.get_payload(data)
    body: bytes = await payload.as_bytes()
    await payload.close()
    return body, payload.headers.get("Content-Type")
