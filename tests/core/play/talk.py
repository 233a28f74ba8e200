"""A client of a `Connection` without a socket: what it sends, and all that the connection tells its player to do."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

from pytest_s3errors._core.play.actions import Close, Receive, Send
from pytest_s3errors._core.play.connection import Connection, Limits, Settings
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_s3errors._core.play.actions import Action

BODY = b"0123456789" * 4


class Talk:
    """One connection to one S3 that holds ``bucket/key``; `said` is what it did so far, adjacent bytes in one."""

    def __init__(self, *rules, limits: Limits | None = None, left: bool = False, **options: object) -> None:
        self.now_s = 0.0
        self.simulator = Simulator(
            store=S3Store(now=lambda: datetime(2026, 5, 1, tzinfo=UTC), strict_buckets=True),
            rules=tuple(fail_rule((rule,), options) if isinstance(rule, str) else rule for rule in rules),
            clock=lambda: self.now_s,
        )
        self.simulator.armed = True
        self.simulator.store.create_bucket("bucket")
        self.simulator.store.put("bucket", "key", BODY)
        settings = Settings(self.simulator, lambda: self.now_s, limits=limits)
        self.connection = Connection(settings, "mark", left=lambda: left)
        self.said: list[object] = []
        self.at: Action = Receive()
        self.go_on()

    def go_on(self) -> Talk:
        """Play until the connection waits for the client or is closed; test time passes by itself."""
        while True:
            self.at = self.connection.next_action()
            if isinstance(self.at, Send):
                self._send(self.at.data)
            elif isinstance(self.at, Receive):
                return self
            elif isinstance(self.at, Close):
                self.said.append("RST" if self.at.reset else "FIN")
                self.connection.lost()
                return self
            elif self.at.seconds == inf:
                self.said.append("silence")
                return self
            else:
                self.said.append(self.at.seconds)
                self.now_s += self.at.seconds

    def _send(self, data: bytes) -> None:
        if data and self.said and isinstance(self.said[-1], bytes):
            self.said[-1] += data
        elif data:
            self.said.append(data)

    @property
    def open(self) -> bool:
        """Whether the client has something to wait for."""
        return isinstance(self.at, Receive)

    def send(self, *pieces: bytes) -> Talk:
        """Send *pieces* as far as they are read; b"" ends the stream."""
        for piece in pieces:
            if isinstance(self.at, Close) or not (self.connection.reads or not piece):
                break
            self.connection.receive(piece)
            if self.open or not piece:
                self.go_on()
        return self

    def expire(self) -> Talk:
        """Let the client be silent for as long as it may be."""
        assert isinstance(self.at, Receive | Send)
        self.now_s += getattr(self.at, "seconds", None) or 0
        self.connection.expire()
        return self.go_on()

    @property
    def sent(self) -> bytes:
        """All bytes so far."""
        return b"".join(said for said in self.said if isinstance(said, bytes))

    @property
    def ending(self) -> str:
        """How it ended: FIN, RST, silence, or keep."""
        return self.said[-1] if self.said and self.said[-1] in {"FIN", "RST", "silence"} else "keep"


def request(method: str, target: str, body: bytes = b"", framing: str = "length", headers: Iterable[str] = ()) -> bytes:
    """A request in a *framing*: length, chunked, continue (Expect: 100-continue) or 1.0 (HTTP/1.0)."""
    lines = [f"{method} {target} HTTP/1.{0 if framing == '1.0' else 1}", "Host: s3.us-east-1.amazonaws.com", *headers]
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"1\r\n%b\r\n" % body[at : at + 1] for at in range(len(body))) + b"0\r\n\r\n"
    elif body or method in {"PUT", "POST"}:
        lines.append(f"Content-Length: {len(body)}")
    if framing == "continue":
        lines.append("Expect: 100-continue")
    return "\r\n".join([*lines, "", ""]).encode() + body
