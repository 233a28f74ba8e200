"""The stash keys of the plugin. They have their own module so that a hook can look without importing the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_s3errors._insight.case import S3Sweep
    from pytest_s3errors._options import Settings

    from .lifetime import Run
    from .markers import Mistake
    from .plan import Plan

SEED: pytest.StashKey[str] = pytest.StashKey()
"""On the config: the seed of all tests, known before any option is checked."""
SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
"""On the config."""
PLAN: pytest.StashKey[Plan] = pytest.StashKey()
"""On a test with markers."""
READ: pytest.StashKey[dict[int, pytest.Mark]] = pytest.StashKey()
"""On a test with markers: those of ours that were read, by their ids. Two can be equal."""
REFUSED: pytest.StashKey[list[Mistake]] = pytest.StashKey()
"""On the item that replaces a test which a marker replaced by mistake."""
RUN: pytest.StashKey[Run] = pytest.StashKey()
"""On a test that uses S3, from before its fixtures to after them."""
LATEST: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""On the session: the last test that used S3."""
TIMER: pytest.StashKey[Any] = pytest.StashKey()
"""On a test under pytest-timeout: the settings of its timer."""
CASE: pytest.StashKey[S3Sweep] = pytest.StashKey()
"""On a running test: what it told its `s3_sweep` fixture."""
PROFILES: pytest.StashKey[list[list[tuple[str, str]]]] = pytest.StashKey()
"""On a test: the retry profiles that it measured, each as lines with a probe and its result."""
