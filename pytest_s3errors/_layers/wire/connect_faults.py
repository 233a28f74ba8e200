"""Faults while connecting, at the `wire` layer: the simulator decides a request before its client dials, and only once.

It decides by method, URL and headers, before a byte is sent. So if a rule has such a fault, the hooks of each client
(aiohttp's connector, httpcore's pools, urllib3's pools, the standard library's HTTPConnection) announce every request
here. The fault strikes when the client dials or starts TLS, and the client turns it into its own exception. Its pooled
connections are closed first, since a request over one of them would not dial. For any other decision, the request
carries a mark by which the server finds it.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pytest_s3errors._core.play.connection import MARK
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._time.pauses import pause, pause_async

if TYPE_CHECKING:
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.messages import Call
    from pytest_s3errors._scene import Scene

# Linux sends a SYN for the last time after 63 s and gives up 64 s later (tcp_syn_retries = 6).
SYSTEM_GIVES_UP_S = 127.0

_current: ContextVar[Attempt | None] = ContextVar("s3errors_attempt", default=None)
_numbers = itertools.count()


def current() -> Attempt | None:
    """Return the request that was announced in this context. None: none was."""
    return _current.get()


def connect_error(fault: str) -> OSError:
    """Return the error of the operating system or TLS library for *fault*."""
    if fault == "dns_failure":
        return socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if fault == "tls_failure":
        return ssl.SSLError(ssl.SSL_ERROR_SSL, "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure")
    if fault == "connect_timeout":
        return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def seconds_of(fault: str, delay_s: float) -> float:
    """Return after how many seconds *fault* shows, if the client waits so long."""
    return delay_s + (SYSTEM_GIVES_UP_S if fault == "connect_timeout" else 0.0)


def fault_of(entry: Entry) -> str | None:
    """Return the fault that denies *entry* a connection. None: it gets one."""
    fault = entry.injected
    return fault.kind if fault is not None and fault.stage == "connect" else None


class Attempt:
    """One request of a client that connects. If the client dials again after a failure, that is another request."""

    def __init__(self, scene: Scene, call: Call, timeout_s: float | None) -> None:
        self._simulator = scene.simulator
        self._call = call
        self._timeout_s = timeout_s
        self._spent = False
        self.mark = f"request {next(_numbers)}"
        self._decide()

    def _decide(self) -> None:
        self._entry = self._simulator.begin(self._call)
        self.fault = fault_of(self._entry)
        self._simulator.promise(self.mark, self._entry)
        self._spent = False

    def _spend(self, fault: str) -> tuple[float, OSError]:
        """Record *fault* in the journal. Return the seconds that the client waits, and the error that ends that."""
        waits_s = seconds_of(fault, self._simulator.answer(self._entry, b"").delay_s)
        if self._timeout_s is not None and self._timeout_s < waits_s:
            return self._timeout_s, TimeoutError("timed out")
        return waits_s, connect_error(fault)

    def _fault_at(self, *, handshake: bool) -> str | None:
        if self._spent:
            self._decide()
        return self.fault if (self.fault == "tls_failure") is handshake else None

    def _ended(self) -> None:
        self._simulator.forget(self.mark)
        self.fault, self._spent = None, True

    def check(self, *, handshake: bool = False) -> None:
        """Fail the next step of blocking code: dialing, or the handshake.

        Raises:
            OSError: the fault of this request, see `connect_error`.
        """
        fault = self._fault_at(handshake=handshake)
        if fault is not None:
            waits_s, error = self._spend(fault)
            try:
                pause(waits_s)
            finally:
                self._ended()
            raise error

    async def check_async(self, *, handshake: bool = False) -> None:
        """Fail the next step of async code: dialing, or the handshake.

        Raises:
            OSError: the fault of this request, see `connect_error`.
        """
        fault = self._fault_at(handshake=handshake)
        if fault is not None:
            waits_s, error = self._spend(fault)
            try:
                await pause_async(waits_s)
            finally:
                self._ended()
            raise error


@contextlib.contextmanager
def announced(scene: Scene, call: Call, timeout_s: float | None) -> Iterator[Attempt]:
    """Wrap one request of a client: decide *call*, and forget its mark if the request fails."""
    attempt = Attempt(scene, call, timeout_s)
    before = _current.set(attempt)
    try:
        yield attempt
    except BaseException:
        scene.simulator.forget(attempt.mark)
        raise
    finally:
        _current.reset(before)


def call_to(
    scene: Scene, method: str, scheme: str, host: str, port: int | None, target: str, headers: Mapping[str, str]
) -> Call:
    """Return the call that a client is about to make to *host*."""
    asked = {name.lower(): value for name, value in headers.items() if name.lower() != MARK}
    named = host if port in (None, {"http": 80, "https": 443}.get(scheme)) else f"{host}:{port}"
    asked.setdefault("host", named)
    return parse_call(method=method, target=target, headers=asked, scheme=scheme, endpoints=scene.endpoints())


def seconds(timeout: object) -> float | None:
    """Return *timeout* if it is a number of seconds, otherwise the socket module's default. None: no limit."""
    if isinstance(timeout, int | float):
        return float(timeout)
    return socket.getdefaulttimeout()
