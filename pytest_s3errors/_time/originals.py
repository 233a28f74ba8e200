"""The system's own clock and primitives, as this process found them.

The plugin imports this module when pytest starts, before a test can fake anything. The functions are attributes of one
object, never names of a module: freezegun looks through the names of all modules and replaces what it knows.
"""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable
from typing import Any, Final


class Originals:
    """What was there first. Nothing here is ever replaced."""

    __slots__ = (
        "allocate_lock",
        "get_ident",
        "get_native_id",
        "monotonic",
        "monotonic_ns",
        "process_time",
        "registry",
        "rlock",
        "sleep",
        "start_new_thread",
        "time",
        "time_ns",
    )

    def __init__(self) -> None:
        self.monotonic: Final = time.monotonic
        self.monotonic_ns: Final = time.monotonic_ns
        self.time: Final = time.time
        self.time_ns: Final = time.time_ns
        self.sleep: Final[Callable[[float], None]] = time.sleep
        self.process_time: Final = time.process_time
        self.allocate_lock: Final = _thread.allocate_lock
        self.rlock: Final[Any] = _thread.RLock
        self.get_ident: Final = _thread.get_ident
        self.get_native_id: Final = _thread.get_native_id
        self.start_new_thread: Final[Callable[..., int]] = _thread.start_new_thread
        # The one registry of this process. pytester forgets modules that a test imported, but not this one.
        self.registry: Any = None


REAL: Final = Originals()
