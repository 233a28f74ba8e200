"""Find where a marker is written. pytest does not keep that, so this module reads the source, for messages only.

The source may have several calls with the marker's name. Those with the marker's arguments count, and of these the one
that decorates the test or the class. A marker created elsewhere (in another file, by a function) gets the place of the
test that has it.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Node = pytest.Item | pytest.Collector


def place_of(mark: pytest.Mark, node: Node) -> str:
    """Return ``path:line`` of *mark*, one of *node*'s own, relative to where pytest was called."""
    source = _source(node)
    decorated = _lines_of(node)
    found = [(line not in decorated, line) for line, call in _written(source, mark.name) if _same(call, mark)]
    line = min(found)[1] if found else decorated.start or 1
    return shown(source, line, node.config)


def calling_place() -> str:
    """Return ``path:line`` of the user's current line, with Python's form of the path."""
    frame = inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("pytest_s3errors."):
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def shown(path: Path, line: int, config: pytest.Config) -> str:
    """Return ``path:line`` relative to where pytest was called."""
    try:
        return f"{os.path.relpath(path, config.invocation_params.dir)}:{line}"
    except ValueError:  # another drive
        return f"{path}:{line}"


def _source(node: Node) -> Path:
    made = _object(node)
    try:
        return Path(inspect.getsourcefile(made) or node.path) if made is not None else node.path
    except TypeError:
        return node.path


def _lines_of(node: Node) -> range:
    """Return the lines of a test or a class with its decorators. A module has none."""
    made = _object(node)
    try:
        lines, first = inspect.getsourcelines(made) if made is not None else ([], 0)
    except (OSError, TypeError):
        return range(0)
    return range(first, first + len(lines))


def _object(node: Node) -> Any:
    made = getattr(node, "obj", None)
    return None if made is None or inspect.ismodule(made) else inspect.unwrap(made)


@functools.lru_cache(maxsize=16)
def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _written(path: Path, name: str) -> Iterator[tuple[int, ast.expr]]:
    """Yield the line and the expression of each ``mark.NAME`` in the file, with its call if it has one."""
    called = set()
    for node in ast.walk(_tree(path)):
        made = node.func if isinstance(node, ast.Call) else node
        if isinstance(made, ast.Attribute) and made.attr == name and made not in called:
            called.add(made)
            assert isinstance(node, ast.expr)  # a call or an attribute
            yield made.end_lineno or node.lineno, node


def _same(written: ast.expr, mark: pytest.Mark) -> bool:
    """Return whether *written* can have created *mark*. An expression that is not a literal matches anything."""
    args = written.args if isinstance(written, ast.Call) else []
    keywords = written.keywords if isinstance(written, ast.Call) else []
    if any(isinstance(arg, ast.Starred) for arg in args) or any(keyword.arg is None for keyword in keywords):
        return True
    named = {str(keyword.arg): keyword.value for keyword in keywords}
    if len(args) != len(mark.args) or named.keys() != mark.kwargs.keys():
        return False
    values = [*zip(args, mark.args, strict=True), *((named[key], mark.kwargs[key]) for key in named)]
    return all(_may_be(expression, value) for expression, value in values)


def _may_be(expression: ast.expr, value: object) -> bool:
    try:
        return bool(ast.literal_eval(expression) == value)
    except (ValueError, TypeError):
        return True
