"""How this plugin fails a test. None of these is an `Exception`, so no retry loop of the test catches them."""

from __future__ import annotations

import pytest


class SimulationError(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """The simulator could not play the test's plan."""

    __module__ = "pytest_s3errors"


class ExpectationError(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """What the test expects of its whole body does not hold."""

    __module__ = "pytest_s3errors"
