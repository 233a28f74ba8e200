"""Under which keys pytest's objects keep what is ours. Apart, so that a hook can look without importing the rest."""

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
"""Of the config: the seed of all tests, known before any option is checked."""
SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
"""Of the config."""
PLAN: pytest.StashKey[Plan] = pytest.StashKey()
"""Of a test with markers."""
MISTAKE: pytest.StashKey[str] = pytest.StashKey()
"""Of a test with wrong markers, where those could not stop the run."""
REFUSED: pytest.StashKey[list[Mistake]] = pytest.StashKey()
"""Of what stands in the place of a test that a marker made something else."""
RUN: pytest.StashKey[Run] = pytest.StashKey()
"""Of a test that uses S3, from before its fixtures to after them."""
LATEST: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""Of the session: the test that used S3 last."""
TIMER: pytest.StashKey[Any] = pytest.StashKey()
"""Of a test under pytest-timeout: the settings of its timer."""
CASE: pytest.StashKey[S3Sweep] = pytest.StashKey()
"""Of a test while it runs: what its `s3_sweep` fixture was told."""
PROFILES: pytest.StashKey[list[list[tuple[str, str]]]] = pytest.StashKey()
"""Of a test: the retry profiles that it measured, each as lines of a probe and what was seen."""
