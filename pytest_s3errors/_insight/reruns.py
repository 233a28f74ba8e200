"""Run one item several times: its own run, whose reports pytest logs, then runs that only this plugin sees.

pytest runs an item in three phases and tears down what the next item does not need. Each further run needs fresh
function fixtures and the same wider ones. So each run is torn down as if the next item were a neighbor in the same
class or module. What the real next item does not need is torn down after the last run.

Our runs log nothing, enter no debugger, and leave nothing on the item: no captured output, no properties.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from pytest_s3errors._test.keys import PLAN, RUN, TIMER
from pytest_s3errors._test.plan import Plan

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.schedule import Rule
    from pytest_s3errors._test.lifetime import Run

Around = Callable[["Run"], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """One run: its reports, and the error that ended the test's body. None: it returned, or setup failed."""

    reports: list[pytest.TestReport]
    error: BaseException | None = None

    @property
    def passed(self) -> bool:
        """Whether each phase passed. A skipped or xfailed test did not pass; a strict xfail that passed did."""
        return self.error is None and all(report.passed for report in self.reports if report.when != "call")


def protocol(
    item: pytest.Item,
    nextitem: pytest.Item | None,
    more: Callable[[pytest.Item, Rerun], None],
    *,
    around: Around = lambda _run: nullcontext(),
) -> None:
    """Run *item* as `pytest_runtest_protocol` does. If it passed, call *more* before its reports are logged.

    *more* may call `rerun` any number of times. It may change the reports of the item's own run, its second argument.
    The wider fixtures that *nextitem* does not need are torn down after it.
    """
    item.stash.setdefault(PLAN, Plan())
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    own = _run(item, around, own=True)
    interrupt: BaseException | None = None
    if own.passed:
        try:
            more(item, own)
        except (KeyboardInterrupt, pytest.exit.Exception) as error:  # the findings so far are still reported
            interrupt = error
    _end_wider_fixtures(item, nextitem, own.reports)
    for report in own.reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    if interrupt is not None:
        raise interrupt


def rerun(
    item: pytest.Item, *, rules: tuple[Rule, ...] = (), around: Around = lambda _run: nullcontext(), **changes: Any
) -> Rerun:
    """Run *item* once more, by itself, with *rules* before those of its markers.

    Mark a rule as optional if it need not fire. *around* gets the test's simulation and returns a context manager for
    the phase of its body, after the fixtures. *changes* replace fields of the item's `Plan`, such as `expectations=()`.
    """
    kept = item.stash[PLAN]
    item.stash[PLAN] = dataclasses.replace(kept, **{"rules": (*rules, *kept.rules), **changes})
    try:
        with _restored(item):
            _rearm_timeout(item)
            return _run(item, around)
    finally:
        item.stash[PLAN] = kept


def _run(item: pytest.Item, around: Around, *, own: bool = False) -> Rerun:
    """Run the phases of *item* and keep every wider fixture alive."""
    _renew(item)
    error = None
    hooks = item.ihook
    try:
        with _subtests(item, own=own) as failed:
            phase = functools.partial(_phase, item, hooks, failed, own=own)
            setup, _ = phase("setup")
            reports = [setup]
            if setup.passed:
                with around(item.stash[RUN]):
                    body, error = phase("call")
                reports.append(body)
            # Anything in the same collector serves as the neighbor.
            reports.append(phase("teardown", nextitem=item.parent)[0])
    finally:
        _forget(item)
    return Rerun(reports=reports, error=error)


def _phase(
    item: pytest.Item,
    hooks: Any,
    subtests: list[pytest.ExceptionInfo[BaseException]],
    when: Literal["setup", "call", "teardown"],
    *,
    own: bool,
    **arguments: Any,
) -> tuple[pytest.TestReport, BaseException | None]:
    hook = getattr(hooks, f"pytest_runtest_{when}")
    interactive = own and item.config.getoption("usepdb", default=False)
    passing = (pytest.exit.Exception,) if interactive else (pytest.exit.Exception, KeyboardInterrupt)
    call = pytest.CallInfo.from_call(lambda: hook(item=item, **arguments), when=when, reraise=passing)
    failed = next(iter(subtests), None) if when == "call" else None
    if not own:
        call.excinfo = call.excinfo or failed
    report = hooks.pytest_runtest_makereport(item=item, call=call)
    ended = call.excinfo or failed  # not before: that of a TestCase is known only now
    if own and report.failed:  # only the item's own run may enter a debugger
        hooks.pytest_exception_interact(node=item, call=call, report=report)
    return report, ended.value if ended else None


