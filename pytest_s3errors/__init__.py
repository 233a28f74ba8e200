"""S3 error conditions as pytest markers and fixtures.

The names are for annotations and `except`; each is loaded when it is first used, so that pytest starts no slower.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_s3errors import system_clock as _system_clock  # noqa: F401 - before anything fakes the clock

if TYPE_CHECKING:
    from pytest_s3errors._core.report.journal import Record
    from pytest_s3errors._core.rules.arguments import RuleError
    from pytest_s3errors._core.s3.records import StoredObject
    from pytest_s3errors._core.s3.store import S3Store
    from pytest_s3errors._failures import ExpectationError, SimulationError
    from pytest_s3errors._insight.case import S3Sweep
    from pytest_s3errors._insight.drawn import S3Schedule
    from pytest_s3errors._insight.retries import S3Retries
    from pytest_s3errors._insight.retry_profile import RetryProfile
    from pytest_s3errors._test.controller import RuleHandle, S3Clock, S3Errors, S3Server

__version__ = "0.1.0"

__all__ = [
    "ExpectationError",
    "Record",
    "RetryProfile",
    "RuleError",
    "RuleHandle",
    "S3Clock",
    "S3Errors",
    "S3Retries",
    "S3Schedule",
    "S3Server",
    "S3Store",
    "S3Sweep",
    "SimulationError",
    "StoredObject",
]

_HOMES = {
    "ExpectationError": "_failures",
    "RetryProfile": "_insight.retry_profile",
    "Record": "_core.report.journal",
    "RuleError": "_core.rules.arguments",
    "RuleHandle": "_test.controller",
    "S3Clock": "_test.controller",
    "S3Errors": "_test.controller",
    "S3Retries": "_insight.retries",
    "S3Schedule": "_insight.drawn",
    "S3Server": "_test.controller",
    "S3Store": "_core.s3.store",
    "S3Sweep": "_insight.case",
    "SimulationError": "_failures",
    "StoredObject": "_core.s3.records",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
