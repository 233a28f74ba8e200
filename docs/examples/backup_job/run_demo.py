"""Show the backup job under S3 failures, from a fresh checkout: ``python3 docs/examples/backup_job/run_demo.py``.

Needs Python 3.11 or newer and pip's package index, nothing else. Everything is installed into a temporary virtual
environment that is gone afterwards. Exit status 0 only if each part ended as its title says.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]
STORED = re.compile(r"^([0-9a-f]{64}) +(\d+) bytes  (.+)$", re.MULTILINE)


def main() -> int:
    """Run the parts one after another; return the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older one gets a sentence
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory(prefix="pytest-s3errors-demo-") as folder:
        title("Setting up: a temporary virtual environment, with this project from the package index")
        python = environment(Path(folder))
        if python is None:
            return 2
        parts = (suite(python), stored(python), failing(python))
    title("Outcome")
    for name, problem in parts:
        print(f"{'NOT as promised' if problem else 'as promised'}: {name}{': ' + problem if problem else ''}")
    return 1 if any(problem for _, problem in parts) else 0


def title(text: str) -> None:
    """Print *text* so that it is seen."""
    print(f"\n=== {text}", flush=True)


def environment(folder: Path) -> Path | None:
    """Make a virtual environment with this checkout in it; return its Python, None where that failed."""
    began = time.monotonic()
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for what, command in (
        ("making the environment", [sys.executable, "-m", "venv", str(folder)]),
        ("installing this checkout and boto3, some 15 s", [*install, str(CHECKOUT), "boto3"]),
    ):
        print(f"{what} ...", flush=True)
        done = run(command)
        if done.returncode:
            print(done.stdout)
            print(f"this failed: {' '.join(command)}", file=sys.stderr)
            return None
    print(f"installed in {time.monotonic() - began:.0f} s")
    return python


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run *command* in this directory, without what the caller's shell says about Python and pytest."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_"))}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "COLUMNS": "100"}
    return subprocess.run(
        command, cwd=HERE, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        errors="replace", check=False,
    )  # fmt: skip


def pytest(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on files of this directory and show what it says."""
    print(f"$ pytest {' '.join(arguments)}", flush=True)
    done = run([str(python), "-m", "pytest", "-p", "no:cacheprovider", *arguments])
    print(done.stdout, flush=True)
    return done


def suite(python: Path) -> tuple[str, str]:
    """Run the suite; it passes."""
    title("The suite: a backup job while S3 misbehaves. All of it passes")
    done = pytest(python, "-v", "test_backup.py")
    return "the suite passed", "" if done.returncode == 0 else f"pytest ended with status {done.returncode}"


def stored(python: Path) -> tuple[str, str]:
    """Back up this very directory; what the simulated S3 then holds is what is on disk."""
    title("The files that were really stored: this directory, in spite of three failed uploads")
    done = pytest(python, "-q", "-s", "demo_stored.py")
    held = {name: (digest, int(size)) for digest, size, name in STORED.findall(done.stdout)}
    disk = {
        path.relative_to(HERE).as_posix(): (hashlib.sha256(body).hexdigest(), len(body))
        for path in HERE.rglob("*")
        if path.is_file()
        for body in [path.read_bytes()]
    }
    same = done.returncode == 0 and held == disk
    return f"{len(held)} files were stored as they are on disk", "" if same else f"on disk are {len(disk)}"


def failing(python: Path) -> tuple[str, str]:
    """Run the test that fails on purpose: first with its fault, then without."""
    title("A test that fails on purpose: S3 throttles five times, the job tries four times")
    done = pytest(python, "-q", "--tb=short", "demo_failing.py")
    shown = done.returncode == 1 and "1 failed" in done.stdout and "S3 timeline" in done.stdout
    title("The same test with every fault switched off. It passes")
    control = pytest(python, "-q", "--s3-control", "demo_failing.py")
    as_promised = shown and control.returncode == 0
    return "one test failed, because of S3 alone", "" if as_promised else "see above"


if __name__ == "__main__":
    sys.exit(main())
