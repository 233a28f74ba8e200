"""From the markers of one test to its `Plan`; what is wrong with them is a `pytest.UsageError`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_s3errors._core.catalogue import nearest
from pytest_s3errors._core.checks import RuleError
from pytest_s3errors._core.rules import Rule
from pytest_s3errors._core.spelling import RULES, check_layer
from pytest_s3errors._core.store import Store
from pytest_s3errors._run import Plan, Settings


def plan_of(item: pytest.Item) -> Plan:
    """What the markers of *item* say.

    Raises:
        pytest.UsageError: naming the test, the argument, what is allowed and the nearest valid spelling.
    """
    rules: list[Rule] = []
    arrange: list[Callable[[Store], object]] = []
    layers: dict[str, str] = {}
    for mark in marks_in_order(item):
        try:
            if mark.name in RULES:
                rules.append(RULES[mark.name](mark.args, mark.kwargs))
                if mark.kwargs.get("layer") is not None:
                    layers.setdefault(rules[-1].spelling, mark.kwargs["layer"])
            elif mark.name == "s3_layer":
                layers.setdefault(f"s3_layer{mark.args!r}", _one_layer(mark))
            elif mark.name in _ARRANGING:
                arrange.append(_checked(mark))
        except (RuleError, TypeError, ValueError) as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None
    return Plan(rules=tuple(rules), layer=_agreed(item, layers), arrange=tuple(reversed(arrange)))


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


def _one_layer(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or mark.kwargs:
        raise RuleError('s3_layer() takes one argument, such as s3_layer("client")')
    return check_layer("s3_layer()", mark.args[0])


def s3_bucket(store: Store, name: str, region: str = "us-east-1") -> None:
    """Declare a bucket; from then on no other exists."""
    store.declare_bucket(name, region)


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


# Promised, and not there: a marker that does nothing would let a test pass that tests nothing.
_LATER = frozenset({"s3_expect", "s3_outage", "s3_server", "s3_slow", "s3_time"})


def check_names(item: pytest.Item, names: set[str], ours: Iterable[str], registered: list[str]) -> None:
    """Refuse a marker that is not ours, nor anybody's who registered it, but looks like ours.

    Raises:
        pytest.UsageError: naming the test, the marker and the one that is probably meant.
    """
    for name in sorted(names & _LATER):
        raise pytest.UsageError(f"{item.nodeid}: {name} is not in this version of pytest-s3errors yet")
    theirs = {line.partition(":")[0].partition("(")[0].strip() for line in registered}
    for name in sorted(names - theirs):
        meant = nearest(name, ours)
        if meant:
            raise pytest.UsageError(f"{item.nodeid}: there is no marker {name!r}; did you mean {meant!r}?")


def settings_of(config: pytest.Config, *, seed: str) -> Settings:
    """What command line and ini say.

    Raises:
        pytest.UsageError: the layer is not one.
    """
    try:
        layer = check_layer("--s3-layer or ini s3_layer", config.getoption("--s3-layer") or config.getini("s3_layer"))
    except RuleError as error:
        raise pytest.UsageError(str(error)) from None
    return Settings(
        layer=layer,
        seed=seed,
        control=config.getoption("--s3-control"),
        endpoints=tuple(config.getini("s3_endpoints")),
        passthrough=tuple(config.getini("s3_passthrough")),
    )
