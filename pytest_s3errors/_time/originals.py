"""The system's own clock and primitives.

They were recorded when pytest started, before a test could fake anything. They are attributes of one object, not names
of a module: freezegun searches the names of all modules and replaces the functions that it knows.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import Any, Final

from pytest_s3errors.system_clock import kept


class Originals:
    """The original functions. Nothing here is ever replaced."""

    __slots__ = (
        "allocate_lock",
        "get_ident",
        "get_native_id",
        "monotonic",
        "monotonic_ns",
        "poll",
        "process_time",
        "rlock",
        "select",
        "sleep",
        "start_new_thread",
        "thread_count",
        "thread_time",
        "time",
        "time_ns",
    )

    def __init__(self) -> None:
        self.monotonic: Final[Callable[[], float]] = kept["monotonic"]
        self.monotonic_ns: Final[Callable[[], int]] = kept["monotonic_ns"]
        self.time: Final[Callable[[], float]] = kept["time"]
        self.time_ns: Final[Callable[[], int]] = kept["time_ns"]
        self.sleep: Final[Callable[[float], None]] = kept["sleep"]
        self.process_time: Final[Callable[[], float]] = kept["process_time"]
        self.thread_time: Final[Callable[[], float]] = kept["thread_time"]
        self.poll: Final[Callable[[], Any] | None] = kept["poll"]
        self.select: Final[Callable[..., Any]] = kept["select"]
        self.allocate_lock: Final = _thread.allocate_lock
        self.rlock: Final[Any] = _thread.RLock
        self.get_ident: Final = _thread.get_ident
        self.get_native_id: Final = _thread.get_native_id
        self.start_new_thread: Final[Callable[..., int]] = kept["start_new_thread"]
        self.thread_count: Final[Callable[[], int]] = _thread._count  # noqa: SLF001

    @property
    def registry(self) -> Any:
        """The registry of this process. None: no test has used the plugin yet."""
        return kept.get("registry")

    @registry.setter
    def registry(self, registry: Any) -> None:
        kept["registry"] = registry


REAL: Final = Originals()
