"""Replace a function wherever other code holds a reference to it.

The garbage collector finds the holders: the names of a module (`from time import sleep`), an attribute of an object or
a class, a default argument, a closure variable such as a decorator's, a static method, a partial, a list, and a tuple
that one of these holds. References in a cache, a context variable or a local variable of a generator are not replaced.
"""

from __future__ import annotations

import contextlib
import functools
import gc
from collections import defaultdict
from collections.abc import Iterator
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from pytest_s3errors.system_clock import kept

from .outsiders import REAL_TIME

_OWN_ROWS = frozenset({"time", "_thread", "_queue", "threading", "queue", "select", "selectors"})
"""Modules whose names `dispatch` replaces itself, or instead of which it replaces a method."""
Swaps = dict[int, tuple[Any, Any]]
"""Maps the id of each old function to a pair: the old and the new function."""


def replace_copies(swaps: Swaps) -> None:
    """Put each new function in place of the old one.

    Modules that wait for other processes, and test tools, keep the old function.
    """
    holders = gc.get_referrers(*(old for old, _ in swaps.values()))
    for holder in holders:
        _in_holder(holder, swaps)
    wrapped = [holder for holder in holders if isinstance(holder, (tuple, CellType, staticmethod))]
    users = gc.get_referrers(*wrapped) if wrapped else []
    rebuilt = {id(x): (x, _rebuilt(x, swaps)) for x in wrapped if not isinstance(x, CellType)}
    for user in users:
        if isinstance(user, FunctionType) and _follows(user.__module__):
            user.__defaults__ = _new(user.__defaults__, rebuilt) or user.__defaults__
        elif user is not swaps:
            _in_holder(user, rebuilt)
    closures = [user for user in users if isinstance(user, tuple)]
    for user in gc.get_referrers(*closures) if closures else ():
        if isinstance(user, FunctionType) and _follows(user.__globals__.get("__name__")):
            _in_closure(user, swaps)


def _rebuilt(wrapped: Any, swaps: Swaps) -> Any:
    if isinstance(wrapped, staticmethod):
        return staticmethod(_new(wrapped.__func__, swaps))
    return tuple.__new__(type(wrapped), [_new(value, swaps) or value for value in wrapped])


def _in_holder(holder: Any, swaps: Swaps) -> None:
    if isinstance(holder, dict):
        _in_dict(holder, swaps)
    elif isinstance(holder, list):
        holder[:] = [_new(value, swaps) or value for value in holder]
    elif isinstance(holder, functools.partial):
        func, args = _new(holder.func, swaps) or holder.func, _new(holder.args, swaps) or holder.args
        holder.__setstate__((func, args, holder.keywords, vars(holder)))  # type: ignore[attr-defined]
    elif not isinstance(holder, _BUILT_IN):
        _in_attributes(holder, swaps)


def _new(value: Any, swaps: Swaps) -> Any:
    found = swaps.get(id(value))
    return found[1] if found is not None else None


def _in_dict(holder: dict[Any, Any], swaps: Swaps) -> None:
    name = holder.get("__name__", holder.get("__module__"))
    if holder is kept or not _follows(name) or name in _OWN_ROWS:
        return
    for key, value in tuple(holder.items()):
        new = _new(value, swaps)
        if new is None or key == "__wrapped__":
            continue
        classes = (
            [owner for owner in gc.get_referrers(holder) if isinstance(owner, type)] if "__module__" in holder else []
        )
        for owner in classes:  # setting the attribute clears the class's lookup cache; changing the dict does not
            type.__setattr__(owner, key, new)
        if not classes:
            holder[key] = new
    if isinstance(holder, defaultdict):
        holder.default_factory = _new(holder.default_factory, swaps) or holder.default_factory


def _in_attributes(holder: Any, swaps: Swaps) -> None:
    if not _follows(type(holder).__module__):
        return
    for key, value in tuple(getattr(holder, "__dict__", {}).items()):
        new = _new(value, swaps)
        if new is not None:
            object.__setattr__(holder, key, new)
    for slot in _slots(type(holder)):
        with contextlib.suppress(AttributeError):  # it is empty
            new = _new(slot.__get__(holder), swaps)
            if new is not None:
                slot.__set__(holder, new)


def _slots(kind: type) -> Iterator[MemberDescriptorType]:
    for base in kind.__mro__:
        if "__slots__" in vars(base):
            yield from (slot for slot in vars(base).values() if isinstance(slot, MemberDescriptorType))


def _in_closure(function: FunctionType, swaps: Swaps) -> None:
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # it is empty
            new = _new(cell.cell_contents, swaps)
            if new is not None:
                cell.cell_contents = new


def _follows(module: object) -> bool:
    return str(module).partition(".")[0] not in _OWN_TIME


_BUILT_IN = (tuple, list, set, frozenset, type, ModuleType, FunctionType, CellType, staticmethod)
_OWN_TIME = REAL_TIME | {"_pytest", "freezegun", "pytest_s3errors", "time_machine", "_time_machine"}
