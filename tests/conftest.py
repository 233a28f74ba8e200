"""Shared by all tests."""

from __future__ import annotations

import importlib.metadata

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# A slow machine is no failure; the suite's own time is bounded by the number of examples.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


# Before 1.4, pytest-asyncio leaves a loop open where async tests and `asyncio.run` share a run.
LEAKY = tuple(map(int, importlib.metadata.version("pytest-asyncio").split(".")[:2])) < (1, 4)
TOLERATED = ("default::pytest.PytestUnraisableExceptionWarning",) if LEAKY else ()


def pytest_configure(config: pytest.Config) -> None:
    """Bear with what others leave open."""
    for warning in TOLERATED:
        config.addinivalue_line("filterwarnings", warning)


@pytest.fixture
def tolerated_warnings() -> tuple[str, ...]:
    """Filters that a run of pytest inside a test needs too, after "error"."""
    return TOLERATED


@pytest.fixture
def warnings_are_errors(tolerated_warnings: tuple[str, ...]) -> list[str]:
    """Arguments for a run of pytest inside a test."""
    return [part for warning in ("error", *tolerated_warnings) for part in ("-W", warning)]
