"""One test under simulation: its store and simulator, the patches of its layer, and what to close after it."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from pytest_s3errors._backends.setup import Setup
from pytest_s3errors._core.report.limits import RequestLimits, located
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.s3.backend import BackendError
from pytest_s3errors._core.s3.hosts import is_s3_host
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._failures import SimulationError
from pytest_s3errors._guard import after, children, doors, handover, owner
from pytest_s3errors._guard.children import Children
from pytest_s3errors._guard.environment import Environment, secrets_now
from pytest_s3errors._guard.hosts import Hosts
from pytest_s3errors._guard.owner import Owner
from pytest_s3errors._guard.seams import Seams
from pytest_s3errors._guard.who import sender
from pytest_s3errors._options import Settings
from pytest_s3errors._time.originals import REAL
from pytest_s3errors._time.real import Clock, RealClock
from pytest_s3errors._time.virtual import VirtualClock

from .open_loops import OpenLoops
from .plan import Plan
from .stacks import own_lines
from .verdict import Verdict
from .watchdog import Watchdog

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.schedule import ArmedRule, Rule
    from pytest_s3errors._servers.process import RemoteSimulator, RemoteTest
    from pytest_s3errors._servers.thread import ThreadServer


class Run:
    """The simulation around one test, from before its fixtures to after them."""

    def __init__(self, plan: Plan, settings: Settings, *, test: str) -> None:
        from .rerouting import Rerouting  # noqa: PLC0415 - aiohttp only where a test about S3 starts

        self._settings = settings
        hermetic = settings.environment == "test"
        self._owner = Owner(test, hermetic=hermetic)
        self._environment = Environment(lambda: f"http://127.0.0.1:{self._server_port()}") if hermetic else None
        self._children = Children(self, self._server_port, self._child_plan, self._environment)
        self._owner.children = self._children
        self._seams = Seams(self._owner)
        self._hosts = Hosts(settings.endpoints, settings.passthrough, clients=_client_endpoints)
        self.endpoints = self._hosts.endpoints
        self.is_refused = self._hosts.is_refused
        self._limits = plan.limits.over(settings.limits)
        self._layer = plan.layer or settings.layer
        self.rerouting = Rerouting(self, self._layer, self._seams, self._owner)
        remote = settings.process if (plan.server or settings.server) == "process" else None
        # Another process uses the system's time.
        self.clock = self._clock("real" if remote else plan.time or settings.time)
        self.access = plan.access
        self.secrets = secrets_now()  # before it becomes the test's
        self._server: ThreadServer | RemoteTest | None = None
        self.simulator: Simulator | RemoteSimulator
        self.watchdog: Watchdog
        setup = Setup(
            seed=f"{settings.seed} {test}",
            rules=() if settings.control else plan.rules,
            limits=RequestLimits(requests=self._limits.requests, alike=self._limits.alike),
            silence_s=self._limits.silence or math.inf,
            access=plan.access,
            backend=settings.backend,
            dialect=plan.dialect,
        )
        self._jitter = random.Random(f"{setup.seed} jitter")  # noqa: S311 - no secret
        self.remote: RemoteTest | None = None
        if remote is not None:
            self.remote = self._server = remote.start_test(setup, where=own_lines, endpoints=self.endpoints)
            self.simulator = self._server.simulator
        else:
            self.simulator = setup.simulator(
                clock=lambda: self.clock.now,
                lock=REAL.rlock(),  # nobody sleeps while it is held, so the clock need not know of it
                where=own_lines,
                begins=self._request_begins,
                while_working=self._working,
            )
        try:
            for act in plan.arrange:
                act(self.simulator.store)
        except BackendError as error:
            raise SimulationError(str(error), pytrace=False) from None
        self.verdict = Verdict(
            self.simulator,
            self.clock,
            plan.expectations,
            rests=self.control,
            notes=self._children.collect,
            seed=settings.seed,
        )
        self.watchdog = Watchdog(
            self.simulator, self.clock, self._break_off, self._serve_unseen, silence_s=setup.silence_s
        )
        self.loops = OpenLoops()
        self.before_close = self.loops.before_close
        self.shown = False
        """Whether a report shows the timeline."""
        self._stopped = False
        self._breaks: list[Callable[[], object]] = []
        self.ports: set[int] = set()
        self._endings: list[Callable[[], object]] = []
        self._restore: Callable[[], None] | None = None

    @property
    def control(self) -> bool:
        """Whether faults and strict checks are off."""
        return self._settings.control

    def _clock(self, time: str) -> Clock:
        if time == "real":
            return RealClock()
        return VirtualClock(
            limit_s=self._limits.time or math.inf,
            refuse=self._refuse,
            ports=self._all_ports,
            server=lambda: cast("ThreadServer | None", self._server),  # another process keeps real time
            check=self.check_playable,
            failed=lambda: bool(self.simulator.problems),
        )

    def _request_begins(self) -> None:
        self.watchdog.start()
        self.clock.moved()

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """Do work that is not the test's: its time stands still, and its guard is off."""
        with self.clock.working(), owner.outside():
            yield

    def _all_ports(self) -> frozenset[int]:
        started = self._server.started_port if self._server is not None else None
        return frozenset(self.ports) if started is None else frozenset((*self.ports, started))

    # Set by start, cleared by stop.

    def start(self) -> None:
        """Install the layer, and the guard against requests that would leave the machine."""
        if self.remote is not None:
            self.watchdog.start()  # only the other process sees the first request
        from s3_asyncio_client.retry import draw_jitter  # noqa: PLC0415 - as above

        owner.begin(self._owner)
        self._endings.append(draw_jitter(self._jitter.random))
        _runs[self._owner] = self
        after.serving(self._all_ports)
        after.install(self._hosts)
        handover.install()
        children.install()
        doors.install()
        if self._environment is not None:
            self._environment.begin(self._seams)
        self.rerouting.install()

    def restart(self, rules: tuple[Rule, ...]) -> None:
        """Reset S3 to the start of the body: its earlier content, no request yet, and *rules* active.

        Raises:
            RuleError: the backend can't go back.
        """
        store = self.simulator.store
        # To `isinstance` every store is one.
        if type(store) is not S3Store or not isinstance(self.simulator, Simulator):
            raise RuleError("schedules() puts S3 back for each example; only the model in memory, in this process, can")
        self._restore = self._restore or store.memento()
        self._restore()
        self.verdict.restart()
        self.simulator.restart(rules)
        self.clock.restart()
        if self.simulator.connects:
            self.rerouting.watch_connecting()

    def add(self, rule: Rule) -> ArmedRule:
        """Activate one more rule, from the test's body."""
        if rule.connects:
            self.rerouting.watch_connecting()
        return self.simulator.add(rule)

    def stop(self) -> None:
        """Close servers and clients, and undo the patches. Nothing of the test is left. Do nothing if that was done."""
        if self._stopped:
            return
        self._stopped = True
        self.watchdog.stop()
        # First, so that code that still works for the test finds no way out while its servers close.
        owner.end(self._owner)
        _runs.pop(self._owner, None)
        while self._endings:
            self._endings.pop()()
        self._children.end(after.Gate(self._hosts))
        after.ended(self._all_ports)
        self.clock.close()
        if self._server is not None:
            self._server.stop()
        self.loops.close()

    def at_end(self, act: Callable[[], object]) -> None:
        """Call *act* when the test ends, before the patches are undone. The last one is called first."""
        self._endings.append(act)

    @property
    def blocking_server(self) -> ThreadServer | RemoteTest:
        """The server in a thread or a process, for clients that block and clients that take its URL."""
        from pytest_s3errors._servers.thread import ThreadServer  # noqa: PLC0415 - only where it is needed

        if self._server is None:
            simulator = cast("Simulator", self.simulator)  # it is in this process
            self._server = ThreadServer(simulator, endpoints=self.endpoints, meets=self.watchdog.start)
        return self._server

    def at_hang(self, break_off: Callable[[], object]) -> None:
        """Call *break_off* from another thread when the test hangs."""
        self._breaks.append(break_off)

    def _break_off(self) -> None:
        for break_off in (*self._breaks, *([self._server.break_off] if self._server is not None else [])):
            break_off()

    def _serve_unseen(self) -> None:
        if self._server is not None and self._server is not self.remote:
            cast("ThreadServer", self._server).look()

    # Which requests are S3's.

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether the simulator answers a request to *host*. It never answers one from another test."""
        return owner.current() is self._owner and self._hosts.is_s3(host, port)

    def _server_port(self) -> int:
        return self.blocking_server.port

    def _child_plan(self) -> dict[str, Any]:
        """Return what the guard in a child process needs to know about this test."""
        return {
            "entry": "pytest_s3errors._layers.wire.child",
            "test": self._owner.name,
            "hermetic": self._owner.hermetic,
            "endpoints": self._settings.endpoints,
            "passthrough": self._settings.passthrough,
            "clients": _client_endpoints(),
        }

    def owns(self, port: int) -> bool:
        """Return whether a server of this test listens on *port* of the loopback."""
        return port in self._all_ports()

    # What can't be swallowed.

    def escape(self, host: str, how: str) -> SimulationError:
        """Record that a request was about to leave for *host*. Return the error to raise."""
        cure = "To let this host through, list it in the ini option s3_passthrough."
        if self._layer != "wire" and is_s3_host(host):
            cure = f'The layer {self._layer!r} serves few clients; wire serves this one: @pytest.mark.s3_layer("wire").'
        self.simulator.problems.append(
            f"a request for {host} would have left this machine, {how}{_sent_by()}.\n"
            f"The s3 layer of this test is {self._layer!r}; nothing was sent.\n"
            f"{cure}"
        )
        return SimulationError(self.simulator.problems[-1], pytrace=False)

    def _refuse(self, why: str) -> SimulationError | None:
        """Record that the test can't continue, and where. The server's thread has no caller to raise it to."""
        why = located(why, own_lines())
        self.simulator.problems.append(why)
        of_server = self._server is not None and self._server.runs_here
        return None if of_server else SimulationError(why, pytrace=False)

    def check_playable(self) -> None:
        """Stop a test whose plan is broken.

        Raises:
            SimulationError: this request or an earlier one recorded a problem, or the test's clock does not drive the
                running event loop.
        """
        self.clock.check_loop()
        if self.simulator.problems:
            raise SimulationError(self.simulator.problems[0], pytrace=False)


_runs: dict[Owner, Run] = {}  # the runs of tests that have not ended


def running() -> Run | None:
    """Return the run of the test for which this code works. None: no test of ours."""
    now = owner.current()
    return None if now is None else _runs.get(now)


def _client_endpoints() -> tuple[str, ...]:
    """Return the endpoint of every live `S3Client`, without the bucket that its host begins with."""
    from s3_asyncio_client.client import _live  # noqa: PLC0415 - aiohttp only where it is needed

    return tuple({client._domain or client.endpoint_url for client in _live}) if _live else ()  # noqa: SLF001 - of ours


def _sent_by() -> str:
    line = sender()
    return f", sent by {line}" if line else ""
