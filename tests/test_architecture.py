"""The rules of the house: what each part may import, and no circle of files. Type-only imports count."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("pytest_s3errors", "s3_asyncio_client")

# Pure modules of the standard library. A new one is added here on purpose, or not at all.
PURE = frozenset(
    {
        "__future__",
        "_hashlib",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "collections.abc",
        "contextlib",
        "csv",
        "dataclasses",
        "datetime",
        "difflib",
        "email.utils",
        "enum",
        "errno",
        "fnmatch",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "http",
        "ipaddress",
        "itertools",
        "json",
        "keyword",
        "math",
        "operator",
        "re",
        "string",
        "struct",
        "textwrap",
        "tomllib",
        "traceback",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "xml.etree",
        "xml.etree.ElementTree",
        "xml.parsers.expat",
        "xml.sax.saxutils",
        "zlib",
    }
)
# A module may import more, for a reason that stands here.
EXCEPTIONS = {
    "pytest_s3errors._core.body": {"io"},  # a body as a file in memory; nothing is opened
    "pytest_s3errors._core.report.packed": {"io", "pickle"},  # the same, and it reads only what it wrote
    "pytest_s3errors._core.simulator": {"random"},  # it makes its generators from the seed that it is given
    "pytest_s3errors._core.s3.crc": {"importlib"},  # awscrt is used where it is installed
}
# Pure modules have functions that read the clock.
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}

# Part -> the other parts that it may know. A part always knows itself.
CORE = "pytest_s3errors._core"
CLIENT = "s3_asyncio_client"
MAY_KNOW = {
    f"{CLIENT}.exceptions": frozenset[str](),
    f"{CLIENT}._core": frozenset({f"{CLIENT}.exceptions"}),
    CLIENT: frozenset({f"{CLIENT}._core", f"{CLIENT}.exceptions"}),
    CORE: frozenset({f"{CLIENT}._core", f"{CLIENT}.exceptions"}),
    "pytest_s3errors._failures": frozenset[str](),
    "pytest_s3errors._spool": frozenset({CORE}),
    "pytest_s3errors._scene": frozenset({CORE}),
    "pytest_s3errors._time": frozenset({CORE, "pytest_s3errors.system_clock"}),
    "pytest_s3errors._guard": frozenset(
        {CORE, "pytest_s3errors._scene", "pytest_s3errors._time", "pytest_s3errors._failures"}
    ),
    "pytest_s3errors._backends": frozenset({CORE, "pytest_s3errors._spool", f"{CLIENT}._core"}),
    "pytest_s3errors._servers": frozenset(
        {CORE, "pytest_s3errors._scene", "pytest_s3errors._spool", "pytest_s3errors._time", "pytest_s3errors._backends"}
    ),
    "pytest_s3errors._layers": frozenset(
        {
            CORE,
            CLIENT,
            f"{CLIENT}._core",
            f"{CLIENT}.exceptions",
            "pytest_s3errors._guard",
            "pytest_s3errors._scene",
            "pytest_s3errors._servers",
            "pytest_s3errors._spool",
            "pytest_s3errors._time",
        }
    ),
}


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def nodes_of(source: str) -> list[ast.AST]:
    """All nodes of a module, which takes most of the time here."""
    return [*ast.walk(ast.parse(source))]


def imports(source: str, module: str, *, is_package: bool = False) -> set[str]:
    """What *module* imports, by absolute names: modules, and names of a module as ``module.name``."""
    found = set()
    home = module.split(".") if is_package else module.split(".")[:-1]
    for node in nodes_of(source):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*home[: len(home) + 1 - node.level], node.module or ""]).strip(".") if node.level else ""
            base = base or node.module or ""
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def known_module(name: str) -> str:
    """The module of ours that an imported name means."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def part_of(module: str) -> str:
    """The part that *module* belongs to; itself where it belongs to none."""
    return max((part for part in MAY_KNOW if f"{module}.".startswith(f"{part}.")), key=len, default=module)


def is_core(module: str) -> bool:
    return part_of(module) in {CORE, f"{CLIENT}._core"}


def breaches(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What in *source* breaks a rule of the house."""
    found = []
    part = part_of(module)
    for name in sorted(imports(source, module, is_package=is_package)):
        if name.partition(".")[0] in PACKAGES:
            other = part_of(known_module(name))
            if part in MAY_KNOW and other != part and other not in MAY_KNOW[part] | set(PACKAGES) - {CLIENT}:
                found.append(f"{module} imports {name}")
        elif is_core(module) and not {name, name.rpartition(".")[0]} & (PURE | EXCEPTIONS.get(module, set())):
            found.append(f"{module} imports {name}")
    if is_core(module):
        reads = {
            (ast.unparse(node.value).rpartition(".")[2], node.attr)
            for node in nodes_of(source)
            if isinstance(node, ast.Attribute)
        }
        found += [f"{module} reads {'.'.join(clock)}" for clock in sorted(reads & CLOCKS)]
    return found


def test_every_module_keeps_to_its_part():
    """The core imports pure modules and itself; no layer knows the test around it."""
    assert [
        breach
        for module, path in MODULES.items()
        for breach in breaches(path.read_text(), module, is_package=path.name == "__init__.py")
    ] == []


def test_there_is_no_circle_of_files():
    """A module can be read, tested and replaced without the ones that use it."""
    graph = {}
    for module, path in MODULES.items():
        names = imports(path.read_text(), module, is_package=path.name == "__init__.py")
        # A package and its own modules are one: `from .x import y` in `__init__` only lends x's names.
        graph[module] = {known_module(name) for name in names} - {module, "", module.rpartition(".")[0]}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of files: {' -> '.join(error.args[1])}")


def test_a_private_module_lists_no_public_names():
    """`__all__` is for what users import. In a module of ours an underscore says as much, and needs no second list."""
    private = [module for module in MODULES if any(part.startswith("_") for part in module.split("."))]
    modules = [module for module in private if MODULES[module].name != "__init__.py"]  # a package lends names
    assert [module for module in modules if "\n__all__" in MODULES[module].read_text()] == []


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess",
        "import os.path",
        "from ..._time.real import real_sleep",
        "from pytest_s3errors._test.lifetime import Run",
        "if TYPE_CHECKING:\n    from pytest_s3errors._scene import Scene",
        "from datetime import datetime\nstarted = datetime.now()",
        "import datetime\nread = datetime.datetime.now",
        "import random",
    ],
)
def test_a_core_file_that_breaks_the_rules_is_caught(line):
    """The guard itself is no clean-room promise: each way in is tried."""
    assert breaches(line, f"{CORE}.rules.sabotage")


def test_a_layer_that_knows_the_test_is_caught():
    """Relative imports are resolved."""
    assert breaches("from .._test import lifetime", "pytest_s3errors._layers.sabotage")
    assert not breaches("from .._scene import Scene", "pytest_s3errors._layers.sabotage")
