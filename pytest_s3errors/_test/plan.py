"""What the markers of one test decide before it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_s3errors._core.report.expectations import Expectation
from pytest_s3errors._core.rules.parse_limits import NO_LIMITS, Limits
from pytest_s3errors._core.rules.parse_sweep import SweepSpec
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import UNDECLARED, Access
from pytest_s3errors._core.s3.store import S3Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the markers of one test say. None: nothing."""

    rules: tuple[Rule, ...] = ()
    layer: str | None = None
    time: str | None = None
    server: str | None = None
    arrange: tuple[Callable[[S3Store], object], ...] = ()
    expectations: tuple[Expectation, ...] = ()
    access: Access = UNDECLARED
    limits: Limits = NO_LIMITS
    sweep: SweepSpec | None = None
    dialect: str | None = None

    @property
    def outlasts_s(self) -> float:
        """Return how many seconds of an outage the test must survive. 0: no marker says so."""
        return max((expectation.outlasts_s for expectation in self.expectations), default=0.0)
