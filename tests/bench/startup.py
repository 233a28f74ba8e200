"""Milliseconds that the plugin adds to the start of pytest in a project that does not use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .timing import Took, stopwatch

# The process tells its own processor time, of which nobody else knows as exactly on every system.
_MAIN = "import sys, time, pytest; code = pytest.main(sys.argv[1:]); print(time.process_time()); sys.exit(code)"
# Other plugins that happen to be installed are left out: they add noise, and Hypothesis alone some 0.5 s.
# pytest-asyncio stays, since whoever has this plugin has it.
_OTHERS = ("anyio", "hypothesispytest", "xdist", "xdist.looponfail", "cacheprovider")
QUIET = ("-q", *(argument for name in _OTHERS for argument in ("-p", f"no:{name}")))
_COLLECT = ("-c", _MAIN, *QUIET, "--collect-only", "test_nothing.py")


def measure(directory: Path, *, pairs: int) -> list[tuple[Took, Took]]:
    """Milliseconds (with the plugin, without it) of collecting an empty file, in *pairs* taken in turn."""
    (directory / "test_nothing.py").write_text("")
    (directory / "pytest.ini").write_text("[pytest]\n")
    run_python(directory, _COLLECT)  # compiles what is not compiled yet
    return [
        (_milliseconds(directory, _COLLECT), _milliseconds(directory, (*_COLLECT, "-p", "no:s3errors")))
        for _ in range(pairs)
    ]


def import_ms(directory: Path) -> float:
    """Milliseconds spent in importing the plugin and what only it imports, pytest being there."""
    # Not in a real start: pytest imports its plugins by importlib, of which -X importtime does not know.
    code = "import pytest, pytest_asyncio; import pytest_s3errors.plugin"
    lines = run_python(directory, ("-X", "importtime", "-c", code)).stderr.splitlines()
    total_us, inside = 0, None
    for line in reversed(lines):  # a module stands below what it imports
        if not line.startswith("import time:") or line.count("|") != 2 or "[us]" in line:
            continue
        _, cumulative, name = line.removeprefix("import time:").split("|")
        depth = len(name) - len(name.lstrip())
        if inside is not None and depth > inside:
            continue
        ours = name.split(".")[0].strip() == "pytest_s3errors"
        inside = depth if ours else None
        total_us += int(cumulative) if ours else 0
    return total_us / 1000


def run_python(directory: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run Python with *arguments* in *directory*, where the checkout is not seen; what it compiles stays there, too.

    Raises:
        RuntimeError: it failed; with what it said. pytest's 5, no tests, is no failure.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    environment["PYTHONPYCACHEPREFIX"] = str(directory / "compiled")
    done = subprocess.run(
        [sys.executable, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 5):
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def _milliseconds(directory: Path, arguments: tuple[str, ...]) -> Took:
    elapsed = stopwatch()
    said = run_python(directory, arguments).stdout
    return Took(float(said.split()[-1]) * 1000, elapsed(1000).wall)
