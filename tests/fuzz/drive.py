"""A connection of the loopback S3 without a socket: a transport that takes what is written."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import deque
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self

from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.asyncio_server import Player, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FAULTS = (
    "SlowDown", 503, "connection_reset", "disconnect", "lost_response", "truncated_body", "reset_body", "short_body",
    "corrupted_body", "malformed_xml", "empty_body", "html_body", "garbage", "error_in_200", "partial_delete",
    "redirect", "replaced_object", "stall", "stalled_body",
)  # fmt: skip
KNOWN = Access(known=(Credentials(access_key="AKIAFUZZ", secret_key="secret"),))
DECLARED = Access(known=KNOWN.known, declared=True)
_MADE_UP = os.open(os.devnull, os.O_RDWR)


class _Socket:
    """What the server asks of a socket, where there is none."""

    def fileno(self) -> int:
        return _MADE_UP

    def setsockopt(self, *_: object) -> None:
        pass


class Transport:
    """Collects what is written; while `is_full` it says that nothing of it has left yet."""

    def __init__(self, port: int) -> None:
        self.written = bytearray()
        self.is_full = self.is_paused = self._closing = False
        self._extra = {"peername": ("127.0.0.1", port), "socket": _Socket()}

    def get_extra_info(self, name: str) -> object:
        return self._extra[name]

    def set_write_buffer_limits(self, high: int) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return int(self.is_full)

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close


class Loop:
    """The running event loop, where there is none: what is to be called later is called in `run`."""

    def __init__(self) -> None:
        self._soon: deque[Callable[[], object]] = deque()

    def time(self) -> float:
        """Return the time, which stands still."""
        return 0.0

    def __enter__(self) -> Self:
        asyncio.events._set_running_loop(self)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.events._set_running_loop(None)

    def call_soon(self, then: Callable[..., object], *args: object) -> None:
        self._soon.append(partial(then, *args))

    def call_later(self, _delay_s: float, then: Callable[..., object], *args: object) -> SimpleNamespace:
        self.call_soon(then, *args)
        return SimpleNamespace(cancel=self._soon.clear)  # a connection has one timer, and cancels it when it is lost

    def run(self) -> None:
        while self._soon:
            self._soon.popleft()()


class S3:
    """One simulated S3, with a bucket, an object and an upload, and connections to it one after another.

    With a *seed* it differs from others in whom it lets in, whether it keeps versions, and which faults it has.
    """

    def __init__(self, seed: int | None = None) -> None:
        draw = random.Random(seed)
        faults = draw.sample(FAULTS, 3) if seed is not None and draw.random() < 0.3 else ()
        self.simulator = Simulator(
            store=S3Store(now=lambda: datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)),
            rules=tuple(fail_rule((fault,), {"probability": 0.3}) for fault in faults),
            seed=str(seed),
            clock=time.monotonic,
            access=Access() if seed is None else draw.choice((Access(), KNOWN, KNOWN, DECLARED)),
        )
        self.simulator.armed = bool(faults)
        self.server = Server(self.simulator, endpoints=tuple, origin_of=lambda _: None)
        self.simulator.store.create_bucket("bucket", versioning=seed is not None and draw.random() < 0.3)
        bucket = self.simulator.store.bucket("bucket")
        if seed is not None and bucket is not None:
            bucket.locked = bucket.versioning is not None and draw.random() < 0.5
            bucket.ownership = draw.choice(("BucketOwnerEnforced", "ObjectWriter", "BucketOwnerPreferred"))
            bucket.public_access_block = draw.choice((None, bucket.public_access_block))
        self.simulator.store.put("bucket", "key", b"abc", tags={"a": "1"})
        begun = self.talk([b"POST /bucket/key?uploads HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"])
        self.upload_id = begun.partition(b"<UploadId>")[2].partition(b"<")[0].decode() or "none"

    def talk(self, pieces: Iterable[bytes], *, slow: bool = False) -> bytes:
        """What the server writes to a client that sends *pieces*; *slow*: it reads nothing until all of it is sent."""
        transport = Transport(port=1)
        connection = Player(self.server)
        connection.connection_made(transport)  # type: ignore[arg-type]  # all of a transport that the server uses
        transport.is_full = slow
        with Loop() as loop:
            for piece in pieces:
                if transport.is_paused or transport.is_closing():
                    break
                connection.data_received(piece)
                loop.run()
            transport.is_full = False
            connection.resume_writing()
            loop.run()
            connection.connection_lost(None)
        return bytes(transport.written)

    def left(self) -> str:
        """What a connection has left behind; "" where nothing is."""
        failed = [problem for problem in self.simulator.problems if "failed" in problem]
        self.simulator.problems.clear()
        if failed:
            return failed[0]
        kept = {
            "connections": self.server.players,
            "parked": self.server.parked,
            "promised": self.simulator._promised,
        }
        return ", ".join(f"{name}: {what}" for name, what in kept.items() if what)
