"""A process that forks for each run of pytest that needs a process of its own; `conftest.Warm` starts it.

It has imported what such a run imports first, and has run no test: what the plugin replaces is as Python made it. That
spares a run two thirds of its time, in which Python, pytest, aiohttp and boto3 start. Each line that comes is a run,
each that goes is its exit status.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import sys

import aiohttp.web  # noqa: F401
import boto3.s3.transfer  # noqa: F401
import pytest

import pytest_s3errors._test.session  # noqa: F401
from s3_asyncio_client import *  # noqa: F403


def fork(*, args: list[str], cwd: str, env: dict[str, str], files: list[str]) -> int:
    """Return the exit status of one run. The child runs pytest and ends, as any interpreter does."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(cwd)
    sys.path[0] = cwd
    os.environ.clear()
    os.environ.update(env)
    for number, name in enumerate([os.devnull, *files]):
        file = os.open(name, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    sys.exit(pytest.main(args))


# For each `-p` a run reads the files of all that is installed.
plugins = [one for one in importlib.metadata.distributions() if any(e.group == "pytest11" for e in one.entry_points)]
importlib.metadata.distributions = lambda: iter(plugins)
with open(os.devnull, "w") as sys.stdout:  # noqa: PTH123
    pytest.main(["--markers"])  # imports plugins, pytest's own too
sys.stdout = sys.__stdout__
gc.freeze()
for line in sys.stdin:
    print(fork(**json.loads(line)), flush=True)
