"""Turn the markers of one test into its `Plan`, and report everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_s3errors._core.report.expectations import Expectation, expectation_of
from pytest_s3errors._core.rules.arguments import RuleError, one_of
from pytest_s3errors._core.rules.choices import LAYERS, SERVERS, TIMES
from pytest_s3errors._core.rules.parse_access import access_of
from pytest_s3errors._core.rules.parse_arranged import arranged_by
from pytest_s3errors._core.rules.parse_limits import NO_LIMITS, Limits, limits_of
from pytest_s3errors._core.rules.parse_rule import RULES, spell
from pytest_s3errors._core.rules.parse_sweep import SweepSpec, sweep_of
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS, UNDECLARED
from pytest_s3errors._core.s3.dialects import DIALECTS
from pytest_s3errors._core.s3.errors.catalogue import nearest
from pytest_s3errors._core.s3.store import S3Store

from .places import Node, place_of, shown
from .plan import Plan


@dataclass(slots=True)
class _Draft:
    """What the markers read so far say, the closest one first."""

    rules: list[Rule] = field(default_factory=list)
    layers: dict[str, str] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    servers: list[str] = field(default_factory=list)
    buckets: dict[str, Callable[[S3Store], object]] = field(default_factory=dict)
    objects: list[Callable[[S3Store], object]] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    limits: Limits = NO_LIMITS
    dialects: list[str] = field(default_factory=list)
    sweeps: list[SweepSpec] = field(default_factory=list)
    accounts: list[tuple[tuple[Any, ...], Mapping[str, Any]]] = field(default_factory=list)

    def rule(self, mark: pytest.Mark) -> None:
        self.rules.append(RULES[mark.name](mark.args, mark.kwargs))
        if mark.kwargs.get("layer") is not None:
            self.layers.setdefault(self.rules[-1].spelling, mark.kwargs["layer"])

    def layer(self, mark: pytest.Mark) -> None:
        self.layers.setdefault(f"s3_layer{mark.args!r}", _one(mark, LAYERS))

    def time(self, mark: pytest.Mark) -> None:
        self.times.append(_one(mark, TIMES))

    def server(self, mark: pytest.Mark) -> None:
        self.servers.append(_one(mark, SERVERS))

    def dialect(self, mark: pytest.Mark) -> None:
        self.dialects.append(_one(mark, tuple(DIALECTS)))

    def expect(self, mark: pytest.Mark) -> None:
        self.expectations.append(expectation_of(mark.args, mark.kwargs))

    def limit(self, mark: pytest.Mark) -> None:
        self.limits = self.limits.over(limits_of(mark.args, mark.kwargs))

    def sweep(self, mark: pytest.Mark) -> None:
        self.sweeps.append(sweep_of(mark.args, mark.kwargs))

    def account(self, mark: pytest.Mark) -> None:
        access_of([(mark.args, mark.kwargs)], TEST_CREDENTIALS)
        self.accounts.append((mark.args, mark.kwargs))

    def bucket(self, mark: pytest.Mark) -> None:
        declare = arranged_by(mark.name, mark.args, mark.kwargs)
        self.buckets.setdefault(mark.args[0] if mark.args else mark.kwargs["name"], declare)

    def object(self, mark: pytest.Mark) -> None:
        self.objects.append(arranged_by(mark.name, mark.args, mark.kwargs))


_READERS: Mapping[str, Callable[[_Draft, pytest.Mark], None]] = {
    **dict.fromkeys(RULES, _Draft.rule),
    "s3_layer": _Draft.layer,
    "s3_time": _Draft.time,
    "s3_server": _Draft.server,
    "s3_dialect": _Draft.dialect,
    "s3_expect": _Draft.expect,
    "s3_limits": _Draft.limit,
    "s3_credentials": _Draft.account,
    "s3_sweep": _Draft.sweep,
    "s3_bucket": _Draft.bucket,
    "s3_object": _Draft.object,
}


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
    draft, mistakes = _Draft(), []
    for node, mark in _marked(item):
        try:
            if mark.name in _READERS:
                _READERS[mark.name](draft, mark)
        except (RuleError, TypeError, ValueError) as error:
            mistakes.append(Mistake(str(error), place_of(mark, node)))
    access, layer = UNDECLARED, None
    try:
        access = access_of(draft.accounts, TEST_CREDENTIALS)
    except RuleError as error:
        mistakes.append(Mistake(str(error), _first_place(item, lambda mark: mark.name == "s3_credentials")))
    try:
        layer = _agreed(draft.layers)
    except RuleError as error:
        mistakes.append(Mistake(str(error), _first_place(item, lambda mark: "layer" in mark.kwargs)))
    plan = Plan(
        rules=tuple(draft.rules),
        layer=layer,
        time=next(iter(draft.times), None),
        server=next(iter(draft.servers), None),
        # Buckets first: an object would make its own, with the defaults. The closest object is put last, and stays.
        arrange=(*draft.buckets.values(), *reversed(draft.objects)),
        expectations=tuple(draft.expectations),
        access=access,
        limits=draft.limits,
        dialect=next(iter(draft.dialects), None),
        sweep=next(iter(draft.sweeps), None),
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


def _agreed(layers: dict[str, str]) -> str | None:
    """Return the closest s3_layer marker. Rules with `layer=` must agree with each other."""
    from_rules = {spelling: layer for spelling, layer in layers.items() if not spelling.startswith("s3_layer(")}
    if len(set(from_rules.values())) > 1:
        raise RuleError(f"one test runs at one layer; these ask for different ones: {', '.join(from_rules)}")
    return next(iter(from_rules.values()), next(iter(layers.values()), None))


def _first_place(item: pytest.Item, is_it: Callable[[pytest.Mark], bool]) -> str:
    return next(place_of(mark, node) for node, mark in _marked(item) if is_it(mark))


def _one(mark: pytest.Mark, words: tuple[str, ...]) -> str:
    if len(mark.args) != 1 or mark.kwargs:
        raise RuleError(f"{mark.name}() takes one argument, one of {', '.join(map(repr, words))}")
    return one_of(f"{mark.name}()", mark.args[0], words)


def unknown_markers(item: pytest.Item, ours: Iterable[str]) -> list[Mistake]:
    """Return unregistered markers that look like ours."""
    registered: list[str] = item.config.getini("markers")
    theirs = {line.partition(":")[0].partition("(")[0].strip() for line in registered}
    return [
        Mistake(f"there is no marker {mark.name!r}; did you mean {meant!r}?", place_of(mark, node))
        for node, mark in _marked(item)
        if mark.name.startswith("s3_") and mark.name not in theirs and (meant := nearest(mark.name, ours))
    ]
