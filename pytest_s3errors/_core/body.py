"""Bodies: plain bytes, or, where those would be too many to hold, a `LongBody` that makes or reads them when asked.

Both have a length, slices and equality, and `bytes(body)` is all of it; what walks over a body uses `pieces`. A slice
of a `LongBody` is a view, so that a range, a chunk or a body cut short costs nothing.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import shake_256
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias

if TYPE_CHECKING:
    from _hashlib import HASH

__all__ = [
    "PIECE_BYTES",
    "SPOOLED_BYTES",
    "Body",
    "LongBody",
    "Sink",
    "Source",
    "flipped",
    "hashed",
    "join",
    "opened",
    "pattern",
    "pieces",
]

PIECE_BYTES = 1024 * 1024
"""So much of a long body is in memory at a time."""

SPOOLED_BYTES = 8 * 1024 * 1024
"""A body of this size, which is that of boto3's parts, or more is not held in memory, unless the test put it there."""


class Source(Protocol):
    """Where the bytes of a long body come from."""

    def read(self, start: int, end: int) -> bytes:
        """The bytes from *start* to *end*, both within the source."""


class Sink(Protocol):
    """Takes a body that is arriving."""

    def write(self, data: bytes | bytearray) -> None:
        """Take what came."""

    def finish(self) -> LongBody:
        """All that came, as a body."""


class LongBody:
    """Bytes that are not in memory; does not change. Equal to whatever has the same bytes."""

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
        """A view; like bytes, a slice without a step takes what there is."""
        start, end, step = where.indices(len(self))
        if step != 1:
            raise ValueError("a long body has no slices with a step; take bytes(body) first")
        return LongBody(self._source, self._start + start, self._start + max(start, end))

    def __bytes__(self) -> bytes:
        """All of it, in memory."""
        return self._source.read(self._start, self._end)

    def __eq__(self, other: object) -> bool:
        """Whether *other* is a body with the same bytes."""
        if not isinstance(other, bytes | LongBody):
            return NotImplemented
        return len(self) == len(other) and all(map(bytes.__eq__, pieces(self), pieces(other)))

    def __repr__(self) -> str:
        """Its size and how it begins: a failed comparison shows it."""
        return f"<body of {len(self)} bytes, {bytes(self[:16])!r}...>"


Body: TypeAlias = bytes | LongBody


def pieces(body: Body, size: int = PIECE_BYTES) -> Iterator[bytes]:
    """*body* in pieces of *size* bytes, the last one shorter; nothing for an empty one."""
    if len(body) <= size:
        if body:
            yield bytes(body)
        return
    for start in range(0, len(body), size):
        yield bytes(body[start : start + size])


def hashed(digest: HASH, body: Body) -> HASH:
    """Return *digest* after it has taken in *body*."""
    if isinstance(body, bytes):
        digest.update(body)
        return digest
    for piece in pieces(body):
        digest.update(piece)
    return digest


def join(bodies: Sequence[Body]) -> Body:
    """One body of *bodies*, in order."""
    if any(isinstance(body, LongBody) for body in bodies) or sum(map(len, bodies)) >= SPOOLED_BYTES:
        joined = _Joined(tuple(body for body in bodies if body))
        return LongBody(joined, 0, joined.ends[-1] if joined.ends else 0)
    return b"".join(map(bytes, bodies))


def pattern(size: int, seed: int) -> Body:
    """*size* bytes that look random and are the same for the same *seed*; a shorter one begins a longer one."""
    body = LongBody(_Pattern(seed), 0, size)
    return body if size >= SPOOLED_BYTES else bytes(body)


def opened(body: Body) -> BinaryIO:
    """Return a binary file of *body*, for reading."""
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
    """*body* with every bit turned."""
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
    """Blocks of the same bytes, but for the block's number in front of each: no two places are alike."""

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
    """Another body with every bit turned."""

    body: LongBody

    def read(self, start: int, end: int) -> bytes:
        return bytes(self.body[start:end]).translate(_FLIP)
