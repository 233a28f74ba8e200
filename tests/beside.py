"""Run the tests of anyio, which know nothing of this plugin, with and without it: ``python tests/beside.py WHEEL``.

They come from its source distribution, and use event loops and threads heavily. With the plugin they run after a
marked test, and each has to end as it does without. Its tests of sockets are left out: where there is no IPv6 they
fail, leave sockets open, and so fail others by chance. Some tests give a subprocess three seconds, or an example of
Hypothesis a fifth of one, which a busy machine may not have. So the files of tests that ended otherwise run again, on
both sides. Exit status 1 if a test ended otherwise each time.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path
from xml.etree import ElementTree as ET

MARKED = """
import boto3
import pytest

@pytest.mark.s3_fail("SlowDown", times=2)
def test_upload_is_retried(s3_errors):
    boto3.client("s3").put_object(Bucket="bucket", Key="key", Body=b"data")
    assert s3_errors.attempts(operation="PutObject") == 3
"""
MARKED_FILE = "test_a_marked_one.py"  # the first by name
NOT_PASSED = {"failure", "error", "skipped"}
TIMES = 4


def main(wheel: str) -> int:
    """Print how many tests ran and which ended otherwise with the plugin; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "env", with_pip=True)
        python = str(home / "env/bin/python")
        pip = [python, "-m", "pip", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "download", "-d", folder, "--no-deps", "--no-binary", "anyio", "anyio"], check=True)
        (archive,) = home.glob("anyio-*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(home, filter="data")
        source = home / archive.name.removesuffix(".tar.gz")
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)  # --group came with 25.1
        group = f"{source / 'pyproject.toml'}:test"
        subprocess.run([*pip, "install", wheel, "boto3", f"{source}[trio]", "--group", group], check=True)
        (source / "tests" / MARKED_FILE).write_text(MARKED, encoding="utf-8")
        files, again = ["tests"], set[str]()
        for _ in range(TIMES):
            alone = ended(python, source, files, "-p", "no:s3errors", f"--ignore=tests/{MARKED_FILE}")
            beside = ended(python, source, [f"tests/{MARKED_FILE}", *files])
            marked = beside.pop("tests.test_a_marked_one::test_upload_is_retried", "missing")
            other = {name for name in alone | beside if alone.get(name) != beside.get(name)}
            changed = other & again if again else other
            print(f"{len(alone)} tests of {archive.name}; the marked test {marked}")
            for name in sorted(changed):
                print(f"{name}: {alone.get(name)} without the plugin, {beside.get(name)} with it", flush=True)
            if not changed or not alone or marked != "passed":
                break
            again, files = changed, sorted({file_of(source, name) for name in changed})
    return int(bool(changed) or not alone or marked != "passed")


def file_of(source: Path, name: str) -> str:
    """Return the file, relative to *source*, of the test that a report calls *name*."""
    parts = name.partition("::")[0].split(".")
    paths = ["/".join(parts[: n + 1]) + ".py" for n in range(len(parts))]
    return next(path for path in paths if (source / path).is_file())


def ended(python: str, source: Path, tests: list[str], *options: str) -> dict[str, str]:
    """Run *tests* of *source*; return how each one ended by its name."""
    report = source / "report.xml"
    command = [python, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", f"--junitxml={report}", *options]
    command += ["--ignore=tests/test_sockets.py", *tests]
    subprocess.run(command, cwd=source, check=False, stdout=subprocess.DEVNULL)
    return {
        f"{case.get('classname')}::{case.get('name')}": next(
            (end.tag for end in case if end.tag in NOT_PASSED), "passed"
        )
        for case in ET.parse(report).iter("testcase")
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
