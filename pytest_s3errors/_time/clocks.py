"""What the registry needs from running tests."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The clock of a test, virtual or real."""

    sleeps: list[float]

    def check_loop(self) -> None:
        """Raise if this clock does not drive the running event loop."""


class Test(Clock, Protocol):
    """A test on virtual time."""

    def jumped(self, *, raises: bool = True) -> None:
        """Fail the test if time went too far, and raise. Called in the thread whose deadline was reached."""

    def owed_s(self) -> float:
        """Return how many seconds of silence to require because a server owes an unknown client a response. 0: none."""

    def ports(self) -> frozenset[int]:
        """Return the ports of the test's own servers in this process."""

    def failed(self) -> bool:
        """Return whether the test has failed, so that nothing in it need go on."""

    def check(self, port: int | None) -> None:
        """Raise if it is pointless to wait for the server at *port*."""

    def gave_up(self, port: int | None, own: int | None) -> None:
        """Record that the client at port *own* no longer waits for the server at *port*."""
