"""The replacements of the functions in `time`. Each asks the registry, during and between tests.

They are objects, not functions. So as class attributes they do not become methods, just like functions in C.
"""

from __future__ import annotations

import operator
import sys
from typing import Any

from .originals import REAL
from .outsiders import keeps_real_time
from .registry import Registry
from .waits import Wait

_NS = 1_000_000_000


class Reading:
    """A function of `time`. It is pickled by its name.

    A finalizer may read a copy of it while the interpreter ends, when the global names of this module are None.
    """

    def __init__(self, registry: Registry, system: Any) -> None:
        self._registry = registry
        self._system = system
        self.__name__ = self.__qualname__ = system.__name__
        self.__doc__ = system.__doc__
        self.__module__ = "time"

    def __reduce__(self) -> str:
        return str(self.__name__)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of pytest-s3errors>"


class Monotonic(Reading):
    """`time.monotonic`."""

    def __call__(self) -> float:
        registry = self._registry
        if not registry.on:
            return self._system() + registry.hands.offset  # type: ignore[no-any-return]
        if keeps_real_time(sys._getframe(1)):  # noqa: SLF001 - who reads decides
            return self._system()  # type: ignore[no-any-return]
        return registry.now()


class MonotonicNs(Reading):
    """`time.monotonic_ns`."""

    def __call__(self) -> int:
        registry = self._registry
        if registry.on:
            return round(registry.now() * _NS)
        return self._system() + round(registry.hands.offset * 1e9)  # type: ignore[no-any-return]


class Time(Reading):
    """`time.time`."""

    def __call__(self) -> float:
        registry = self._registry
        return registry.wall() if registry.on else self._system()


class TimeNs(Reading):
    """`time.time_ns`."""

    def __call__(self) -> int:
        registry = self._registry
        if registry.on and not registry.hands.travellers:
            return round(registry.wall() * _NS)
        return self._system()  # type: ignore[no-any-return]


class Sleep(Reading):
    """`time.sleep`."""

    def __call__(self, seconds: float, /) -> None:
        registry = self._registry
        if not isinstance(seconds, float):
            seconds = operator.index(seconds)
        if not 0 < seconds < _LONGEST_S:
            REAL.sleep(seconds)  # raises for invalid arguments
            registry.yielded()
            return
        if registry.on and keeps_real_time(sys._getframe(1)):  # noqa: SLF001 - who sleeps decides
            REAL.sleep(seconds)
            return
        if registry.clocks:
            registry.clocks[-1].sleeps.append(seconds)
        registry.block(Wait(), seconds)


_LONGEST_S = 9_000_000_000.0


def stand_ins(registry: Registry) -> dict[str, Reading]:
    """Return the replacement of each function of `time`, by its name."""
    kinds = {"monotonic": Monotonic, "monotonic_ns": MonotonicNs, "time": Time, "time_ns": TimeNs, "sleep": Sleep}
    return {name: kind(registry, getattr(REAL, name)) for name, kind in kinds.items()}
