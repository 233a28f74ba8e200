"""What comes after a test: whatever still works for it is refused, and disturbs nobody."""

from __future__ import annotations

from collections.abc import Callable

from pytest_s3errors._failures import SimulationError

from . import doors
from .door import LOOPBACK, Shut
from .hosts import Hosts
from .owner import Owner, after, current
from .seams import Seams

Ports = Callable[[], frozenset[int]]
_servers: list[Ports] = []


class _Gate:
    """Says what is S3's to those whose test has ended. The servers of other tests are, too: no request gets there."""

    def __init__(self, hosts: Hosts) -> None:
        self.is_refused = hosts.is_refused
        self._hosts = hosts

    def is_s3(self, host: str, port: int | None = None) -> bool:
        """Return whether *host* is S3's, or a server of a test that runs now."""
        if host in LOOPBACK and any(port in ports() for ports in _servers):
            return True
        return self._hosts.is_s3(host, port)

    def owns(self, port: int) -> bool:
        """Return False: the servers of a test end with it."""
        del port
        return False

    def escape(self, host: str, how: str) -> SimulationError:
        """Return what ends the work; the test that it was for has been reported."""
        owner = current()
        name = owner.name if isinstance(owner, Owner) else "a test"
        return SimulationError(
            f"a request for {host} was refused {how}: it comes from what {name} started and did not end.\n"
            "That test is over, and so is its S3; nothing was sent.",
            pytrace=False,
        )


def install(hosts: Hosts) -> None:
    """Refuse from now on what ended tests have left, by the rules of *hosts*."""
    doors.shut(Seams(after()), Shut(_Gate(hosts), "after the test"))


def serving(ports: Ports) -> None:
    """Note that a test runs whose servers have *ports*."""
    _servers.append(ports)


def ended(ports: Ports) -> None:
    """Note that it has ended."""
    _servers.remove(ports)
