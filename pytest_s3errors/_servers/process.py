"""The test's side of a simulated S3 in another process, see `child`.

One process serves all tests of a session that need it. A test's simulator, store and origins are proxies that ask over
the pipe. Rules and records are sent as they are.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pytest_s3errors._core.report.journal import Entry
from pytest_s3errors._core.report.limits import TOO_MANY, located
from pytest_s3errors._core.s3.store import S3Store

from .pipe import read, write

if TYPE_CHECKING:
    import socket

    from pytest_s3errors._backends.setup import Setup
    from pytest_s3errors._core.body import Body
    from pytest_s3errors._core.play.exchange import Exchange
    from pytest_s3errors._core.report.journal import Record
    from pytest_s3errors._core.rules.schedule import ArmedRule, Rule
    from pytest_s3errors._core.s3.messages import Call

_PATIENCE_S = 5

Ask = Callable[..., Any]


class Process:
    """The server process. The first test that needs it starts it; `stop` ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._tests = 0

    def start_test(
        self,
        setup: Setup,
        *,
        where: Callable[[], str] = str,
        endpoints: Callable[[], tuple[str, ...]],
    ) -> RemoteTest:
        """Start a simulation for the next test. This ends the previous one and frees its port."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                _end(self._process)
                self._process = None
            self._process = self._process or _spawn()
            self._tests += 1
            ask = partial(self._ask, self._tests)
        port = ask("start", setup)
        return RemoteTest(ask, port, endpoints, where)

    def _ask(self, test: int, name: str, *args: Any) -> Any:
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                raise RuntimeError("the process of the simulated S3 is not there any more")
            try:
                write(cast("Any", process.stdin), (test, name, args))
                done, value = read(cast("Any", process.stdout))
            except (EOFError, OSError) as error:
                raise RuntimeError(f"the process of the simulated S3 has ended, exit code {process.poll()}") from error
            except TypeError:
                raise  # nothing was sent
            except BaseException:
                process.kill()  # interrupted after a question: the next question would read the answer to this one
                raise
        if not done:
            raise value
        return value

    def stop(self) -> None:
        """End the process, if it was started, and wait for it."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError), process:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _spawn() -> subprocess.Popen[bytes]:
    # The child finds the package in the same place. -P keeps the working directory off its path.
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-m", "pytest_s3errors._servers.child"]
    return subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own


class RemoteTest:
    """Replaces a `ThreadServer` and its simulator for one test."""

    runs_here = False

    def __init__(
        self, ask: Ask, port: int, endpoints: Callable[[], tuple[str, ...]], where: Callable[[], str] = str
    ) -> None:
        self._ask = ask
        self.started_port = port
        self._endpoints = _Endpoints(ask, endpoints)
        self.origins = cast("dict[int, str]", _Origins(ask, self._endpoints))
        self.simulator = RemoteSimulator(ask, where)

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. Who asks for it may be about to connect a client of a new endpoint."""
        self._endpoints.tell()
        return self.started_port

    def meet(self, sock: socket.socket) -> None:
        """Connect the client's *sock*."""
        sock.connect(("127.0.0.1", self.port))

    def player(self, sock: socket.socket) -> None:
        """Return None: the other process plays every connection."""

    def break_off(self) -> None:
        """Reset every connection."""
        self._ask("server.break_off")

    def stop(self) -> None:
        """Close every connection and the listener. A process that has ended has none."""
        with contextlib.suppress(RuntimeError):
            self._ask("server.stop")


class _Endpoints:
    """The hosts and paths that clients of the test use as endpoints."""

    def __init__(self, ask: Ask, endpoints: Callable[[], tuple[str, ...]]) -> None:
        self._ask = ask
        self._endpoints = endpoints
        self._told: frozenset[str] = frozenset()

    def tell(self) -> None:
        """Tell the other process, if there are others than before."""
        now = self._endpoints()
        if self._told != frozenset(now):
            self._ask("endpoints", now)
            self._told = frozenset(now)


class _Origins:
    """Maps the ports of rerouted clients to the origins that they dialed. Sent before the client's request."""

    def __init__(self, ask: Ask, endpoints: _Endpoints) -> None:
        self._ask = ask
        self._endpoints = endpoints

    def __setitem__(self, port: int, origin: str) -> None:
        self._endpoints.tell()
        self._ask("origin", port, origin)


