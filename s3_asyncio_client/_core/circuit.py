"""When a circuit opens and closes: states and rules as pure values. Clock readings are arguments.

=========  ==============================  ===============================  =========================================
state      asks to pass                    a call failed                    a call succeeded
=========  ==============================  ===============================  =========================================
CLOSED     yes                             counts; at the threshold: OPEN   the count is 0 again
OPEN       no; after the timeout:          of before: ignored               of before: ignored
           HALF_OPEN, yes: the probe
HALF_OPEN  no while a probe runs,          the probe's: OPEN, the whole     the probe's: CLOSED, the count is 0 again
           else yes: the probe             timeout anew
=========  ==============================  ===============================  =========================================

Each change of state starts a new period. A pass remembers its period, and the result of a call is ignored in any later
one: a slow call from before the outage says nothing about the present.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum


class CircuitState(Enum):
    """What a circuit breaker does with calls: CLOSED lets them through, OPEN refuses, HALF_OPEN tries one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Result(Enum):
    """What a call says about the service: it works, it fails, or neither."""

    SUCCESS = "success"
    FAILURE = "failure"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPolicy:
    """When to open and for how long; see `CircuitBreaker`.

    Raises:
        TypeError: An argument is not of its type.
        ValueError: *failure_threshold* is less than 1, *timeout_s* negative, NaN or infinite, *expected* empty.
    """

    failure_threshold: int
    timeout_s: float
    expected: tuple[type[BaseException], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.failure_threshold, int) or isinstance(self.failure_threshold, bool):
            raise TypeError(f"failure_threshold must be an int, not {type(self.failure_threshold).__name__}")
        if self.failure_threshold < 1:
            raise ValueError(f"failure_threshold must be 1 or more, not {self.failure_threshold}")
        if not isinstance(self.timeout_s, int | float) or isinstance(self.timeout_s, bool):
            raise TypeError(f"timeout must be a number of seconds, not {type(self.timeout_s).__name__}")
        if not (math.isfinite(self.timeout_s) and self.timeout_s >= 0):
            raise ValueError(f"timeout must be 0 or more seconds and finite, not {self.timeout_s}")
        if not self.expected:
            raise ValueError("expected_exception must be at least one exception class, not an empty tuple")
        for kind in self.expected:
            if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                raise TypeError(f"expected_exception must be an exception class or a tuple of them, not {kind!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The call may be made. Pass this back with its result, whatever that is."""

    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The call must not be made. *retry_in_s*: seconds until one may; None: that depends on the running probe."""

    retry_in_s: float | None


@dataclass(slots=True, kw_only=True)
class Circuit:
    """The state of one circuit.

    Attributes:
        policy: Its rules.
        state: Its current state.
        failure_count: Failures since the last success.
        last_failure_s: Clock reading at the last failure that counted; None before the first.
    """

    policy: CircuitPolicy
    state: CircuitState = CircuitState.CLOSED
    failure_count: int = 0
    last_failure_s: float | None = None
    _opened_s: float = field(default=0.0, init=False)
    _period: int = field(default=0, init=False)
    _probing: bool = field(default=False, init=False)

    def ask(self, now_s: float) -> Pass | Refuse:
        """Decide whether a call may be made now."""
        if self.state is CircuitState.OPEN:
            # A clock that goes back belongs to another event loop: count from here.
            self._opened_s = min(self._opened_s, now_s)
            left_s = self._opened_s + self.policy.timeout_s - now_s
            if left_s > 0:
                return Refuse(retry_in_s=left_s)
            self._enter(CircuitState.HALF_OPEN)
        if self.state is CircuitState.HALF_OPEN:
            if self._probing:
                return Refuse(retry_in_s=None)
            self._probing = True
        return Pass(period=self._period)

    def settle(self, given: Pass, result: Result, now_s: float) -> None:
        """Record the result of the call that *given* let through."""
        if given.period != self._period:
            return
        self._probing = False
        if result is Result.SUCCESS:
            self.failure_count = 0
            if self.state is CircuitState.HALF_OPEN:
                self._enter(CircuitState.CLOSED)
        elif result is Result.FAILURE:
            self.failure_count += 1
            self.last_failure_s = now_s
            # A probe's failure comes on top of those that opened the circuit, so it is always enough.
            if self.failure_count >= self.policy.failure_threshold:
                self._opened_s = now_s
                self._enter(CircuitState.OPEN)

    def put(self, state: CircuitState, now_s: float) -> None:
        """Set *state*. Calls in flight no longer count. An open circuit stays open for the whole timeout."""
        self._probing = False
        if state is CircuitState.OPEN:
            self._opened_s = now_s
        self._enter(state)

    def failed_at(self, when_s: float | None) -> None:
        """Set the time of the last failure. An open circuit counts its timeout from there."""
        self.last_failure_s = when_s
        if when_s is not None:
            self._opened_s = when_s

    def _enter(self, state: CircuitState) -> None:
        self.state = state
        self._period += 1
