"""Check the settings of a client. Errors name the value and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)


def check_text(name: str, value: object) -> None:
    """Refuse anything but a str. The value may be a secret and is not shown."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")


def check_endpoint(url: str) -> None:
    """Refuse an endpoint without scheme or host, or with credentials, query or fragment."""
    check_text("endpoint_url", url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f'endpoint_url must begin with http:// or https:// and name a host, got "{url}"')
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("endpoint_url must be scheme, host, port and path only; pass credentials as access_key=")


def client_timeout(timeout: float | aiohttp.ClientTimeout | None) -> aiohttp.ClientTimeout:
    """Return a ClientTimeout. *timeout* is one, or the seconds for a whole request. None: the default."""
    if timeout is None:
        return _DEFAULT_TIMEOUT
    if isinstance(timeout, aiohttp.ClientTimeout):
        return timeout
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be seconds or an aiohttp.ClientTimeout, not {type(timeout).__name__}")
    if not timeout > 0:  # also NaN
        raise ValueError(f"timeout must be more than 0 seconds, got {timeout}")
    return aiohttp.ClientTimeout(total=timeout)


def checked_traces(configs: Sequence[aiohttp.TraceConfig]) -> tuple[aiohttp.TraceConfig, ...]:
    """Refuse anything but a list of aiohttp.TraceConfig."""
    if isinstance(configs, aiohttp.TraceConfig):
        raise TypeError("trace_configs must be a list of aiohttp.TraceConfig; put the one into a list")
    for config in configs:
        if not isinstance(config, aiohttp.TraceConfig):
            raise TypeError(f"trace_configs must hold aiohttp.TraceConfig, not {type(config).__name__}")
    return tuple(configs)
