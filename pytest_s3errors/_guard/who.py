"""Who sends: the line of the user's code, not of a library, that a request comes from."""

from __future__ import annotations

import functools
import sys
import sysconfig
from pathlib import Path
from types import FrameType

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_OURS = str(Path(__file__).parent.parent)


@functools.lru_cache(maxsize=1024)
def _is_library(path: str) -> bool:
    return path.startswith(_libraries()) or not _INSTALLED.isdisjoint(Path(path).parts)


@functools.cache
def _libraries() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return (_OURS, "<", *{sysconfig.get_path(name) for name in names})


def sender() -> str:
    """Return ``file:line in function`` of the innermost code outside libraries. "": there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to the caller
    while frame is not None:
        code = frame.f_code
        if not _is_library(code.co_filename):
            return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
        frame = frame.f_back
    return ""
