"""An error as a record: plain values that JSON can hold, every text redacted.

The record goes into logs and tickets, so no error may break it: attributes may be anything, `__str__` may raise, chains
may be long or circular.
"""

from __future__ import annotations

import json
import math
import re
import traceback
from typing import TYPE_CHECKING, Any

from s3_asyncio_client._core.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_CHAIN = 50
"""The maximum number of errors of one chain in a record."""

_MAX_DEPTH = 20
_ATTEMPTS = re.compile(r"gave up after (\d+) attempt")  # the note of `retry_with_exponential_backoff`


def one_line(text: str) -> str:
    """Return *text* with white space and line breaks collapsed, so that it can't forge a line of a log."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def plain(value: object, secrets: Sequence[str] = (), *, depth: int = 0) -> Any:
    """Return *value* as what JSON can hold.

    Args:
        value: Anything. Mappings, lists, tuples and sets keep their shape; what JSON lacks (NaN, bytes, objects)
            becomes its text.
        secrets: Texts to hide, see `redact`.
        depth: Its nesting depth in another value. Beyond 20 it becomes "...".
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return int(value) if isinstance(value, int) else float(value)  # an HTTPStatus is an int
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, dict):
        return {
            redact(_text(name), secrets): plain(item, secrets, depth=depth + 1) for name, item in list(value.items())
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, secrets, depth=depth + 1) for item in value]
    return redact(_text(value), secrets)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as failure:  # noqa: BLE001 - report the error even if it can't be printed
        return f"<no text: {type(failure).__name__} in __str__>"


def json_line(value: object) -> str:
    """Return *value* as one line of ASCII JSON, redacted."""
    return json.dumps(plain(value), separators=(", ", ": "))


def attempts_of(error: BaseException) -> int | None:
    """Return how many attempts a retry made before it raised *error*. None: unknown."""
    for note in reversed(_notes(error)):
        if found := _ATTEMPTS.search(note):
            return int(found[1])
    return None


def error_record(error: BaseException, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Return a record of *error*.

    Args:
        error: Any exception. The attributes of an S3Error are recorded; of others, those with the same names.
        secrets: Texts to hide, see `redact`.

    Returns:
        type, message, status_code, error_code, request_id, host_id, retry_after (seconds), attempts, details, notes (a
        list), traceback (the text Python prints, chained errors included) and chain: one mapping with relation
        ("cause", "context" or "member" of a group), type, message, status_code, error_code, request_id and notes for
        each error that led to this one, nearest first, at most MAX_CHAIN.
    """

    def said(name: str) -> Any:
        return plain(getattr(error, name, None), secrets)

    return {
        **brief_record(error, secrets),
        "host_id": said("host_id"),
        "retry_after": said("retry_after"),
        "attempts": attempts_of(error),
        "details": said("details") or {},
        "traceback": redact(_traceback(error), secrets),
        "chain": [{"relation": relation, **brief_record(other, secrets)} for relation, other in _behind(error)],
    }


def brief_record(error: BaseException, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Return the type, message, status_code, error_code, request_id and notes of *error* alone."""
    named = {name: plain(getattr(error, name, None), secrets) for name in ("status_code", "error_code", "request_id")}
    return {
        "type": type(error).__name__,
        "message": redact(_text(error), secrets),
        **named,
        "notes": [redact(note, secrets) for note in _notes(error)],
    }


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    return [_text(note) for note in notes] if isinstance(notes, (list, tuple)) else []


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception as failure:  # noqa: BLE001 - the rest of the record is useful without it
        return f"<no traceback: {type(failure).__name__}>"


def _behind(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Yield the errors that led to *error*, each once, without those that Python's own traceback would omit."""
    seen = {id(error)}
    waiting = [*_next(error)]
    while waiting and len(seen) <= MAX_CHAIN:
        relation, other = waiting.pop(0)
        if id(other) not in seen:
            seen.add(id(other))
            yield relation, other
            waiting += _next(other)


def _next(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    if error.__cause__ is not None:
        yield "cause", error.__cause__
    elif error.__context__ is not None and not error.__suppress_context__:
        yield "context", error.__context__
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield "member", member
