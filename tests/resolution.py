"""Ask the package index what our requirements do to others: `python tests/resolution.py WHEEL`, about a minute.

With and without the wheel pip picks the same versions of what a suite may have, and each supported Python has wheels of
the oldest versions that we allow. Nothing is installed. Exit status 1 where either does not hold.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUITES = (["boto3", "moto", "pytest>=9"], ["aiobotocore", "s3fs", "moto", "pytest>=9"])
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def pip(*arguments: str) -> bytes:
    """Return what pip prints; it fails with pip's own words."""
    return subprocess.run([sys.executable, "-m", "pip", "-q", *arguments], check=True, stdout=subprocess.PIPE).stdout


def picked(*requirements: str) -> dict[str, str]:
    """Return the versions that pip would install."""
    report = json.loads(pip("install", "--dry-run", "--ignore-installed", "--report", "-", *requirements))
    return {item["metadata"]["name"]: item["metadata"]["version"] for item in report["install"]}


def main(wheel: str) -> int:
    """Print each suite and each Python with what was found; return the exit status."""
    wrong = 0
    for suite in SUITES:
        without, beside = picked(*suite), picked(*suite, wheel)
        changed = {name: (version, beside[name]) for name, version in without.items() if beside[name] != version}
        print(f"{' '.join(suite)}: {changed or 'the same versions'} with pytest-s3errors")
        wrong += bool(changed)
    for python in PYTHONS:
        floors = [line for line in (ROOT / ".ci/oldest.txt").read_text().splitlines() if not line.startswith("#")]
        with tempfile.TemporaryDirectory() as folder:
            try:
                pip("download", "-d", folder, "--python-version", python, "--only-binary=:all:", *floors)
            except subprocess.CalledProcessError:
                wrong += 1
            else:
                print(f"Python {python}: wheels of {', '.join(floors)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
