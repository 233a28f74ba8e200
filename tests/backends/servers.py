"""S3 servers that others wrote, behind the rules: how they are started, and what they are known to do otherwise.

`.ci/servers FOLDER` installs them, and S3ERRORS_SERVERS names that folder; without it no test asks for them.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PATIENCE_S = 20
_DIFFERENCES = Path(__file__).with_name("differences.txt")
_S3RVER = """
const S3rver = require("@20minutes/s3rver");
new S3rver({ address: "127.0.0.1", port: Number(process.argv[1]), directory: process.argv[2], silent: true }).run();
"""


class Server(NamedTuple):
    """How to start one: {folder} is where it is installed, {data} is empty, {port} is free. `keys` go into its URL."""

    command: tuple[str, ...]
    keys: str
    environment: Mapping[str, str]


SERVERS = {
    "nanio": Server(
        ("{folder}/nanio/bin/nanio", "serve", "--host", "127.0.0.1", "--port", "{port}", "--data-dir", "{data}"),
        "nanio:not-a-secret",
        {"NANIO_ACCESS_KEY": "nanio", "NANIO_SECRET_KEY": "not-a-secret"},
    ),
    "s3rver": Server(
        ("node", "-e", _S3RVER, "{port}", "{data}"),
        "S3RVER:S3RVER",
        {"NODE_PATH": "{folder}/s3rver/node_modules"},
    ),
}


def installed() -> list[str]:
    """The names of the servers that can be started."""
    return sorted(SERVERS) if "S3ERRORS_SERVERS" in os.environ else []


def differences() -> dict[tuple[str, str], str]:
    """What the servers do otherwise, by server and test."""
    lines = (line.split(": ", 2) for line in _DIFFERENCES.read_text().splitlines())
    return {(server, test): why for server, test, why in lines}


@contextlib.contextmanager
def started(name: str, data: Path) -> Iterator[str]:
    """The URL of server *name*, which keeps what it holds in *data*."""
    server, port = SERVERS[name], _free_port()
    places = {"{folder}": os.environ["S3ERRORS_SERVERS"], "{data}": str(data), "{port}": str(port)}
    command = [_filled(word, places) for word in server.command]
    environment = {**os.environ, **{key: _filled(value, places) for key, value in server.environment.items()}}
    log = (data.parent / f"{name}.log").open("wb")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=data) as process:
        try:
            _wait(process, port)
            yield f"http://{server.keys}@127.0.0.1:{port}"
        finally:
            process.kill()


def _filled(word: str, places: Mapping[str, str]) -> str:
    return re.sub(r"\{\w+\}", lambda found: places.get(found[0], found[0]), word)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"{process.args} does not listen on port {port}")
