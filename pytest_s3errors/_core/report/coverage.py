"""Error coverage: which operations of a suite met which classes of errors, and whether a test checked the result.

A cell is one operation and one class of errors that can happen to it. It is `checked` if a passing test checked the
effect of the error, `met` if the error happened without a check, and `missing` otherwise. Rows are the operations that
the suite used. There is no cell for an error that can't happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from pytest_s3errors._core.rules.classes import CLASSES, class_of_error, classes_of
from pytest_s3errors._core.rules.faults import FAULTS
from s3_asyncio_client._core.operations import OPERATIONS

if TYPE_CHECKING:
    from .journal import Entry

State = Literal["checked", "met", "missing"]
_VERSION: Final = 1
_happens = cache(classes_of)
_ERRORS = 300  # From this status on S3 refuses, fails or redirects.
_EXAMPLES: Final[Mapping[str, str]] = {
    "throttle": "SlowDown",
    "5xx": "InternalError",
    "4xx": "AccessDenied",
    "connection": "connection_reset",
    "timeout": "stall",
    "lost answer": "lost_response",
    "cut body": "truncated_body",
    "corruption": "corrupted_body",
    "error in 200": "error_in_200",
    "protocol": "garbage",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One class of errors at one operation. `met` counts the requests with that error."""

    operation: str
    error: str
    met: int = 0
    checked: bool = False

    @property
    def state(self) -> State:
        """How well the suite covers the error."""
        return "checked" if self.checked else "met" if self.met else "missing"

    @property
    def marker(self) -> str:
        """The decorator that causes the error."""
        partial = self.error == "error in 200" and OPERATIONS[self.operation].late == "partial"
        what = "partial_delete" if partial else _EXAMPLES[self.error]
        return f'@pytest.mark.s3_fail("{what}", operation="{self.operation}", times=1)'


@dataclass(slots=True)
class Coverage:
    """The cells of a suite, by operation and class."""

    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def add(self, other: Coverage) -> None:
        """Add the errors that another test, worker or run met."""
        for place, cell in other.cells.items():
            mine = self.cells.setdefault(place, cell)
            if mine is not cell and cell.met:
                self.cells[place] = Cell(*place, mine.met + cell.met, mine.checked or cell.checked)

    @property
    def operations(self) -> list[str]:
        """The operations that were used, sorted."""
        return sorted({operation for operation, _ in self.cells})

    def row(self, operation: str) -> dict[str, Cell]:
        """Return the cells of *operation* by class, in the order of `CLASSES`."""
        return {error: cell for error in CLASSES if (cell := self.cells.get((operation, error))) is not None}

    def missing(self) -> Iterator[Cell]:
        """Yield the cells that no test met, by operation."""
        for operation in self.operations:
            yield from (cell for cell in self.row(operation).values() if cell.state == "missing")

    @property
    def percent(self) -> float:
        """The percentage of cells that were met. 100 if there are none."""
        return percent_of(self.cells.values())


def percent_of(cells: Iterable[Cell]) -> float:
    """Return the percentage of *cells* that were met. 100 if there are none."""
    met = [bool(cell.met) for cell in cells]
    return 100 * sum(met) / len(met) if met else 100.0


def coverage_of(entries: Iterable[Entry], *, checked_before: float) -> Coverage:
    """Return the errors that one test's *entries* met.

    Args:
        entries: Its requests, in order.
        checked_before: The number of requests before the last check of a test that passed. 0: it failed or never
            checked.
    """
    found = Coverage()
    for position, entry in enumerate(entries):
        operation = entry.call.operation
        if operation is None or operation not in OPERATIONS:
            continue
        for error in _happens(operation):
            found.cells.setdefault((operation, error), Cell(operation, error))
        if not entry.heard:
            continue  # which requests of a client that has left still reach S3 is chance
        place = (operation, error_class(entry.fault, entry.status, entry.error_code) or "")
        if place in found.cells:
            cell = found.cells[place]
            found.cells[place] = Cell(*place, cell.met + 1, cell.checked or position < checked_before)
    return found


def error_class(fault: str | None, status: int | None, code: str | None) -> str | None:
    """Return the class of the error that a request met. None: no error."""
    if fault is not None:
        return FAULTS[fault].shows_as or None
    if status is None:
        return None
    if status < _ERRORS:
        return "error in 200" if code else None
    return class_of_error(status, code)


def as_values(coverage: Coverage) -> dict[str, Any]:
    """Return *coverage* as JSON values, in an order that does not depend on the order of the tests."""
    rows = {operation: coverage.row(operation) for operation in coverage.operations}
    operations = {
        operation: {error: {"met": cell.met, "checked": cell.checked} for error, cell in row.items()}
        for operation, row in rows.items()
    }
    return {"version": _VERSION, "percent": round(coverage.percent, 2), "operations": operations}


def from_values(values: Mapping[str, Any]) -> Coverage:
    """Return the coverage that `as_values` turned into *values*.

    Raises:
        ValueError: *values* are not coverage, or have an unknown version.
    """
    try:
        if values["version"] != _VERSION:
            raise ValueError(f"version {values['version']!r} of error coverage is not known here")
        cells = {
            (operation, error): Cell(operation, error, int(cell["met"]), bool(cell["checked"]))
            for operation, row in values["operations"].items()
            for error, cell in row.items()
            if error in _happens(operation)
        }
    except (AttributeError, KeyError, OverflowError, TypeError) as error:
        raise ValueError(f"this is no error coverage: {error!r}") from None
    return Coverage(cells)
