"""aiohttp without connections: its connectors know the host before any resolver or socket does."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .door import Door
from .senders import presigned

if TYPE_CHECKING:
    from .seams import Seams


def install(seams: Seams, door: Door, aiohttp: Any) -> None:
    """Ask *door*, which is shut, before a connector looks for a connection."""
    connect = seams.original(aiohttp.BaseConnector, "connect")

    @functools.wraps(connect)
    async def connecting(connector: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
        if req.url.host is not None:
            with presigned(str(req.url)):
                door.takes(req.url.host, req.url.port)
        return await connect(connector, req, *args, **kwargs)

    seams.setattr(aiohttp.BaseConnector, "connect", connecting)
