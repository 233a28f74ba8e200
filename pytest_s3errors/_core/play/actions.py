"""What a connection asks of its player, the code that owns the socket. The player does one action after another.

action      the player                                              and asks for the next action
Send        sends all of it                                         when the kernel has all of it
Receive     waits for bytes or the end of the stream                after `receive`, or after `expire` if that
                                                                    took longer than `seconds`
Wait        lets test time pass, from now, or if it `goes_on` from  when it is over, or when the stream has ended
            when the last one was to be over: a late player does
            not slow the body down
Close       closes, by FIN or RST, when the client's kernel has     never
            all that was sent
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Send(NamedTuple):
    """Send *data*, which may be empty."""

    data: bytes


class Receive(NamedTuple):
    """Wait for the client, at most *seconds* of real time. None: without limit."""

    seconds: float | None = None


class Wait(NamedTuple):
    """Let *seconds* of test time pass. `inf`: until the client leaves."""

    seconds: float
    goes_on: bool = False


class Close(NamedTuple):
    """Close the connection, with RST if *reset*, otherwise with FIN."""

    reset: bool = False


Action: TypeAlias = Send | Receive | Wait | Close
