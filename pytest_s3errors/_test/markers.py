"""Turn the markers of one test into its `Plan`, and report everything that is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest

from pytest_s3errors._core.report.expectations import expectation_of
from pytest_s3errors._core.rules.arguments import RuleError, one_of
from pytest_s3errors._core.rules.choices import LAYERS, SERVERS, TIMES
from pytest_s3errors._core.rules.parse_access import access_of
from pytest_s3errors._core.rules.parse_arranged import arranged_by
from pytest_s3errors._core.rules.parse_limits import NO_LIMITS, Limits, limits_of
from pytest_s3errors._core.rules.parse_rule import RULES, spell
from pytest_s3errors._core.rules.parse_sweep import sweep_of
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS, UNDECLARED
from pytest_s3errors._core.s3.dialects import DIALECTS
from pytest_s3errors._core.s3.errors.catalogue import nearest
from pytest_s3errors._core.s3.store import S3Store

from .places import Node, place_of, shown
from .plan import Plan


def _account(args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Arguments:
    access_of([(args, kwargs)], TEST_CREDENTIALS)
    return args, kwargs


def _bucket(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, Callable[[S3Store], object]]:
    declare = arranged_by("s3_bucket", args, kwargs)
    return (args[0] if args else kwargs["name"]), declare


def _one(name: str, words: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    if len(args) != 1 or kwargs:
        raise RuleError(f"{name}() takes one argument, one of {', '.join(map(repr, words))}")
    return one_of(f"{name}()", args[0], words)


_Arguments: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]
_WORDS = {"s3_layer": LAYERS, "s3_time": TIMES, "s3_server": SERVERS, "s3_dialect": tuple(DIALECTS)}
_READERS: Mapping[str, tuple[str, Callable[[Any, Mapping[str, Any]], Any]]] = {
    **{name: ("rules", read) for name, read in RULES.items()},
    **{name: (name, partial(_one, name, words)) for name, words in _WORDS.items()},
    "s3_bucket": ("s3_bucket", _bucket),
    "s3_object": ("s3_object", partial(arranged_by, "s3_object")),
    "s3_expect": ("s3_expect", expectation_of),
    "s3_limits": ("s3_limits", limits_of),
    "s3_credentials": ("s3_credentials", _account),
    "s3_sweep": ("s3_sweep", sweep_of),
}
"""What reads the arguments of each marker, and what the result is kept under."""

_GIVEN = (
    "s3_sweep() runs a test again and again, and @given does so too; sweep a plain test, or draw the faults with"
    " pytest_s3errors.strategies.schedules()"
)


class Mistake(NamedTuple):
    """What is wrong with a marker of a test, and where the marker is written."""

    text: str
    place: str


def plan_of(item: pytest.Item) -> tuple[Plan, list[Mistake]]:
    """Return what the markers of *item* say, and everything that is wrong with them."""
    said: defaultdict[str, list[Any]] = defaultdict(list)  # the closest one first
    layers: dict[str, str] = {}
    mistakes = []
    for node, mark in _marked(item):
        try:
            if mark.name in _READERS:
                kept, read = _READERS[mark.name]
                said[kept].append(read(mark.args, mark.kwargs))
                if mark.kwargs.get("layer") is not None:
                    layers[said[kept][-1].spelling] = mark.kwargs["layer"]
        except (RuleError, TypeError, ValueError) as error:
            mistakes.append(Mistake(str(error), place_of(mark, node)))
    access, layer = UNDECLARED, None
    try:
        access = access_of(said["s3_credentials"], TEST_CREDENTIALS)
    except RuleError as error:
        mistakes.append(Mistake(str(error), _first_place(item, lambda mark: mark.name == "s3_credentials")))
    try:
        layer = _agreed(layers) or _closest(said["s3_layer"])
    except RuleError as error:
        mistakes.append(Mistake(str(error), _first_place(item, lambda mark: "layer" in mark.kwargs)))
    plan = Plan(
        rules=tuple(said["rules"]),
        layer=layer,
        time=_closest(said["s3_time"]),
        server=_closest(said["s3_server"]),
        # Buckets first: an object would make its own, with the defaults. The closest object is put last, and stays.
        arrange=(*dict(reversed(said["s3_bucket"])).values(), *reversed(said["s3_object"])),
        expectations=tuple(said["s3_expect"]),
        access=access,
        limits=reduce(Limits.over, said["s3_limits"], NO_LIMITS),
        dialect=_closest(said["s3_dialect"]),
        sweep=_closest(said["s3_sweep"]),
    )
    if plan.sweep is not None and getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        node, mark = next((node, mark) for node, mark in _marked(item) if mark.name == "s3_sweep")
        mistakes.append(Mistake(_GIVEN, place_of(mark, node)))
    return plan, mistakes


def _marked(item: pytest.Item) -> Iterator[tuple[Node, pytest.Mark]]:
    """Yield the markers of *item*, each with its function, class or module, from top to bottom as written."""
    for node in reversed(item.listchain()):
        assert isinstance(node, Node)  # pytest has no others
        for mark in _as_written(node):
            yield node, mark


def _as_written(node: Node) -> list[pytest.Mark]:
    """Return the markers of *node* itself, from top to bottom: decorators run bottom to top, lists are in order."""
    if not isinstance(node, pytest.Item | pytest.Class):
        return node.own_markers
    listed = [one.mark if isinstance(one, pytest.MarkDecorator) else one for one in _in_order(node)]
    known = {id(mark) for mark in listed}
    return [*listed, *(mark for mark in reversed(node.own_markers) if id(mark) not in known)]


def _in_order(node: Node) -> Iterator[pytest.Mark | pytest.MarkDecorator]:
    """Yield the markers of ``pytest.param(marks=[...])``, or those of a class and of the classes that it inherits."""
    if not isinstance(node, pytest.Class):
        yield from getattr(getattr(node, "callspec", None), "marks", ())
        return
    for kind in node.obj.__mro__:
        held = vars(kind).get("pytestmark", ())
        marks: list[Any] = [*held] if isinstance(held, list | tuple) else [held]
        # A decorator replaces the list of ``pytestmark = [...]`` by one of plain marks.
        as_list = any(isinstance(one, pytest.MarkDecorator) for one in marks)
        yield from marks if as_list else reversed(marks)


def place_of_rule(item: pytest.Item, rule: Rule) -> str:
    """Return where *rule* is written: at a marker of *item* or in its body. Empty: unknown."""
    if rule.place:
        path, _, line = rule.place.rpartition(":")
        return shown(Path(path), int(line), item.config)
    for node, mark in _marked(item):
        if mark.name in RULES and spell(mark.name, mark.args, mark.kwargs) == rule.spelling:
            return place_of(mark, node)
    return ""


def _agreed(layers: Mapping[str, str]) -> str | None:
    """Return the layer that rules ask for with `layer=`, by their spelling. They must agree."""
    if len(set(layers.values())) > 1:
        raise RuleError(f"one test runs at one layer; these ask for different ones: {', '.join(layers)}")
    return next(iter(layers.values()), None)


def _closest(said: Iterable[Any]) -> Any:
    return next(iter(said), None)


def _first_place(item: pytest.Item, is_it: Callable[[pytest.Mark], bool]) -> str:
    return next(place_of(mark, node) for node, mark in _marked(item) if is_it(mark))


def unknown_markers(item: pytest.Item, ours: Iterable[str]) -> list[Mistake]:
    """Return unregistered markers that look like ours."""
    registered: list[str] = item.config.getini("markers")
    theirs = {line.partition(":")[0].partition("(")[0].strip() for line in registered}
    return [
        Mistake(f"there is no marker {mark.name!r}; did you mean {meant!r}?", place_of(mark, node))
        for node, mark in _marked(item)
        if mark.name.startswith("s3_") and mark.name not in theirs and (meant := nearest(mark.name, ours))
    ]
