"""Shared by all tests."""

from __future__ import annotations

import importlib.metadata

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# A slow machine is no failure; the suite's own time is bounded by the number of examples.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Bear with what pytest-asyncio before 1.4 leaves open when async tests and `asyncio.run` share a run."""
    if tuple(map(int, importlib.metadata.version("pytest-asyncio").split(".")[:2])) < (1, 4):
        config.addinivalue_line("filterwarnings", "default::pytest.PytestUnraisableExceptionWarning")
