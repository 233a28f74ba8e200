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
WORK = re.compile(r"Collecting ([\w.-]+)|Installing collected packages")
STORED = re.compile(r"^([0-9a-f]{64}) +(\d+) bytes  (.+)$", re.MULTILINE)


def main() -> int:
    """Run the parts one after another; return the exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older one gets a sentence
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory(prefix="pytest-s3errors-demo-") as folder:
        title("Setting up: a temporary virtual environment")
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
    print("making it ...", flush=True)
    made = run([sys.executable, "-m", "venv", str(folder)])
    if made.returncode:
        print(made.stdout)
        return None
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    if not install([*command, str(CHECKOUT), "boto3"]):
        return None
    print(f"done in {time.monotonic() - began:.0f} s")
    return python


def install(command: list[str]) -> bool:
    """Run *command*, a pip, and name what it works at; return whether it went well."""
    print("installing this checkout and boto3:", end="", flush=True)
    said = []
    with subprocess.Popen(
        command, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            if (found := WORK.match(line)) is not None:
                print(f" {found[1] or 'all of them into place'}", end="", flush=True)
    print()
    if pip.returncode:
        print("".join(said))
        print(f"this failed: {' '.join(command)}", file=sys.stderr)
    return pip.returncode == 0


def environ() -> dict[str, str]:
    """Return the environment without what the caller's shell says about Python and pytest."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_"))}
    return env | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "COLUMNS": "100"}


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run *command* in this directory."""
    return subprocess.run(
        command, cwd=HERE, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
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
    title("The suite: a backup job while S3 misbehaves, by boto3 and by the asyncio client. All of it passes")
    done = pytest(python, "-q", "test_backup.py")
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
