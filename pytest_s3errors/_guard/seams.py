"""Replace functions of other packages once per process. The replacement asks at each call which test it works for.

Only this module patches other packages for the guard and the layers. A replacement stays: a pooled connection, a thread
or a by-name import may keep it for ever, and without an owner it calls the original. A later patch, such as a test's
own mock, wins over it. If someone removes a seam, the next test that needs it puts it back.

What all tests share is made once (`lead`, `wrap`): to make it for each test would take longer than the test. Each test
only looks whether it is still there (`keep`). What one test has of its own goes by `Seams`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from .imports import is_imported, when_imported
from .owner import Owner, current, running

_MARK = "_s3errors_seam"
_WRAPS = "_s3errors_wraps"
_Make = Callable[[Callable[..., Any]], Callable[..., Any]]
_seams: dict[tuple[int, str], _Seam] = {}


class _Seam:
    """One replaced function: the original and its replacement."""

    def __init__(self, target: Any, name: str) -> None:
        self._target = target
        self._name = name
        self.original: Callable[..., Any]
        self._here: Callable[..., Any] | None = None
        self._make: _Make | None = None
        self._led: Callable[..., Any] | None = None

    def lead(self, make: _Make) -> None:
        """Call ``make(original)`` for each owner with a door, and pass it the door first."""
        self._make, self._led = make, make(self.original)

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
            if self._make is not None:
                self.lead(self._make)
        setattr(self._target, self._name, self._here)
        if isinstance(self._target, ModuleType):
            _replace_copies(original, self._here)

    def _dispatching(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # The same lines twice, since a shared function would add a call to each request.
        def dispatching(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            owner = current() if self._here is here else None
            if owner is None:
                return original(*args, **kwargs)
            chosen = owner.replaced.get(self)
            if chosen is not None or owner.door is None or self._led is None:
                return (chosen or original)(*args, **kwargs)
            return self._led(owner.door, *args, **kwargs)

        async def dispatching_async(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            owner = current() if self._here is here else None
            if owner is None:
                return await original(*args, **kwargs)
            chosen = owner.replaced.get(self)
            if chosen is not None or owner.door is None or self._led is None:
                return await (chosen or original)(*args, **kwargs)
            return await self._led(owner.door, *args, **kwargs)

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

    def when(self, names: tuple[str, ...], act: Callable[[Any], None]) -> None:
        """Call *act* with each module in *names*: now, or as soon as it is imported."""
        for name in names if names not in _awaited else ():
            when_imported(name, _arrived)
        _awaited.add(names)
        self._owner.awaited.append((names, act))
        if not sys.modules.keys().isdisjoint(names):
            for name in filter(is_imported, names):
                act(sys.modules[name])


_awaited: set[tuple[str, ...]] = set()


def _arrived(module: ModuleType) -> None:
    for owner in running():
        for names, act in owner.awaited:
            if module.__name__ in names:
                act(module)


# What all tests share.


class _Place(NamedTuple):
    """Where a function was replaced: a class in a home ("": in the home itself) and a name in that, as they were then.

    `again` is called if one of them has changed.
    """

    home: Mapping[str, Any]
    kind: str
    found: Any
    names: Mapping[str, Any]
    name: str
    ours: Any
    again: Callable[[], None]


_places: dict[tuple[int, str, object], _Place] = {}


def lead(home: Any, path: str, make: _Make) -> None:
    """Call ``make(original)`` in place of what *path* names in *home*, a function or ``Class.method``.

    It is called for each owner with a door, and gets the door first.
    """
    _replace(home, path, lead, lambda target, name: _placed(target, name).lead(make))


def wrap(home: Any, path: str, make: _Make) -> None:
    """Replace what *path* names in *home* by ``make(original)`` for every caller. Do nothing if it is not there."""
    _replace(home, path, wrap, lambda target, name: _wrap(target, name, make))


def _replace(home: Any, path: str, how: object, act: Callable[[Any, str], None]) -> None:
    kind, _, name = path.rpartition(".")

    def again() -> None:
        # vcrpy puts its own class in the place of http.client's while a cassette is on, which may be the whole session.
        target = getattr(getattr(home, kind), "_baseclass", getattr(home, kind)) if kind else home
        act(target, name)
        found, names = vars(home).get(kind), vars(target)
        _places[id(home), path, how] = _Place(vars(home), kind, found, names, name, names.get(name), again)

    again()


def keep() -> None:
    """Put back what others have put in the place of a class or of a function since it was replaced."""
    for home, kind, found, names, name, ours, again in tuple(_places.values()):
        if names.get(name) is not ours or home.get(kind) is not found:
            again()


def _wrap(target: Any, name: str, make: _Make) -> None:
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
