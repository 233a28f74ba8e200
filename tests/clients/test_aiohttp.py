"""Plain aiohttp on presigned URLs, rerouted by itself."""

from __future__ import annotations

import functools
import io

import aiohttp
import plain_http
import pytest
from client_matrix import MIB, SCENARIOS, Client


async def send(method, url, body):
    # aiohttp warns of large bytes, and wants a file instead.
    data = io.BytesIO(body) if len(body) > MIB else body or None
    async with aiohttp.ClientSession() as session, session.request(method, url, data=data) as response:
        response.raise_for_status()
        return await response.read()


AIOHTTP = Client(
    name="aiohttp",
    packages=("aiohttp",),
    setup="Default settings, presigned URLs, `raise_for_status()` and `read()`; no retry by hand.",
    get=functools.partial(plain_http.get, send),
    put=functools.partial(plain_http.put, send),
    upload=functools.partial(plain_http.upload, send),
    delete=functools.partial(plain_http.delete, send),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(AIOHTTP, scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "aiohttp.client_exceptions.ClientOSError"),
        ("disconnect", "aiohttp.client_exceptions.ServerDisconnectedError"),
        ("truncated_body", "aiohttp.client_exceptions.ClientPayloadError"),
        ("reset_body", "aiohttp.client_exceptions.ClientPayloadError"),
        ("connection_refused", "aiohttp.client_exceptions.ClientConnectorError"),
        ("dns_failure", "aiohttp.client_exceptions.ClientConnectorDNSError"),
        ("tls_failure", "aiohttp.client_exceptions.ClientConnectorSSLError"),
    ],
)
def test_broken_connection(observer, fault, error):
    """The exception is aiohttp's own; it sends a GET once more if nothing of an answer came."""
    observer.broken(AIOHTTP, fault, error)
