"""The in-memory S3, one module per family of operations: what a request does to the store, and what S3 returns.

The model is loaded on first use. A child process that only needs S3's host names never loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import SUPPORTED, answer, missing, refuses_by_head

__all__ = ["SUPPORTED", "answer", "missing", "refuses_by_head"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import model  # noqa: PLC0415 - on demand

    return getattr(model, name)
