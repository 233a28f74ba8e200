"""Check single arguments. Each check returns the value in its final form, or raises with what is allowed."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pytest_s3errors._core.s3.errors.catalogue import CODES, nearest
from pytest_s3errors._core.s3.names import is_header
from s3_asyncio_client._core.operations import OPERATIONS

from .counting import Rate
from .faults import FAULTS
from .matching import Glob

STATUSES = range(300, 600)
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")


class RuleError(ValueError):
    """A rule is written incorrectly. The message says how to write it."""

    __module__ = "pytest_s3errors"


def known_options(name: str, kwargs: Mapping[str, Any], allowed: Sequence[str]) -> None:
    for option in kwargs:
        if option not in allowed:
            hint = _INSTEAD.get((name.rpartition(".")[2].removeprefix("s3_"), option)) or nearest_option(
                option, allowed
            )
            raise RuleError(f"{name}() has no option {option!r}{hint}; it takes {', '.join(allowed)}")


def all_by_name(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], places: Sequence[str]) -> dict[str, Any]:
    """Return all arguments by name. Positional ones are in the order of *places*."""
    if len(args) > len(places):
        raise RuleError(f"{name}(): only {', '.join(places)} go without a name; {len(args)} positional arguments came")
    given = dict(zip(places, args, strict=False))
    twice = sorted(given.keys() & kwargs.keys())
    if twice:
        raise RuleError(f"{name}() got {twice[0]}= twice, by its place and by its name")
    return {**given, **kwargs}


_INSTEAD: Mapping[tuple[str, str], str] = {
    ("fail", "what"): '; what fails goes first, without a name: s3_fail("SlowDown")',
    ("script", "what"): '; outcomes go without a name: s3_script(503, "ok")',
    ("script", "times"): "; it takes as many requests as it has outcomes",
    ("outage", "duration"): "; the duration goes first, without a name: s3_outage(45)",
    ("slow", "delay"): "; did you mean 'first_byte'?",
    ("slow", "rate"): "; did you mean 'bytes_per_second'?",
}


def no_address(name: str, option: str, value: object) -> None:
    """Refuse ``s3://bucket/key`` as a bucket or a key."""
    if isinstance(value, str) and value.lower().startswith("s3://"):
        bucket, _, key = value[len("s3://") :].partition("/")
        more = f" and {key!r} the key" if key else ""
        raise RuleError(f"{name}: {option} is {value!r}; here {bucket!r} is the bucket{more}")


def known_code(name: str, code: object, more: tuple[str, ...]) -> None:
    if not isinstance(code, str):
        raise RuleError(f"{name}: an error code is a string, not {code!r}")
    if code.isascii() and code.isdigit() and int(code) in STATUSES:
        raise RuleError(f"{name}: {code!r} is no error code; did you mean the status {code}, without quotes?")
    if code not in CODES:
        hint = nearest_option(code, (*CODES, *FAULTS, *more))
        raise RuleError(
            f"{name}: {code!r} is neither an S3 error code nor a network fault{hint}"
            " (a code of another store: give both code= and status=)"
        )


def nearest_option(word: str, words: Sequence[str]) -> str:
    near = nearest(word, words)
    return f"; did you mean {near!r}?" if near else ""


def named_once(name: str, option: str, given: Any, what: Any) -> Any:
    if given is not None and given != what:
        raise RuleError(f"{name}({what!r}, {option}={given!r}) names the {option} twice")
    return what


