"""The signatures inside an aws-chunked body: each chunk's is built on the one before, the trailers' on the last.

Source: S3 API Reference, signature calculations for chunked uploads, with and without trailing headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

from pytest_s3errors._core.body import Body, hashed

from .canonical import ALGORITHM, sign

SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILERS = f"{SIGNED_CHUNKS}-TRAILER"
TRAILER_SIGNATURE = "x-amz-trailer-signature"
_EMPTY_SHA256 = sha256(b"").hexdigest()


class ChunkSignatureError(Exception):
    """A chunk's signature, or the trailers', is not the one that its bytes and the key give."""

    def __init__(self, access_key: str, provided: str, string_to_sign: str) -> None:
        super().__init__("a chunk's signature does not match")
        self.access_key = access_key
        self.provided = provided
        self.string_to_sign = string_to_sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What signs the chunks of one request: key, time, scope, and its own signature, on which the first builds."""

    access_key: str
    key: bytes = field(repr=False)
    timestamp: str
    scope: str
    signature: str = field(repr=False)
    trailers: bool

    def open(self) -> Chain:
        """A check of one body from its first chunk on."""
        return Chain(self)


class Chain:
    """Checks the signatures of one body, in order."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._previous = seal.signature

    def check_chunk(self, chunk: Body, signature: str) -> None:
        """Take the next chunk, the last and empty one too.

        Raises:
            ChunkSignatureError: *signature* is not the one of this chunk in this place.
        """
        self._check("PAYLOAD", f"{_EMPTY_SHA256}\n{hashed(sha256(), chunk).hexdigest()}", signature)

    def check_trailers(self, trailers: Mapping[str, str], signature: str) -> None:
        """Take the trailers, after the last chunk; nothing is checked where the request signs none.

        Raises:
            ChunkSignatureError: *signature* is not theirs.
        """
        if self._seal.trailers:
            lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
            self._check("TRAILER", sha256(lines.encode("utf-8", "surrogateescape")).hexdigest(), signature)

    def _check(self, kind: str, digests: str, signature: str) -> None:
        seal = self._seal
        text = f"{ALGORITHM}-{kind}\n{seal.timestamp}\n{seal.scope}\n{self._previous}\n{digests}"
        self._previous = sign(seal.key, text)
        if not (signature.isascii() and compare_digest(self._previous, signature)):
            raise ChunkSignatureError(seal.access_key, signature, text)
