"""The in-memory S3, an operation family per module: what a request does to the store, and what S3 answers.

The model is loaded when it is first asked: a child process that only wants to know S3's hosts does without.
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
