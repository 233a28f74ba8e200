"""Where the S3 connections of one test lead: to its own server, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pytest_s3errors._scene import Player

# The address for a name that is looked up separately, without a port. It is on the loopback and unused.
ADDRESS = "127.83.51.51"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"})


class Gate(Protocol):
    """What decides which requests are S3's and which are refused: the scene of a test, or `after` once it ended."""

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether the simulated S3 answers a request to *host*."""

    def is_refused(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is another Amazon endpoint."""

    def escape(self, host: str, how: str) -> BaseException:
        """Record that a request was about to leave for *host*. Return the error to raise."""

    def owns(self, port: int) -> bool:
        """Return whether *port* of 127.0.0.1 belongs to a server of the test, for clients that take its URL."""


class Door:
    """The passage between the sockets of one test and everything else. It leads to a server of the test."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def takes(self, host: str, port: int | None) -> bool:
        """Return whether a connection to *host* is S3's, or to the server by its URL. Raise for Amazon's others."""
        if (port is not None and host in LOOPBACK and self._gate.owns(port)) or self._gate.is_s3(host, port):
            return True
        check_others(self._gate, host, port)
        return False

    def dial(self) -> int:
        """Return the port on 127.0.0.1 for such a connection. Raise if there is none."""
        raise NotImplementedError

    def meet(self, sock: Any) -> None:
        """Connect *sock* to where `dial` leads."""
        raise NotImplementedError

    def player(self, sock: Any) -> Player | None:
        """Return the player of *sock* in this thread. None: what it sends goes through the kernel."""
        del sock
        return None

    def shake_hands(self) -> None:
        """Play a fault of the TLS handshake, at the point where the handshake is skipped."""

    def is_ours(self, port: int) -> bool:
        """Return whether a server of the test listens on *port* of 127.0.0.1."""
        return self._gate.owns(port)

    def note(self, port: int, origin: str) -> None:
        """Record that the client at *port* believes that it talks to *origin*, ``scheme://host``."""

    def refuse(self, host: str, how: str) -> BaseException:
        """Record an attempt to reach *host* past this door. Return the error to raise."""
        return self._gate.escape(host, how)


class Shut(Door):
    """A closed door, for a layer without sockets and for a test that has ended: nothing gets through."""

    def __init__(self, gate: Gate, how: str) -> None:
        super().__init__(gate)
        self._how = how

    def takes(self, host: str, port: int | None) -> bool:
        """Raise for hosts of S3 and of Amazon's other services. All others pass, so nobody dials."""
        if port is not None and host in LOOPBACK and self._gate.owns(port):
            return False
        if host == ADDRESS or self._gate.is_s3(host, port):
            raise self._gate.escape(host, self._how)
        check_others(self._gate, host, port)
        return False

    def is_ours(self, port: int) -> bool:
        """Return False: there is no server."""
        del port
        return False


def check_others(gate: Gate, host: str, port: int | None) -> None:
    """Raise if *host* is another Amazon endpoint."""
    if gate.is_refused(host, port):
        raise gate.escape(host, "although nothing simulates that service of Amazon's")


def is_address(host: str) -> bool:
    """Return whether *host* is an IP address, not a name."""
    import ipaddress  # noqa: PLC0415 - most children never need it

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def text_of(host: object) -> str | None:
    """Return the *host* argument of a resolver as text. None: it names nothing."""
    if isinstance(host, bytes | bytearray):
        return host.decode("ascii", "replace") or None
    return host if isinstance(host, str) and host else None


def number_of(port: object) -> int | None:
    """Return the *port* argument of a resolver as a number. None: unknown."""
    text = port.decode("ascii", "replace") if isinstance(port, bytes) else port
    if isinstance(text, int):
        return text or None
    if isinstance(text, str) and text.isdecimal():
        return int(text) or None
    return {"http": 80, "https": 443}.get(text) if isinstance(text, str) else None


def leads_to_us(door: Door, address: object) -> bool:
    """Return whether the socket address *address* belongs to a server of the test."""
    if not isinstance(address, tuple) or len(address) < 2:  # noqa: PLR2004 - host and port
        return False
    return address[0] in ("127.0.0.1", "::ffff:127.0.0.1") and door.is_ours(address[1])


def is_ours(door: Door, sock: Any) -> bool:
    """Return whether *sock* is connected to a server of the test."""
    try:
        return leads_to_us(door, sock.getpeername())
    except (OSError, AttributeError):
        return False
