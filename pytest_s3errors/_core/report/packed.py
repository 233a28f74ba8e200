"""A journal for tests with hundreds of thousands of requests: finished entries are packed and rebuilt on demand.

Most requests of a long test are like an earlier one: the same operation, the same header names, the same rule and
outcome. So the journal keeps the first request of a kind as it is. Of each later one it keeps the numbers (times,
sizes, counts) and the differences from the first: the key, a digest, an id. The latest requests stay unpacked, since
they may not be finished.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from s3_asyncio_client._core.redact import HIDDEN, redact_url

from .journal import Entry

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.schedule import Firing
    from pytest_s3errors._core.s3.messages import Call

_LOOSE = 256  # The number of unpacked requests that starts the packing. A usual test never gets there.
_LATEST = 64  # The number of requests that always stay unpacked. Those that a layer still works on are among them.
_NUMBERS = Struct("<ddQQqqqII")
_SECRET_VALUES = frozenset(
    {"awsaccesskeyid", "signature", "x-amz-credential", "x-amz-security-token", "x-amz-signature"}
)
_FIRST = 3  # Key, and two pieces of the URL.
_SIGNATURE = re.compile(r"(?<=Signature=).*|(?<=:).*")

Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What many requests have in common. `values` are those of the first one, by place."""

    call: Call
    values: Values
    firing: Firing | None
    slowing: Firing | None
    status: int | None
    error_code: str | None
    heard: bool


class _Packed(NamedTuple):
    """One request: the places where it differs from the first of its *kind* (JSON), and its numbers."""

    kind: _Kind
    differences: str
    numbers: bytes


class Journal:
    """The requests of one test, in order of arrival."""

    def __init__(self) -> None:
        self._lines: list[Entry | _Packed] = []
        self._loose: list[int] = []  # Positions of unpacked requests.
        self._kinds: dict[Hashable, _Kind] = {}
        self._said = ""  # Many requests in a row share a difference such as the current second.

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
        """Return every request. Packed ones come without their signatures."""
        return [line if isinstance(line, Entry) else _unpacked(line) for line in self._lines]

    def _pack(self) -> None:
        open_ones = []
        for position in self._loose[:-_LATEST]:
            entry = self._lines[position]
            assert isinstance(entry, Entry)  # It is not packed.
            if entry.ended_s is None or entry.ended is None:
                open_ones.append(position)
            else:
                self._lines[position] = self._packed(entry, entry.ended_s, entry.ended)
        # If clients hang, many requests are open. To check all of them each time would take ever longer.
        waiting = open_ones if len(open_ones) <= _LOOSE // 2 else []
        self._loose = waiting + self._loose[-_LATEST:]

    def _packed(self, entry: Entry, ended_s: float, ended: int) -> _Packed:
        call, firing, slowing = entry.call, entry.firing, entry.slowing
        common = (
            (call.method, call.operation, call.bucket, call.endpoint, call.sized),
            (tuple(call.query), tuple(call.headers)),
            (entry.status, entry.error_code, entry.heard),
            (firing and (id(firing.rule), id(firing.fault)), slowing and id(slowing.rule)),
        )
        values = _values(call)
        kind = self._kinds.get(common)
        if kind is None:
            kind = self._kinds[common] = _Kind(
                call=_with_values(call, values),
                values=values,
                firing=firing,
                slowing=slowing,
                status=entry.status,
                error_code=entry.error_code,
                heard=entry.heard,
            )
        numbers = _NUMBERS.pack(
            *(entry.started_s, ended_s, entry.begun, ended, entry.body_size, entry.answer_size, entry.answer_whole),
            *(firing.number if firing else 0, slowing.number if slowing else 0),
        )
        differences = _differences(values, kind.values)
        if differences != self._said:
            self._said = differences
        return _Packed(kind, self._said, numbers)


def _unpacked(packed: _Packed) -> Entry:
    kind = packed.kind
    started_s, ended_s, begun, ended, body_size, sent, whole, number, slow_number = _NUMBERS.unpack(packed.numbers)
    call = kind.call
    if packed.differences:
        different = {int(place): value for place, value in json.loads(packed.differences).items()}
        call = _with_values(call, tuple(different.get(place, value) for place, value in enumerate(kind.values)))
    entry = Entry(call, kind.firing and kind.firing._replace(number=number), started_s)
    entry.slowing = kind.slowing and kind.slowing._replace(number=slow_number)
    entry.ended_s, entry.begun, entry.ended = ended_s, begun, ended
    entry.status, entry.error_code, entry.heard = kind.status, kind.error_code, kind.heard
    entry.body_size, entry.answer_size, entry.answer_whole = body_size, sent, whole
    return entry


def _differences(values: Values, first: Values) -> str:
    if values == first:
        return ""
    pairs = enumerate(zip(values, first, strict=True))
    return json.dumps({place: value for place, (value, other) in pairs if value != other}, separators=(",", ":"))


def _values(call: Call) -> Values:
    """Return the values that can differ between requests of one kind, in the order of `_with_values`.

    The URL is split around the key, so that a new key is stored once.
    """
    url, key, query, headers = redact_url(call.url), call.key, call.query, call.headers
    before, found, after = url.rpartition(key) if key else (url, "", "")
    values = [key, *((before, after) if found else (url, None)), *query.values(), *headers.values()]
    for place, name in _secrets(tuple(query), tuple(headers)):
        values[place] = _SIGNATURE.sub(HIDDEN, values[place] or "", count=1) if name == "authorization" else HIDDEN
    return tuple(values)


@functools.lru_cache(256)
def _secrets(query: tuple[str, ...], headers: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Return the places of secrets in the result of `_values`, and their names."""
    names = (*("" for _ in range(_FIRST)), *(name.lower() for name in query), *headers)
    signed = len(names) - len(headers)  # in the query, "authorization" is not a secret
    return tuple(
        (place, name)
        for place, name in enumerate(names)
        if name in _SECRET_VALUES or (name == "authorization" and place >= signed)
    )


def _with_values(call: Call, values: Values) -> Call:
    key, before, after, *others = values
    in_query = len(call.query)
    url = f"{before}{key}{after}" if after is not None else before
    return replace(
        call,
        key=key,
        url=url or "",
        query=dict(zip(call.query, map(str, others[:in_query]), strict=True)),
        headers=dict(zip(call.headers, map(str, others[in_query:]), strict=True)),
    )