class RemoteSimulator:
    """The part of a `Simulator` that layers and fixtures use."""

    def __init__(self, ask: Ask, where: Callable[[], str] = str) -> None:
        self._ask = ask
        self._where = where
        self._armed = False
        self._problems: list[str] = []
        self._known = 0
        self.latency_s = 0.0  # unused: between two processes requests overlap anyway
        self.store = cast("S3Store", RemoteStore(ask))
        self.schedule = _RemoteSchedule(ask)

    @property
    def armed(self) -> bool:
        """Whether rules fire and requests count."""
        return self._armed

    @armed.setter
    def armed(self, armed: bool) -> None:
        self._armed = armed
        self._ask("arm", armed)

    @property
    def problems(self) -> list[str]:
        """The problems of both processes. Append to it."""
        new = self._ask("problems", self._known)
        self._known += len(new)
        # The other process can't know the current lines of the code in this one.
        self._problems += (located(text, self._where()) if text.startswith(TOO_MANY) else text for text in new)
        return self._problems

    @property
    def entries(self) -> list[Entry]:
        """The journal, as it is now."""
        return cast("list[Entry]", self._ask("simulator.entries"))

    @property
    def around(self) -> list[Entry]:
        """The requests of the body and of fixtures, as they are now."""
        return cast("list[Entry]", self._ask("simulator.around"))

    @property
    def requests(self) -> list[Record]:
        """The journal, in order of arrival."""
        return [entry.record() for entry in self.entries]

    def pending(self) -> tuple[int, list[Entry]]:
        """Return how many requests have begun or ended, and those that still wait although their response is due."""
        return cast("tuple[int, list[Entry]]", self._ask("simulator.pending"))

    @property
    def connects(self) -> bool:
        """Whether rules have to be asked before a connection is made."""
        return cast("bool", self._ask("simulator.connects"))

    def add(self, rule: Rule) -> ArmedRule:
        """Activate one more rule."""
        return cast("ArmedRule", _RemoteRule(self._ask, self._ask("add", rule), rule))

    def bucket_region(self, call: Call) -> str | None:
        """Return the region that the bucket of *call* wants it to be signed for. None: it asks for none."""
        return cast("str | None", self._ask("bucket_region", call))

    def begin(self, call: Call, mark: str | None = None) -> Entry:
        """Decide which rule takes *call*. *mark* is for servers."""
        assert mark is None  # the server is in the other process
        return _RemoteEntry(*self._ask("begin", call))

    def answer(self, entry: Entry, body: Body) -> Exchange:
        """Return the exchange that a layer must play for *entry*."""
        exchange, now = self._ask("answer", _number(entry), body)
        entry.body_size, entry.status, entry.error_code = now.body_size, now.status, now.error_code
        return cast("Exchange", exchange)

    def end(self, entry: Entry) -> None:
        """Record that the response to *entry* has ended."""
        self._ask("end", _number(entry))

    def promise(self, mark: str, entry: Entry) -> None:
        """Record that the request of *entry* will carry *mark*."""
        self._ask("promise", mark, _number(entry))

    def forget(self, mark: str) -> None:
        """Record that no more requests carry *mark*."""
        self._ask("simulator.forget", mark)


class _RemoteEntry(Entry):
    """A request that was announced in this process."""

    __slots__ = ("number",)

    def __init__(self, number: int, entry: Entry) -> None:
        super().__init__(entry.call, entry.firing, entry.started_s)
        self.number = number


def _number(entry: Entry) -> int:
    assert isinstance(entry, _RemoteEntry)  # `begin` returns no others
    return entry.number


class _RemoteSchedule:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    @property
    def rules(self) -> list[ArmedRule]:
        """The rules with their counters, as they are now."""
        return cast("list[ArmedRule]", self._ask("simulator.schedule.rules"))

    @property
    def unfired(self) -> list[ArmedRule]:
        """The rules that had to fire and did not."""
        return [armed for armed in self.rules if not armed.fired and not armed.rule.optional]


class _RemoteRule:
    """An `ArmedRule` that counts in the other process."""

    def __init__(self, ask: Ask, number: int, rule: Rule) -> None:
        self._ask = ask
        self._number = number
        self.rule = rule

    @property
    def fired(self) -> int:
        return self._now.fired

    @property
    def remaining(self) -> int | None:
        return self._now.remaining

    @property
    def cancelled(self) -> bool:
        return self._now.cancelled

    @cancelled.setter
    def cancelled(self, cancelled: bool) -> None:
        assert cancelled  # a rule is never reactivated
        self._ask("cancel", self._number)

    @property
    def _now(self) -> ArmedRule:
        return cast("ArmedRule", self._ask("armed", self._number))


class RemoteStore:
    """An `S3Store` in the other process: its public methods and properties, with copies of what it holds."""

    __class__: Any = S3Store  # what the fixture is annotated with: `isinstance` asks for it

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        member = None if name.startswith("_") else getattr(S3Store, name, None)
        if member is None:
            raise AttributeError(f"a store in another process has no attribute {name!r}", name=name, obj=self)
        if isinstance(member, property):
            return self._ask("store", name, (), {})
        return lambda *args, **kwargs: self._ask("store", name, args, kwargs)
