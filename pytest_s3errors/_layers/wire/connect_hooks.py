"""Hooks with which the clients of the `wire` layer announce a request before they dial, see `connect_faults`.

All are public methods that take a whole request: httpcore's pools (httpx), urllib3's pools (botocore, requests, minio)
and the standard library's HTTPConnection (urllib). They are installed only in a test with a fault while connecting. The
hook of aiohttp is in `aiohttp`.
"""

from __future__ import annotations

import functools
import http.client
import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.play.connection import MARK
from pytest_s3errors._guard.httpcore import NAMES as HTTPCORES
from pytest_s3errors._guard.inherit import URLLIB3S

from .connect_faults import announced, call_to, current, seconds

if TYPE_CHECKING:
    from pytest_s3errors._core.s3.messages import Call
    from pytest_s3errors._guard.seams import Seams
    from pytest_s3errors._scene import Scene


def install(scene: Scene, seams: Seams) -> None:
    """Make every client announce its S3 requests as soon as it is imported, for the owner of *seams*."""
    _http_client(scene, seams)
    seams.when(URLLIB3S, functools.partial(_urllib3, scene, seams))
    seams.when(HTTPCORES, functools.partial(_httpcore, scene, seams))


def _http_client(scene: Scene, seams: Seams) -> None:
    request = seams.original(http.client.HTTPConnection, "request")

    @functools.wraps(request)
    def announcing(conn: Any, method: str, url: str, body: Any = None, headers: Any = None, **kwargs: Any) -> None:
        scheme = "https" if isinstance(conn, http.client.HTTPSConnection) else "http"
        headers = dict(headers or {})
        # urllib3 before version 2 calls this too, for a request that it has announced already.
        if current() is not None or not scene.is_s3(conn.host, conn.port):
            request(conn, method, url, body, headers, **kwargs)
            return
        call = call_to(scene, method, scheme, conn.host, conn.port, url, headers)
        with announced(scene, call, seconds(conn.timeout)) as attempt:
            if attempt.fault:
                conn.close()
            request(conn, method, url, body, {**headers, MARK: attempt.mark}, **kwargs)

    seams.setattr(http.client.HTTPConnection, "request", announcing)


def _urllib3(scene: Scene, seams: Seams, urllib3: Any) -> None:
    urlopen = seams.original(urllib3.HTTPConnectionPool, "urlopen")

    @functools.wraps(urlopen)
    def announcing(pool: Any, method: str, url: str, body: Any = None, headers: Any = None, *a: Any, **kw: Any) -> Any:
        if not scene.is_s3(pool.host, pool.port):
            return urlopen(pool, method, url, body, headers, *a, **kw)
        # A copy of the same class: those of botocore and urllib3 have methods that a dict lacks.
        headers = pool.headers.copy() if headers is None else headers.copy()
        asked = {name: _text(value) for name, value in headers.items()}
        call = call_to(scene, method, pool.scheme, pool.host, pool.port, url, asked)
        timeout = kw.get("timeout", pool.timeout)
        if not isinstance(timeout, urllib3.Timeout):
            timeout = urllib3.Timeout.from_float(timeout) if isinstance(timeout, int | float) else pool.timeout
        with announced(scene, call, seconds(timeout.connect_timeout)) as attempt:
            if attempt.fault:
                _close_pooled(pool)
            headers[MARK] = attempt.mark
            return urlopen(pool, method, url, body, headers, *a, **kw)

    seams.setattr(urllib3.HTTPConnectionPool, "urlopen", announcing)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _close_pooled(pool: Any) -> None:
    """Close the pool's connections. urllib3 dials again if a pooled connection is closed."""
    if hasattr(pool.pool, "iter_idle"):  # urllib3-future's, whose `get` takes more than it gives back
        for conn in pool.pool.iter_idle():
            conn.close()
        return
    held = []
    try:
        while True:
            held.append(pool.pool.get(block=False))
    except queue.Empty:
        pass
    for conn in held:
        if conn is not None:
            conn.close()
        pool.pool.put(conn, block=False)


def _httpcore(scene: Scene, seams: Seams, httpcore: Any) -> None:
    handle = seams.original(httpcore.ConnectionPool, "handle_request")
    handle_async = seams.original(httpcore.AsyncConnectionPool, "handle_async_request")

    def is_s3(request: Any) -> bool:
        return scene.is_s3(request.url.host.decode("ascii"), request.url.port)

    def marked(request: Any, mark: str) -> Any:
        return httpcore.Request(
            request.method,
            request.url,
            headers=[*request.headers, (MARK.encode(), mark.encode())],
            content=request.stream,
            extensions=request.extensions,
        )

    @functools.wraps(handle)
    def announcing(pool: Any, request: Any) -> Any:
        if not is_s3(request):
            return handle(pool, request)
        with announced(scene, _call_of(scene, request), _timeout_of(request)) as attempt:
            for idle in _idle(pool) if attempt.fault else ():
                idle.close()
            return handle(pool, marked(request, attempt.mark))

    @functools.wraps(handle_async)
    async def announcing_async(pool: Any, request: Any) -> Any:
        if not is_s3(request):
            return await handle_async(pool, request)
        with announced(scene, _call_of(scene, request), _timeout_of(request)) as attempt:
            for idle in _idle(pool) if attempt.fault else ():
                await idle.aclose()
            return await handle_async(pool, marked(request, attempt.mark))

    seams.setattr(httpcore.ConnectionPool, "handle_request", announcing)
    seams.setattr(httpcore.AsyncConnectionPool, "handle_async_request", announcing_async)


def _idle(pool: Any) -> Iterator[Any]:
    return (connection for connection in tuple(pool.connections) if connection.is_idle())


def _call_of(scene: Scene, request: Any) -> Call:
    url = request.url
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    method, scheme, host = (part.decode("ascii") for part in (request.method, url.scheme, url.host))
    return call_to(scene, method, scheme, host, url.port, url.target.decode("latin-1"), headers)


def _timeout_of(request: Any) -> float | None:
    return seconds(request.extensions.get("timeout", {}).get("connect"))
