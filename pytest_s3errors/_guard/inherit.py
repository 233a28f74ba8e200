"""In a child process of a test: the plan of its guard, put into place before anything can be sent.

A plan is a plain dict, so that it goes through the environment and through pickles. Little is imported here, since
every Python child of a test runs it; the rest comes with the first socket.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .imports import watch, when_imported

Plan = dict[str, Any]

VARIABLE = "S3ERRORS_GUARD"

SENDING = (
    "aiobotocore.endpoint",
    "aiobotocore.session",
    "aiobotocore.signers",
    "aiobotocore.utils",
    "aiohttp",
    "asyncio",
    "awscrt.http",
    "awscrt.s3",
    "boto3.s3.transfer",
    "botocore.endpoint",
    "botocore.session",
    "botocore.signers",
    "botocore.utils",
    "gevent.socket",
    "http.client",
    "httpcore",
    "minio.api",
    "pyarrow.fs",
    "pycurl",
    "socket",
    "ssl",
    "urllib3.connectionpool",
    "urllib3.contrib.socks",
    "urllib3.util.connection",
    "uvloop",
)
"""What the guard acts on: some of it is being imported when the first socket is."""


def follow(plan: Plan) -> None:
    """Guard this process by *plan* as soon as it imports what it could send by."""
    for name in SENDING:
        watch(name)
    when_imported("socket", lambda _socket: enter(plan))


def enter(plan: Plan) -> None:
    """Guard this process by *plan* from now on."""
    import_module(plan["entry"]).enter(plan)


def prepared(plan: Plan, environment: Mapping[str, str | None], data: dict[str, Any]) -> dict[str, Any]:
    """Return *data*, which a spawned worker is prepared by, after its environment and its guard are in place."""
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    enter(plan)
    return data


class Preparation(dict[str, Any]):
    """A worker's preparation data; while it is unpickled in the worker, `prepared` runs there."""

    plan: Plan
    environment: Mapping[str, str | None]

    def __reduce__(self) -> tuple[Any, ...]:
        return prepared, (self.plan, dict(self.environment), dict(self))
