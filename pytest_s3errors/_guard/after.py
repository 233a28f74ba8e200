"""Refuse the requests of code that still works for a test after its end, without disturbing other tests."""

from __future__ import annotations

from collections.abc import Callable

from pytest_s3errors._failures import SimulationError

from .door import LOOPBACK, Shut
from .hosts import Hosts
from .owner import Owner, after, current

Ports = Callable[[], frozenset[int]]
_servers: list[Ports] = []


class Gate:
    """Say which hosts are S3's, for code whose test has ended. Servers of other tests count too, so none is reached."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is S3's, or a server of a running test."""
        if host in LOOPBACK and any(port in ports() for ports in _servers):
            return True
        return self.hosts.is_s3(host, port)

    def is_refused(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is another Amazon endpoint."""
        return self.hosts.is_refused(host, port)

    def owns(self, port: int) -> bool:
        """Return False: a test's servers end with it."""
        del port
        return False

    def escape(self, host: str, how: str) -> SimulationError:
        """Return the error that ends the work. Its test was already reported."""
        owner = current()
        name = owner.name if isinstance(owner, Owner) else "a test"
        return SimulationError(
            f"a request for {host} was refused {how}: it comes from what {name} started and did not end.\n"
            "That test is over, and so is its S3; nothing was sent.",
            pytrace=False,
        )


_gate = Gate(Hosts((), (), tuple))
_door = Shut(_gate, "after the test")


def install(hosts: Hosts) -> None:
    """Refuse requests of leftovers of ended tests from now on, by the rules of *hosts* and of no earlier ones."""
    _gate.hosts = hosts
    after().door = _door


def serving(ports: Ports) -> None:
    """Record that a test runs whose servers have *ports*."""
    _servers.append(ports)


def ended(ports: Ports) -> None:
    """Record that it has ended."""
    _servers.remove(ports)
