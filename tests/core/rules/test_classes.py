"""Which classes of errors can happen to which operation."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.rules.classes import CLASSES, class_of_error, classes_of
from pytest_s3errors._core.rules.faults import FAULTS
from s3_asyncio_client._core.operations import OPERATIONS

ALWAYS = {"throttle", "5xx", "4xx", "connection", "timeout", "protocol"}


def test_what_can_happen_to_an_operation():
    """Only a body can be cut or spoiled, and only of a write it matters that its answer was lost."""
    for operation, row in OPERATIONS.items():
        found = set(classes_of(operation))
        assert ALWAYS <= found <= set(CLASSES), operation
        assert ("cut body" in found) == bool(row.answers), operation
        assert ("corruption" in found) == bool(row.answers), operation
        assert ("lost answer" in found) == row.writes, operation
        assert ("error in 200" in found) == bool(row.late), operation


def test_they_come_in_one_order():
    """A table of them has the same columns everywhere."""
    assert list(classes_of("CopyObject")) == [name for name in CLASSES if name in classes_of("CopyObject")]


def test_every_fault_but_a_slow_body_is_an_error_of_some_class():
    """A body that comes slowly is no error by itself."""
    assert {name for name, kind in FAULTS.items() if kind.shows_as not in CLASSES} == {"slow_body"}
    assert {kind.shows_as for kind in FAULTS.values()} - {""} == set(CLASSES) - {"throttle", "5xx"}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (503, "SlowDown", "throttle"),
        (200, "SlowDown", "throttle"),
        (429, None, "throttle"),
        (503, "ServiceUnavailable", "5xx"),
        (500, None, "5xx"),
        (400, "RequestTimeout", "4xx"),
        (301, "PermanentRedirect", "4xx"),
    ],
)
def test_the_class_of_an_answer(status, code, expected):
    """The code decides where it asks for fewer requests, else the status."""
    assert class_of_error(status, code) == expected
