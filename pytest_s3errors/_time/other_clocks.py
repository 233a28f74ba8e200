"""Other tools that change time in the same test (freezegun, time-machine), and event loops with clocks of their own.

freezegun and time-machine replace dates and what the functions of `time` return. Event loops, sleeps and waits of the
test still follow the registry. If a tool's time ticks, it also advances by the time that the test jumps over.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from .originals import REAL
from .registry import Registry

_NS = 1_000_000_000


def before(registry: Registry) -> None:
    """Prepare for time-machine before anything is replaced.

    At its import, time-machine assumes that `time.time` is a function in C; any other crashes the interpreter.
    """
    if "time_machine" not in sys.modules and importlib.util.find_spec("time_machine") is not None:
        importlib.import_module("time_machine")
    module: Any = sys.modules.get("time_machine")
    if module is None:
        return
    core: Any = sys.modules["_time_machine"]
    for name in ("patch", "patch_if_needed", "unpatch"):
        if hasattr(core, name):
            setattr(core, name, _on_functions_in_c(getattr(core, name)))
    traveller = module.Traveller
    traveller.time_ns = _ticking(registry, traveller.time_ns)
    registry.hands.travellers = module.traveller_stack
    registry.hands.system_time = lambda: core.original_time() if registry.hands.travellers else REAL.time()


def _on_functions_in_c(act: Callable[[], None]) -> Callable[[], None]:
    def acting() -> None:
        mine = time.time, time.time_ns
        time.time, time.time_ns = REAL.time, REAL.time_ns
        try:
            act()
        finally:
            time.time, time.time_ns = mine

    return acting


def _ticking(registry: Registry, time_ns: Callable[[Any], int]) -> Callable[[Any], int]:
    def ticked(traveller: Any) -> int:
        if not traveller._requested:  # noqa: SLF001 - it ticks from its first reading on
            traveller._s3errors_leapt = registry.hands.leapt  # noqa: SLF001
        passed = registry.hands.leapt - traveller._s3errors_leapt if traveller._tick else 0.0  # noqa: SLF001
        return time_ns(traveller) + round(passed * _NS)

    return ticked


def guard(registry: Registry) -> None:
    """Tell freezegun about our replacements. Otherwise it would restore the functions that it found at its import."""
    api: Any = sys.modules.get("freezegun.api")
    if api is None or hasattr(api, "_s3errors"):
        return
    api._s3errors = True  # noqa: SLF001
    for home, name, system, ours in registry.rows:
        if home is time and getattr(api, f"real_{name}", None) is system:
            setattr(api, f"real_{name}", ours)
            api._real_time_object_ids.add(id(ours))  # noqa: SLF001
    api.TickingDateTimeFactory = _ticking_factory(registry, api.TickingDateTimeFactory)


def _ticking_factory(registry: Registry, factory: Any) -> type:
    class Ticking(factory):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self._leapt = registry.hands.leapt

        def __call__(self) -> Any:
            return super().__call__() + dt.timedelta(seconds=registry.hands.leapt - self._leapt)

        def move_to(self, target: Any) -> None:
            super().move_to(target)
            self._leapt = registry.hands.leapt

    return Ticking


def loops_of_their_own() -> Iterator[tuple[Any, str, str]]:
    """Yield the functions that start a loop with its own clock: module, name, and the library's name for messages."""
    for module, name, called in _LOOPS:
        found: Any = sys.modules.get(module)
        if found is not None and hasattr(found, name):
            yield found, name, called


_LOOPS = (
    ("trio", "run", "trio"),
    ("trio.lowlevel", "start_guest_run", "trio"),
    ("gevent", "sleep", "gevent"),
    ("gevent", "wait", "gevent"),
    ("gevent", "joinall", "gevent"),
    ("curio", "run", "curio"),
)


def patched_by_gevent() -> bool:
    """Return whether gevent has replaced the waits of the standard library."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("time")
