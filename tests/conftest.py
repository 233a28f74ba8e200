"""Shared by all tests."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytester"]

# A slow machine is no failure; the suite's own time is bounded by the number of examples.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
