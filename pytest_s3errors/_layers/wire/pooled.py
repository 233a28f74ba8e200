"""Connections that a client made before the test, and kept: they lead to a real S3, past every name that is looked up.

Where a client is about to use one of them for a request to S3, it is closed here. The client dials again, as for any
connection that the other side closed, and by its layer the test decides where that leads.
"""

from __future__ import annotations

import functools
import http.client
import sys
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_s3errors._scene import Scene


def install(scene: Scene, patches: pytest.MonkeyPatch, is_ours: Callable[[Any], bool]) -> None:
    """Watch http.client (with urllib3 and botocore on it) and httpcore (with httpx) until *patches* are undone.

    *is_ours* says whether a socket is connected to the simulated S3.
    """
    putrequest = http.client.HTTPConnection.putrequest

    @functools.wraps(putrequest)
    def watched(conn: Any, *args: Any, **kwargs: Any) -> None:
        if conn.sock is not None and scene.is_s3(conn.host, conn.port) and not is_ours(conn.sock):
            # Not conn.close(): urllib3 has noted by now which answer it waits for, and would forget it.
            kept, conn.sock = conn.sock, None
            kept.close()
        putrequest(conn, *args, **kwargs)

    patches.setattr(http.client.HTTPConnection, "putrequest", watched)
    # Who has not imported it has no connection of it.
    if (httpcore := sys.modules.get("httpcore")) is not None:
        _watch_httpcore(httpcore, scene, patches)


def _watch_httpcore(httpcore: Any, scene: Scene, patches: pytest.MonkeyPatch) -> None:
    # Not its pools: they are what respx puts its own in the place of.
    blocking, waiting = httpcore.HTTP11Connection, httpcore.AsyncHTTP11Connection
    made: weakref.WeakSet[Any] = weakref.WeakSet()
    for kind in (blocking, waiting):
        patches.setattr(kind, "__init__", _noting(kind.__init__, made))
    handle, handle_async = blocking.handle_request, waiting.handle_async_request

    def leads_out(connection: Any, request: Any) -> bool:
        return connection not in made and scene.is_s3(request.url.host.decode("ascii"), request.url.port)

    @functools.wraps(handle)
    def handling(connection: Any, request: Any) -> Any:
        if leads_out(connection, request):
            connection.close()
            raise httpcore.ConnectionNotAvailable  # the pool takes another one
        return handle(connection, request)

    @functools.wraps(handle_async)
    async def handling_async(connection: Any, request: Any) -> Any:
        if leads_out(connection, request):
            await connection.aclose()
            raise httpcore.ConnectionNotAvailable
        return await handle_async(connection, request)

    patches.setattr(blocking, "handle_request", handling)
    patches.setattr(waiting, "handle_async_request", handling_async)


def _noting(init: Callable[..., None], made: weakref.WeakSet[Any]) -> Callable[..., None]:
    @functools.wraps(init)
    def noting(connection: Any, *args: Any, **kwargs: Any) -> None:
        made.add(connection)
        init(connection, *args, **kwargs)

    return noting
