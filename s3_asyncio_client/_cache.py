"""Objects in a local folder: blocking reads and writes, to be called in a thread."""

from __future__ import annotations

import contextlib
import errno
import mimetypes
import os
import secrets
import stat
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core.cache_names import UNFINISHED, hashed_name, plain_name

if TYPE_CHECKING:
    from collections.abc import Sequence

# These file systems usually find "a" for "A", and would serve another object's bytes.
_IGNORES_CASE = sys.platform in ("darwin", "win32")


def read_cached(folder: str | os.PathLike[str], bucket: str, key: str, max_age_s: float | None) -> dict[str, Any]:
    """Return a cached object like `get_object`, with stale (True) and age_s (seconds since its file was written).

    Raises:
        FileNotFoundError: There is no copy, or it is more than *max_age_s* seconds old.
        OSError: The copy cannot be read.
    """
    found = [copy for parts in _names(bucket, key) if (copy := _copy(folder, parts)) is not None]
    if not found:
        raise FileNotFoundError(errno.ENOENT, "there is no copy", str(Path(folder, *_names(bucket, key)[0])))
    # There may be two copies if the file system accepted the plain name at one time and not at another.
    modified, path = max(found)
    age_s = max(0.0, time.time() - modified)
    if max_age_s is not None and age_s > max_age_s:
        raise FileNotFoundError(
            errno.ENOENT, f"the copy is {age_s:.0f} s old, at most {max_age_s:g} s are allowed", str(path)
        )
    return _described(key, path.read_bytes(), modified) | {"stale": True, "age_s": age_s}


def write_cached(folder: str | os.PathLike[str], bucket: str, key: str, body: bytes) -> None:
    """Store *body*. A concurrent reader sees the whole old file or the whole new one.

    Raises:
        OSError: The folder cannot be written to, or a link in it leads out of it.
    """
    *preferred, last = _names(bucket, key)
    for parts in preferred:
        # "a" may be a file where "a/b" needs a folder, or the other way round; the path may also be too long.
        with contextlib.suppress(OSError):
            return _write(Path(folder), parts, body)
    return _write(Path(folder), last, body)


def _names(bucket: str, key: str) -> list[tuple[str, ...]]:
    plain = plain_name(bucket, key)
    hashed = hashed_name(bucket, key)
    return [hashed] if plain is None else [plain, hashed]


def _spelled_so(folder: str | os.PathLike[str], parts: Sequence[str]) -> bool:
    """Return whether the file has exactly this name, not just one that the file system treats as equal."""
    if not _IGNORES_CASE:
        return True
    return all(part in os.listdir(Path(folder, *parts[:depth])) for depth, part in enumerate(parts))  # noqa: PTH208 - names


def _copy(folder: str | os.PathLike[str], parts: Sequence[str]) -> tuple[float, Path] | None:
    """Return when a file was written (seconds since 1970) and its path; None if there is no such file."""
    path = Path(folder, *parts)
    try:
        status = path.stat()
        # A folder is not a copy, and a pipe would block.
        return (status.st_mtime, path) if stat.S_ISREG(status.st_mode) and _spelled_so(folder, parts) else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise


def _write(folder: Path, parts: Sequence[str], body: bytes) -> None:
    path = folder.joinpath(*parts)
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise OSError(errno.ELOOP, "a link leads out of the cache's folder", str(path.parent))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    try:
        with temporary.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())  # otherwise a power failure could leave an empty file under the new name
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _described(key: str, body: bytes, modified: float) -> dict[str, Any]:
    return {
        "body": body,
        "content_type": mimetypes.guess_type(key)[0] or "application/octet-stream",
        "content_length": len(body),
        "etag": None,
        "last_modified": formatdate(modified, usegmt=True),
        "version_id": None,
        "server_side_encryption": None,
        "metadata": {},
    }
