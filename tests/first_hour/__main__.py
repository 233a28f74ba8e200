"""The first hour of a new user, library by library: the README's steps, one mistake, and the cure that is told.

    python -m tests.first_hour WHEEL [NAME ...]

Each runs in an environment of its own with the wheel and that library, nothing else.
"""

from __future__ import annotations

import argparse
import fnmatch
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from .projects import PROJECTS, Project


def main() -> int:
    """Try each project; exit status 1 if one did not go as it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel")
    parser.add_argument("names", nargs="*", choices=[[], *PROJECTS], metavar="NAME")
    given = parser.parse_args()
    problems = {name: problem_of(PROJECTS[name], given.wheel) for name in given.names or PROJECTS}
    for name, problem in problems.items():
        print(f"{name}: {problem or 'as it should be'}", flush=True)
    return any(problems.values())


def problem_of(project: Project, wheel: str) -> str:
    """Return what went wrong with *project* in a fresh environment; "" for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "env", with_pip=True)
        python = str(home / "env/bin/python")
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel, *project.packages]
        subprocess.run(install, check=True)
        return tried(project, python, home)


def tried(project: Project, python: str, folder: Path) -> str:
    """Return what went wrong with *project* under *python*: red with the mistake, which it tells, then green."""
    status, said = tested(project, project.mistake, python, folder)
    if status == 0:
        return f"green in spite of the mistake:\n{said}"
    if not fnmatch.fnmatchcase(said, f"*{project.says}*"):
        return f"{project.says!r} is not said:\n{said}"
    status, said = tested(project, project.cure, python, folder)
    return f"red in spite of the cure:\n{said}" if status else ""


def tested(project: Project, part: str, python: str, folder: Path) -> tuple[int, str]:
    """Run the project with *part* in its gap; return pytest's exit status and what it said."""
    (folder / "test_it.py").write_text(project.test.replace("GAP", part), encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\n{project.ini.replace('GAP', part)}", encoding="utf-8")
    command = [python, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
