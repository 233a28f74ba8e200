"""From the arguments of an `s3_sweep` marker to a `SweepSpec`, every one checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from pytest_s3errors._core.s3.errors.catalogue import CODES

from .arguments import RuleError, count, known_options, nearest_option, one_of, operation_globs, positive_seconds
from .classes import CLASSES
from .faults import FAULTS
from .matching import Glob

__all__ = ["OPTIONS", "SweepSpec", "sweep_of"]

_NAME = "s3_sweep"
SURVIVE: Final = ("transient", "nothing", "all")
MODES: Final = ("once", "always")
_FAULTS: Final = (*FAULTS, *CODES, *CLASSES)
OPTIONS: Final = ("faults", "operation", "modes", "survive", "budget", "shards", "depth", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSpec:
    """What to try on one test.

    `faults` are names of faults, S3 error codes or classes of errors; `operation` says at which requests. None is all.
    `survive` says which faults the body has to go through. `budget` is in real seconds for each item, None where only
    the ini file says it. `depth` is the number of faults in one run, `random` the number of random schedules.
    """

    faults: tuple[str, ...] | None = None
    operation: tuple[Glob, ...] | None = None
    modes: tuple[str, ...] = MODES
    survive: str = "transient"
    budget: float | None = None
    shards: int = 1
    depth: int = 1
    random: int = 0


def sweep_of(args: Sequence[Any], kwargs: Mapping[str, Any], *, name: str = _NAME) -> SweepSpec:
    """Return what ``s3_sweep(*args, **kwargs)`` means.

    Raises:
        RuleError: an unknown option or one given twice, a value that is not allowed.
    """
    known_options(name, kwargs, OPTIONS)
    if len(args) > len(OPTIONS):
        raise RuleError(f"{name}() takes {', '.join(OPTIONS)}; {len(args)} positional arguments came")
    given = dict(zip(OPTIONS, args, strict=False))
    twice = sorted(given.keys() & kwargs.keys())
    if twice:
        raise RuleError(f"{name}() got {twice[0]}= twice, by its place and by its name")
    given |= kwargs
    values = {option: _CHECKS[option](name, option, value) for option, value in given.items()}
    return SweepSpec(**values)


def _words(name: str, option: str, value: object) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple | set | frozenset) or not words or not all(isinstance(w, str) for w in words):
        raise RuleError(f"{name}({option}={value!r}): allowed is a name, or a list of them")
    return tuple(words)


def _faults(name: str, option: str, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    words = _words(name, option, value)
    for word in words:
        if word not in _FAULTS:
            hint = nearest_option(word, _FAULTS)
            raise RuleError(
                f"{name}(faults={word!r}): it is no network fault, no S3 error code and no class of errors{hint}"
            )
    return words


def _operation(name: str, _option: str, value: object) -> tuple[Glob, ...] | None:
    return None if value is None else operation_globs(name, value)


def _modes(name: str, option: str, value: object) -> tuple[str, ...]:
    return tuple(one_of(f"{name}({option}=...)", word, MODES) for word in _words(name, option, value))


def _survive(name: str, option: str, value: object) -> str:
    return one_of(f"{name}({option}=...)", value, SURVIVE)


def _whole(low: int, high: float = inf) -> Callable[[str, str, object], int]:
    return lambda name, option, value: count(name, option, value, low=low, high=high)


_CHECKS: Mapping[str, Callable[[str, str, object], Any]] = {
    "faults": _faults,
    "operation": _operation,
    "modes": _modes,
    "survive": _survive,
    "budget": positive_seconds,
    "shards": _whole(1),
    "depth": _whole(1),
    "random": _whole(0, 0),
}
