"""A journal for tests with hundreds of thousands of requests: finished entries are packed and rebuilt on demand.

Most requests of a long test are like an earlier one: the same operation, the same header names, the same rule and
outcome. So many of them together compress well. The latest requests stay unpacked, since they may not be finished.
"""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Iterator
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from pytest_s3errors._core.rules.faults import Fault
from pytest_s3errors._core.rules.schedule import ArmedRule, Firing
from pytest_s3errors._core.s3.messages import Call

from .journal import Entry

_LOOSE = 512  # The number of unpacked requests that starts the packing. A usual test never gets there.
_LATEST = 64  # The number of requests that always stay unpacked. Those that a layer still works on are among them.

# A row of plain values is packed four times as fast as the objects.
_OWN = [name for name in Entry.__slots__ if name != "call"]
_row = attrgetter(*_OWN, *(f"call.{name}" for name in Call.__slots__))


class Journal:
    """The requests of one test, in order of arrival."""

    def __init__(self) -> None:
        # Requests that were packed together have the same bytes in their places.
        self._lines: list[Entry | bytes] = []
        self._loose: list[int] = []  # Positions of unpacked requests.
        self._kept: dict[int, object] = {}  # Rules and faults, which come back as the same objects.

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self._lines)

    def append(self, entry: Entry) -> None:
        """Add a request that has begun."""
        self._loose.append(len(self._lines))
        self._lines.append(entry)
        if len(self._loose) >= _LOOSE:
            self._pack()

    def entries(self) -> list[Entry]:
        """Return every request."""
        unpacked: dict[int, Iterator[Entry]] = {}
        found = []
        for line in self._lines:
            if isinstance(line, Entry):
                found.append(line)
                continue
            if id(line) not in unpacked:
                unpacked[id(line)] = map(_entry, _Unpickler(zlib.decompress(line), self._kept).load())
            found.append(next(unpacked[id(line)]))
        return found

    def _pack(self) -> None:
        over: list[int] = []
        waiting: list[int] = []
        for position in self._loose[:-_LATEST]:
            entry = self._lines[position]
            assert isinstance(entry, Entry)  # It is not packed.
            (waiting if entry.ended_s is None or entry.ended is None else over).append(position)
        try:
            packed = self._packed([self._lines[position] for position in over])
        except (pickle.PicklingError, AttributeError, TypeError):
            over = []  # A header is of a type that pickle can't find, such as an enumeration of the test's body.
        for position in over:
            self._lines[position] = packed
        # If clients hang, many requests are open. To check all of them each time would take ever longer.
        self._loose = (waiting if len(waiting) <= _LOOSE // 2 else []) + self._loose[-_LATEST:]

    def _packed(self, entries: list[Any]) -> bytes:
        out = io.BytesIO()
        pickler = pickle.Pickler(out, pickle.HIGHEST_PROTOCOL)
        # Not `persistent_id`, which would be called for every string.
        pickler.dispatch_table = {
            ArmedRule: self._keep,
            Fault: self._keep,
            Firing: lambda firing: (Firing, tuple(firing)),
            MappingProxyType: lambda mapping: (dict, (dict(mapping),)),
        }
        pickler.dump([_row(entry) for entry in entries])
        return zlib.compress(out.getbuffer(), 1)

    def _keep(self, value: object) -> tuple[Any, tuple[int]]:
        self._kept[id(value)] = value
        return _kept, (id(value),)


def _entry(row: tuple[object, ...]) -> Entry:
    entry, call = Entry.__new__(Entry), Call.__new__(Call)
    for made, names, values in ((entry, _OWN, row), (call, Call.__slots__, row[len(_OWN) :])):
        for name, value in zip(names, values, strict=False):
            setattr(made, name, value)
    entry.call = call
    return entry


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, kept: dict[int, object]) -> None:
        super().__init__(io.BytesIO(data))
        self._kept = kept

    def find_class(self, module: str, name: str) -> Any:
        return self._kept.__getitem__ if name == _kept.__name__ else super().find_class(module, name)


def _kept(key: int) -> object:
    """Stand for `Journal._kept` in a pickle."""
    raise NotImplementedError
