"""The in-memory S3, an operation family per module: what a request does to the store, and what S3 answers."""

from __future__ import annotations

from .model import SUPPORTED, answer, missing, refuses_by_head

__all__ = ["SUPPORTED", "answer", "missing", "refuses_by_head"]
