"""Two sides of a comparison: the same program in several Pythons, which take turns.

On a busy machine only what is measured at the same time can be compared. So each side starts the program, and then
they measure one after another, a fraction of a second each, many times over.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

PROGRAMS = Path(__file__).with_name("programs")
# Other plugins that happen to be installed are left out: they add noise, and Hypothesis alone some 0.5 s.
# pytest-asyncio stays, since whoever has this plugin has it.
_OTHERS = ("anyio", "hypothesispytest", "xdist", "xdist.looponfail", "cacheprovider")
QUIET = ("-q", *(argument for name in _OTHERS for argument in ("-p", f"no:{name}")))
_INI = """[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""

Figures = dict[str, dict[str, list[dict[str, float]]]]
"""By case and side: what each turn found, seconds per repetition as "cpu" and "wall", and bytes."""


class Side(NamedTuple):
    """One of those that are compared: its name, and the Python in which the package is installed."""

    name: str
    python: str


HERE = Side("here", sys.executable)


@contextlib.contextmanager
def against(what: str) -> Iterator[Side]:
    """The other side: the path of a Python, or of a wheel, which gets an environment like this one."""
    if not what.endswith(".whl"):
        yield Side("against", what)
        return
    with tempfile.TemporaryDirectory() as directory:
        run((sys.executable, "-m", "venv", directory))
        python = str(Path(directory, "bin", "python"))
        packages = run((python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")).strip()
        # Behind its own, so that the wheel hides the version that is installed here.
        lines = [f"import site; site.addsitedir({path!r})" for path in site.getsitepackages()]
        Path(packages, "behind.pth").write_text("\n".join(lines) + "\n")
        run((python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", what))
        yield Side("against", python)


def play(
    sides: Sequence[Side], *arguments: str, rounds: int, times: int, tests: bool = True, more: str = ""
) -> Figures:  # fmt: skip
    """Have each side run a program, and ask for *times* repetitions of each of its cases, *rounds* times in turn.

    Args:
        sides: Who takes part.
        arguments: Of Python, or of pytest if *tests*.
        rounds: Turns of each side.
        times: Repetitions in a turn.
        tests: Whether the program is one for pytest.
        more: Lines of pytest.ini.

    Raises:
        RuntimeError: A program failed, or the sides have different cases.
    """
    with tempfile.TemporaryDirectory() as path, contextlib.ExitStack() as stack:
        directory = Path(path)
        shutil.copytree(PROGRAMS, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (directory / "pytest.ini").write_text(_INI + more)
        command = ("-m", "pytest", "-s", *QUIET, *arguments) if tests else arguments
        environment = {"BENCH_TESTS": str(rounds * times)}
        workers = [stack.enter_context(_worker(side, command, directory, environment)) for side in sides]
        found: Figures = {}
        while cases := {worker.hear() for worker in workers}:
            case = cases.pop()
            if cases:
                raise RuntimeError(f"the sides have different cases: {case!r} here, {cases} there")
            if case is None:
                break
            found[case] = {side.name: [] for side in sides}
            for number in range(rounds):
                for side, worker in list(zip(sides, workers, strict=True))[:: -1 if number % 2 else 1]:
                    found[case][side.name].append(worker.turn(times))
            for worker in workers:
                worker.ask(0)
        return found


class _Worker(NamedTuple):
    asks: IO[bytes]
    tells: IO[bytes]

    def ask(self, times: int) -> None:
        self.asks.write(b"%d\n" % times)

    def hear(self) -> Any:
        line = self.tells.readline()
        return json.loads(line) if line else None

    def turn(self, times: int) -> dict[str, float]:
        self.ask(times)
        figures = self.hear()
        if not isinstance(figures, dict):  # the name of the next case, or the end
            raise RuntimeError("a case failed in the middle of its turn")  # noqa: TRY004 - no wrong argument
        return figures


@contextlib.contextmanager
def _worker(side: Side, command: Sequence[str], directory: Path, environment: dict[str, str]) -> Iterator[_Worker]:
    asked, asks = os.pipe()
    tells, told = os.pipe()
    with (
        os.fdopen(asks, "wb", buffering=0) as asking,
        os.fdopen(tells, "rb") as telling,
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            [side.python, *command],
            cwd=directory,
            env=clean_environment() | environment | {"BENCH_PIPES": f"{asked} {told}", "PYTHONDONTWRITEBYTECODE": "1"},
            pass_fds=(asked, told),
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        os.close(asked)
        os.close(told)
        try:
            yield _Worker(asking, telling)
        except BaseException as error:
            process.kill()
            said.seek(0)
            error.add_note(f"{side.name}: {' '.join(command)} said:\n{said.read()}")
            raise
        if process.wait():
            said.seek(0)
            raise RuntimeError(f"{side.name}: {' '.join(command)} ended with {process.returncode}:\n{said.read()}")


def clean_environment() -> dict[str, str]:
    """The environment of a program, in which the checkout is not seen."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}


def run(command: Sequence[str], directory: Path | None = None, allowed: Sequence[int] = (0,)) -> str:
    """Run *command* in *directory*, and return what it said.

    Raises:
        RuntimeError: It failed.
    """
    compiled = {} if directory is None else {"PYTHONPYCACHEPREFIX": str(directory / "compiled")}
    environment = None if directory is None else clean_environment() | compiled
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr
