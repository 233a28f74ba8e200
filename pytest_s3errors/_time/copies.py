"""Replace a function wherever others keep it by a name of their own.

The garbage collector tells who refers to it: the names of a module (`from time import sleep`), an attribute of an
object or a class, a default, a variable of a closure such as a decorator's, a static method, a partial. A list, a cache
or a local variable of a generator keeps what it has.
"""

from __future__ import annotations

import contextlib
import functools
import gc
from collections.abc import Iterator
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from pytest_s3errors.system_clock import kept

from .outsiders import REAL_TIME

Swaps = dict[int, tuple[Any, Any]]
"""By the identity of the old function, the old and the new."""


def replace_copies(swaps: Swaps) -> None:
    """Put each new function in the place of its old one.

    Modules that wait for other processes, and test tools, keep what they have.
    """
    holders = gc.get_referrers(*(old for old, _ in swaps.values()))
    for holder in holders:
        if isinstance(holder, dict):
            _in_dict(holder, swaps)
        elif isinstance(holder, functools.partial):
            func = _new(holder.func, swaps) or holder.func
            holder.__setstate__((func, holder.args, holder.keywords, vars(holder)))  # type: ignore[attr-defined]
        elif not isinstance(holder, _BUILT_IN):
            _in_attributes(holder, swaps)
    wrapped = [holder for holder in holders if isinstance(holder, (tuple, CellType, staticmethod))]
    users = gc.get_referrers(*wrapped) if wrapped else []
    statics = {id(x): (x, staticmethod(_new(x.__func__, swaps))) for x in wrapped if isinstance(x, staticmethod)}
    for user in users:
        if isinstance(user, dict):
            _in_dict(user, statics)
        elif isinstance(user, FunctionType) and _follows(user.__module__):
            user.__defaults__ = user.__defaults__ and tuple(_new(x, swaps) or x for x in user.__defaults__)
    closures = [user for user in users if isinstance(user, tuple)]
    for user in gc.get_referrers(*closures) if closures else ():
        if isinstance(user, FunctionType) and _follows(user.__globals__.get("__name__")):
            _in_closure(user, swaps)


def _new(value: Any, swaps: Swaps) -> Any:
    found = swaps.get(id(value))
    return found[1] if found is not None else None


def _in_dict(holder: dict[Any, Any], swaps: Swaps) -> None:
    name = holder.get("__name__", holder.get("__module__"))
    if holder is kept or not _follows(name) or name in {"time", "_thread", "_queue", "threading", "queue"}:
        return  # the table names what changes at home
    for key, value in tuple(holder.items()):
        new = _new(value, swaps)
        if new is None or key == "__wrapped__":
            continue
        classes = (
            [owner for owner in gc.get_referrers(holder) if isinstance(owner, type)] if "__module__" in holder else []
        )
        for owner in classes:  # a class remembers what it looked up, and forgets by this way only
            type.__setattr__(owner, key, new)
        if not classes:
            holder[key] = new


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
