"""The loopback S3 without a test: real time, rules from a file, and only buckets that were created."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from pytest_s3errors._core.play.connection import Limits
from pytest_s3errors._core.report.timeline import timeline_of
from pytest_s3errors._core.report.timeline_text import timeline_text
from pytest_s3errors._core.rules.arguments import RuleError
from pytest_s3errors._core.rules.parse_access import access_of
from pytest_s3errors._core.rules.parse_file import RuleFile, rule_file_of
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS, Access
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator

from .asyncio_server import Server
from .control import Control, Reply, as_json, url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pytest_s3errors._core.rules.parse_file import Mark
    from pytest_s3errors._core.s3.access import Credentials

    from .control import Routes


LIMITS = Limits(idle_s=60, head_s=20)
"""A client in a test may wait forever, in test time. Here a silent client would stay until the server ends."""


class _Reported(list[str]):
    """Prints on standard error what would fail a test, in one line unless it is a traceback, and forgets it.

    A simulator with a problem in its list refuses every request, so this list stays empty.
    """

    def append(self, problem: str) -> None:
        text = problem if "Traceback" in problem else problem.partition("\n")[0]
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of a command line tool


class Service(NamedTuple):
    """The settings of a server.

    Args:
        host: A loopback address.
        port: 0: a free one.
        keys: The known credentials. Empty: those of the plugin's tests, which are then printed.
        env: Whether to print the environment variables with which SDKs find the server, one per line.
        ownership: The object ownership of buckets that set none.
        rules: A file of rules. None: no request fails, and there is no control URL.
        control_port: The port of the control URL. 0: a free one.
        seed: The seed for `probability=`.
    """

    host: str
    port: int
    keys: tuple[Credentials, ...]
    env: bool
    ownership: str
    rules: Path | None = None
    control_port: int = 0
    seed: str = ""


def serve(service: Service) -> None:
    """Serve until SIGINT or SIGTERM, then restore their handlers. The first line printed is the URL.

    SIGHUP rereads the file of rules. A file with errors changes nothing; the errors are printed on standard error.

    Raises:
        RuleError: the file of rules can't be read or has errors. The message lists all of them.
        OSError: a port is taken, or the address does not belong to this machine.
    """
    asyncio.run(_serve(service))


class _Rules:
    """The active rules, and the answers of the control URL."""

    def __init__(self, simulator: Simulator, service: Service) -> None:
        self._simulator = simulator
        self._service = service
        self._file = RuleFile()
        self.take(read_rules(service.rules))
        self.routes: Routes = {
            ("GET", "/rules"): lambda _: self._told(),
            ("PUT", "/rules"): self._put,
            ("GET", "/journal"): lambda _: as_json([asdict(record) for record in simulator.requests]),
            ("GET", "/timeline"): lambda _: Reply(timeline_text(timeline_of(simulator.entries)) + "\n"),
            ("POST", "/reset"): lambda _: self._reset(),
        }

    def take(self, file: RuleFile, *, store: S3Store | None = None) -> None:
        """Activate *file*, on the current store or another *store*. Add the file's new buckets and objects."""
        known = {} if store is not None else self._file.arrange
        store = store or self._simulator.store
        for written, arrange in file.arrange.items():
            if written not in known:
                arrange(store)
        access = _access(self._service, file.accounts)
        self._simulator.begin_again(file.rules, store=store, access=access, dialect=file.dialect)
        self._file = file

    def reload(self) -> None:
        """Read the file again."""
        try:
            self.take(read_rules(self._service.rules))
        except ValueError as error:
            print(error, file=sys.stderr, flush=True)  # noqa: T201 - the log of a command line tool

    def _told(self) -> Reply:
        armed = self._simulator.schedule.rules
        return as_json([{"rule": a.rule.spelling, "fired": a.fired, "remaining": a.remaining} for a in armed])

    def _put(self, body: bytes) -> Reply:
        self.take(rule_file_of(body, source="the body"))
        return self._told()

    def _reset(self) -> Reply:
        self.take(self._file, store=_store())
        return self._told()


def read_rules(path: Path | None) -> RuleFile:
    """Return the rules in the file at *path*. None: no rules.

    Raises:
        RuleError: the file can't be read or has errors. The message lists all of them.
    """
    if path is None:
        return RuleFile()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RuleError(f"{path}: {error.strerror}") from None
    return rule_file_of(content, source=str(path))


def _access(service: Service, accounts: Sequence[Mark] = ()) -> Access:
    always, *others = service.keys or (TEST_CREDENTIALS,)
    marks = [*accounts, *(((one.access_key, one.secret_key), {}) for one in others)]
    return replace(access_of(marks, always), declared=True, ownership=service.ownership)


def _store() -> S3Store:
    return S3Store(now=lambda: datetime.now(UTC), strict_buckets=True)


async def _serve(service: Service) -> None:
    began = time.monotonic()
    simulator = Simulator(
        store=_store(), seed=service.seed, clock=lambda: time.monotonic() - began, access=_access(service)
    )
    simulator.problems = _Reported()
    # Without rules there is no journal of ended requests.
    simulator.armed = service.rules is not None
    rules = _Rules(simulator, service)
    server = Server(simulator, endpoints=tuple, origin_of=lambda _: None, limits=LIMITS)
    control = Control(rules.routes)
    with _signalled(rules.reload) as stopped:
        try:
            bound = await server.start(service.host, service.port)
            url = url_of(service.host, bound)
            if service.rules is not None:
                await control.start(service.host, service.control_port)
            print(url, *_lines(url, control.url, service), sep="\n", flush=True)  # noqa: T201 - the caller waits for it
            await stopped.wait()
        finally:
            control.stop()
            await server.stop()


@contextlib.contextmanager
def _signalled(reload: Callable[[], None]) -> Iterator[asyncio.Event]:
    """Yield the event that SIGINT and SIGTERM set, until the block ends. SIGHUP, if it exists, calls *reload*."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    acts = {signal.SIGINT: stopped.set, signal.SIGTERM: stopped.set}
    if hasattr(signal, "SIGHUP"):
        acts[signal.SIGHUP] = reload
    before = {
        number: signal.signal(number, lambda *_, act=act: loop.call_soon_threadsafe(act))
        for number, act in acts.items()
    }
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _lines(url: str, control_url: str, service: Service) -> Iterator[str]:
    if not service.keys or service.env:
        key = service.keys[0] if service.keys else TEST_CREDENTIALS
        yield f"AWS_ACCESS_KEY_ID={key.access_key}"
        yield f"AWS_SECRET_ACCESS_KEY={key.secret_key}"
    if service.env:
        yield f"AWS_ENDPOINT_URL_S3={url}"
        yield f"AWS_ENDPOINT_URL={url}"
        yield "AWS_DEFAULT_REGION=us-east-1"
        yield "AWS_REGION=us-east-1"
    if control_url:
        yield f"S3ERRORS_CONTROL_URL={control_url}"
        yield f"S3ERRORS_SEED={service.seed}"
