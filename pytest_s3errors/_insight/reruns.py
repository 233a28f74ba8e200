"""Run one item several times: its own run, whose reports pytest logs, then runs that only this plugin sees.

pytest runs an item in three phases and tears down what the next item does not need. Each further run needs fresh
function fixtures and the same wider ones. So each run is torn down as if the next item were a neighbor in the same
class or module. What the real next item does not need is torn down after the last run.

Our runs log nothing, enter no debugger, and leave nothing on the item: no captured output, no properties.
"""

from __future__ import annotations

import contextlib
import dataclasses
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

__all__ = ["Rerun", "protocol", "rerun"]

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
    try:
        setup, _ = _phase(item, "setup", own=own)
        reports = [setup]
        if setup.passed and not item.config.getoption("setuponly", default=False):
            with around(item.stash[RUN]):
                body, error = _phase(item, "call", own=own)
            reports.append(body)
        # Anything in the same collector serves as the neighbor.
        reports.append(_phase(item, "teardown", own=own, nextitem=item.parent)[0])
    finally:
        _forget(item)
    return Rerun(reports=reports, error=error)


def _phase(
    item: pytest.Item, when: Literal["setup", "call", "teardown"], *, own: bool, **arguments: Any
) -> tuple[pytest.TestReport, BaseException | None]:
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    interactive = own and item.config.getoption("usepdb", default=False)
    passing = (pytest.exit.Exception,) if interactive else (pytest.exit.Exception, KeyboardInterrupt)
    call = pytest.CallInfo.from_call(lambda: hook(item=item, **arguments), when=when, reraise=passing)
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    if own and report.failed:  # only the item's own run may enter a debugger
        item.ihook.pytest_exception_interact(node=item, call=call, report=report)
    return report, call.excinfo.value if call.excinfo else None


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
    """Keep captured output and properties of our runs off *item*, and format no traceback."""
    sections, properties = item._report_sections, item.user_properties  # noqa: SLF001 - the public method only adds
    item._report_sections, item.user_properties = [], list(properties)  # noqa: SLF001
    option = item.config.option
    style, option.tbstyle = option.tbstyle, "no"  # formatting takes most of the time of a failed run
    try:
        yield
    finally:
        option.tbstyle = style
        item._report_sections, item.user_properties = sections, properties  # noqa: SLF001


def _rearm_timeout(item: pytest.Item) -> None:
    """Give each run the full time that pytest-timeout allows for one test."""
    if TIMER in item.stash:
        hook = item.config.pluginmanager.hook
        hook.pytest_timeout_cancel_timer(item=item)
        hook.pytest_timeout_set_timer(item=item, settings=item.stash[TIMER])
