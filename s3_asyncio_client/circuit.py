"""Stop calling a service that is down, and try it again later."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from s3_asyncio_client._core.circuit import Circuit, CircuitPolicy, CircuitState, Pass, Refuse, Result
from s3_asyncio_client._operation import check_operation, perform
from s3_asyncio_client.exceptions import CircuitOpenError, S3Error, S3ServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping

    Listener = Callable[["CircuitBreaker", CircuitState, CircuitState], object]
    Watcher = Callable[["CircuitBreaker", CircuitState | None, CircuitState], object]

__all__ = ["CircuitBreaker", "CircuitRegistry", "CircuitState", "watch_circuits"]

_T = TypeVar("_T")
_F = TypeVar("_F")
_Old = TypeVar("_Old", CircuitState, CircuitState | None)

_log = logging.getLogger("s3_asyncio_client")

# Each has its own key, since one function may watch twice.
_watchers: dict[object, Watcher] = {}


class CircuitBreaker:
    """Let calls through while they succeed, and refuse them while the service is down.

    It starts closed. After *failure_threshold* failures in a row it opens, and every call raises CircuitOpenError at
    once. After *timeout* seconds it is half open: the next call is a probe, and all others are refused until it ends.
    If the probe succeeds, the circuit closes. If it fails, the circuit is open for the whole timeout again.

    A failure is an exception of *expected_exception*. Any other exception is neither a failure nor a success: while
    closed it does not count and does not end a row of failures, so a 404 between two 503s does not hide S3's trouble.
    For a probe, an S3Error with a status (404, 403 ...) shows that S3 responds: the circuit closes. Anything else (a
    ValueError, a cancellation, a broken connection if that is not expected) leaves the circuit half open, and the next
    call is the probe. Set a timeout on the client: a probe that never ends would keep the circuit half open.

    A call only counts in the period in which it started. If the circuit has opened since, its end changes nothing.

    A breaker belongs to the tasks of one event loop at a time.

    Args:
        failure_threshold: Failures in a row that open it, 1 or more.
        timeout: Seconds that it stays open. With 0 the next call is a probe at once.
        expected_exception: Class, or tuple of classes, that count as failures. To include network failures, pass
            (S3ServerError, S3ConnectionError, S3TimeoutError).
        clock: Function that returns seconds and never goes back. Default: the clock of the running event loop.
        name: What it protects, for messages.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A number is out of its range, NaN or infinite.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        timeout: float = 60.0,
        expected_exception: type[BaseException] | tuple[type[BaseException], ...] = S3ServerError,
        *,
        clock: Callable[[], float] | None = None,
        name: str | None = None,
    ) -> None:
        self._circuit = Circuit(policy=_policy(failure_threshold, timeout, expected_exception))
        self._clock = clock
        self._listeners: dict[object, Listener] = {}
        self.expected_exception = expected_exception
        self.name = name
        _tell(_watchers, self, None, CircuitState.CLOSED)

    def __repr__(self) -> str:
        """Show the state, and how close it is to opening."""
        name = f" {self.name!r}" if self.name is not None else ""
        return f"<CircuitBreaker{name} {self.state.value}, {self.failure_count} of {self.failure_threshold} failures>"

    @property
    def failure_threshold(self) -> int:
        """Return how many failures in a row open it."""
        return self._circuit.policy.failure_threshold

    @property
    def timeout(self) -> float:
        """Return how many seconds it stays open."""
        return self._circuit.policy.timeout_s

    @property
    def state(self) -> CircuitState:
        """The state. It may be set. An open breaker only becomes half open at the first call after the timeout."""
        return self._circuit.state

    @state.setter
    def state(self, state: CircuitState) -> None:
        before = self.state
        self._circuit.put(CircuitState(state), self._now())
        self._report(before)

    @property
    def failure_count(self) -> int:
        """Failures since the last success; may be set."""
        return self._circuit.failure_count

    @failure_count.setter
    def failure_count(self, count: int) -> None:
        self._circuit.failure_count = count

    @property
    def last_failure_time(self) -> float | None:
        """The time of the last counted failure, as of `time.time()`; None before the first.

        It may be set: an open circuit counts its timeout from there. With *clock* it is a reading of that clock.
        """
        when_s = self._circuit.last_failure_s
        return None if when_s is None else when_s + self._to_wall_s()

    @last_failure_time.setter
    def last_failure_time(self, when: float | None) -> None:
        self._circuit.failed_at(None if when is None else when - self._to_wall_s())

    async def call(self, operation: Callable[[], Awaitable[_T]]) -> _T:
        """Call *operation* without arguments and await its result, or refuse without calling it.

        Raises:
            CircuitOpenError: The circuit is open, or half open with a running probe; nothing was called.
            TypeError: *operation* is not callable or does not return an awaitable.
            BaseException: The operation raised it.
        """
        check_operation(operation)
        before = self.state
        answer = self._circuit.ask(self._now())
        if isinstance(answer, Refuse):
            raise self._refusal(answer)
        self._report(before)
        result = Result.NOTHING  # stays so for a cancellation, which is not an Exception
        try:
            value = await perform(operation)
            result = Result.SUCCESS
        except Exception as error:
            result = self._judge(error)
            raise
        finally:
            self._settle(answer, result)
        return value

    def add_listener(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(breaker, old, new)`` immediately after each change of state.

        It runs inside a caller's call, so its exceptions are logged and not raised.

        Returns:
            A function that removes the listener.
        """
        return _add(self._listeners, listener)

    def _settle(self, given: Pass, result: Result) -> None:
        before = self.state
        # Read the clock only for a failure: an abandoned coroutine may be closed when no event loop is running.
        self._circuit.settle(given, result, self._now() if result is Result.FAILURE else 0.0)
        self._report(before)

    def _judge(self, error: Exception) -> Result:
        if isinstance(error, self._circuit.policy.expected):
            return Result.FAILURE
        answered = isinstance(error, S3Error) and error.status_code is not None
        return Result.SUCCESS if answered and self.state is CircuitState.HALF_OPEN else Result.NOTHING

    def _refusal(self, answer: Refuse) -> CircuitOpenError:
        name = "" if self.name is None else f" ({self.name!r})"
        if answer.retry_in_s is None:
            return CircuitOpenError(f"Circuit breaker is OPEN{name} until its probe has ended: no request was made")
        return CircuitOpenError(
            f"Circuit breaker is OPEN{name} for another {answer.retry_in_s:.3g} s: no request was made",
            retry_in_s=answer.retry_in_s,
        )

    def _report(self, old: CircuitState) -> None:
        new = self.state
        if new is old:
            return
        level = logging.WARNING if new is CircuitState.OPEN else logging.INFO
        _log.log(level, "circuit %s: %s, was %s", self.name or "without a name", new.value, old.value)
        _tell(self._listeners, self, old, new)
        _tell(_watchers, self, old, new)

    def _now(self) -> float:
        if self._clock is not None:
            return self._clock()
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:  # the state is read or set outside a loop
            return time.monotonic()

    def _to_wall_s(self) -> float:
        """Return the difference between `time.time` and the breaker's clock, in seconds."""
        return 0.0 if self._clock is not None else time.time() - self._now()


class CircuitRegistry:
    """One breaker for each endpoint or bucket, so the failure of one does not open the others.

    A breaker is created when it is first requested, and kept. Use few keys, such as endpoints, not objects.

    Args:
        failure_threshold: As for `CircuitBreaker`.
        timeout: As there, seconds.
        expected_exception: As there.
        clock: As there.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A number is out of its range, NaN or infinite.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        timeout: float = 60.0,
        expected_exception: type[BaseException] | tuple[type[BaseException], ...] = S3ServerError,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        _policy(failure_threshold, timeout, expected_exception)  # check the arguments now, not at the first call
        self._breakers: dict[Hashable, CircuitBreaker] = {}
        self._make = functools.partial(CircuitBreaker, failure_threshold, timeout, expected_exception, clock=clock)

    def get(self, key: Hashable) -> CircuitBreaker:
        """Return the breaker of *key*, always the same one. Its name is the key as text."""
        if key not in self._breakers:
            self._breakers[key] = self._make(name=str(key))
        return self._breakers[key]

    @property
    def breakers(self) -> dict[Hashable, CircuitBreaker]:
        """Return a copy of the breakers requested so far, by key, in that order."""
        return dict(self._breakers)


def watch_circuits(watcher: Watcher) -> Callable[[], None]:
    """Call ``watcher(breaker, old, new)`` for every breaker: when it is created (*old* is None) and at each change.

    It is for tools without access to the breakers, such as metrics and tests. Its exceptions are logged and not raised.

    Returns:
        A function that ends the watch.
    """
    return _add(_watchers, watcher)


def _policy(
    failure_threshold: int, timeout: float, expected: type[BaseException] | tuple[type[BaseException], ...]
) -> CircuitPolicy:
    classes = expected if isinstance(expected, tuple) else (expected,)
    return CircuitPolicy(failure_threshold=failure_threshold, timeout_s=timeout, expected=classes)


def _add(functions: dict[object, _F], function: _F) -> Callable[[], None]:
    if not callable(function):
        raise TypeError(f"a listener must be callable, not {type(function).__name__}")
    token = object()
    functions[token] = function

    def remove() -> None:
        functions.pop(token, None)

    return remove


def _tell(
    functions: Mapping[object, Callable[[CircuitBreaker, _Old, CircuitState], object]],
    breaker: CircuitBreaker,
    old: _Old,
    new: CircuitState,
) -> None:
    for function in list(functions.values()):
        try:
            function(breaker, old, new)
        except Exception:  # noqa: BLE001 - a listener must not break the caller's call
            _log.exception("a listener of %r failed", breaker)
