"""The virtual clock: one test's view of the registry, with its limit, its sleeps and its servers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import selectors
import sys
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from pytest_s3errors._core.report.limits import TOO_LONG

from . import other_clocks
from .dispatch import the_registry
from .real import check_seconds
from .silence import FOREIGN_S

_DIGITS = 9


class Server(Protocol):
    """The server in this process that blocking clients and other processes wait for."""

    @property
    def started_port(self) -> int | None:
        """The port that it listens on. None: it has not started."""

    @property
    def parked(self) -> frozenset[int]:
        """The ports of clients that get no data until time has passed."""

    def unseen(self) -> bool:
        """Return whether a client has sent something that the server has not seen yet."""

    def give_up(self, port: int) -> None:
        """Record that the client at *port* no longer waits."""


class VirtualClock:
    """A clock that jumps over every wait, see the package's docstring.

    Args:
        limit_s: How far test time may go, in seconds. Beyond it the wait raises what *refuse* returns.
        refuse: Takes a reason, returns the exception to raise. None: raise nothing.
        ports: Returns the ports of the servers in this process.
        server: Returns the server that blocking clients wait for, or None.
        check: Raises if it is pointless to wait for the server because the test has failed.
        failed: Returns whether it has, at less cost.
    """

    def __init__(
        self,
        *,
        limit_s: float = math.inf,
        refuse: Callable[[str], BaseException | None],
        ports: Callable[[], frozenset[int]] = frozenset,
        server: Callable[[], Server | None] = lambda: None,
        check: Callable[[], object] = lambda: None,
        failed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.sleeps: list[float] = []
        self._limit_s = limit_s
        self._refuse = refuse
        self._ports = ports
        self._server = server
        self._check = check
        self.failed = failed
        self._drives: type[selectors.BaseSelector] | None = None
        self._zero = 0.0
        self._ended: float | None = 0.0
        self._registry = the_registry()
        self._registry.making = self

    @property
    def now(self) -> float:
        """Seconds since the test's body began."""
        passed = self._registry.hands.passed if self._ended is None else self._ended
        return round(passed - self._zero, _DIGITS)

    @property
    def moves(self) -> int:
        """How many waits in test time have ended so far."""
        return self._registry.moves

    def advance(self, seconds: float) -> None:
        """Let time pass at once. What becomes due happens when its event loop or thread next runs.

        Raises:
            ValueError: *seconds* is no number, negative, NaN or infinite.
        """
        check_seconds(seconds)
        self._registry.advance(seconds)
        self.jumped()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start at 0, and be the clock of this process until the block ends."""
        if other_clocks.patched_by_gevent():
            self._unsupported("gevent")
        with self._registry.virtual(self), self._refusing_loops():
            self._zero, self._ended = self._registry.passed, None
            try:
                yield
            finally:
                self._ended = self._registry.passed
                self.close()

    def restart(self) -> None:
        """Restart at 0."""
        self._zero = self._registry.passed

    def moved(self) -> None:
        """Record that something has happened without a wait: nobody is waiting in vain for time to pass."""
        self._registry.patience.moved()

    def close(self) -> None:
        """End the test, even if its body never ran."""
        if self._registry.making is self:
            self._registry.making = None

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Stop test time while this thread works, even if all others wait for it."""
        # Without the mutex: whoever works holds the simulator's lock, which a finalizer may want under the mutex.
        holds = self._registry.holds
        holds.append(None)
        try:
            yield
        finally:
            holds.pop()

    # What the clock refuses.

    def check_loop(self) -> None:
        """Raise if this clock does not drive the running event loop."""
        try:
            loop: Any = asyncio.get_running_loop()
        except RuntimeError:
            trio: Any = sys.modules.get("trio")
            if trio is not None and trio.lowlevel.in_trio_run():
                self._unsupported("trio")
            return
        selector = getattr(loop, "_selector", None)
        if type(selector) is self._drives:  # every request asks, and isinstance of an abstract class is slow
            return
        if isinstance(selector, selectors.BaseSelector):
            self._drives = type(selector)
        else:
            self._unsupported(f"{type(loop).__module__}.{type(loop).__qualname__}")

    @contextlib.contextmanager
    def _refusing_loops(self) -> Iterator[None]:
        found = [(home, name, getattr(home, name), called) for home, name, called in other_clocks.loops_of_their_own()]
        for module, name, _, called in found:
            setattr(module, name, lambda *_args, _called=called, **_kwargs: self._unsupported(_called))
        try:
            yield
        finally:
            for module, name, system, _ in found:
                setattr(module, name, system)

    def _unsupported(self, what: str) -> None:
        error = self._refuse(
            f"{what} keeps time by itself, which s3errors can't make virtual.\n"
            'Let this test run in real time with @pytest.mark.s3_time("real"), or all with --s3-time=real.'
        )
        if error is not None:
            raise error

    # What the registry asks.

    def jumped(self, *, raises: bool = True) -> None:
        """Fail the test if time went too far. Not *raises*: this thread is from before the test and is to go on."""
        if self.now <= self._limit_s:
            return
        error = self._refuse(
            f"{TOO_LONG}{self._limit_s:g} s, the limit of the ini option s3_max_time; does something sleep for ever?"
        )
        self._limit_s += self._limit_s  # the cleanup that follows may sleep too
        if error is not None and raises:
            raise error

    def ports(self) -> frozenset[int]:
        """Return the ports of the test's own servers in this process."""
        return self._ports()

    def check(self, port: int | None) -> None:
        """Raise if it is pointless to wait for the server at *port*."""
        server = self._server()
        if server is not None and port is not None and port == server.started_port:
            self._check()

    def gave_up(self, port: int | None, own: int | None) -> None:
        """Record that the client at port *own* no longer waits for the server at *port*."""
        server = self._server()
        if server is not None and own is not None and port is not None and port == server.started_port:
            server.give_up(own)

    def owed_s(self) -> float:
        """Return how many seconds of silence to require because the server owes an unknown client a response. 0: none.

        Such a client is native code or another process. It may be slow to react, unlike our parked threads. Infinite
        while the server has yet to see a request.
        """
        server = self._server()
        if server is None:
            return 0.0
        if server.unseen():
            return math.inf  # the watchdog will see it
        owed = server.parked
        return FOREIGN_S if owed and owed - self._known_clients() else 0.0

    def _known_clients(self) -> set[int | None]:
        return set().union(*(wait.ports() for wait in self._registry.roster.parked()))
