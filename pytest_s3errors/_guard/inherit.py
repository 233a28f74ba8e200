"""The guard in a child process of a test. It is installed by a plan, before the child can send anything.

A plan is a plain dict, so that it passes through the environment and through pickles. This module imports little, since
every Python child of a test runs it. The rest is imported with the first socket.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from .imports import watch, when_imported
from .owner import alone

Plan = dict[str, Any]

VARIABLE = "S3ERRORS_GUARD"

URLLIB3S = ("urllib3", "urllib3_future")
"""The names of urllib3. urllib3-future goes by both."""

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
    "uvloop",
    *(
        f"{name}.{module}"
        for name in URLLIB3S
        for module in (
            "_async.connection",
            "_async.connectionpool",
            "connection",
            "connectionpool",
            "contrib.socks",
            "util.connection",
        )
    ),
)
"""The modules that the guard patches. Some of them are still being imported when `socket` is."""


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
    _set(environment)
    enter(plan)
    return data


class Job:
    """A job of a process pool: it works for the test that submitted it, or for nobody without a *plan*.

    The worker may be older than that test, or another test's.
    """

    def __init__(self, function: Callable[..., Any], plan: Plan | None, environment: Mapping[str, str | None]) -> None:
        self._function = function
        self._plan = plan
        self._environment = dict(environment)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before = {name: os.environ.get(name) for name in self._environment}
        _set(self._environment)
        try:
            with alone(None if self._plan is None else import_module(self._plan["entry"]).owner_by(self._plan)):
                return self._function(*args, **kwargs)
        finally:
            _set(before)


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class Preparation(dict[str, Any]):
    """A worker's preparation data. While the worker unpickles it, `prepared` runs there."""

    plan: Plan
    environment: Mapping[str, str | None]

    def __reduce__(self) -> tuple[Any, ...]:
        return prepared, (self.plan, dict(self.environment), dict(self))
