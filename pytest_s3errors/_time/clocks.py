"""What the registry asks of the tests that run."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The clock of a test, virtual or real."""

    sleeps: list[float]

    def check_loop(self) -> None:
        """Raise if the running event loop is one that the clock does not drive."""


class Test(Clock, Protocol):
    """A test on virtual time."""

    def jumped(self) -> None:
        """Raise if time went too far; called in the thread whose deadline came."""

    def owed_s(self) -> float:
        """Return how long to be silent because a server of this process owes somebody unknown an answer, 0 if none."""

    def ports(self) -> frozenset[int]:
        """Return the ports of the test's own servers in this process."""

    def check(self, port: int | None) -> None:
        """Raise if nobody need wait for the server at *port* any longer."""

    def gave_up(self, port: int | None, own: int | None) -> None:
        """Note that the client at port *own* waits no longer for the server at *port*."""
