"""The fast lane: what `pytest tests/core` leaves to the whole suite.

Botocore, the judge of many tests, takes longer to import than all others take to run. So does the search for
counterexamples, which finds most of them in its first examples.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Look at few examples in the fast lane."""
    if config.rootpath == HERE:
        settings.register_profile(
            "fast", max_examples=10, deadline=None, database=None, suppress_health_check=[*HealthCheck]
        )
        settings.load_profile("fast")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let a warning be an error; said once, and not by pytest around each phase of each test."""
    if session.config.rootpath == HERE:
        warnings.simplefilter("error")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules that are nothing without a judge."""
    return True if config.rootpath == HERE and collection_path.name.endswith("_judged.py") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests that ask one."""
    if config.rootpath == HERE:
        judged = [item for item in items if "judge" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=judged)
        items[:] = [item for item in items if item not in judged]
