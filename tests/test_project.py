"""Promises of the project as a whole."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

import pytest_s3errors
import s3_asyncio_client
from pytest_s3errors._backends import moto as in_moto

ROOT = Path(__file__).parent.parent


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def test_the_client_never_imports_pytest():
    """It is usable alone."""
    for path in (ROOT / "s3_asyncio_client").rglob("*.py"):
        assert not imported(path) & {"pytest", "_pytest", "pytest_s3errors"}


@pytest.mark.skipif(not os.environ.get("S3ERRORS_INSTALLED"), reason="set by .ci/run, which installs the wheel")
def test_the_installed_package_is_what_is_tested():
    """Not the checkout that happens to be the working directory."""
    for module in (pytest_s3errors, s3_asyncio_client):
        assert Path(module.__file__).is_relative_to(sys.prefix)
        assert (Path(module.__file__).parent / "py.typed").is_file()


def test_the_oldest_versions_tested_are_the_oldest_allowed():
    """.ci/oldest.txt pins each dependency of the package, and the clients that it reroutes, to its floor."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    optional = [*extras["httpx"], *extras["moto"]]
    wanted = [re.sub(r"\[.*?\]", "", line) for line in [*project["dependencies"], *optional, *extras["dev"]]]
    floors = dict(line.split(">=", 1) for line in wanted)
    lines = (ROOT / ".ci" / "oldest.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pinned == {name: floors[name] for name in pinned}
    assert pinned.keys() >= {re.split(r"\[|>=", line)[0] for line in [*project["dependencies"], *optional]}
    assert tuple(map(int, pinned["moto"].split("."))) == in_moto.OLDEST


def test_the_versions_agree():
    """The distribution's is the packages'."""
    assert importlib.metadata.version("pytest-s3errors") == pytest_s3errors.__version__
    assert s3_asyncio_client.__version__ == pytest_s3errors.__version__
    assert re.search(
        rf"^## {re.escape(pytest_s3errors.__version__)}", (ROOT / "docs/changelog.md").read_text(), re.MULTILINE
    )


def test_the_top_level_is_as_agreed():
    """What lies beside the two packages, the tests and the docs has to be a dotfile."""
    allowed = {"LICENSE", "README.md", "docs", "pyproject.toml", "pytest_s3errors", "s3_asyncio_client", "tests"}
    made = {"build", "dist"}
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - made <= allowed
