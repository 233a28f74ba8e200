"""httpx, async and blocking, on presigned URLs, rerouted by itself."""

from __future__ import annotations

import functools

import plain_http
import pytest
from client_matrix import SCENARIOS, Client

httpx = pytest.importorskip("httpx", reason="httpx is not installed; the extra `clients` has it")


async def send(method, url, body):
    async with httpx.AsyncClient() as client:
        response = await client.request(method, url, content=body or None)
    return response.raise_for_status().content


async def send_blocking(method, url, body):
    with httpx.Client() as client:
        return client.request(method, url, content=body or None).raise_for_status().content


CLIENTS = [
    Client(
        name=name,
        packages=("httpx",),
        setup="Default settings, presigned URLs, `raise_for_status()` and `content`; no retry by hand.",
        get=functools.partial(plain_http.get, way),
        put=functools.partial(plain_http.put, way),
        upload=functools.partial(plain_http.upload, way),
        delete=functools.partial(plain_http.delete, way),
    )
    for name, way in (("httpx async", send), ("httpx blocking", send_blocking))
]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, client, scenario):
    """It does what the page says of it."""
    observer.scenario(client, scenario)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "httpx.ReadError"),
        ("disconnect", "httpx.RemoteProtocolError"),
        ("truncated_body", "httpx.RemoteProtocolError"),
        ("reset_body", "httpx.ReadError"),
        ("connection_refused", "httpx.ConnectError"),
        ("dns_failure", "httpx.ConnectError"),
        ("tls_failure", "httpx.ConnectError"),
    ],
)
def test_broken_connection(observer, client, fault, error):
    """The exception is httpx's own, after one attempt."""
    observer.broken(client, fault, error)
