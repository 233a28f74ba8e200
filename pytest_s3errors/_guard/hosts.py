"""Which requests are S3's, by their target and by their sender."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from pytest_s3errors._core.s3.hosts import is_amazon_host, is_s3_host

from .senders import sending_to, with_base

_PORTS = {"http": 80, "https": 443}


class Endpoint(NamedTuple):
    """Where a client sends S3 requests: a host, which may have a bucket in front, and a port."""

    host: str
    port: int | None


@functools.lru_cache(maxsize=256)
def endpoint_of(url: str) -> Endpoint | None:
    """Return the endpoint that a client's *url* means. None: it names no host."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None:
        return None
    return Endpoint(parts.hostname, port or _PORTS.get(parts.scheme))


class Hosts:
    """Tell S3 requests from others for one test.

    Args:
        endpoints: Globs of further S3 hosts, as in the ini option s3_endpoints.
        passthrough: Globs of hosts that are never touched, as in s3_passthrough.
        clients: Returns the endpoint URLs of the live clients that only speak to S3.
    """

    def __init__(
        self, endpoints: tuple[str, ...], passthrough: tuple[str, ...], clients: Callable[[], tuple[str, ...]]
    ) -> None:
        self._endpoints = tuple(map(_glob, endpoints))
        self._passthrough = tuple(map(_glob, passthrough))
        self._clients = clients
        self.used: set[str] = set()
        """Endpoints that S3 clients have sent something to, written as a Host header and a base path."""

    def endpoints(self) -> tuple[str, ...]:
        """Return the hosts besides Amazon's that take a bucket in front, with their port and base path, if any."""
        return tuple({*map(_with_base, self._clients()), *self.used, *with_base})

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether the simulated S3 answers a request to *host*. Without a port, any port matches."""
        if _any_matches(host, port, self._passthrough):
            return False
        sending = sending_to(host, port)
        if sending is not None:
            if not sending.s3 or is_amazon_host(host):
                return False
            if sending.endpoint is not None:
                self.used.add(sending.endpoint)
            return True
        return is_s3_host(host) or self._is_clients(host.lower(), port) or _any_matches(host, port, self._endpoints)

    def is_refused(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is Amazon's but not S3's. No one may answer such a request."""
        return is_amazon_host(host) and not _any_matches(host, port, self._passthrough)

    def _is_clients(self, host: str, port: int | None) -> bool:
        for url in self._clients():
            endpoint = endpoint_of(url)
            if (
                endpoint is not None
                and port in (None, endpoint.port)
                and (host == endpoint.host or host.endswith(f".{endpoint.host}"))
            ):
                return True
        return False


@functools.lru_cache(64)  # each request asks for those of all clients
def _with_base(url: str) -> str:
    """Return the host of an endpoint with its port and base path, if any."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _glob(text: str) -> str:
    """Return a line of the ini file as a glob of a host. Of a URL, only host and port count."""
    return (text.partition("://")[2] or text).partition("/")[0].lower()


def _names(host: str, port: int | None) -> tuple[str, ...]:
    host = host.lower()
    bare = host.strip("[]")
    return (host, f"{host}:{port}", f"[{bare}]:{port}") if ":" in bare else (host, f"{host}:{port}")


def _any_matches(host: str, port: int | None, globs: tuple[str, ...]) -> bool:
    if not globs:  # as in most tests, and each request asks
        return False
    names = _names(host, port)
    # The brackets of an IPv6 address are not a character class.
    return any(name == glob or fnmatch.fnmatchcase(name, glob) for name in names for glob in globs)
