"""The guard in a child process of a test. It is installed by a plan, before the child can send anything.

A plan is a plain dict, so that it passes through the environment and through pickles. This module imports little, since
every Python child of a test runs it. The rest is imported with the first socket.
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
    "httpcore2",
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
"""The modules that the guard patches. Some of them are being imported when the first socket is."""


def follow(plan: Plan) -> None:
    """Guard this process by *plan* as soon as it imports a module that can send."""
    for name in SENDING:
        watch(name)
    when_imported("socket", lambda _socket: enter(plan))


def enter(plan: Plan) -> None:
    """Guard this process by *plan* from now on."""
    import_module(plan["entry"]).enter(plan)


def prepared(plan: Plan, environment: Mapping[str, str | None], data: dict[str, Any]) -> dict[str, Any]:
    """Install a spawned worker's environment and guard, then return its preparation *data*."""
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    enter(plan)
    return data


class Preparation(dict[str, Any]):
    """A worker's preparation data. While the worker unpickles it, `prepared` runs there."""

    plan: Plan
    environment: Mapping[str, str | None]

    def __reduce__(self) -> tuple[Any, ...]:
        return prepared, (self.plan, dict(self.environment), dict(self))
