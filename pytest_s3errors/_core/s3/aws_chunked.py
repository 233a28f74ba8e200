"""The aws-chunked framing of request bodies: chunks with their sizes and signatures, then trailers.

Source: S3 API Reference, signature calculations for chunked uploads, with and without trailing headers. The
grammar, where `;chunk-signature=...` and all trailers are optional:

    *( hex-size [";chunk-signature=" hex] CRLF bytes CRLF ) "0" [";chunk-signature=" hex] CRLF *( name ":" value CRLF ) CRLF
"""  # noqa: E501 - one rule of the grammar, on one line

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_s3errors._core.body import Body, join
from pytest_s3errors._core.s3.auth.streaming import TRAILER_SIGNATURE

from .messages import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_s3errors._core.s3.auth.streaming import Chain

MIN_CHUNK_BYTES = 8192
_MAX_HEAD_BYTES = 1024
_MAX_TRAILER_BYTES = 64 * 1024
_HEAD = re.compile(rb"([0-9a-fA-F]{1,16})(?:;(?:chunk-signature=)?([^\r\n]*))?\r\n")
_TRAILER = re.compile(rb"([!-9;-~]+):[ \t]*([^\r\n]*?)[ \t]*(?:\r\n|\n)")


class FramingError(Exception):
    """The body is not valid aws-chunked. The message says where it breaks."""


class TrailerError(Exception):
    """The bytes after the last chunk are not a list of trailers."""


class ChunkTooSmallError(Exception):
    """A chunk other than the last has less than 8192 bytes. `chunk` counts from 1, `size` is in bytes."""

    def __init__(self, chunk: int, size: int) -> None:
        super().__init__(f"chunk {chunk} has {size} bytes")
        self.chunk = chunk
        self.size = size


FRAMING_ERRORS = (FramingError, TrailerError, ChunkTooSmallError)
STREAMING = "STREAMING-"


def is_framed(headers: Mapping[str, str]) -> bool:
    """Return whether a body with these headers (lower-case names) has aws-chunked framing."""
    if headers.get("x-amz-content-sha256", "").startswith(STREAMING):
        return True
    # The name of the framing without the decoded length does not mean that the body has it.
    return "x-amz-decoded-content-length" in headers and "aws-chunked" in headers.get("content-encoding", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unframed:
    """The bytes that were sent in chunks. `trailers` has lower-case names."""

    body: Body
    trailers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


def unframe(framed: Body, seals: Chain | None = None) -> Unframed:
    """Remove aws-chunked framing. With *seals*, check the signatures in it.

    Raises:
        ChunkSignatureError: A signature is wrong; only with *seals*.
        FramingError: A chunk has no size, or ends early.
        ChunkTooSmallError: A chunk before the last is below 8192 bytes.
        TrailerError: Something other than trailers follows the last chunk.
    """
    chunks: list[Body] = []
    at = 0
    while True:
        head = _HEAD.match(bytes(framed[at : at + _MAX_HEAD_BYTES]))
        if head is None:
            raise FramingError(f"no chunk size at byte {at}")
        size, at = int(head[1], 16), at + head.end()
        signature = (head[2] or b"").decode("latin-1")
        if size == 0:
            trailers = _trailers(bytes(framed[at : at + _MAX_TRAILER_BYTES]))
            if seals is not None:
                seals.check_chunk(b"", signature)
                sealed = trailers.pop(TRAILER_SIGNATURE, "")
                seals.check_trailers(trailers, sealed)
            return Unframed(body=join(chunks), trailers=trailers)
        if chunks and len(chunks[-1]) < MIN_CHUNK_BYTES:
            raise ChunkTooSmallError(len(chunks), len(chunks[-1]))
        chunk = framed[at : at + size]
        at += size + 2
        if len(chunk) < size or bytes(framed[at - 2 : at]) != b"\r\n":
            raise FramingError(f"chunk {len(chunks) + 1} of {size} bytes does not end where it should")
        if seals is not None:
            seals.check_chunk(chunk, signature)
        chunks.append(chunk)


def _trailers(text: bytes) -> dict[str, str]:
    trailers: dict[str, str] = {}
    at = 0
    while (line := _TRAILER.match(text, at)) is not None:
        trailers[line[1].decode().lower()] = line[2].decode("utf-8", "surrogateescape")
        at = line.end()
    # Some clients omit the empty line after the trailers. S3 accepts that.
    if text[at:] not in {b"\r\n", b""}:
        raise TrailerError
    return trailers
