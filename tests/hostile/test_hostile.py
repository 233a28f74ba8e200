"""A hostile session: tests that end badly and leave things behind, and after each of them nothing of it to be seen.

`body` is the table of tests, `session` the conftest that looks. They run in a process of their own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ARGUMENTS = ("-q", "-p", "no:cacheprovider", "-p", "pytest_timeout", "--tb=native")
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
SABOTAGE = """
import threading, time
from unittest import mock

def test_warm_up():
    pass

def test_patch():
    time.sleep = lambda _: None

def test_thread():
    threading.Thread(target=threading.Event().wait, daemon=True, name="left").start()

def test_file():
    globals()["kept"] = open("/dev/null")

def test_environment(monkeypatch):
    import os
    os.environ["AWS_REGION"] = "left"
"""


@pytest.fixture
def differences(pytester):
    """Runs a hostile session, and returns by test what was not as before."""
    pytester.makeini(INI)
    pytester.makeconftest((HERE / "session.py").read_text())

    def run(source):
        pytester.makepyfile(test_body=source)
        result = pytester.runpytest_subprocess(*ARGUMENTS, timeout=540)
        return result, json.loads((pytester.path / "differences.json").read_text())

    return run


def test_nothing_is_left_of_any_test(differences):
    """Patches, files, threads, simulations, the environment, and that time passes."""
    result, found = differences((HERE / "body.py").read_text())
    assert found == {}
    outcomes = result.parseoutcomes()
    assert all(outcomes[name] for name in ("passed", "failed", "skipped", "xfailed", "errors"))


def test_what_is_left_is_seen(differences):
    """The look itself is no empty promise."""
    _, found = differences(SABOTAGE)
    kinds = [(name.rpartition("::")[2], change.partition(":")[0]) for name, all_ in found.items() for change in all_]
    assert ("test_patch", "time.sleep") in kinds
    assert ("test_patch", "time passes") in kinds
    assert ("test_thread", "threads") in kinds
    assert ("test_file", "open files") in kinds
    assert ("test_environment", "environment") in kinds
