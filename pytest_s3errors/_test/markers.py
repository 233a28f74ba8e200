"""From the markers of one test to its `Plan`; what is wrong with them is a `pytest.UsageError`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_s3errors._core.report.expectations import Expectation, expectation_of
from pytest_s3errors._core.rules.arguments import RuleError, one_of
from pytest_s3errors._core.rules.choices import LAYERS, SERVERS, TIMES
from pytest_s3errors._core.rules.parse_access import access_of
from pytest_s3errors._core.rules.parse_limits import NO_LIMITS, Limits, limits_of
from pytest_s3errors._core.rules.parse_rule import RULES
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS, Access
from pytest_s3errors._core.s3.errors.catalogue import nearest
from pytest_s3errors._core.s3.store import Store

from .plan import Plan


@dataclass(slots=True)
class _Draft:
    """What the markers read so far say; the closest one comes first."""

    rules: list[Rule] = field(default_factory=list)
    layers: dict[str, str] = field(default_factory=dict)
    times: list[str] = field(default_factory=list)
    servers: list[str] = field(default_factory=list)
    arrange: list[Callable[[Store], object]] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    limits: Limits = NO_LIMITS

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

    def expect(self, mark: pytest.Mark) -> None:
        self.expectations.append(expectation_of(mark.args, mark.kwargs))

    def limit(self, mark: pytest.Mark) -> None:
        self.limits = self.limits.over(limits_of(mark.args, mark.kwargs))

    def arranged(self, mark: pytest.Mark) -> None:
        self.arrange.append(_checked(mark))


_READERS: Mapping[str, Callable[[_Draft, pytest.Mark], None]] = {
    **dict.fromkeys(RULES, _Draft.rule),
    "s3_layer": _Draft.layer,
    "s3_time": _Draft.time,
    "s3_server": _Draft.server,
    "s3_expect": _Draft.expect,
    "s3_limits": _Draft.limit,
    "s3_bucket": _Draft.arranged,
    "s3_object": _Draft.arranged,
}


def plan_of(item: pytest.Item) -> Plan:
    """Return what the markers of *item* say.

    Raises:
        pytest.UsageError: naming the test, the argument, what is allowed and the nearest valid spelling.
    """
    draft = _Draft()
    for mark in marks_in_order(item):
        try:
            if mark.name in _READERS:
                _READERS[mark.name](draft, mark)
        except (RuleError, TypeError, ValueError) as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None
    return Plan(
        rules=tuple(draft.rules),
        layer=_agreed(item, draft.layers),
        time=next(iter(draft.times), None),
        server=next(iter(draft.servers), None),
        arrange=tuple(reversed(draft.arrange)),
        expectations=tuple(draft.expectations),
        access=_access(item),
        limits=draft.limits,
    )


def marks_in_order(item: pytest.Item) -> Iterator[pytest.Mark]:
    """The markers of *item*: the function's, its classes', its module's; within each, top to bottom as written."""
    for node in reversed(item.listchain()):
        # Decorators run from the bottom up, a module's or package's pytestmark list is in the order written.
        decorated = isinstance(node, pytest.Item | pytest.Class)
        yield from reversed(node.own_markers) if decorated else node.own_markers


def _agreed(item: pytest.Item, layers: dict[str, str]) -> str | None:
    """The closest s3_layer marker; rules with `layer=` have to agree with each other."""
    from_rules = {spelling: layer for spelling, layer in layers.items() if not spelling.startswith("s3_layer(")}
    if len(set(from_rules.values())) > 1:
        both = ", ".join(from_rules)
        raise pytest.UsageError(f"{item.nodeid}: one test runs at one layer; these ask for different ones: {both}")
    return next(iter(from_rules.values()), next(iter(layers.values()), None))


def _access(item: pytest.Item) -> Access:
    marks = [(mark.args, mark.kwargs) for mark in marks_in_order(item) if mark.name == "s3_credentials"]
    try:
        return access_of(marks, TEST_CREDENTIALS)
    except RuleError as error:
        raise pytest.UsageError(f"{item.nodeid}: {error}") from None


def _one(mark: pytest.Mark, words: tuple[str, ...]) -> str:
    if len(mark.args) != 1 or mark.kwargs:
        raise RuleError(f"{mark.name}() takes one argument, one of {', '.join(map(repr, words))}")
    return one_of(f"{mark.name}()", mark.args[0], words)


def s3_bucket(store: Store, name: str, region: str = "us-east-1", *, versioning: bool = False) -> None:
    """Declare a bucket; from then on no other exists."""
    store.declare_bucket(name, region, versioning=versioning)


def s3_object(store: Store, bucket: str, key: str, body: bytes = b"", **attributes: Any) -> None:
    """Put an object where the test starts."""
    store.put(bucket, key, body, **attributes)


_ARRANGING: dict[str, Callable[..., None]] = {"s3_bucket": s3_bucket, "s3_object": s3_object}


def _checked(mark: pytest.Mark) -> Callable[[Store], object]:
    """What *mark* arranges, tried once on a store of its own."""
    act = _ARRANGING[mark.name]
    try:
        inspect.signature(act).bind(None, *mark.args, **mark.kwargs)
    except TypeError as error:
        takes = str(inspect.signature(act)).replace("store: 'Store', ", "").split(" ->")[0]
        raise RuleError(f"{mark.name}(): {error}; it takes {takes}") from None
    try:
        act(Store(now=lambda: datetime.now(UTC)), *mark.args, **mark.kwargs)
    except (TypeError, ValueError) as error:
        raise RuleError(f"{mark.name}(): {error}") from None
    return lambda store: act(store, *mark.args, **mark.kwargs)


def check_names(item: pytest.Item, names: set[str], ours: Iterable[str], registered: list[str]) -> None:
    """Refuse a marker that is not ours, nor anybody's who registered it, but looks like ours.

    Raises:
        pytest.UsageError: naming the test, the marker and the one that is probably meant.
    """
    theirs = {line.partition(":")[0].partition("(")[0].strip() for line in registered}
    for name in sorted(names - theirs):
        meant = nearest(name, ours)
        if meant:
            raise pytest.UsageError(f"{item.nodeid}: there is no marker {name!r}; did you mean {meant!r}?")
