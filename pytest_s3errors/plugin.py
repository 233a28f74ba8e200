"""The pytest plugin: options, markers, fixtures and hooks. Nothing heavy is imported before a test asks for S3."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_s3errors._core.s3.store import Store
    from pytest_s3errors._test.controller import S3Errors, S3Server
    from pytest_s3errors._test.lifetime import Run
    from pytest_s3errors._test.plan import Plan, Settings
    from pytest_s3errors._time.real import Clock
    from s3_asyncio_client import S3Client

MARKERS = {
    "s3_fail": "s3_fail(what=None, /, **options): fail S3 requests with an error code, a status or a network fault.",
    "s3_script": "s3_script(*outcomes, **match): one outcome per matching request, in order; then requests pass.",
    "s3_outage": 's3_outage(duration, /, *, start=0.0, what="ServiceUnavailable", **match): fail for so many seconds.',
    "s3_slow": "s3_slow(first_byte=0.0, bytes_per_second=None, **match): answers come late, and at a rate.",
    "s3_bucket": 's3_bucket(name, region="us-east-1", *, versioning=False): this bucket exists, others do not.',
    "s3_object": 's3_object(bucket, key, body=b"", **attributes): an object that exists when the test starts.',
    "s3_credentials": "s3_credentials(access_key=None, secret_key=None, /, *, session_token=None, anonymous=False):"
    " S3 knows these keys and the test's own, and refuses others.",
    "s3_layer": 's3_layer("client" | "mock" | "wire"): where the simulated S3 takes the place of the real one.',
    "s3_server": 's3_server("thread" | "process"): where the simulated S3 of blocking and foreign clients runs.',
    "s3_expect": "s3_expect(**expectations): what must hold of the test's whole body: attempts, backoff, elapsed ...",
    "s3_time": 's3_time("virtual" | "real"): whether sleeps and timeouts of the test take real time.',
}
FIXTURES = frozenset({"s3_client", "s3_clock", "s3_errors", "s3_server", "s3_store"})

_plan: pytest.StashKey[Plan] = pytest.StashKey()
_mistake: pytest.StashKey[str] = pytest.StashKey()
_run: pytest.StashKey[Run] = pytest.StashKey()
_settings: pytest.StashKey[Settings] = pytest.StashKey()
_seed: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command line's and the ini file's options."""
    group = parser.getgroup("s3errors", "S3 error conditions")
    group.addoption("--s3-layer", help="layer of tests that name none: wire (default), mock or client")
    group.addoption("--s3-time", help="time of tests that say nothing about it: virtual (default) or real")
    group.addoption("--s3-seed", help="seed of every random choice; the header shows the one in use")
    group.addoption("--s3-control", action="store_true", help="run the same tests with every fault switched off")
    parser.addini("s3_layer", "layer of tests that name none: wire (default), mock or client", default="wire")
    parser.addini("s3_time", "time of tests that say nothing about it: virtual (default) or real", default="virtual")
    parser.addini("s3_max_time", "seconds of virtual time after which a test fails", default="86400")
    parser.addini("s3_max_requests", "requests after which a test fails", default="10000")
    parser.addini("s3_server", "where the server runs: thread (default) or process", default="thread")
    parser.addini("s3_backend", "what does the work of S3: memory (default), moto, or a server's URL", default="memory")
    parser.addini("s3_allow_remote_backend", "whether s3_backend may be on another machine", type="bool")
    parser.addini("s3_endpoints", "further hosts to treat as S3, one glob a line", type="linelist")
    parser.addini("s3_passthrough", "hosts that requests may go to although they are S3's", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and settle the seed, one for all workers of a distributed run."""
    for line in MARKERS.values():
        config.addinivalue_line("markers", line)
    worker = getattr(config, "workerinput", {})
    given = worker.get("s3_seed") or config.getoption("--s3-seed")
    config.stash[_seed] = str(given if given is not None else random.SystemRandom().randrange(10**6))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the seed to a worker of pytest-xdist."""
    node.workerinput["s3_seed"] = node.config.stash[_seed]


def pytest_report_header(config: pytest.Config) -> str:
    """Show the seed, with which the same faults come again, and what does S3's work if that is not the model."""
    name = str(config.getini("s3_backend")).strip()
    backend = "" if name == "memory" else f", s3_backend={name.rpartition('@')[2]}"
    control = ", control run: every fault is switched off" if config.getoption("--s3-control") else ""
    return f"s3errors: --s3-seed={config.stash[_seed]}{backend}{control}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Read the markers of every test that has one, so that a wrong one stops the run before it begins."""
    for item in items:
        names = {mark.name for mark in item.iter_markers() if mark.name.startswith("s3_")}
        if names:
            from pytest_s3errors._test.markers import check_names, plan_of  # noqa: PLC0415 - only where a marker is used

            try:
                check_names(item, names, MARKERS, config.getini("markers"))
                item.stash[_plan] = plan_of(item)
            except pytest.UsageError as error:
                # Collection on a worker of pytest-xdist can't stop the run with a message; its tests can.
                if not hasattr(config, "workerinput"):
                    raise
                item.stash[_mistake] = str(error)


def _settings_of(config: pytest.Config) -> Settings:
    if _settings not in config.stash:
        from pytest_s3errors._test.markers import settings_of  # noqa: PLC0415 - only where S3 is used

        config.stash[_settings] = settings_of(config, seed=config.stash[_seed])
    return config.stash[_settings]


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Start the simulation before the fixtures of a test that uses it."""
    if _mistake in item.stash:
        pytest.fail(item.stash[_mistake], pytrace=False)
    if _plan in item.stash or FIXTURES.intersection(getattr(item, "fixturenames", ())):
        from pytest_s3errors._test.lifetime import Run  # noqa: PLC0415 - only where S3 is used
        from pytest_s3errors._test.plan import Plan  # noqa: PLC0415

        run = Run(item.stash.get(_plan, Plan()), _settings_of(item.config), test=item.nodeid)
        item.stash[_run] = run
        run.start()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Let rules fire while the test's body runs, and fail it for what it could not see or swallowed."""
    run = item.stash.get(_run, None)
    if run is None:
        return (yield)
    with run.verdict.body(item):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """End the simulation after the fixtures are gone."""
    try:
        return (yield)
    finally:
        run = item.stash.get(_run, None)
        if run is not None:
            run.stop()
            del item.stash[_run]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the timeline of a test that failed."""
    report = yield
    run = item.stash.get(_run, None)
    if run is not None and report.when == "call" and report.failed:
        sections = run.verdict.sections(call.excinfo and call.excinfo.value)
        add = getattr(report.longrepr, "addsection", None)
        if add is not None:
            # Part of the failure itself: --show-capture can't hide it, and it is in the JUnit XML.
            for title, text in sections:
                add(title, text)
        else:
            report.sections += sections
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Colour the timelines just before they are printed, where colours can be shown."""
    if terminalreporter.hasmarkup and "failed" in terminalreporter.stats:
        from pytest_s3errors._test.colours import colour  # noqa: PLC0415 - only where a test failed

        colour(terminalreporter.stats["failed"])
    return (yield)


@pytest.fixture
def s3_errors(request: pytest.FixtureRequest) -> S3Errors:
    """The controller of the simulated S3: set rules, read the journal."""
    from pytest_s3errors._test.controller import S3Errors  # noqa: PLC0415 - only where it is used

    return S3Errors(request.node.stash[_run])


@pytest.fixture
def s3_clock(request: pytest.FixtureRequest) -> Clock:
    """Test time: `now` in seconds since the test's body began, `advance(seconds)`, and the `sleeps` so far."""
    return request.node.stash[_run].clock  # type: ignore[no-any-return]


@pytest.fixture
def s3_store(request: pytest.FixtureRequest) -> Store:
    """What the simulated S3 holds, to arrange and assert without a request."""
    return request.node.stash[_run].simulator.store  # type: ignore[no-any-return]


@pytest.fixture
def s3_client(request: pytest.FixtureRequest) -> S3Client:
    """An `S3Client` on the simulated S3, closed at the end."""
    return request.node.stash[_run].client()  # type: ignore[no-any-return]


@pytest.fixture
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    """Where the simulated S3 listens on the loopback, for clients that take a URL and for subprocesses."""
    from pytest_s3errors._test.controller import S3Server  # noqa: PLC0415 - only where it is used

    return S3Server(host="127.0.0.1", port=request.node.stash[_run].blocking_server.port)
