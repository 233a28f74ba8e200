"""Where S3's connections of one test lead: to its own server, or nowhere."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

# A name that was looked up by itself has an address without its port. This one is on the loopback, and nobody's.
ADDRESS = "127.83.51.51"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"})


class Door(Protocol):
    """What stands between the sockets of one test and everything else."""

    def takes(self, host: str, port: int | None) -> bool:
        """Return whether a connection to *host* is S3's; raises for Amazon's other endpoints."""

    def dial(self) -> int:
        """Return the port on 127.0.0.1 to which such a connection leads; raises where there is none."""

    def shake_hands(self) -> None:
        """Let a fault of the handshake show, just before it is left out."""

    def is_ours(self, port: int) -> bool:
        """Return whether *port* of 127.0.0.1 is a server's of the test."""

    def note(self, port: int, origin: str) -> None:
        """Note that the client at *port* believes to talk to *origin*, ``scheme://host``."""

    def refuse(self, host: str, how: str) -> BaseException:
        """Note that *host* was to be reached past this door, and return what to raise."""


class Gate(Protocol):
    """Who says what is S3's and what is refused: the scene of a test, or what comes after it."""

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether a request to *host* is the simulated S3's to answer."""

    def is_refused(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is another endpoint of Amazon's."""

    def escape(self, host: str, how: str) -> BaseException:
        """Note that a request was about to leave for *host*, and return what to raise."""

    def owns(self, port: int) -> bool:
        """Return whether *port* of 127.0.0.1 is a server's of the test, for clients that take its URL."""


class Shut:
    """The door of a layer without sockets, and of a test that has ended: nothing gets through."""

    def __init__(self, gate: Gate, how: str) -> None:
        self._gate = gate
        self._how = how

    def takes(self, host: str, port: int | None) -> bool:
        """Raise for S3's hosts and for Amazon's others; everybody else's pass."""
        if port is not None and host in LOOPBACK and self._gate.owns(port):
            return False
        if host == ADDRESS or self._gate.is_s3(host, port):
            raise self._gate.escape(host, self._how)
        check_others(self._gate, host, port)
        return False

    def dial(self) -> NoReturn:
        """Never get here: `takes` raises."""
        raise AssertionError("a shut door leads nowhere")

    def shake_hands(self) -> None:
        """Do nothing: there is no connection."""

    def is_ours(self, port: int) -> bool:
        """Return False: there is no server."""
        del port
        return False

    def note(self, port: int, origin: str) -> None:
        """Forget it: there is no server."""

    def refuse(self, host: str, how: str) -> BaseException:
        """Return what to raise."""
        return self._gate.escape(host, how)


def check_others(gate: Gate, host: str, port: int | None) -> None:
    """Raise if *host* is another endpoint of Amazon's."""
    if gate.is_refused(host, port):
        raise gate.escape(host, "although nothing simulates that service of Amazon's")


def is_address(host: str) -> bool:
    """Return whether *host* is an IP address and no name."""
    import ipaddress  # noqa: PLC0415 - of two that ask, one a child

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def text_of(host: object) -> str | None:
    """Return *host*, as it is given to a resolver, as text; None where it names nothing."""
    if isinstance(host, bytes | bytearray):
        return host.decode("ascii", "replace") or None
    return host if isinstance(host, str) and host else None


def number_of(port: object) -> int | None:
    """Return *port*, as it is given to a resolver, as a number; None where that is not known."""
    text = port.decode("ascii", "replace") if isinstance(port, bytes) else port
    if isinstance(text, int):
        return text or None
    if isinstance(text, str) and text.isdecimal():
        return int(text) or None
    return {"http": 80, "https": 443}.get(text) if isinstance(text, str) else None


def leads_to_us(door: Door, address: object) -> bool:
    """Return whether *address*, as a socket has it, is a server's of the test."""
    if not isinstance(address, tuple) or len(address) < 2:  # noqa: PLR2004 - host and port
        return False
    return address[0] in ("127.0.0.1", "::ffff:127.0.0.1") and door.is_ours(address[1])


def is_ours(door: Door, sock: Any) -> bool:
    """Return whether *sock* is connected to a server of the test."""
    try:
        return leads_to_us(door, sock.getpeername())
    except (OSError, AttributeError):
        return False
