"""From the markers of one test to its `Plan`; what is wrong with them is a `pytest.UsageError`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_s3errors._backends import backend_for
from pytest_s3errors._core.report.expectations import Expectation, expectation_of
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_access import access_of
from pytest_s3errors._core.rules.parse_backend import BackendSpec, backend_of
from pytest_s3errors._core.rules.parse_rule import RULES, check_layer, check_server, check_time
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import OPEN, TEST_CREDENTIALS, Access
from pytest_s3errors._core.s3.backend import BackendError
from pytest_s3errors._core.s3.errors.catalogue import nearest
from pytest_s3errors._core.s3.store import Store
from pytest_s3errors._servers.process import Process

from .plan import Plan, Settings


def plan_of(item: pytest.Item) -> Plan:
    """What the markers of *item* say.

    Raises:
        pytest.UsageError: naming the test, the argument, what is allowed and the nearest valid spelling.
    """
    rules: list[Rule] = []
    arrange: list[Callable[[Store], object]] = []
    layers: dict[str, str] = {}
    times: list[str] = []
    expectations: list[Expectation] = []
    servers: list[str] = []
    for mark in marks_in_order(item):
        try:
            if mark.name in RULES:
                rules.append(RULES[mark.name](mark.args, mark.kwargs))
                if mark.kwargs.get("layer") is not None:
                    layers.setdefault(rules[-1].spelling, mark.kwargs["layer"])
            elif mark.name == "s3_layer":
                layers.setdefault(f"s3_layer{mark.args!r}", _one_layer(mark))
            elif mark.name == "s3_expect":
                expectations.append(expectation_of(mark.args, mark.kwargs))
            elif mark.name == "s3_time":
                times.append(_one_time(mark))
            elif mark.name == "s3_server":
                servers.append(_one_server(mark))
            elif mark.name in _ARRANGING:
                arrange.append(_checked(mark))
        except (RuleError, TypeError, ValueError) as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None
    return Plan(
        rules=tuple(rules),
        layer=_agreed(item, layers),
        time=times[0] if times else None,
        server=servers[0] if servers else None,
        arrange=tuple(reversed(arrange)),
        expectations=tuple(expectations),
        access=_access(item),
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


def _one_layer(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or mark.kwargs:
        raise RuleError('s3_layer() takes one argument, such as s3_layer("client")')
    return check_layer("s3_layer()", mark.args[0])


def _one_time(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or mark.kwargs:
        raise RuleError('s3_time() takes one argument, s3_time("virtual") or s3_time("real")')
    return check_time("s3_time()", mark.args[0])


def _one_server(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or mark.kwargs:
        raise RuleError('s3_server() takes one argument, s3_server("thread") or s3_server("process")')
    return check_server("s3_server()", mark.args[0])


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


def settings_of(config: pytest.Config, *, seed: str) -> Settings:
    """What command line and ini say.

    Raises:
        pytest.UsageError: a value is none of those allowed.
    """
    try:
        layer = check_layer("--s3-layer or ini s3_layer", config.getoption("--s3-layer") or config.getini("s3_layer"))
        time = check_time("--s3-time or ini s3_time", config.getoption("--s3-time") or config.getini("s3_time"))
        server = check_server("ini s3_server", config.getini("s3_server"))
        max_time_s = float(_positive(config, "s3_max_time"))
        max_requests = _positive(config, "s3_max_requests")
        backend = _backend(config)
    except RuleError as error:
        raise pytest.UsageError(str(error)) from None
    process = Process()
    config.add_cleanup(process.stop)
    return Settings(
        layer=layer,
        seed=seed,
        control=config.getoption("--s3-control"),
        endpoints=tuple(config.getini("s3_endpoints")),
        passthrough=tuple(config.getini("s3_passthrough")),
        time=time,
        max_time_s=max_time_s,
        max_requests=max_requests,
        server=server,
        process=process,
        backend=backend,
    )


def _backend(config: pytest.Config) -> BackendSpec:
    """What does the work of S3, ready to be used."""
    spec = backend_of(
        config.getini("s3_backend").strip(),
        remote=config.getini("s3_allow_remote_backend"),
        environment=os.environ,
        test_credentials=TEST_CREDENTIALS,
    )
    try:
        backend_for(spec, OPEN)
    except (BackendError, ImportError) as error:
        raise pytest.UsageError(f"ini s3_backend: {error}") from None
    return spec


def _positive(config: pytest.Config, option: str) -> int:
    value = str(config.getini(option))
    if not value.isascii() or not value.isdigit() or not int(value):
        raise RuleError(f"ini {option}: {value!r} is not a whole number from 1 up")
    return int(value)