@contextlib.contextmanager
def _subtests(item: pytest.Item, *, own: bool) -> Iterator[list[pytest.ExceptionInfo[BaseException]]]:
    """Yield a list for the errors of subtests, which end before the test: pytest has each reported by itself.

    Of our runs it hears of none, and takes each for passed: the body fails with the first error. In the item's own run
    pytest fails the item.
    """
    failed: list[pytest.ExceptionInfo[BaseException]] = []
    session: Any = item.session
    proxy_of = session.gethookproxy
    session.gethookproxy = lambda path: _Hooks(proxy_of(path), failed, own=own)
    try:
        yield failed
    finally:
        del session.gethookproxy


class _Hooks:
    """The hooks of an item, as its subtests find them."""

    def __init__(self, hooks: Any, failed: list[pytest.ExceptionInfo[BaseException]], *, own: bool) -> None:
        self._hooks = hooks
        self._failed = failed
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hooks, name)

    def pytest_runtest_makereport(self, *, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        report: pytest.TestReport = self._hooks.pytest_runtest_makereport(item=item, call=call)
        if report.failed and call.excinfo is not None:
            self._failed.append(call.excinfo)
            if not self._own:
                report.outcome = "passed"
        return report

    def pytest_runtest_logreport(self, *, report: pytest.TestReport) -> None:
        if self._own:
            self._hooks.pytest_runtest_logreport(report=report)


def _end_wider_fixtures(item: pytest.Item, nextitem: pytest.Item | None, reports: list[pytest.TestReport]) -> None:
    """Tear down what *nextitem* does not need. An error belongs to the item's teardown, as in pytest."""
    if item.session.shouldfail or item.session.shouldstop:
        nextitem = None
    state = item.session._setupstate  # noqa: SLF001 - pytest-rerunfailures uses it too; there is no other way
    call = pytest.CallInfo.from_call(
        lambda: state.teardown_exact(nextitem), when="teardown", reraise=(pytest.exit.Exception,)
    )
    if call.excinfo is not None:
        reports[-1] = item.ihook.pytest_runtest_makereport(item=item, call=call)


def _renew(item: pytest.Item) -> None:
    """Prepare an item for another run: no fixture values, a new instance of its class."""
    function = cast("Any", item)
    if getattr(item, "_request", None) is False:
        if isinstance(item.parent, pytest.Class):
            vars(item).pop("_instance", None)
            vars(item).pop("_obj", None)
        function._initrequest()  # noqa: SLF001 - as pytest itself does for an item that is run again


def _forget(item: pytest.Item) -> None:
    if hasattr(item, "_request"):
        function = cast("Any", item)
        function._request = False  # noqa: SLF001 - as pytest itself does after each run
        function.funcargs = None


@contextlib.contextmanager
def _restored(item: pytest.Item) -> Iterator[None]:
    """Keep captured output and properties of our runs off *item*, format no traceback, and show no fixture."""
    sections, properties = item._report_sections, item.user_properties  # noqa: SLF001 - the public method only adds
    item._report_sections, item.user_properties = [], list(properties)  # noqa: SLF001
    option = item.config.option
    # Formatting takes most of the time of a failed run. Without a terminal there is no such option.
    style, option.tbstyle = getattr(option, "tbstyle", "auto"), "no"
    shows, option.setupshow = getattr(option, "setupshow", False), False
    try:
        yield
    finally:
        option.tbstyle, option.setupshow = style, shows
        item._report_sections, item.user_properties = sections, properties  # noqa: SLF001


def _rearm_timeout(item: pytest.Item) -> None:
    """Give each run the full time that pytest-timeout allows for one test."""
    if TIMER in item.stash:
        hook = item.config.pluginmanager.hook
        hook.pytest_timeout_cancel_timer(item=item)
        hook.pytest_timeout_set_timer(item=item, settings=item.stash[TIMER])
