"""The journal of a test that asks a hundred thousand times: what is over takes few bytes, and is made when asked for.

Most requests of a long test are like an earlier one: the same operation, the same names of headers, the same rule and
outcome. So the first of a kind is kept as it came, and of each later one the numbers (times, sizes, counts) and what
differs from the first: the key, a digest, an id. The latest requests stay as they are, since they may not be over.
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

_LOOSE = 256  # Requests that stay as they are before some are packed: a usual test never gets there.
_LATEST = 64  # Of these stay so in any case; what a layer still has in hand is among them.
_NUMBERS = Struct("<ddQQqqqII")
_SECRET_VALUES = frozenset(
    {"awsaccesskeyid", "signature", "x-amz-credential", "x-amz-security-token", "x-amz-signature"}
)
_FIRST = 3  # Key, and two pieces of the URL.
_SIGNATURE = re.compile(r"(?<=Signature=).*|(?<=:).*")

Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What many requests have in common; `values` are those of the first one, by place."""

    call: Call
    values: Values
    firing: Firing | None
    slowing: Firing | None
    status: int | None
    error_code: str | None


class _Packed(NamedTuple):
    """One request: the places at which it differs from the first of its *kind* (JSON), and its numbers."""

    kind: _Kind
    differences: str
    numbers: bytes


class Journal:
    """The requests of one test, in order of arrival."""

    def __init__(self) -> None:
        self._lines: list[Entry | _Packed] = []
        self._loose: list[int] = []  # Positions of those that are not packed.
        self._kinds: dict[Hashable, _Kind] = {}
        self._said = ""  # Differences such as the second of the day are those of many requests in a row.

    def __len__(self) -> int:
        """How many requests came."""
        return len(self._lines)

    def append(self, entry: Entry) -> None:
        """Add a request that has begun."""
        self._loose.append(len(self._lines))
        self._lines.append(entry)
        if len(self._loose) >= _LOOSE:
            self._pack()

    def entries(self) -> list[Entry]:
        """Return every request; those that were packed without the signatures that they came with."""
        return [line if isinstance(line, Entry) else _unpacked(line) for line in self._lines]

    def _pack(self) -> None:
        open_ones = []
        for position in self._loose[:-_LATEST]:
            entry = self._lines[position]
            assert isinstance(entry, Entry)  # It is loose.
            if entry.ended_s is None or entry.ended is None:
                open_ones.append(position)
            else:
                self._lines[position] = self._packed(entry, entry.ended_s, entry.ended)
        # Where clients hang, the open ones are many: to look at all of them again each time would take ever longer.
        waiting = open_ones if len(open_ones) <= _LOOSE // 2 else []
        self._loose = waiting + self._loose[-_LATEST:]

    def _packed(self, entry: Entry, ended_s: float, ended: int) -> _Packed:
        call, firing, slowing = entry.call, entry.firing, entry.slowing
        common = (
            (call.method, call.operation, call.bucket, call.endpoint, call.sized),
            (tuple(call.query), tuple(call.headers)),
            (entry.status, entry.error_code),
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
    entry.status, entry.error_code = kind.status, kind.error_code
    entry.body_size, entry.answer_size, entry.answer_whole = body_size, sent, whole
    return entry


def _differences(values: Values, first: Values) -> str:
    if values == first:
        return ""
    pairs = enumerate(zip(values, first, strict=True))
    return json.dumps({place: value for place, (value, other) in pairs if value != other}, separators=(",", ":"))


def _values(call: Call) -> Values:
    """Return what can differ between requests of one kind, in an order that `_with_values` knows.

    The URL is cut where the key is in it, so that a new key is kept once.
    """
    url, key, query, headers = redact_url(call.url), call.key, call.query, call.headers
    before, found, after = url.rpartition(key) if key else (url, "", "")
    values = [key, *((before, after) if found else (url, None)), *query.values(), *headers.values()]
    for place, name in _secrets(tuple(query), tuple(headers)):
        values[place] = _SIGNATURE.sub(HIDDEN, values[place] or "", count=1) if name == "authorization" else HIDDEN
    return tuple(values)


@functools.lru_cache(256)
def _secrets(query: tuple[str, ...], headers: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """Return where in the values of `_values` secrets are, and the names that they go by."""
    names = (*("" for _ in range(_FIRST)), *(name.lower() for name in query), *headers)
    signed = len(names) - len(headers)  # of the query, "authorization" is no secret
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
