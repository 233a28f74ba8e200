"""What `quick` is compared on: each of SOURCES writes test files into a folder."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

from tests.conftest import HEADER
from tests.plugin.test_own_bread import OPERATIONS, PATTERNS

ROOT = Path(__file__).parents[2]
WORKLOADS = ROOT / "tests/scorecard/workloads.py"
_SWEEP = re.compile(r"pytest\.mark\.s3_sweep\(.*\)")
UNBOUND = "pytest.mark.s3_sweep(budget=36_000)"


def example(folder: Path) -> None:
    """Write the example job: what its tests sweep, and its job without a fault, with both clients."""
    shutil.copytree(ROOT / "docs/examples/backup_job", folder, dirs_exist_ok=True)
    text = _SWEEP.sub(UNBOUND, (folder / "test_backup.py").read_text(encoding="utf-8"))
    text = text.replace("\nasync def test_every_file_is_stored", f"\n@{UNBOUND}\nasync def test_every_file_is_stored")
    (folder / "test_backup.py").write_text(text, encoding="utf-8")


def operations(folder: Path) -> None:
    """Write a test of each operation and pattern of the client, on the wire."""
    tests = [
        f"@pytest.mark.s3_object('bucket', 'other', b'')\nasync def test_{number}_{name.replace(' ', '_')}"
        f"(s3_client, s3_store, s3_sweep, tmp_path):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
        for number, (name, body) in enumerate([*OPERATIONS.items(), *PATTERNS.items()])
    ]
    marks = f"pytestmark = [{UNBOUND}, pytest.mark.s3_object('bucket', 'old', b'old text')]\n\n"
    (folder / "test_operations.py").write_text(HEADER + marks + "\n".join(tests), encoding="utf-8")


def workloads(folder: Path) -> None:
    """Write the workloads of the scorecard, with all faults."""
    text = _SWEEP.sub(UNBOUND, WORKLOADS.read_text(encoding="utf-8"))
    (folder / "test_workloads.py").write_text(text, encoding="utf-8")


SOURCES = {
    "the example job": example,
    "the client's operations": operations,
    "the workloads": workloads,
}
