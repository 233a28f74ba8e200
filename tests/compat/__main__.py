"""``python -m tests.compat PATH_TO_SUITE``: passed and failed of the suite's tests on our operations.

The suite needs an environment of its own, of which ``--pytest`` names the pytest; the lists of tests lie beside this
file, made by ``--select`` from the suite's source. The whole suite, chosen by its own markers, runs in buckets with
ACLs, as it was written before 2023; why one of its tests fails is in ``whole.txt``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from .configuration import ACCOUNTS, configuration
from .select import ELSEWHERE, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
WANTED = {"errors": 0.90, "core": 0.98}
WHOLE, WANTED_OF_WHOLE = "whole", 450
_PATIENCE_S = 60


@contextlib.contextmanager
def our_server(*options: str) -> Iterator[str]:
    """The URL of a standalone server that knows the suite's accounts."""
    command = [sys.executable, "-m", "pytest_s3errors", "serve", *options]
    for access_key, secret_key in ACCOUNTS.values():
        command += ["--access-key", access_key, "--secret-key", secret_key]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # it was asked for
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE_S)


def run(suite: Path, pytest: Sequence[str], url: str, tests: Sequence[str] | None) -> dict[str, str]:
    """What became of each of *tests*, or of the whole suite: "" where it passed, else the first line of why not."""
    at = urlsplit(url)
    with tempfile.TemporaryDirectory() as folder:
        config, report = Path(folder, "s3tests.conf"), Path(folder, "report.xml")
        config.write_text(configuration(at.hostname or "", at.port or 80))
        functional = suite / "s3tests" / "functional"
        command = [*pytest, "-q", "-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}"]
        if tests is None:
            command += ["-m", f"not ({' or '.join(ELSEWHERE)})", str(functional)]
        else:
            command += [str(functional / test) for test in tests]
        env = {**os.environ, "S3TEST_CONF": str(config), "S3_USE_SIGV4": "1"}
        subprocess.run(command, cwd=suite, env=env, check=False, stdout=subprocess.DEVNULL)
        return _outcomes(report, tests)


def _outcomes(report: Path, tests: Sequence[str] | None) -> dict[str, str]:
    outcomes = dict.fromkeys(tests or (), "did not run")
    for case in ET.parse(report).iter("testcase"):
        name = f"{(case.get('classname') or '').rpartition('.')[2]}.py::{case.get('name')}"
        bad = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        # A test whose fixtures fail behind it is told twice.
        if outcomes.get(name, "did not run" if tests is None else None) in {"did not run", ""}:
            outcomes[name] = _why(bad[0]) if bad else ""
    return outcomes


def _why(bad: ET.Element) -> str:
    places = re.findall(r"(test_\w+\.py):(\d+)", bad.text or "")
    where = f" (line {places[-1][1]})" if places else ""
    return f"{(bad.get('message') or bad.tag).splitlines()[0][:160]}{where}"


def told(name: str, wanted: float, outcomes: Mapping[str, str]) -> bool:
    """Print how the tests of list *name* did; whether the *wanted* share of those that S3 itself passes did."""
    failed = {test: why for test, why in outcomes.items() if why}
    unlike_s3 = reasons().keys() & outcomes.keys()
    counted = len(outcomes) - len(unlike_s3)
    share = 1 - len(failed.keys() - unlike_s3) / counted
    print(f"{name}: {len(outcomes) - len(failed)} of {len(outcomes)} passed")
    print(f"  less the {len(unlike_s3)} that expect what S3 does not do: {share:.1%} of {counted}; wanted {wanted:.0%}")
    for test, why in failed.items():
        print(f"  {'(unlike S3) ' if test in unlike_s3 else ''}{test}: {why}")
    return share >= wanted


def told_of_whole(outcomes: Mapping[str, str]) -> bool:
    """Print how the whole suite did, and what fails without a known reason; whether enough passed."""
    failed = {test: why for test, why in outcomes.items() if why}
    known = [*whole_reasons(), *(test.partition("::")[2] for test in reasons())]
    unexplained = {
        test: why
        for test, why in failed.items()
        if not any(fnmatchcase(test.partition("::")[2], pattern.replace("[", "[[]")) for pattern in known)
    }
    passed = len(outcomes) - len(failed)
    print(f"{WHOLE}: {passed} of {len(outcomes)} passed; wanted {WANTED_OF_WHOLE}")
    for test, why in unexplained.items():
        print(f"  (no reason known) {test}: {why}")
    return passed >= WANTED_OF_WHOLE and not unexplained


def reasons() -> dict[str, str]:
    """Tests that expect what S3 does not do, and what it does instead."""
    return _read("unlike_s3.txt")


def whole_reasons() -> dict[str, str]:
    """Patterns of the other tests of the whole suite that fail, and why."""
    return _read("whole.txt")


def _read(name: str) -> dict[str, str]:
    lines = (HERE / name).read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def main() -> int:
    """Run both lists and the whole suite, or what is named; 0 if each has its share."""
    parser = argparse.ArgumentParser(prog="python -m tests.compat", description=__doc__)
    parser.add_argument("suite", type=Path, help="a checkout of ceph/s3-tests with its setup.py")
    parser.add_argument("lists", nargs="*", default=[*WANTED, WHOLE], help="some of errors, core, whole; default: all")
    parser.add_argument("--pytest", default="pytest", help="the pytest of an environment with the suite's requirements")
    parser.add_argument("--url", help="another server; it must know or not check the suite's accounts")
    parser.add_argument("--select", action="store_true", help="write the lists anew, and run nothing")
    given = parser.parse_args()
    if given.select:
        for name, tests in select(given.suite / "s3tests" / "functional")._asdict().items():
            (HERE / f"{name}.txt").write_text("".join(f"{test}\n" for test in tests))
        return 0
    enough, pytest = True, given.pytest.split()
    for name in given.lists:
        options = ("--object-ownership", "ObjectWriter") if name == WHOLE else ()
        with contextlib.nullcontext(given.url) if given.url else our_server(*options) as url:
            if name == WHOLE:
                enough &= told_of_whole(run(given.suite, pytest, url, None))
            else:
                tests = (HERE / f"{name}.txt").read_text().split()
                enough &= told(name, WANTED[name], run(given.suite, pytest, url, tests))
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