def status_of(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in STATUSES:
        hint = ' (an error inside a 200 is "error_in_200")' if value == HTTPStatus.OK else ""
        raise RuleError(f"{name}(status={value!r}): allowed is an HTTP status from 300 to 599{hint}")
    return value


def count(name: str, option: str, value: object, *, low: int, high: float = math.inf) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        top = "" if high == math.inf else f" to {high}"
        none = ", or None for all" if option == "times" else ""
        raise RuleError(f"{name}({option}={value!r}): allowed is a whole number from {low}{top or ' up'}{none}")
    return value


def number(name: str, option: str, value: object, allowed: str, fits: Callable[[float], bool]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value) or not fits(value):
        raise RuleError(f"{name}({option}={value!r}): allowed is {allowed}")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def seconds(name: str, option: str, value: object) -> float:
    return number(name, option, value, "a number of seconds, 0 or more", lambda n: n >= 0)


def positive_seconds(name: str, option: str, value: object) -> float:
    return number(name, option, value, "a number of seconds, above 0", lambda n: n > 0)


def span(name: str, option: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:  # noqa: PLR2004 - low and high
        raise RuleError(f"{name}({option}={value!r}): allowed is a pair of seconds, low and high")
    low, high = (seconds(name, option, second) for second in value)
    if low > high:
        raise RuleError(f"{name}({option}={value!r}): the first number is the lower one")
    return low, high


def one_of(name: str, value: object, words: Sequence[str]) -> str:
    if isinstance(value, str) and value in words:
        return value
    raise RuleError(f"{name}: {value!r} is not one of {', '.join(words)}{nearest_option(str(value), words)}")


def cut_at(name: str, value: object) -> int | float:
    allowed = "a count of bytes (int) or a share of the body (float, 0.0 to 1.0)"
    return number(name, "at", value, allowed, lambda n: n >= 0 and (isinstance(n, int) or n <= 1))


def rate(name: str, value: object) -> float:
    return number(name, "bytes_per_second", value, "a number of bytes, above 0", lambda n: n > 0)


def boolean(name: str, option: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RuleError(f"{name}({option}={value!r}): allowed are True and False")
    return value


def region_name(written: str, value: object) -> str:
    """Return *value* if it may name a region. *written* is what the user wrote."""
    if not isinstance(value, str) or not value.replace("-", "").isalnum() or value != value.lower():
        raise RuleError(f"{written}: a region is a name such as 'eu-central-1', not {value!r}")
    for word in value.split("-")[1:]:
        close = difflib.get_close_matches(word, _DIRECTIONS, cutoff=_ALMOST)
        if close and word not in _DIRECTIONS:
            nearest = next((one for one in close if sorted(one) == sorted(word)), close[0])
            raise RuleError(f"{written}: S3 has no region {value!r}; did you mean {value.replace(word, nearest)!r}?")
    return value


_DIRECTIONS = ("north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest", "gov")
_ALMOST = 0.7


def text(name: str, option: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise RuleError(f"{name}({option}={value!r}): allowed is a non-empty string")
    return value


def content(name: str, value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if value is not None and not isinstance(value, bytes):
        raise RuleError(f"{name}(body={value!r}): allowed is bytes or str")
    return value


def method_of(name: str, value: object) -> str:
    if not isinstance(value, str) or value.upper() not in METHODS:
        raise RuleError(f"{name}(method={value!r}): allowed are {', '.join(METHODS)}")
    return value.upper()


def headers_of(name: str, value: object, option: str = "headers") -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not all(is_header(k, v) for k, v in value.items()):
        raise RuleError(f"{name}({option}={value!r}): allowed is a mapping of header names to one-line strings")
    return tuple(value.items())


def operation_globs(name: str, value: object, option: str = "operation={!r}") -> tuple[Glob, ...]:
    patterns = (value,) if isinstance(value, str) else value
    if not isinstance(patterns, list | tuple | set | frozenset) or not patterns:
        raise RuleError(f"{name}({option.format(value)}): allowed is an S3 operation name, or a list of them")
    globs = []
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise RuleError(f"{name}({option.format(value)}): {pattern!r} is not a string")
        glob = Glob.of(pattern)
        if not any(map(glob, OPERATIONS)):
            several = [word.strip() for word in pattern.split(",")]
            hint = f"; several are a list: {several}" if several[1:] else nearest_option(pattern, tuple(OPERATIONS))
            raise RuleError(f"{name}({option.format(pattern)}): S3 has no such operation{hint}")
        globs.append(glob)
    return tuple(globs)


_RATE = re.compile(r"\s*(\d+)\s*/\s*(s|min|h)(?:\s+per\s+(key|bucket|operation))?\s*")
_UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}


def rate_of(name: str, value: object) -> Rate:
    """Return the rate that ``rate="3500/s"`` or ``rate="1/s per key"`` means.

    Raises:
        RuleError: the value is not a rate, or it allows no request.
    """
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not int(found[1]):
        raise RuleError(
            f'{name}(rate={value!r}): allowed is a count per s, min or h, such as "3500/s", "60/min" or "1/s per key"'
            " (per key, bucket or operation)"
        )
    return Rate(int(found[1]), _UNITS_S[found[2]], found[3])
