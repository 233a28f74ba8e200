"""Run pytest on tests with sweeps; return each run with a fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n"
BAD = ("silent", "torn", "leak", "storm", "hang")


class Run(NamedTuple):
    """One run of a sweep: `rules` are its faults as `s3_fail` spells them."""

    request: str
    fault: str
    mode: str
    verdict: str
    reason: str
    rules: tuple[str, ...]

    @property
    def finding(self) -> str:
        """The verdict and the operation that met the fault."""
        return f"{self.verdict} at {self.request.partition(' ')[0]}"


def runs_of(folder: Path, *options: str) -> dict[str, list[Run]]:
    """Run the tests in *folder*; return the runs of each sweep by the name of its test, in the order of the runs.

    Raises:
        SystemExit: pytest could not run them, or the budget ended a sweep.
    """
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    with tempfile.TemporaryDirectory() as beside:
        swept = Path(beside, "swept")
        swept.touch()
        report = f"--s3-report={beside}/report.html"  # the sweeps' maps are made for it
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "collecting", report, *options]
        environment = os.environ | {"SWEPT": str(swept), "PYTHONPATH": str(HERE)}
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode > 1 or "did not run" in done.stdout:
            raise SystemExit(done.stdout)
        return dict(_runs(json.loads(line)) for line in swept.read_text(encoding="utf-8").splitlines())


def _runs(swept: dict[str, Any]) -> tuple[str, list[Run]]:
    """Return the test of *swept*, a `SweepMap.as_values`, and its runs."""
    requests, faults = swept["requests"], swept["faults"]
    runs = [
        Run(requests[asked[0]], faults[met[0]], modes[0], verdict, reason, tuple(timeline["rules"]))
        for asked, met, modes, verdict, reason, _, timeline in swept["runs"]
    ]
    return swept["id"].partition("::")[2], runs
