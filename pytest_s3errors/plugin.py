"""The pytest plugin: hooks and fixtures. Nothing heavy is imported before a test asks for S3."""

from __future__ import annotations

import contextlib
import importlib.metadata
import random
import sys
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from ._options import add_options, measures
from ._test.declared import MARKERS
from ._test.keys import CASE, LATEST, PLAN, PROFILES, READ, REFUSED, RUN, SEED, TIMER

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_s3errors._core.s3.store import S3Store
    from pytest_s3errors._insight.case import S3Sweep
    from pytest_s3errors._insight.retries import S3Retries
    from pytest_s3errors._test.controller import S3Clock, S3Errors, S3Server
    from pytest_s3errors._test.lifetime import Run
    from s3_asyncio_client import S3Client

SHARD = "s3_shard"
_USAGE = "s3_usage"
FIXTURES = frozenset({"s3_client", "s3_clock", "s3_errors", "s3_retries", "s3_server", "s3_store", "s3_sweep"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and set the seed, the same for all workers of a distributed run."""
    # pytest-asyncio may be here because of us alone. A project without async tests need not hear of its options.
    warnings.filterwarnings("ignore", r'\s*The configuration option "asyncio_default_fixture_loop_scope" is unset')
    for line in MARKERS.values():
        config.addinivalue_line("markers", line)
    worker = getattr(config, "workerinput", {})
    given = worker.get("s3_seed") or config.getoption("--s3-seed")
    config.stash[SEED] = str(given if given is not None else random.SystemRandom().randrange(10**6))
    if measures(config) or config.getoption("--s3-report"):
        from ._insight.reports import register  # noqa: PLC0415 - only where it is asked for

        register(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the seed to a worker of pytest-xdist."""
    node.workerinput["s3_seed"] = node.config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Show the seed, with which the same faults come again, and what does S3's work if that is not the model.

    A distribution that has the client's package too is told as well: whichever came last has overwritten the other.
    """
    name = str(config.getoption("--s3-backend") or config.getini("s3_backend")).strip()
    backend = "" if name == "memory" else f", s3_backend={name.rpartition('@')[2]}"
    control = ", control run: every fault is switched off" if config.getoption("--s3-control") else ""
    twice = []
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        other = importlib.metadata.version("s3-asyncio-client")
        twice.append(
            f"s3errors: warning: s3-asyncio-client {other} is installed too, and its files are those of our"
            " s3_asyncio_client. Cure: pip uninstall s3-asyncio-client, then pip install --force-reinstall --no-deps"
            " pytest-s3errors"
        )
    return [f"s3errors: --s3-seed={config.stash[SEED]}{backend}{control}", *twice]


def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, name: str, obj: object) -> pytest.Item | None:
    """Find ``@pytest.mark.s3_fail(SomeError)``, with which pytest decorates the class and loses the test."""
    kind = type(obj)  # not `isinstance`, which makes a lazy object such as Django's settings load itself
    suspect = issubclass(kind, pytest.MarkDecorator) or hasattr(kind, "pytestmark")
    if not suspect or not collector.funcnamefilter(name):
        return None
    from ._test.refused import refused  # noqa: PLC0415 - only where it may be needed

    return refused(collector, name, obj)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a worker of pytest-xdist begin with the tests that are swept, which take longest."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("s3_sweep") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Read the options and the markers of the selected tests. A wrong one stops the run before the first test."""
    names = {str(getattr(getattr(item, "module", None), "__package__", "")) for item in session.items}
    packages = {name.rsplit(".", up)[0] for name in names for up in range(name.count(".") + 1)}
    above = [*session.config.pluginmanager.get_plugins(), *map(sys.modules.get, packages)]
    if unread := [one for one in above if isinstance(one, ModuleType) and hasattr(one, "pytestmark")]:
        from ._test.refused import refuse_beneath  # noqa: PLC0415 - only where it may be needed

        refuse_beneath(session.items, unread)
    marked = [
        item
        for item in session.items
        if REFUSED in item.stash or any(mark.name.startswith("s3_") for mark in item.iter_markers())
    ]
    if marked or any(FIXTURES.intersection(getattr(item, "fixturenames", ())) for item in session.items):
        from ._test.session import read_markers  # noqa: PLC0415 - only where S3 is used

        for item in marked:
            item.stash[READ] = _marks(item)
        try:
            read_markers(session.config, marked, MARKERS)
        except pytest.UsageError as error:
            getattr(session.config, "workeroutput", {})[_USAGE] = str(error)  # only a worker of pytest-xdist has it
            raise


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Stop the run with the error of a worker of pytest-xdist, which has no terminal. All collect the same tests."""
    told = getattr(node, "workeroutput", {}).get(_USAGE)
    if told:
        raise pytest.UsageError(told)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test several times if it has to outlast an outage or is swept."""
    plan, options = item.stash.get(PLAN, None), item.config
    asked = plan is not None and (plan.outlasts_s or plan.sweep is not None)
    once = options.getoption("--s3-control") or options.getoption("setuponly", default=False)
    if once or not (asked or options.getoption("--s3-sweep-all")):
        return None
    from ._insight import more_runs  # noqa: PLC0415 - only where it is asked for

    return more_runs.run(item, nextitem, uses_s3=bool(FIXTURES.intersection(getattr(item, "fixturenames", ()))))


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    """Note how pytest-timeout watches *item*, which may run more than once."""
    item.stash[TIMER] = settings


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make several items of a test whose sweep has shards."""
    mark = metafunc.definition.get_closest_marker("s3_sweep")
    if mark is None:
        return
    from ._core.rules.parse_sweep import OPTIONS  # noqa: PLC0415 - only where a test is swept

    shards = {**dict(zip(OPTIONS, mark.args, strict=False)), **mark.kwargs}.get("shards", 1)
    if type(shards) is int and shards > 1:
        metafunc.fixturenames.append(SHARD)
        metafunc.parametrize(SHARD, range(shards), ids=[f"shard{n}" for n in range(1, shards + 1)], indirect=True)


def _marks(item: pytest.Item) -> dict[int, pytest.Mark]:
    return {id(mark): mark for mark in item.iter_markers() if mark.name in MARKERS}


def _uses_s3(item: pytest.Item) -> bool:
    return PLAN in item.stash or bool(FIXTURES.intersection(getattr(item, "fixturenames", ())))


def _end_patrol(nextitem: pytest.Item | None) -> None:
    """End the thread of the watchdogs before *nextitem* if that test does not use S3: it must not meet the thread."""
    module = sys.modules.get("pytest_s3errors._test.patrol")
    if module is not None and module.patrol.lives and (nextitem is None or not _uses_s3(nextitem)):
        module.patrol.end()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Start the simulation before the fixtures of a test that uses it."""
    if _uses_s3(item):
        from ._test.session import start  # noqa: PLC0415 - only where S3 is used

        item.session.stash[LATEST] = item
        start(item)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Let what a wider-scoped fixture starts belong to whichever test runs, not to one test."""
    if fixturedef.scope == "function" or RUN not in request._pyfuncitem.stash:  # noqa: SLF001 - the test that asks first
        return (yield)
    from ._guard.owner import shared  # noqa: PLC0415 - only where S3 is used

    with shared():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Let rules fire while the test's body runs, and fail it for what its code missed or swallowed."""
    marks = _marks(item)
    if late := marks.keys() - item.stash.get(READ, {}).keys():
        from ._test.session import refuse_late  # noqa: PLC0415 - only where it is needed

        refuse_late(marks[one].name for one in late)
    if RUN not in item.stash:
        return (yield)
    from ._test.session import body  # noqa: PLC0415 - only where S3 is used

    with body(item):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """End the simulation after the fixtures are gone. The report of this phase still has its secrets to hide."""
    try:
        return (yield)
    finally:
        if RUN in item.stash:
            item.stash[RUN].stop()
        _end_patrol(nextitem)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """End the simulation of a test that an interrupt broke off: pytest tears its fixtures down here, and no test."""
    try:
        return (yield)
    finally:
        if (item := session.stash.get(LATEST, None)) is not None and RUN in item.stash:
            item.stash[RUN].stop()
            del item.stash[RUN]
        _end_patrol(None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the timeline of a test that failed, or whose fixture did, without secrets."""
    report = yield
    if RUN in item.stash and report.failed:
        from ._test.session import show  # noqa: PLC0415 - only where S3 is used

        show(item.stash[RUN], report, call.excinfo and call.excinfo.value)
    if RUN in item.stash or (report.failed and "s3_asyncio_client" in sys.modules):
        from ._test.secrets import hide  # noqa: PLC0415 - only where S3 is used

        hide(report, item.stash.get(RUN, None))
    if RUN in item.stash and report.when == "teardown":
        del item.stash[RUN]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Hide the secrets in what a subtest printed: pytest adds that to a report that is made already."""
    if type(report) is not pytest.TestReport and "pytest_s3errors._test.lifetime" in sys.modules:
        from ._test.session import hide_in_subtest  # noqa: PLC0415 - only where S3 is used

        hide_in_subtest(report)


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: warnings.WarningMessage, nodeid: str) -> None:
    """Hide the secrets in a warning, such as a presigned URL in what a thread raised."""
    session = sys.modules.get("pytest_s3errors._test.session")
    if session is not None and nodeid in session.started and isinstance(warning_message.message, Warning):
        from ._test.secrets import hide_in_warning  # noqa: PLC0415 - only where S3 is used

        hide_in_warning(warning_message.message)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Lay out the timelines of failed tests for this terminal just before they are printed."""
    stats = terminalreporter.stats
    if failed := [*stats.get("failed", ()), *stats.get("error", ())]:
        from ._test.colours import lay_out  # noqa: PLC0415 - only where a test failed

        width = terminalreporter.config.get_terminal_writer().fullwidth
        lay_out(failed, width, colors=terminalreporter.hasmarkup)
    try:
        return (yield)
    finally:
        distributed = terminalreporter.config.getoption("dist", "no") != "no"
        if distributed or "pytest_s3errors._insight.summary" in sys.modules:
            from ._insight.summary import tell  # noqa: PLC0415 - only where a test was swept

            tell(terminalreporter, terminalreporter.config.getoption("--s3-sweep-baseline"))


@pytest.fixture(name=SHARD)
def _shard(request: pytest.FixtureRequest) -> int:
    """The shard of a sweep that this item runs, from 0."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def s3_sweep(request: pytest.FixtureRequest) -> S3Sweep:
    """What the test tells its sweep: `acknowledge(bucket, key, body)`, `allow(...)`, and the `case` of this run."""
    from ._insight.case import S3Sweep  # noqa: PLC0415 - only where it is used

    return request.node.stash.setdefault(CASE, S3Sweep())  # type: ignore[no-any-return]


def _run(request: pytest.FixtureRequest) -> Run:
    from ._test.session import run_of  # noqa: PLC0415 - only where S3 is used

    return run_of(request.node, str(request.fixturename))


@pytest.fixture
def s3_errors(request: pytest.FixtureRequest) -> S3Errors:
    """The controller of the simulated S3: set rules, read the journal."""
    from ._test.controller import S3Errors  # noqa: PLC0415 - only where it is used

    return S3Errors(_run(request))


@pytest.fixture
def s3_clock(request: pytest.FixtureRequest) -> S3Clock:
    """Test time: `now` in seconds since the test's body began, `advance(seconds)`, and the `sleeps` so far."""
    return _run(request).clock


@pytest.fixture
def s3_store(request: pytest.FixtureRequest) -> S3Store:
    """What the simulated S3 holds, to arrange and assert without a request."""
    return _run(request).simulator.store


@pytest.fixture
def s3_client(request: pytest.FixtureRequest) -> S3Client:
    """An `S3Client` on the simulated S3, closed at the end."""
    return _run(request).loops.client()


@pytest.fixture
def s3_retries(request: pytest.FixtureRequest) -> S3Retries:
    """How a client tries again: `measure(call)` returns its profile, which `check(...)` holds to a specification."""
    from ._insight.retries import S3Retries  # noqa: PLC0415 - only where it is used

    return S3Retries(_run(request), request.node.stash.setdefault(PROFILES, []))


@pytest.fixture
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """The loopback address of the simulated S3, for clients that take a URL and for subprocesses."""
    from ._test.controller import S3Server  # noqa: PLC0415 - only where it is used

    return S3Server(host="127.0.0.1", port=_run(request).blocking_server.port)
