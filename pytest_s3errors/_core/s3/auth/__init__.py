"""Authentication: verify the signatures of requests, chunks and forms with the known credentials."""

from __future__ import annotations

from .identity import ANYBODY, Caller, identify, unsigned

__all__ = ["ANYBODY", "Caller", "identify", "unsigned"]
