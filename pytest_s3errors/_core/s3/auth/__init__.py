"""Who asks: signatures of requests, of chunks and of forms, checked against the credentials that are known."""

from __future__ import annotations

from .identity import ANYBODY, Caller, identify

__all__ = ["ANYBODY", "Caller", "identify"]
