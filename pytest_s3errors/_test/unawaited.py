"""Find calls of the client that were never awaited. In a plain `def` test they do nothing, and the test would pass."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import s3_asyncio_client

_CLIENT = str(Path(s3_asyncio_client.__file__).parent)
_HOOK = "_warn_unawaited_coroutine"  # the interpreter calls this when a coroutine is destroyed that never started


@contextlib.contextmanager
def no_call_is_lost(item: pytest.Item, note: Callable[[str], object]) -> Iterator[None]:
    """Record each unawaited call of the client while *item* runs, unless it is an `async def` test."""
    warn = getattr(warnings, _HOOK, None)
    if warn is None or inspect.iscoroutinefunction(getattr(item, "obj", None)):
        yield
        return

    def look(coroutine: Any) -> None:
        if not coroutine.cr_code.co_filename.startswith(_CLIENT):
            warn(coroutine)
            return
        name = coroutine.__name__
        note(f"{name}() of the client was not awaited, so that it asked for nothing: write `async def` and `await`.")

    setattr(warnings, _HOOK, look)
    try:
        yield
    finally:
        if getattr(warnings, _HOOK) is look:
            setattr(warnings, _HOOK, warn)
