"""The signatures inside an aws-chunked body. Each one depends on the previous; the trailers' depends on the last.

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
    """The signature of a chunk or of the trailers does not match its bytes and the key."""

    def __init__(self, access_key: str, provided: str, string_to_sign: str) -> None:
        super().__init__("a chunk's signature does not match")
        self.access_key = access_key
        self.provided = provided
        self.string_to_sign = string_to_sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The input for the chunk signatures of one request: key, time, scope, and the request's own signature."""

    access_key: str
    key: bytes = field(repr=False)
    timestamp: str
    scope: str
    signature: str = field(repr=False)
    trailers: bool

    def open(self) -> Chain:
        """Return a check of one body, from its first chunk on."""
        return Chain(self)


class Chain:
    """Check the signatures of one body, in order."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._previous = seal.signature

    def check_chunk(self, chunk: Body, signature: str) -> None:
        """Check the next chunk, including the last, empty one.

        Raises:
            ChunkSignatureError: *signature* does not match this chunk at this place.
        """
        self._check("PAYLOAD", f"{_EMPTY_SHA256}\n{hashed(sha256(), chunk).hexdigest()}", signature)

    def check_trailers(self, trailers: Mapping[str, str], signature: str) -> None:
        """Check the trailers after the last chunk. Do nothing if the request signs none.

        Raises:
            ChunkSignatureError: *signature* does not match them.
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
