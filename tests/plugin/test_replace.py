"""Functions replaced wherever they were imported to."""

from __future__ import annotations

import sys
import time
from types import ModuleType

import pytest

from pytest_s3errors._time.dispatch import replace


def slept(_seconds: float) -> None:
    """Stands in for `time.sleep`."""


def module(monkeypatch: pytest.MonkeyPatch, name: str, sleep: object) -> ModuleType:
    """A module of the test's, imported, with *sleep* in it."""
    made = ModuleType(name)
    vars(made)["sleep"] = sleep
    monkeypatch.setitem(sys.modules, name, made)
    return made


def replaced(*modules: ModuleType) -> list[bool]:
    """In which of *modules* `sleep` is another one while `time.sleep` is replaced; afterwards all is as before."""
    before = [vars(module)["sleep"] for module in modules]
    with pytest.MonkeyPatch.context() as patches:
        replace(patches, (time, "sleep", slept))
        found = [vars(module)["sleep"] is slept for module in modules]
    assert [vars(module)["sleep"] for module in modules] == before
    return found


def test_a_module_that_is_imported_between_two_tests_is_found(monkeypatch):
    """Where the function stands is looked up again when something was imported."""
    first = module(monkeypatch, "first_of_two", time.sleep)
    assert replaced(first) == [True]
    second = module(monkeypatch, "second_of_two", time.sleep)
    assert replaced(first, second) == [True, True]


def test_a_module_of_the_same_name_is_another_one(monkeypatch):
    """A module that was imported anew is not taken for its predecessor."""
    assert replaced(module(monkeypatch, "twice", time.sleep)) == [True]
    assert replaced(module(monkeypatch, "twice", time.sleep)) == [True]


def test_a_name_that_gets_the_function_later_is_found(monkeypatch):
    """Only what the name stands for counts, at the time of the test."""
    other = module(monkeypatch, "other_sleep", slept)
    vars(other)["sleep"] = print
    assert replaced(other) == [False]
    vars(other)["sleep"] = time.sleep
    assert replaced(other) == [True]
    vars(other)["sleep"] = print
    assert replaced(other) == [False]


def test_the_standard_library_keeps_its_own(monkeypatch):
    """A module of a name of the standard library's waits for the real world."""
    assert replaced(module(monkeypatch, "sched.inner", time.sleep)) == [False]
