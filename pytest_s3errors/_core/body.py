"""Bodies: plain bytes or, if those would not fit into memory, a `LongBody` that makes or reads them on demand.

Both have a length, slices and equality, and `bytes(body)` gives the whole. Code that iterates over a body uses
`pieces`. A slice of a `LongBody` is a view, so a range, a chunk or a truncated body costs nothing.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import shake_256
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias

if TYPE_CHECKING:
    from _hashlib import HASH

PIECE_BYTES = 1024 * 1024
"""The bytes of a long body that are in memory at a time."""

SPOOLED_BYTES = 8 * 1024 * 1024
"""Bodies from this size on, that of boto3's parts, are not kept in memory unless the test put them there."""


class Source(Protocol):
    """Where the bytes of a long body come from."""

    def read(self, start: int, end: int) -> bytes:
        """The bytes from *start* to *end*, both within the source."""


class Sink(Protocol):
    """Receive a body as it arrives."""

    def write(self, data: bytes | bytearray) -> None:
        """Add the bytes that arrived."""

    def finish(self) -> LongBody:
        """Return everything that arrived, as a body."""


class LongBody:
    """Bytes that are not in memory; immutable. Equal to any body with the same bytes."""

    __slots__ = ("_end", "_source", "_start")
    __hash__ = None  # type: ignore[assignment]  # equal to bytes, whose hash would need them all

    def __init__(self, source: Source, start: int, end: int) -> None:
        self._source = source
        self._start = start
        self._end = end

    def __len__(self) -> int:
        """Bytes in all."""
        return self._end - self._start

    def __getitem__(self, where: slice) -> LongBody:
        """Return a view. As with bytes, a slice may reach beyond the end."""
        start, end, step = where.indices(len(self))
        if step != 1:
            raise ValueError("a long body has no slices with a step; take bytes(body) first")
        return LongBody(self._source, self._start + start, self._start + max(start, end))

    def __bytes__(self) -> bytes:
        """Return the whole body, in memory."""
        return self._source.read(self._start, self._end)

    def __eq__(self, other: object) -> bool:
        """Return whether *other* is a body with the same bytes."""
        if not isinstance(other, bytes | LongBody):
            return NotImplemented
        return len(self) == len(other) and all(map(bytes.__eq__, pieces(self), pieces(other)))

    def __repr__(self) -> str:
        """Return its size and its first bytes, for failed comparisons."""
        return f"<body of {len(self)} bytes, {bytes(self[:16])!r}...>"


Body: TypeAlias = bytes | LongBody


def pieces(body: Body, size: int = PIECE_BYTES) -> Iterable[bytes]:
    """Return *body* in pieces of *size* bytes; the last one may be shorter. An empty body has none."""
    if len(body) <= size:
        return (bytes(body),) if body else ()
    return (bytes(body[start : start + size]) for start in range(0, len(body), size))


def hashed(digest: HASH, body: Body) -> HASH:
    """Return *digest* updated with *body*."""
    if isinstance(body, bytes):
        digest.update(body)
        return digest
    for piece in pieces(body):
        digest.update(piece)
    return digest


def join(bodies: Sequence[Body]) -> Body:
    """Return the concatenation of *bodies*."""
    if any(isinstance(body, LongBody) for body in bodies) or sum(map(len, bodies)) >= SPOOLED_BYTES:
        joined = _Joined(tuple(body for body in bodies if body))
        return LongBody(joined, 0, joined.ends[-1] if joined.ends else 0)
    return b"".join(map(bytes, bodies))


def pattern(size: int, seed: int) -> Body:
    """Return *size* bytes that look random and depend only on *seed*. A shorter body is a prefix of a longer one."""
    body = LongBody(_Pattern(seed), 0, size)
    return body if size >= SPOOLED_BYTES else bytes(body)


def opened(body: Body) -> BinaryIO:
    """Return *body* as a binary file for reading."""
    return io.BytesIO(body) if isinstance(body, bytes) else io.BufferedReader(_Reading(body), PIECE_BYTES)


class _Reading(io.RawIOBase):
    """A long body as a file."""

    def __init__(self, body: LongBody) -> None:
        self._body = body
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = bytes(self._body[self._at : self._at + len(view)])
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._body)}[whence])
        return self._at


def flipped(body: Body) -> Body:
    """Return *body* with every bit inverted."""
    return LongBody(_Flipped(body), 0, len(body)) if isinstance(body, LongBody) else body.translate(_FLIP)


_FLIP = bytes(range(255, -1, -1))


@dataclass(frozen=True)
class _Joined:
    """Bodies one after another."""

    bodies: tuple[Body, ...]
    ends: list[int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ends", list(accumulate(map(len, self.bodies))))

    def read(self, start: int, end: int) -> bytes:
        found = []
        at = bisect_right(self.ends, start)
        while start < end:
            first = self.ends[at] - len(self.bodies[at])
            found.append(bytes(self.bodies[at][start - first : end - first]))
            start = self.ends[at]
            at += 1
        return b"".join(found)


@dataclass(frozen=True)
class _Pattern:
    """Blocks of the same bytes, each with its number in front, so that no two blocks are equal."""

    seed: int

    @cached_property
    def _block(self) -> bytes:
        return shake_256(b"%d" % self.seed).digest(_BLOCK_BYTES - _NUMBER_BYTES)

    def read(self, start: int, end: int) -> bytes:
        first, last = start // _BLOCK_BYTES, -(-end // _BLOCK_BYTES)
        blocks = b"".join(part for n in range(first, last) for part in (n.to_bytes(_NUMBER_BYTES), self._block))
        return blocks[start - first * _BLOCK_BYTES : end - first * _BLOCK_BYTES]

    def __reduce__(self) -> tuple[type[_Pattern], tuple[int]]:
        return _Pattern, (self.seed,)


_BLOCK_BYTES = 64 * 1024
_NUMBER_BYTES = 8


@dataclass(frozen=True)
class _Flipped:
    """Another body with every bit inverted."""

    body: LongBody

    def read(self, start: int, end: int) -> bytes:
        return bytes(self.body[start:end]).translate(_FLIP)
