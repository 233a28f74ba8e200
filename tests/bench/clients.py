"""Microseconds per request of each client on this plugin, next to what else can answer it."""

from __future__ import annotations

import functools
import gc
import json
import platform
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import clients_ways as ways
from .clients_fixed import Fixed, bare_process, fixed, moto_process, moto_thread
from .clients_ways import Repeat, Servers
from .timing import Took, middle, middle_ratio, stopwatch

REQUESTS = ("503", "GET", "PUT")
FLOOR = "bare process"
_PACKAGES = (
    *("pytest-s3errors", "aiohttp", "aioresponses", "httpx", "respx"),
    *("boto3", "botocore", "aiobotocore", "moto"),
)
Open = Callable[[Fixed, Servers], AbstractContextManager[Repeat]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A client and what answers it; *needs* are the modules it imports, *faults* whether it can answer 503."""

    client: str
    server: str
    needs: tuple[str, ...]
    open: Open
    faults: bool = True

    def requests(self) -> tuple[str, ...]:
        """The names of the requests that can be measured."""
        return REQUESTS if self.faults else REQUESTS[1:]


def _async(client: Any, around: Callable[[Fixed], AbstractContextManager[None]]) -> Open:
    return lambda request, _servers: ways.looped(client, around(request), request)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _on(layer: str) -> Callable[[Fixed], AbstractContextManager[None]]:
    return functools.partial(ways.simulated, layer)


def _aiobotocore_at(url: Callable[[Fixed, Servers], str | None], *, create: bool) -> Open:
    def opened(request: Fixed, servers: Servers) -> AbstractContextManager[Repeat]:
        return ways.looped(ways.aiobotocore_client(url(request, servers), create=create), _nothing(), request)

    return opened


def _mock_aws(request: Fixed, _servers: Servers) -> AbstractContextManager[Repeat]:
    return ways.boto3_client(request, around=import_module("moto").mock_aws(), create=True)


_PLAIN = functools.partial(ways.aioresponses, fitting=False)
_FITTING = functools.partial(ways.aioresponses, fitting=True)
_HTTPX = ("httpx", "respx")
_BOTO = ("boto3",)
WAYS = (
    Way(client="aiohttp", server="wire", needs=(), open=_async(ways.aiohttp_client, _on("wire"))),
    Way(client="aiohttp", server="mock", needs=("aioresponses",), open=_async(ways.aiohttp_client, _on("mock"))),
    Way(client="aiohttp", server="aioresponses", needs=("aioresponses",), open=_async(ways.aiohttp_client, _PLAIN)),
    Way(client="aiohttp", server="aioresponses, fitted", needs=("aioresponses",),
        open=_async(ways.aiohttp_client, _FITTING)),
    Way(client="httpx", server="wire", needs=("httpx",), open=_async(ways.httpx_client, _on("wire"))),
    Way(client="httpx", server="mock", needs=_HTTPX, open=_async(ways.httpx_client, _on("mock"))),
    Way(client="httpx", server="respx", needs=_HTTPX, open=_async(ways.httpx_client, ways.respx)),
    Way(client="boto3", server="wire", needs=_BOTO,
        open=lambda request, _servers: ways.boto3_client(request, around=ways.simulated("wire", request))),
    Way(client="boto3", server=FLOOR, needs=_BOTO,
        open=lambda request, servers: ways.boto3_client(request, endpoint=servers.bare[request.name])),
    Way(client="boto3", server="Stubber", needs=_BOTO,
        open=lambda request, _servers: ways.boto3_client(request, stubbed=True)),
    Way(client="boto3", server="mock_aws", needs=("boto3", "moto"), faults=False, open=_mock_aws),
    Way(client="boto3", server="moto server", needs=("boto3", "moto.server", "flask"), faults=False,
        open=lambda request, servers: ways.boto3_client(request, endpoint=servers.moto, create=True)),
    Way(client="aiobotocore", server="wire", needs=("aiobotocore",),
        open=_async(ways.aiobotocore_client(None), _on("wire"))),
    Way(client="aiobotocore", server=FLOOR, needs=("aiobotocore",),
        open=_aiobotocore_at(lambda request, servers: servers.bare[request.name], create=False)),
    Way(client="aiobotocore", server="moto server", needs=("aiobotocore", "moto.server", "flask"), faults=False,
        open=_aiobotocore_at(lambda _request, servers: servers.moto, create=True)),
    Way(client="aiobotocore", server="moto server, thread", needs=("aiobotocore", "moto.server", "flask"),
        faults=False, open=_aiobotocore_at(lambda _request, servers: servers.moto_thread, create=True)),
)  # fmt: skip

Taken = dict[tuple[str, str, str], list[Took]]


def measure(*, quick: bool, older: str | None) -> dict[str, Any]:
    """All numbers, as they go into the JSON file.

    Args:
        quick: Few repetitions, to see that it runs.
        older: A Python with an aiohttp on which aioresponses works as it is; its numbers stand under its version.
    """
    fixeds = {name: fixed(name) for name in REQUESTS}
    missing = {(way.client, way.server): lacks for way in WAYS if (lacks := _lacks(way))}
    with ExitStack() as stack:
        bare = {name: stack.enter_context(bare_process(request.wire)) for name, request in fixeds.items()}
        moto = None if _absent("moto") or _absent("flask") else stack.enter_context(moto_process())
        thread = None if moto is None else stack.enter_context(moto_thread())
        servers = Servers(bare=bare, moto=moto, moto_thread=thread)
        useful = [way for way in WAYS if (way.client, way.server) not in missing]
        for way in tuple(useful):
            if why := _unfit(way, fixeds["GET"], servers):
                missing[way.client, way.server] = why
                useful.remove(way)
        taken = _rounds(useful, fixeds, servers, rounds=1 if quick else 11, times=2 if quick else 60)
    installed = {name: number for name in _PACKAGES if (number := _version(name))}
    found: dict[str, Any] = {
        "versions": {"python": platform.python_version()} | installed,
        "quick": quick,
        "client_us": [
            {"client": client, "server": server, "request": request, **middle(took)._asdict()}
            for (client, server, request), took in taken.items()
        ],
        "not_measured": [{"client": way[0], "server": way[1], "why": why} for way, why in missing.items()],
        "ratios": _ratios(taken),
    }
    return found | {"older": _elsewhere(older, quick=quick) if older else None}


def _lacks(way: Way) -> str:
    names = [name for name in way.needs if _absent(name)]
    return f"not installed: {', '.join(names)}" if names else ""


def _absent(module: str) -> bool:
    try:
        return find_spec(module) is None
    except ModuleNotFoundError:  # its package is not there
        return True


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _unfit(way: Way, request: Fixed, servers: Servers) -> str:
    """Why aioresponses as it is does not go with the aiohttp that is installed, or nothing."""
    if way.server != "aioresponses":
        return ""
    try:
        with way.open(request, servers) as repeat:
            repeat(1)
    except TypeError as error:
        return f"does not work with aiohttp {version('aiohttp')}: {error}"
    return ""


def _rounds(
    useful: list[Way], fixeds: dict[str, Fixed], servers: Servers, *, rounds: int, times: int
) -> Taken:  # fmt: skip
    taken: Taken = {(way.client, way.server, name): [] for way in useful for name in way.requests()}
    for _ in range(rounds):
        for name in REQUESTS:
            for way in useful:
                if name in way.requests():
                    with way.open(fixeds[name], servers) as repeat:
                        repeat(max(times // 10, 2))
                        gc.collect()
                        elapsed = stopwatch()
                        repeat(times)
                        taken[way.client, way.server, name].append(elapsed(1e6 / times))
    return taken


def _ratios(taken: Taken) -> list[dict[str, Any]]:
    """What this plugin, or a server that costs nothing, takes, times what the others take; each in the same round."""
    return [
        {"client": client, "server": ours, "to": other, "request": request}
        | middle_ratio(list(zip(taken[client, ours, request], took, strict=True)))._asdict()
        for (client, other, request), took in taken.items()
        if other not in ("wire", "mock")
        for ours in ("wire", "mock", FLOOR)
        if ours != other and (client, ours, request) in taken
    ]


def _elsewhere(python: str, *, quick: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        written = Path(directory) / "clients.json"
        command = [python, "-m", "tests.bench", "--clients", "--json", str(written), *(["--quick"] if quick else ())]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(written.read_text())
    return found
