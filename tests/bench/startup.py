"""What the plugin adds to the start of pytest in a project that does not use it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .sides import QUIET, Figures, Side, run

# The process tells its own processor time, of which nobody else knows as exactly on every system.
_MAIN = "import sys, time, pytest; code = pytest.main(sys.argv[1:]); print(time.process_time()); sys.exit(code)"
_COLLECT = ("-c", _MAIN, *QUIET, "--collect-only", "test_nothing.py")
_NO_TESTS = 5


def measure(sides: Sequence[Side], *, rounds: int) -> Figures:
    """Collect an empty file with the plugin and without it, one after the other."""
    added: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    imports: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        (path / "test_nothing.py").write_text("")
        (path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
        for side in sides:
            imports[side.name].append({"cpu": _import_s(side, path)})  # compiles what is not compiled yet
            _collect(side, path)
        for _ in range(rounds):
            for side in sides:
                plugin, without = _collect(side, path), _collect(side, path, "-p", "no:s3errors")
                added[side.name].append({clock: plugin[clock] - without[clock] for clock in plugin})
    return {"added": added, "of that, imports": imports}


def _collect(side: Side, path: Path, *more: str) -> dict[str, float]:
    began = time.perf_counter()
    said = run((side.python, *_COLLECT, *more), path, allowed=(0, _NO_TESTS))
    return {"cpu": float(said.split()[-1]), "wall": time.perf_counter() - began}


def _import_s(side: Side, path: Path) -> float:
    """Seconds spent in importing the plugin and what only it imports, pytest being there."""
    # Not in a real start: pytest imports its plugins by importlib, of which -X importtime does not know.
    code = "import pytest, pytest_asyncio; import pytest_s3errors.plugin"
    run((side.python, "-c", code), path)
    lines = run((side.python, "-X", "importtime", "-c", code), path).splitlines()
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
    return total_us / 1e6
