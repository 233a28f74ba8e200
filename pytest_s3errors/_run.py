"""One test under simulation: its store and simulator, the patches of its layer, and what must be closed after it."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pytest_s3errors._core.describe import never_fired, timeline
from pytest_s3errors._core.hosts import is_s3_host
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._core.store import Store

if TYPE_CHECKING:
    from pytest_s3errors._core.rules import Rule
    from pytest_s3errors._layers.thread_server import ThreadServer
    from s3_asyncio_client import S3Client

TEST_ACCESS_KEY = "AKIAPYTESTS3ERRORS00"
TEST_SECRET_KEY = "not-a-secret/known-to-every-test"  # noqa: S105 - a test double's key, published here


class SimulationError(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """The simulator could not play the test's plan. Not an `Exception`, so that no retry loop catches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What command line and ini say, the same for all tests of a session."""

    layer: str
    seed: str
    control: bool
    endpoints: tuple[str, ...]
    passthrough: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the markers of one test say."""

    rules: tuple[Rule, ...] = ()
    layer: str | None = None
    arrange: tuple[Callable[[Store], object], ...] = ()


class Run:
    """The simulation around one test, from before its fixtures to after them."""

    def __init__(self, plan: Plan, settings: Settings, *, test: str) -> None:
        self._settings = settings
        self._layer = plan.layer or settings.layer
        self._zero = time.monotonic()
        store = Store(now=lambda: datetime.now(UTC))
        for act in plan.arrange:
            act(store)
        self.simulator = Simulator(
            store=store,
            rules=() if settings.control else plan.rules,
            seed=f"{settings.seed} {test}",
            clock=lambda: time.monotonic() - self._zero,
            lock=threading.RLock(),
        )
        self._server: ThreadServer | None = None
        self.clients: list[S3Client] = []
        self._known: set[tuple[str, int | None]] = set()
        self._patches = pytest.MonkeyPatch()
        self._closers: dict[asyncio.AbstractEventLoop, list[Callable[[], Awaitable[object]]]] = {}

    @property
    def control(self) -> bool:
        """Whether faults and strictness are switched off."""
        return self._settings.control

    # From start to stop.

    def start(self) -> None:
        """Install the layer and the guard against requests that would leave the machine."""
        # Here, so that aiohttp is imported only where a test is about S3.
        from pytest_s3errors._layers import aiohttp_wire, client, httpx_wire, loop_servers, sync_wire  # noqa: PLC0415

        if self._layer == "client":
            client.install(self, self._patches)
            aiohttp_wire.guard(self, self._patches)
            self._guard_names()
        else:
            servers = loop_servers.LoopServers(self)
            aiohttp_wire.AiohttpWire(self, servers).install(self._patches)
            httpx_wire.install(self, servers, self._patches)
            sync_wire.SyncWire(self).install(self._patches)

    def stop(self) -> None:
        """Close servers and clients, take the patches back; nothing of the test is left."""
        self._patches.undo()
        if self._server is not None:
            self._server.stop()
        for loop in tuple(self._closers):
            if not loop.is_closed() and not loop.is_running():
                self._close_in(loop)
        for client in self.clients:
            if client._session is not None:  # noqa: SLF001 - both packages are one distribution
                asyncio.run(client.close())

    @property
    def thread_server(self) -> ThreadServer:
        """The server in a thread, for clients that block or that take its URL."""
        from pytest_s3errors._layers.thread_server import ThreadServer  # noqa: PLC0415 - only where it is needed

        if self._server is None:
            self._server = ThreadServer(self.simulator, endpoints=self.endpoints)
        return self._server

    def before_close(self, loop: asyncio.AbstractEventLoop, closer: Callable[[], Awaitable[object]]) -> None:
        """Have *closer* run in *loop* when the test is over or the loop closes, whichever is first."""
        if loop not in self._closers:
            close = loop.close

            def closing() -> None:
                if not loop.is_closed() and not loop.is_running():
                    self._close_in(loop)
                close()

            loop.close = closing  # type: ignore[method-assign]
        self._closers.setdefault(loop, []).append(closer)

    def _close_in(self, loop: asyncio.AbstractEventLoop) -> None:
        closers = self._closers.pop(loop, [])

        async def close_all() -> None:
            for client in self.clients:
                # Not client.close(): the client may go on in another loop.
                session, client._session = client._session, None  # noqa: SLF001
                if session is not None:
                    await session.close()
            for closer in closers:
                await closer()

        with contextlib.suppress(AttributeError):
            del loop.close  # the instance's, so that the class's shows again
        loop.run_until_complete(close_all())

    # Which requests are S3's.

    def endpoints(self) -> tuple[str, ...]:
        """Hosts, with a port where one was named, of the endpoints that living clients use."""
        from s3_asyncio_client.client import _live  # noqa: PLC0415

        return tuple({urlsplit(client.endpoint_url).netloc.rpartition("@")[2] for client in _live})

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Whether a request to *host* is the simulator's to answer."""
        if (host, port) in self._known:
            return True
        names = {host, f"{host}:{port}"}
        if any(fnmatch.fnmatchcase(name, glob) for name in names for glob in self._settings.passthrough):
            return False
        known = (
            is_s3_host(host)
            or any(name == end or name.endswith(f".{end}") for name in names for end in self.endpoints())
            or any(fnmatch.fnmatchcase(name, glob) for name in names for glob in self._settings.endpoints)
        )
        if known:
            self._known.add((host, port))
        return known

    def names_s3(self, host: object, port: object) -> bool:
        """Whether *host*, as it is given to a resolver, is a name of S3's; an address is nobody's name."""
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str) or not name or name.replace(".", "").isdigit() or ":" in name:
            return False
        return self.is_s3(name, int(port) if isinstance(port, int | str) and str(port).isdigit() else None)

    def _guard_names(self) -> None:
        getaddrinfo = socket.getaddrinfo

        def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
            if self.names_s3(host, args[0] if args else None):
                raise self.escape(str(host), "by a client that this layer does not reroute")
            return getaddrinfo(host, *args, **kwargs)

        self._patches.setattr(socket, "getaddrinfo", guarded)

    # What can't be swallowed.

    def escape(self, host: str, how: str) -> SimulationError:
        """Note that a request was about to leave for *host*; raise what this returns."""
        self.simulator.problems.append(
            f"a request for {host} would have left this machine, {how}.\n"
            f"The s3 layer of this test is {self._layer!r}; nothing was sent.\n"
            f"To let this host through, list it in the ini option s3_passthrough."
        )
        return SimulationError(self.simulator.problems[-1], pytrace=False)

    def check_playable(self) -> None:
        """Stop at once a test whose plan is broken.

        Raises:
            SimulationError: a problem was noted, by this request or an earlier one.
        """
        if self.simulator.problems:
            raise SimulationError(self.simulator.problems[0], pytrace=False)

    @contextlib.contextmanager
    def body(self, item: pytest.Item) -> Iterator[None]:
        """Around the test's own body: rules fire in it, and what it could not see or swallowed fails it.

        Raises:
            SimulationError: the plan was broken, whatever the body made of it; or the body passed and a rule that
                had to fire did not.
        """
        self._zero = time.monotonic()
        self.simulator.armed = True
        try:
            yield
        except (pytest.skip.Exception, pytest.xfail.Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            problem = self._problem()
            if problem is None or isinstance(error, SimulationError):
                raise
            raise problem from error
        else:
            # unittest keeps a failure of the body for itself and hands it to pytest later.
            failed = getattr(item, "_excinfo", None)
            problem = self._problem() or (None if failed else self._unfired())
            if problem is not None:
                raise problem
        finally:
            self.simulator.armed = False

    def _problem(self) -> SimulationError | None:
        problems = dict.fromkeys(self.simulator.problems)
        return SimulationError("\n\n".join(problems), pytrace=False) if problems else None

    def _unfired(self) -> SimulationError | None:
        text = self._never_fired()
        return SimulationError(text, pytrace=False) if text else None

    def _never_fired(self) -> str:
        rules = [] if self.control else self.simulator.schedule.unfired
        return "\n".join(never_fired(armed, self.simulator.entries) for armed in rules)

    def sections(self, error: BaseException | None) -> list[tuple[str, str]]:
        """What a report of the failed test shows beside its *error*."""
        sections = [("S3 timeline", self.timeline())]
        # An error of ours says it already.
        never = "" if isinstance(error, SimulationError) else self._never_fired()
        return [*sections, ("S3 rules that never fired", never)] if never else sections

    def client(self) -> S3Client:
        """A client with the test's credentials, closed with the run."""
        from s3_asyncio_client import S3Client  # noqa: PLC0415 - aiohttp only where it is needed

        client = S3Client(TEST_ACCESS_KEY, TEST_SECRET_KEY)
        self.clients.append(client)
        return client

    def timeline(self) -> str:
        """The requests of the test, a line each."""
        return timeline(self.simulator.entries)
