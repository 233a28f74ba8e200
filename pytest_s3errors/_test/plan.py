"""What is settled before a test starts: the settings of the session and the plan of one test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_s3errors._core.report.expectations import Expectation
from pytest_s3errors._core.rules.parse_backend import MEMORY, BackendSpec
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import UNDECLARED, Access
from pytest_s3errors._core.s3.store import Store
from pytest_s3errors._servers.process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What command line and ini say, the same for all tests of a session."""

    layer: str
    seed: str
    control: bool
    endpoints: tuple[str, ...]
    passthrough: tuple[str, ...]
    time: str = "virtual"
    max_time_s: float = 86_400.0
    max_requests: int = 10_000
    max_alike: int = 2_000
    server: str = "thread"
    process: Process | None = None
    backend: BackendSpec = MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the markers of one test say."""

    rules: tuple[Rule, ...] = ()
    layer: str | None = None
    time: str | None = None
    server: str | None = None
    arrange: tuple[Callable[[Store], object], ...] = ()
    expectations: tuple[Expectation, ...] = ()
    access: Access = UNDECLARED
