"""Markers that pytest loses.

pytest takes ``@pytest.mark.s3_fail(S3ServerError)`` for a decorator without arguments, and marks the class. Python then
calls the class with the test function. An exception object takes the place of the test, so pytest sees no test.

It reads ``pytestmark`` in test modules and classes, and ignores that of a ``conftest.py`` or a package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from .keys import REFUSED
from .markers import Mistake
from .places import shown

_INSTEAD = {
    "s3_fail": 's3_fail takes an S3 error code, a status or the name of a fault: s3_fail("SlowDown"), s3_fail(503)',
    "s3_script": 's3_script takes codes, statuses and names of faults: s3_script(503, "SlowDown", "ok")',
    "s3_expect": "s3_expect takes the class by name: s3_expect(outcome={0})",
}


_UNREAD = (
    "pytest ignores pytestmark of {}, so {} marks no test. Write pytestmark in each module, or take s3_errors or"
    " s3_store in a fixture with autouse=True"
)


class RefusedTest(pytest.Item):
    """Take the place of the test: it is selected and deselected like the test, and never runs."""

    def runtest(self) -> None:
        """Do nothing. The mistake fails the test earlier."""


def refused(collector: pytest.Module | pytest.Class, name: str, made: object) -> pytest.Item | None:
    """Return the item that replaces the test *name*. None: *made* does not concern this plugin."""
    for lost in _inside(made):
        for mark in getattr(type(lost), "pytestmark", ()):
            if mark.name.startswith("s3_"):
                item: RefusedTest = RefusedTest.from_parent(collector, name=name)
                item.add_marker(mark.name)
                item.stash[REFUSED] = [_mistake(collector, name, mark.name, type(lost).__name__)]
                return item
    return None


def refuse_beneath(items: Sequence[pytest.Item], unread: Iterable[ModuleType]) -> None:
    """Note a mistake for each of *items* below a conftest or package of *unread* that has our markers."""
    for module in unread:
        marks = module.pytestmark if isinstance(module.pytestmark, list | tuple) else [module.pytestmark]
        lost = [mark.name for mark in marks if str(getattr(mark, "name", "")).startswith("s3_")]
        path = Path(module.__file__ or "")
        if lost and path.name in {"conftest.py", "__init__.py"}:
            for item in items:
                if path.parent in item.path.parents:
                    text = _UNREAD.format(path.name, ", ".join(lost))
                    place = shown(path, _first(path, ("pytestmark",)), item.config)
                    item.stash[REFUSED] = [*item.stash.get(REFUSED, ()), Mistake(text, place)]


def _inside(made: object) -> Iterator[object]:
    """Yield *made*, and what decorators without arguments wrapped around it."""
    if isinstance(made, pytest.MarkDecorator):
        for arg in made.args:
            yield from _inside(arg)
    elif not isinstance(made, type):
        yield made


def _mistake(collector: pytest.Module | pytest.Class, name: str, marker: str, lost: str) -> Mistake:
    instead = _INSTEAD.get(marker, f"{marker} takes no class").format(lost)
    text = f"@pytest.mark.{marker}({lost}) marks the class {lost}, and {name} is lost; {instead}"
    return Mistake(text, shown(collector.path, _line(collector, name), collector.config))


def _line(collector: pytest.Module | pytest.Class, name: str) -> int:
    """Return the line where the test is defined."""
    return _first(collector.path, (f"def {name}(", f"async def {name}("))


def _first(path: Path, starts: tuple[str, ...]) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.strip().startswith(starts)), 1)
