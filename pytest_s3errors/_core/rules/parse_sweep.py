"""Turn the arguments of an `s3_sweep` marker into a `SweepSpec`. Check each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pytest_s3errors._core.s3.errors.catalogue import CODES

from .arguments import (
    STATUSES,
    RuleError,
    all_by_name,
    count,
    known_options,
    nearest_option,
    one_of,
    operation_globs,
    positive_seconds,
)
from .classes import CLASSES
from .faults import FAULTS
from .matching import Glob

_NAME = "s3_sweep"
SURVIVE: Final = ("transient", "nothing", "all")
MODES: Final = ("once", "always")
_FAULTS: Final = (*FAULTS, *CODES, *CLASSES)
OPTIONS: Final = ("faults", "operation", "modes", "survive", "budget", "shards", "depth", "random")
_STEP: Final = re.compile(r"(?P<fault>.+?)(?P<mode> always)? at (?P<operation>\w+)(?: (?P<number>[1-9]\d*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fault of a schedule, at the *number*-th request of *operation* in the order of part, key and range."""

    fault: str | int
    mode: str
    operation: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSpec:
    """What to try on one test.

    `faults` are names of faults, S3 error codes, HTTP statuses or classes of errors; `operation` says at which
    requests. None is all. `survive` says which faults the body has to go through. `budget` is in real seconds for each
    item, None where only the ini file says it. `depth` is the number of faults in one run. `random` is the number of
    random schedules, `schedule` the one that is to be replayed instead of all else.
    """

    faults: tuple[str | int, ...] | None = None
    operation: tuple[Glob, ...] | None = None
    modes: tuple[str, ...] = MODES
    survive: str = "transient"
    budget: float | None = None
    shards: int = 1
    depth: int = 1
    random: int = 0
    schedule: tuple[Step, ...] = ()


def sweep_of(args: Sequence[Any], kwargs: Mapping[str, Any], *, name: str = _NAME) -> SweepSpec:
    """Return what ``s3_sweep(*args, **kwargs)`` means.

    Raises:
        RuleError: an option is unknown or given twice, or a value is not allowed.
    """
    known_options(name, kwargs, OPTIONS)
    given = all_by_name(name, args, kwargs, OPTIONS)
    values = {option: _CHECKS[option](name, option, value) for option, value in given.items()}
    if isinstance(values.get("random"), tuple):
        values["schedule"] = values.pop("random")
    return SweepSpec(**values)


def _words(name: str, option: str, value: object) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple | set | frozenset) or not words or not all(isinstance(w, str) for w in words):
        raise RuleError(f"{name}({option}={value!r}): allowed is a name, or a list of them")
    return tuple(words)


def _faults(name: str, option: str, value: object) -> tuple[str | int, ...] | None:
    if value is None:
        return None
    faults = value if isinstance(value, list | tuple | set | frozenset) and value else (value,)
    for word in faults:
        if isinstance(word, int):
            if isinstance(word, bool) or word not in STATUSES:
                raise RuleError(f"{name}({option}={word!r}): allowed is an HTTP status from 300 to 599")
        elif not isinstance(word, str):
            raise RuleError(f"{name}({option}={value!r}): allowed is a name or an HTTP status, or a list of them")
        elif word not in _FAULTS:
            hint = nearest_option(word, _FAULTS)
            raise RuleError(
                f"{name}({option}={word!r}): it is no network fault, no S3 error code and no class of errors{hint}"
            )
    return tuple(faults)


def _operation(name: str, _option: str, value: object) -> tuple[Glob, ...] | None:
    return None if value is None else operation_globs(name, value)


def _modes(name: str, option: str, value: object) -> tuple[str, ...]:
    return tuple(one_of(f"{name}({option}=...)", word, MODES) for word in _words(name, option, value))


def _survive(name: str, option: str, value: object) -> str:
    return one_of(f"{name}({option}=...)", value, SURVIVE)


def _random(name: str, option: str, value: object) -> int | tuple[Step, ...]:
    if not isinstance(value, str):
        return count(name, option, value, low=0)
    return tuple(_step(name, text.strip()) for text in value.split(";"))


def _step(name: str, text: str) -> Step:
    found = _STEP.fullmatch(text)
    if found is None:
        raise RuleError(
            f"{name}(random={text!r}): allowed is a number of schedules, or one schedule as a finding prints it, such"
            ' as "InternalError always at UploadPart 2; lost_response at CompleteMultipartUpload"'
        )
    fault = int(found["fault"]) if found["fault"].isdecimal() else found["fault"]
    _faults(name, "random", fault if isinstance(fault, int) else fault.partition(" ")[0])
    operation_globs(name, found["operation"])
    mode = "always" if found["mode"] else "once"
    return Step(fault=fault, mode=mode, operation=found["operation"], number=int(found["number"] or 1))


_CHECKS: Mapping[str, Callable[[str, str, object], Any]] = {
    "faults": _faults,
    "operation": _operation,
    "modes": _modes,
    "survive": _survive,
    "budget": positive_seconds,
    "shards": partial(count, low=1),
    "depth": partial(count, low=1),
    "random": _random,
}
