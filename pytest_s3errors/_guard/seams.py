"""Replace functions of other packages once per process. The replacement asks at each call which test it works for.

Only this module patches other packages for the guard and the layers. A replacement stays: a pooled connection, a thread
or a by-name import may keep it for ever, and without an owner it calls the original. A later patch, such as a test's
own mock, wins over it. If someone removes a seam, the next test that needs it puts it back.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .imports import is_imported, when_imported
from .owner import Owner, current, waiting

_MARK = "_s3errors_seam"
_WRAPS = "_s3errors_wraps"
_seams: dict[tuple[int, str], _Seam] = {}


class _Seam:
    """One replaced function: the original and its replacement."""

    def __init__(self, target: Any, name: str) -> None:
        self._target = target
        self._name = name
        self.original: Callable[..., Any]
        self._here: Callable[..., Any] | None = None

    def put(self) -> None:
        """Install the dispatching function if it is missing. A function found there gets every call passed on."""
        found = vars(self._target).get(self._name)
        if found is not None and found is self._here:
            return
        original = getattr(self._target, self._name)
        while hasattr(original, _MARK) and getattr(original, _MARK) is not self:
            original = original.__wrapped__  # another import of this module created it: pytester forgets modules
        if self._here is None or original is not self.original:
            self.original = original
            self._here = self._dispatching(original)
        setattr(self._target, self._name, self._here)
        if isinstance(self._target, ModuleType):
            _replace_copies(original, self._here)

    def _dispatching(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # The same three lines twice, since a shared function would add a call to each request.
        def dispatching(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            owner = current() if self._here is here else None
            chosen = original if owner is None else owner.replaced.get(self, original)
            return chosen(*args, **kwargs)

        async def dispatching_async(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            owner = current() if self._here is here else None
            chosen = original if owner is None else owner.replaced.get(self, original)
            return await chosen(*args, **kwargs)

        # Of the original's kind: respx and others check whether a function is a coroutine function.
        here = dispatching_async if inspect.iscoroutinefunction(original) else dispatching
        here = functools.wraps(original)(here)
        setattr(here, _MARK, self)
        return _looking_like(original, here)


def _replace_copies(original: Callable[..., Any], here: Callable[..., Any]) -> None:
    """Put *here* into modules that imported *original*, by whatever name. A later import gets *here* anyway."""
    for module in tuple(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict) and not str(names.get("__name__")).startswith(_NOT_COPIES):
            for name in [name for name, value in tuple(names.items()) if value is original]:
                names[name] = here


# Places where the original must stay.
_NOT_COPIES = ("_socket", "gevent", "pytest_s3errors._guard", "pytest_s3errors._time")


def _placed(target: Any, name: str) -> _Seam:
    key = (id(target), name)
    seam = _seams.get(key)
    if seam is None:
        seam = _seams[key] = _Seam(target, name)
    seam.put()
    return seam


class Seams:
    """The replacements of one owner. It has the `setattr` of pytest.MonkeyPatch."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def original(self, target: Any, name: str) -> Callable[..., Any]:
        """Return what *target* had under *name* before us."""
        return _placed(target, name).original

    def setattr(self, target: Any, name: str, value: Callable[..., Any]) -> None:
        """Call *value* for the owner in place of ``target.name``."""
        self._owner.replaced[_placed(target, name)] = value

    def when(self, name: str, act: Callable[[Any], None]) -> None:
        """Call *act* with the module *name*: now, or as soon as it is imported."""
        self._owner.awaited.setdefault(name, []).append(act)
        if is_imported(name):
            act(sys.modules[name])
        else:
            when_imported(name, _arrived)


def _arrived(module: ModuleType) -> None:
    for owner in waiting():
        for act in owner.awaited.get(module.__name__, ()):
            act(module)


def wrap(target: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace ``target.name`` by ``make(original)`` for every caller, if that was not done."""
    original = getattr(target, name, None)
    made_by = getattr(original, _WRAPS, None)
    if original is None or made_by is make:
        return
    if made_by is not None:
        original = original.__wrapped__  # as for a seam
    wrapper = functools.wraps(original)(make(original))
    setattr(wrapper, _WRAPS, make)
    setattr(target, name, _looking_like(original, wrapper))


def _looking_like(original: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* with the signature of *original*, for code that ignores wrappers, such as respx."""
    with contextlib.suppress(ValueError, TypeError):  # a builtin may have no signature
        function.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    return function
