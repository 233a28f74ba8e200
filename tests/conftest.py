"""Shared by all tests."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import pytest_s3errors
import s3_asyncio_client

pytest_plugins = ["pytester"]

# A slow machine is no failure; the suite's own time is bounded by the number of examples, of .ci/long a thousand.
settings.register_profile("suite", deadline=None, max_examples=int(os.environ.get("S3ERRORS_EXAMPLES", "25")))
settings.load_profile("suite")


# Before 1.4, pytest-asyncio leaves a loop open where async tests and `asyncio.run` share a run.
LEAKY = tuple(map(int, importlib.metadata.version("pytest-asyncio").split(".")[:2])) < (1, 4)
TOLERATED = ("default::pytest.PytestUnraisableExceptionWarning",) if LEAKY else ()


def pytest_configure(config: pytest.Config) -> None:
    """Bear with what others leave open."""
    for warning in TOLERATED:
        config.addinivalue_line("filterwarnings", warning)


@pytest.fixture
def tolerated_warnings() -> tuple[str, ...]:
    """Filters that a run of pytest inside a test needs too, after "error"."""
    return TOLERATED


@pytest.fixture
def warnings_are_errors(tolerated_warnings: tuple[str, ...]) -> list[str]:
    """Arguments for a run of pytest inside a test."""
    return [part for warning in ("error", *tolerated_warnings) for part in ("-W", warning)]


# A small project to run tests in.

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = -p no:cacheprovider --strict-markers
"""

HEADER = """
import asyncio
import aiohttp
import pytest
from s3_asyncio_client import *
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture(scope="session")
def every_module() -> None:
    """Import both packages whole, and what else would be there twice.

    pytester forgets the modules that a run inside this process imported, and their package still holds them: a later
    run would mix two copies of one module, each with a state of its own. What is here already it keeps.
    """
    for other in ("aiohttp.test_utils", "aiohttp.web", "concurrent.futures.process", "concurrent.futures.thread"):
        importlib.import_module(other)
    for package in (pytest_s3errors, s3_asyncio_client):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", "sitecustomize")):
                importlib.import_module(module.name)


@pytest.fixture(scope="session")
def with_plugins() -> list[importlib.metadata.Distribution]:
    """The installed packages that have a plugin for pytest.

    For each `-p` a run reads the files of all that is installed, which takes a third of the time of a short run.
    """
    group = "pytest11"
    return [one for one in importlib.metadata.distributions() if any(e.group == group for e in one.entry_points)]


@pytest.fixture
def pytester(
    every_module: None,
    with_plugins: list[importlib.metadata.Distribution],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.Pytester:
    """Run pytest in this process on the modules that it has, with the same words on a machine of CI.

    There, pytest writes each message whole in its summary. Of the installed plugins a run has this one and
    pytest-asyncio: to start all takes as long as the rest of a short run. A test that needs another names it by `-p`.
    """
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: iter(with_plugins))
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_asyncio.plugin")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p s3errors")
    return pytester


class Warm:
    """Starts a command of pytester's as a fork of `warm`, and is what pytester waits for."""

    server: subprocess.Popen[str] | None = None
    stdin = None

    def __call__(self, command: tuple[str, ...], *, stdout: Any, stderr: Any, **_: object) -> Warm:
        """Have it run; *command* is Python's name, what runs pytest, and the arguments."""
        if self.server is None:
            code = Path(__file__).with_name("warm.py").read_text(encoding="utf-8")
            self.server = subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True)
        env = {**os.environ, "PYTHONPATH": f"{Path.cwd()}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        job = {"args": command[2:], "cwd": str(Path.cwd()), "env": env, "files": [stdout.name, stderr.name]}
        print(json.dumps(job), file=self.server.stdin, flush=True)
        return self

    def wait(self) -> int:
        """Return the exit status."""
        return int(self.server.stdout.readline())


@pytest.fixture(scope="session")
def warm() -> Any:
    """What forks the processes of this session's runs, from the first one on."""
    warm = Warm()
    yield warm
    if warm.server is not None:
        warm.server.communicate()


@pytest.fixture
def alone(pytester: pytest.Pytester, warm: Warm, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest in a process of its own: by a fork, or (`fresh=True`) by an interpreter that starts."""

    def alone(*args: str, fresh: bool = False) -> pytest.RunResult:
        with monkeypatch.context() as patch:
            if not fresh and hasattr(os, "fork"):
                patch.setattr(pytester, "popen", warm)
            return pytester.runpytest_subprocess(*args)

    return alone


@pytest.fixture
def run(pytester: pytest.Pytester, alone: Run, tolerated_warnings: tuple[str, ...]) -> Run:
    """Run a test file, with warnings as errors, in this process or (`subprocess=True`) in one of its own.

    A `fresh` one is no fork: its interpreter starts for it. *more* is for pytester, such as `no_reraise_ctrlc=True` for
    a run in this process that a test interrupts.
    """

    def run(
        source: str, *args: str, ini: str = "", subprocess: bool = False, fresh: bool = False, **more: Any
    ) -> pytest.RunResult:
        filters = "".join(f"    {warning}\n" for warning in ("error", *tolerated_warnings))
        pytester.makeini(f"{INI}filterwarnings =\n{filters}{ini}")
        shutil.rmtree(pytester.path / "__pycache__", ignore_errors=True)  # of a source as long, written this second
        pytester.makepyfile(test_it=HEADER + textwrap.dedent(source))
        if subprocess or fresh:
            return alone("-q", *args, fresh=fresh)
        return pytester.runpytest_inprocess("-q", *args, **more)

    return run


@pytest.fixture
def refused(run: Run) -> Callable[[list[str]], list[str]]:
    """What one run says about wrong markers, each on a test of its own: it stops before the first test."""

    def refused(markers: list[str]) -> list[str]:
        result = run(
            "".join(f"@pytest.mark.{marker}\ndef test_{n}(): print('executed')\n" for n, marker in enumerate(markers))
        )
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "executed" not in result.stdout.str()
        told = re.findall(r"^(?:ERROR: )?test_it\.py::test_(\d+): (.*)$", "\n".join(result.errlines), re.MULTILINE)
        assert [int(number) for number, _ in told] == [*range(len(markers))]
        return [said for _, said in told]

    return refused


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Any:
    """A browser, or none and why."""
    if CHROMIUM is None:
        if os.environ.get("S3ERRORS_INSTALLED"):
            pytest.fail("pages have to be tried in CI: install Debian's package chromium")
        pytest.skip("no chromium on this machine (Debian's package chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is in the dev extra")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()
