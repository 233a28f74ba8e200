"""The `s3_errors` fixture: rules from the test's body, and the requests that S3 received."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from pytest_s3errors._core.report.expectations import expectation_of
from pytest_s3errors._core.rules.arguments import RuleError, known_options
from pytest_s3errors._core.rules.counting import Ranges
from pytest_s3errors._core.rules.parse_rule import (
    MATCH_OPTIONS,
    fail_rule,
    match_of,
    outage_rule,
    script_rule,
    slow_rule,
)
from pytest_s3errors._guard.environment import of_server, of_test

from .places import calling_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Unpack

    from aioresponses import aioresponses
    from respx import Router

    from pytest_s3errors._core.report.journal import Entry, Record
    from pytest_s3errors._core.rules.matching import Match
    from pytest_s3errors._core.rules.options import (
        Expectations,
        FailOptions,
        MatchOptions,
        OutageOptions,
        RuleOptions,
    )
    from pytest_s3errors._core.rules.schedule import ArmedRule, Rule

    from .lifetime import Run

_Made = TypeVar("_Made")

__tracebackhide__ = True  # an error about an argument points at the line that gave it


@runtime_checkable
class S3Clock(Protocol):
    """Test time, as the `s3_clock` fixture provides it."""

    sleeps: list[float]
    """The sleeps of the test in seconds, in order."""

    @property
    def now(self) -> float:
        """Seconds since the test's body began."""
        ...

    def advance(self, seconds: float) -> None:
        """Advance test time by *seconds*."""


S3Clock.__module__ = "pytest_s3errors"  # In the body of the class it would be a member of the protocol.


class RuleHandle:
    """A rule set from the test's body. As a context manager it is canceled at the end of the block."""

    __module__ = "pytest_s3errors"

    def __init__(self, armed: ArmedRule) -> None:
        self._armed = armed

    def __repr__(self) -> str:
        """Return the rule as it was written, and how often it fired."""
        return f"<{self._armed.rule.spelling}, fired {self.fired}>"

    @property
    def fired(self) -> int:
        """The number of requests that the rule handled."""
        return self._armed.fired

    @property
    def remaining(self) -> int | None:
        """The number of requests that it can still handle. None: no limit."""
        return self._armed.remaining

    def cancel(self) -> None:
        """Handle no more requests. A rule that never fired still fails the test, unless it is optional."""
        self._armed.cancelled = True

    def __enter__(self) -> Self:
        """Return the handle. The rule has been active since it was created."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cancel the rule."""
        self.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """The address of the simulated S3, for clients that take a URL: `host` and `port`, always on the loopback."""

    __module__ = "pytest_s3errors"

    host: str
    port: int

    @property
    def url(self) -> str:
        """The endpoint, ``http://127.0.0.1:PORT``. Requests put the bucket in the path."""
        return f"http://{self.host}:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that point the AWS command line and SDKs of a subprocess to it, and nowhere else."""
        values = of_test({}) | of_server(self.url, {})
        return {name: value for name, value in values.items() if value is not None}


