"""The `mock` layer: which HTTP mocks the test has, and which of them the simulator answers.

aioresponses and respx are imported only when a test needs them: respx alone takes 0.2 s.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_s3errors._scene import Scene

    from .aiohttp import MockAiohttp
    from .httpx import MockHttpx

_NO_RESPX = (
    "through httpx, and respx, which the mock layer needs for that, is missing: pip install pytest-s3errors[httpx]"
)


class MockLayer:
    """The routers of one test."""

    def __init__(self, scene: Scene, patches: pytest.MonkeyPatch) -> None:
        self._scene = scene
        self._patches = patches

    @functools.cached_property
    def _aiohttp(self) -> MockAiohttp:
        from .aiohttp import MockAiohttp  # noqa: PLC0415 - only where it is needed

        return MockAiohttp(self._scene, self._patches)

    @functools.cached_property
    def _httpx(self) -> MockHttpx:
        from .httpx import MockHttpx  # noqa: PLC0415 - an optional part

        return MockHttpx(self._scene, self._patches)

    def install(self) -> None:
        """Answer every S3 request of aiohttp, and of httpx if that is installed."""
        self._aiohttp.install()
        if importlib.util.find_spec("httpx") is None:
            return
        if importlib.util.find_spec("respx") is None:
            self._refuse_httpx()
        else:
            self._httpx.install()

    def mount(self, router: Any) -> None:
        """Answer S3 requests for which *router* has no route.

        Raises:
            TypeError: *router* does not belong to aioresponses or respx.
        """
        # A router can't exist before its module is imported.
        aioresponses, respx = sys.modules.get("aioresponses"), sys.modules.get("respx")
        if aioresponses is not None and isinstance(router, aioresponses.aioresponses):
            self._aiohttp.mount(router)
        elif respx is not None and isinstance(router, respx.Router):
            self._httpx.mount(router)
        else:
            raise TypeError(
                f"s3_errors.mount() takes an aioresponses() or a respx router, such as respx_mock; {router!r} came"
            )

    def _refuse_httpx(self) -> None:
        import httpx  # noqa: PLC0415 - an optional part

        def refusing(handle: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(handle)
            def refuse(transport: Any, request: httpx.Request) -> Any:
                if self._scene.is_s3(request.url.host, request.url.port):
                    raise self._scene.escape(request.url.host, _NO_RESPX)
                return handle(transport, request)

            return refuse

        for owner, name in (
            (httpx.HTTPTransport, "handle_request"),
            (httpx.AsyncHTTPTransport, "handle_async_request"),
        ):
            self._patches.setattr(owner, name, refusing(getattr(owner, name)))
