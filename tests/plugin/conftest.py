"""A small project to run tests in."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

import pytest_s3errors._guard.after
import pytest_s3errors._guard.doors
import pytest_s3errors._layers.client
import pytest_s3errors._layers.wire.aiohttp

# pytester forgets the modules that a run inside this process imported; those that are here already it keeps.
import pytest_s3errors._test.controller
import pytest_s3errors._test.markers  # noqa: F401
import s3_asyncio_client.circuit
import s3_asyncio_client.fallback  # noqa: F401

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = -p no:cacheprovider --strict-markers
"""

HEADER = """
import asyncio
import aiohttp
import pytest
from s3_asyncio_client import *
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, tolerated_warnings: tuple[str, ...]) -> Run:
    """Run a test file, with warnings as errors, in this process or (`subprocess=True`) in one of its own."""

    def run(source: str, *args: str, ini: str = "", subprocess: bool = False) -> pytest.RunResult:
        filters = "".join(f"    {warning}\n" for warning in ("error", *tolerated_warnings))
        pytester.makeini(f"{INI}filterwarnings =\n{filters}{ini}")
        pytester.makepyfile(test_it=HEADER + textwrap.dedent(source))
        how = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return how("-q", *args)

    return run
