"""Lets the tests of this folder import its helper modules, and hands out the two servers."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

from fact_servers import Moto, Ours, moto_process


@pytest.fixture
def ours(s3_server: Any, s3_errors: Any, s3_store: Any) -> Iterator[Ours]:
    """The simulated S3."""
    with closing(Ours(url=s3_server.url, errors=s3_errors, store=s3_store)) as server:
        yield server


@pytest.fixture
def moto(moto_running: Moto) -> Iterator[Moto]:
    """moto's server."""
    with closing(moto_running):
        yield moto_running


@pytest.fixture(scope="session")
def moto_running() -> Iterator[Moto]:
    """moto's server, one for all tests."""
    if any(importlib.util.find_spec(name) is None for name in ("moto", "flask")):
        pytest.skip("moto's server is not installed; the extra `moto` has it")
    with moto_process() as server:
        yield server
