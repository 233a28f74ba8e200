"""The backup job in docs/examples does what its pages say: its suite passes, its failing test fails because of S3."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_s3errors._core.rules.classes import classes_of

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLE = Path(__file__).parents[1] / "docs/examples/backup_job"


@pytest.fixture
def example(pytester: pytest.Pytester) -> Path:
    """A copy of the example, the current directory."""
    caches = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(EXAMPLE, pytester.path, ignore=caches, dirs_exist_ok=True)
    return pytester.path


@pytest.fixture
def demo(example: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script behind README's first command, on the copy; its pytest runs in this process."""
    spec = importlib.util.spec_from_file_location("run_demo", example / "run_demo.py")
    # What Python compiles while the tests run would not be on disk when the job walks the directory.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run_pytest(_python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        result = pytester.runpytest("-p", "no:cacheprovider", *arguments)
        return subprocess.CompletedProcess(arguments, result.ret, stdout=result.stdout.str())

    monkeypatch.setattr(module, "pytest", run_pytest)
    return module


def cases(example: Path) -> int:
    """How many tests the suite has: with each of the two clients, but for what is about one."""
    source = (example / "test_backup.py").read_text(encoding="utf-8")
    return 2 * source.count("def test_") - source.count("\n@ASYNCIO")


def test_the_sweeps_pass_without_a_warning(
    example: Path, pytester: pytest.Pytester, warnings_are_errors: list[str]
) -> None:
    """No fault loses data, and nothing is left open. The whole suite passes where its error coverage is counted."""
    swept = (example / "test_backup.py").read_text(encoding="utf-8").count("@pytest.mark.s3_sweep")
    assert swept > 0
    result = pytester.runpytest("-p", "no:cacheprovider", *warnings_are_errors, "-m", "s3_sweep", "test_backup.py")
    result.assert_outcomes(passed=swept, deselected=cases(example) - swept)


def test_the_failing_test_shows_the_timeline(example: Path, pytester: pytest.Pytester) -> None:
    """Four attempts, each with the rule that took it."""
    result = pytester.runpytest("-p", "no:cacheprovider", "demo_failing.py")
    result.assert_outcomes(failed=1)
    rule = "s3_fail('SlowDown', operation='PutObject', key='notes.txt', times=5)"
    line = "* s PutObject backups/notes.txt*  503 SlowDown  <- [[]1]"
    result.stdout.fnmatch_lines(["*S3 timeline*", f"{line}, 1 of 5"])
    result.stdout.fnmatch_lines([f"{line}, 2 of 5", "*", f"{line}, 3 of 5", "*", f"{line}, 4 of 5", f"[[]1] {rule}"])
    result.stdout.no_fnmatch_line("*, 5 of 5")


def test_the_failing_test_passes_in_a_control_run(example: Path, pytester: pytest.Pytester) -> None:
    """Without its fault it passes: it fails because of S3 alone."""
    pytester.runpytest("-p", "no:cacheprovider", "--s3-control", "demo_failing.py").assert_outcomes(passed=1)


def test_the_demonstration_ends_as_promised(demo: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stored is what is on disk, and one test fails with its timeline."""
    assert demo.stored(Path(sys.executable)) == ("10 files were stored as they are on disk", "")
    assert demo.failing(Path(sys.executable))[1] == ""
    assert "10 files, 13 uploads: 3 of them failed and were repeated" in capsys.readouterr().out


# Counted by hand, for each of the two writers. A script answers 503, SlowDown and 500 once each; an outage of four
# files has four attempts at each.
COUNTED = {
    "PutObject throttle": 2 + 1,
    "PutObject 5xx": 2 + 4 * 4 + 4,
    "PutObject 4xx": 1 + 4 + 1,
    "PutObject connection": 1 + 1,
    "PutObject lost answer": 1,
    "GetObject cut body": 1,
    "GetObject corruption": 1 + 4 + 4 + 4,
    "UploadPart 5xx": 1 + 4,
    "CompleteMultipartUpload error in 200": 1,
}
USED = {"PutObject", "GetObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}
USED |= {"AbortMultipartUpload"}  # beside a part that failed


@pytest.mark.parametrize("args", [(), ("-p", "xdist", "-n2")])
def test_its_error_coverage_is_what_a_hand_count_says(
    example: Path, pytester: pytest.Pytester, warnings_are_errors: list[str], args
) -> None:
    """Byte for byte, in one process and on two; in each of these tests somebody looks. No key is in the file.

    All tests pass without a warning.
    """
    run = pytester.runpytest_subprocess if args else pytester.runpytest
    options = ("--s3-cov", "--s3-cov-report=json:it.json", "--s3-sweep=off", *warnings_are_errors, *args)
    result = run("-p", "no:cacheprovider", *options, "test_backup.py")
    result.assert_outcomes(passed=cases(example))
    assert result.ret == 0
    met = {name: 2 * COUNTED.get(name, 0) for operation in USED for name in cells(operation)}
    rows = {
        operation: {name.removeprefix(f"{operation} "): _cell(met[name]) for name in cells(operation)}
        for operation in sorted(USED)
    }
    percent = round(100 * sum(map(bool, met.values())) / len(met), 2)
    whole = json.dumps({"version": 1, "percent": percent, "operations": rows}, indent=1) + "\n"
    assert (example / "it.json").read_text(encoding="utf-8") == whole


def cells(operation: str) -> list[str]:
    """The names of all errors that can happen to *operation*."""
    return [f"{operation} {error}" for error in classes_of(operation)]


def _cell(met: int) -> dict[str, object]:
    return {"met": met, "checked": met > 0}


BROKEN = {
    "stored": ("demo_stored.py", "{len(body):6}", "{len(body) + 1:6}"),
    "failing": ("demo_failing.py", "times=5", "times=3"),
    "suite": ("test_backup.py", "import os", "import os.nothing"),
}


@pytest.mark.parametrize("part", BROKEN)
def test_the_demonstration_notices_a_broken_promise(demo: ModuleType, example: Path, part: str) -> None:
    """A wrong size, a failing test that passes, a failing suite: each is told."""
    file, right, wrong = BROKEN[part]
    text = (example / file).read_text(encoding="utf-8")
    assert right in text
    (example / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert getattr(demo, part)(Path(sys.executable))[1]


def test_the_demonstration_wants_the_failure_to_be_due_to_s3(demo: ModuleType, example: Path) -> None:
    """A test that fails in the control run too is not the promised one."""
    text = (example / "demo_failing.py").read_text(encoding="utf-8")
    (example / "demo_failing.py").write_text(text + "    raise AssertionError\n", encoding="utf-8")
    assert demo.failing(Path(sys.executable))[1]
