"""A connection inside one event loop, without sockets: what one end writes, the other reads in the loop's next round.

The transports behave as asyncio's do over TCP on loopback. Each end has a buffer for what it has not read, as in a
kernel. What does not fit, counts as the writer's, whose protocol is paused meanwhile. A FIN or an RST arrives after all
data. Closing with unread data is an RST, as is writing to an end that is closed.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_KERNEL_BYTES = 2 * 1024 * 1024
_READ_BYTES = 256 * 1024  # what asyncio reads at once
_HIGH_BYTES = 64 * 1024  # asyncio's, too

Address = tuple[str, int]


def connect(
    make_client: Callable[[], asyncio.BaseProtocol],
    make_server: Callable[[], asyncio.BaseProtocol],
    *,
    client: Address,
    server: Address,
) -> asyncio.BaseProtocol:
    """Connect two protocols in the running loop, which see the addresses *client* and *server*. Return the client's."""
    loop = asyncio.get_running_loop()
    protocols = make_client(), make_server()
    near, far = End(loop, protocols[0], client, server), End(loop, protocols[1], server, client)
    near.other, far.other = far, near
    protocols[1].connection_made(far)
    protocols[0].connection_made(near)
    return protocols[0]


class End(asyncio.Transport):
    """One end of a connection in memory."""

    other: Any  # an End. None: this one is lost

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Any, own: Address, peer: Address) -> None:
        super().__init__({"sockname": own, "peername": peer})
        self._loop = loop
        self._protocol = protocol
        self._unread: deque[bytes | memoryview] = deque()
        self._unread_bytes = 0
        self._reads = True
        self._due = False  # `_read` is about to be called
        self._ends = self._has_ended = False  # a FIN has come, and the protocol knows
        self._error: OSError | None = None  # an RST has come
        self._closing = self._lost = self._wrote_eof = False
        self._high, self._low = _HIGH_BYTES, _HIGH_BYTES // 4
        self._holds = False  # the protocol was asked to pause

    # Reading.

    def _read_soon(self) -> None:
        if self._reads and not (self._due or self._closing):
            self._due = True
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._due = False
        if self._unread and self._reads and not self._closing:
            data = self._next()
            self._unread_bytes -= len(data)
            self.other._drain()  # noqa: SLF001
            self._protocol.data_received(data)
        if self._unread:
            self._read_soon()
        elif self._reads and not self._closing:
            if self._has_ended:
                pass  # asyncio reads no more, and so does not see an RST
            elif self._ends:
                self._has_ended = True
                if not self._protocol.eof_received():
                    self.close()
            elif self._error is not None:
                # At once: a write that finds it closed first would hide the RST from aiohttp. Over TCP that is rare,
                # but here the rounds of a writer and of an RST coincide.
                self._lose(self._error, soon=False)

    def _next(self) -> bytes:
        """Return what has come, as far as one read takes it."""
        unread = self._unread
        if self._unread_bytes <= _READ_BYTES:
            data = b"".join(unread)
            unread.clear()
            return data
        piece = unread.popleft()
        if len(piece) > _READ_BYTES:
            view = memoryview(piece)  # a copy of the rest for each read would take seconds
            unread.appendleft(view[_READ_BYTES:])
            piece = view[:_READ_BYTES]
        return bytes(piece)

    def is_reading(self) -> bool:
        return self._reads and not self._closing

    def pause_reading(self) -> None:
        self._reads = False

    def resume_reading(self) -> None:
        self._reads = True
        self._read_soon()

    # Writing.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._wrote_eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing or not data:
            return
        other = self.other
        if other._lost:  # noqa: SLF001
            self._write_in_vain(len(data))
            return
        kept = bytes(data)  # the writer may change its buffer
        other._unread.append(kept)  # noqa: SLF001
        other._unread_bytes += len(kept)  # noqa: SLF001
        other._read_soon()  # noqa: SLF001
        self._hold()

    def _write_in_vain(self, size: int) -> None:
        """Write to an end that is closed. That is an RST, which a reader sees at once, and a writer the next time."""
        if self._error is not None and not self._looks():
            self._lose(self._error)
            return
        self._reset_comes()
        if self._has_ended and size > _KERNEL_BYTES:
            self._protocol.pause_writing()  # the kernel takes some of it, and refuses the rest
            self._lose(self._error)

    def _hold(self) -> None:
        """Pause the protocol if too much waits."""
        if not self._holds and self.get_write_buffer_size() > self._high:
            self._holds = True
            self._protocol.pause_writing()

    def _drain(self) -> None:
        """Go on writing, since the other end has read."""
        if self._holds and self.get_write_buffer_size() <= self._low:
            self._holds = False
            self._protocol.resume_writing()
        if self._closing:
            self._lose_when_sent()

    def get_write_buffer_size(self) -> int:
        return 0 if self._lost else max(0, self.other._unread_bytes - _KERNEL_BYTES)  # noqa: SLF001

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = _HIGH_BYTES if high is None else high
        self._low = self._high // 4 if low is None else low
        self._hold()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not (self._wrote_eof or self._closing):
            self._wrote_eof = True
            self.other._end_comes()  # noqa: SLF001

    # Ending.

    def _looks(self) -> bool:
        """Return whether it sees an RST without writing."""
        return self._reads and not (self._has_ended or self._closing)

    def _end_comes(self) -> None:
        self._ends = True
        self._read_soon()

    def _reset_comes(self) -> None:
        number = errno.EPIPE if self._ends else errno.ECONNRESET
        self._error = OSError(number, os.strerror(number))
        if self.get_write_buffer_size() and not self._looks():
            self._lose(self._error)  # it is writing, and sees it there
        self._read_soon()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._lose_when_sent()

    def abort(self) -> None:
        self._lose(None)

    def reset(self) -> None:
        """Close at once; for the other end this is an RST."""
        self._lose(None, reset=True)

    def _lose_when_sent(self) -> None:
        if not self.get_write_buffer_size():
            self._lose(None)

    def _lose(self, error: OSError | None, *, reset: bool = False, soon: bool = True) -> None:
        if self._lost:
            return
        self._take_back(self.get_write_buffer_size())
        self._closing = self._lost = True
        self._holds = False
        if reset or self._unread:
            self._unread.clear()
            self.other._reset_comes()  # noqa: SLF001
        else:
            self.other._end_comes()  # noqa: SLF001
        if soon:
            self._loop.call_soon(self._tell_lost, error)
        else:
            self._tell_lost(error)

    def _take_back(self, size: int) -> None:
        """Drop the last *size* bytes, which are not in the kernel yet."""
        unread = self.other._unread  # noqa: SLF001
        self.other._unread_bytes -= size  # noqa: SLF001
        while size and unread:
            last = memoryview(unread.pop())
            if len(last) > size:
                unread.append(last[:-size])
            size = max(0, size - len(last))

    def _tell_lost(self, error: OSError | None) -> None:
        self._protocol.connection_lost(error)
        self._protocol = self.other = None  # no cycle of references is left, as with asyncio's transports

    # The rest.

    @property
    def is_established(self) -> bool:
        """Whether neither end has ended the connection."""
        return not (self._lost or self._wrote_eof or self._ends or self._error is not None)

    def get_protocol(self) -> asyncio.BaseProtocol | None:  # type: ignore[override]
        return self._protocol  # type: ignore[no-any-return]

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
