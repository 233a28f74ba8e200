"""`select.select` and `select.poll`: urllib3 asks with them whether S3 has said "100 Continue" within a second.

A wait for nothing but sockets of this process counts in test time. Any other one stays real, as for blocking reads.
"""

from __future__ import annotations

import functools
import select
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from . import silence
from .outsiders import keeps_real_time
from .registry import Registry
from .waits import READ, WRITE, FileWait

_T = TypeVar("_T")
_MS = 1000


class _PollWait(FileWait):
    """A wait for *files*."""

    __slots__ = ("_fds",)

    def __init__(self, files: Sequence[tuple[int, int]], ports: Callable[[], frozenset[int]]) -> None:
        self._fds = [fd for fd, _ in files]
        super().__init__(files, lambda: max((silence.of_file_s(fd, ports()) for fd in self._fds), default=0.0))

    def ports(self) -> set[int | None]:
        """Return the local ports of the sockets."""
        return {silence.port_at(fd) for fd in self._fds}


def selecting(registry: Registry, system: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `select.select` that parks."""

    @functools.wraps(system)
    def selected(reads: Any, writes: Any, errors: Any, timeout: float | None = None, /) -> Any:
        at_once = timeout is not None and not timeout > 0  # or an error of the system's own
        if not registry.on or errors or at_once or keeps_real_time(sys._getframe(1)):  # noqa: SLF001 - who waits decides
            return system(reads, writes, errors, timeout)
        reads, writes = tuple(reads), tuple(writes)

        def files() -> list[tuple[int, int]]:
            return [*((_number(file), READ) for file in reads), *((_number(file), WRITE) for file in writes)]

        return _parked(registry, files, timeout, lambda seconds: system(reads, writes, (), seconds), any)

    return selected


def poll_maker(registry: Registry, system: Callable[[], Any]) -> type:
    """Return a class in place of `select.poll`, whose objects park."""

    class Poll:
        def __init__(self) -> None:
            self._poll = system()
            self._events: dict[int, int] = {}

        def register(self, fd: Any, eventmask: int = select.POLLIN | select.POLLPRI | select.POLLOUT, /) -> None:
            self._poll.register(fd, eventmask)
            self._events[_number(fd)] = eventmask

        def modify(self, fd: Any, eventmask: int, /) -> None:
            self._poll.modify(fd, eventmask)
            self._events[_number(fd)] = eventmask

        def unregister(self, fd: Any, /) -> None:
            self._poll.unregister(fd)
            del self._events[_number(fd)]

        def poll(self, timeout: float | None = None, /) -> Any:
            if not registry.on or keeps_real_time(sys._getframe(1)):  # noqa: SLF001 - as above
                return self._poll.poll(timeout)
            seconds = None if timeout is None or timeout < 0 else timeout / _MS
            return _parked(
                registry,
                lambda: [(fd, _events(mask)) for fd, mask in self._events.items()],
                seconds,
                lambda left: self._poll.poll(None if left is None else left * _MS),
            )

    return Poll


def _parked(
    registry: Registry,
    files_of: Callable[[], Sequence[tuple[int, int]]],
    timeout: float | None,
    look: Callable[[float | None], _T],
    found: Callable[[_T], bool] = bool,
) -> _T:
    """Return the first result of *look* that has something, or its result when *timeout* is over.

    It looks before it asks for the files, so that what is none gets the system's own error.
    """
    until = None if timeout is None else registry.now() + timeout
    while True:
        result = look(0)
        left = None if until is None else until - registry.now()
        if found(result) or (left is not None and left <= 0):
            return result
        files = files_of()
        here = registry.on and all(silence.is_here(fd, registry.ports()) for fd, _ in files)
        if not here or registry.me().outside:
            return look(left)
        if registry.block(_PollWait(files, registry.ports), left) is False:
            return look(0)


def _number(file: Any) -> int:
    return file if isinstance(file, int) else int(file.fileno())


def _events(mask: int) -> int:
    return (READ if mask & select.POLLIN else 0) | (WRITE if mask & select.POLLOUT else 0)
