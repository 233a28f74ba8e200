"""aiohttp without connections: its connectors know the host before any resolver or socket does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .seams import lead
from .senders import signed

if TYPE_CHECKING:
    from .door import Door


def install(aiohttp: Any) -> None:
    """Ask a test's door before a connector looks for a connection. At the `wire` layer aiohttp has its own way."""
    lead(aiohttp, "BaseConnector.connect", _connect)


def _connect(connect: Any) -> Any:
    async def connecting(door: Door, connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
        if req.url.host is not None:
            with signed(str(req.url), req.headers):
                door.takes(req.url.host, req.url.port)
        return await connect(connector, req, *args, **kwargs)

    return connecting