class S3Errors:
    """Sets rules and reads the journal of the running test."""

    __module__ = "pytest_s3errors"

    def __init__(self, run: Run) -> None:
        self._run = run

    def fail(self, what: str | int | None = None, /, **options: Unpack[FailOptions]) -> RuleHandle:
        """Make requests fail, with the arguments of `@pytest.mark.s3_fail`.

        Rules set here come before those of markers, in the order in which they were set.

        Raises:
            RuleError: an argument is wrong; it is a ValueError.
        """
        return self._add(fail_rule, () if what is None else (what,), options, "s3_errors.fail")

    def script(self, *outcomes: str | int, **match: Unpack[RuleOptions]) -> RuleHandle:
        """Give each matching request one outcome, with the arguments of `@pytest.mark.s3_script`.

        Raises:
            RuleError: an argument is wrong; it is a ValueError.
        """
        return self._add(script_rule, outcomes, match, "s3_errors.script")

    def mount(self, router: aioresponses | Router) -> None:
        """Answer the S3 requests that reach a router of the test's own, until the test ends.

        Args:
            router: An `aioresponses()` or a respx router. Its own routes come first and stay unchanged; for respx,
                the routes that exist when it is mounted. These requests are answered as at the `mock` layer, whatever
                the test's layer is.

        Raises:
            TypeError: *router* is neither.
        """
        self._run.rerouting.mock.mount(router)

    def outage(self, duration: float, /, **options: Unpack[OutageOptions]) -> RuleHandle:
        """Make matching requests fail for a time, with the arguments of `@pytest.mark.s3_outage`.

        Its `start` counts from now.

        Raises:
            RuleError: an argument is wrong; it is a ValueError.
        """
        return self._add(outage_rule, (duration,), options, "s3_errors.outage")

    def slow(
        self, first_byte: float = 0.0, bytes_per_second: float | None = None, **match: Unpack[RuleOptions]
    ) -> RuleHandle:
        """Delay matching responses and limit their rate, with the arguments of `@pytest.mark.s3_slow`.

        Raises:
            RuleError: an argument is wrong; it is a ValueError.
        """
        pace = {} if bytes_per_second is None else {"bytes_per_second": bytes_per_second}
        return self._add(slow_rule, (), {"first_byte": first_byte, **pace, **match}, "s3_errors.slow")

    def expect(self, **expectations: Unpack[Expectations]) -> None:
        """Expect something of the whole test body, with the arguments of `@pytest.mark.s3_expect`. Checked at its end.

        Raises:
            RuleError: an argument is wrong; it is a ValueError.
        """
        expectation = _from_the_user(lambda: expectation_of((), expectations, name="s3_errors.expect"))
        self._run.verdict.expect(expectation)

    def watch(self, breaker: object, state: str = "state") -> None:
        """Follow a circuit breaker of any library until the test's body ends, for `s3_expect(circuit=...)`.

        Args:
            breaker: The object with the state. A `CircuitBreaker` of this package reports by itself.
            state: The attribute that holds the state: a str, an Enum, or an object with a `name`.

        Raises:
            TypeError: *breaker* has no such attribute, or Python does not allow a change of its class.
        """
        self._run.verdict.watching.follow(breaker, state)

    def served(self, source: str) -> None:
        """Record that *source*, such as "local_cache", served the current read, for `s3_expect(served_by=...)`."""
        self._run.verdict.watching.note_served(source)

    def _add(self, make: Callable[..., Rule], args: Sequence[Any], options: Mapping[str, Any], name: str) -> RuleHandle:
        _no_layer(name, options)
        rule = _from_the_user(lambda: make(args, options, name=name))
        armed = self._run.add(replace(rule, place=calling_place()))
        if self._run.control:
            armed.cancelled = True
        return RuleHandle(armed)

    @property
    def requests(self) -> list[Record]:
        """The requests that S3 received since the test's body began, in order of arrival."""
        return self._run.simulator.requests

    def attempts(self, **match: Unpack[MatchOptions]) -> int:
        """Return how many requests match, such as `operation="PutObject"`. Without an argument, count all.

        Raises:
            RuleError: an option does not select requests; it is a ValueError.
        """
        return len(self._matching("s3_errors.attempts", match))

    def waits(self, **match: Unpack[MatchOptions]) -> list[float]:
        """Return the seconds of test time from the end of each matching request to the start of the next one.

        Raises:
            RuleError: an option does not select requests; it is a ValueError.
        """
        entries = self._matching("s3_errors.waits", match)
        return [
            max(0.0, round(later.started_s - earlier.ended_s, 9))
            for earlier, later in pairwise(entries)
            if earlier.ended_s is not None
        ]

    def timeline(self) -> str:
        """Return the requests so far, one per line, with the waits between them and the rule that handled each."""
        return self._run.verdict.timeline()

    def _matching(self, name: str, options: Mapping[str, Any]) -> list[Entry]:
        def of() -> Match:
            known_options(name, options, MATCH_OPTIONS)
            return match_of(options, name=name)

        match = _from_the_user(of)
        ranges = Ranges()
        return [entry for entry in self._run.simulator.entries if match.difference(entry.call, ranges) is None]


def _from_the_user(make: Callable[[], _Made]) -> _Made:
    """Return the result of *make*. Its errors are the user's, so the traceback shows no frame of ours."""
    try:
        return make()
    except RuleError as error:
        raise error.with_traceback(None) from None


def _no_layer(name: str, options: Mapping[str, Any]) -> None:
    if "layer" in options:
        raise RuleError(f"{name}(layer=...): the layer is chosen before the test begins; use @pytest.mark.s3_layer")
