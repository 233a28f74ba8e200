"""Turn the arguments of an `s3_limits` marker into `Limits`, which end a test that would run for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from .arguments import RuleError, all_by_name, count, known_options, positive_seconds

_NAME = "s3_limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that end a test. None: not set.

    `requests` counts all requests, `alike` those of one operation to one target. `time` is in seconds of test time,
    `silence` in real seconds.
    """

    requests: int | None = None
    alike: int | None = None
    time: float | None = None
    silence: float | None = None

    def over(self, other: Limits) -> Limits:
        """Return these limits, completed by those of *other*."""
        said = {name: value for name in OPTIONS if (value := getattr(self, name)) is not None}
        return replace(other, **said)


NO_LIMITS = Limits()
OPTIONS = tuple(field.name for field in fields(Limits))


def limits_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Limits:
    """Return the limits that ``s3_limits(*args, **kwargs)`` sets.

    Raises:
        RuleError: there is no argument, an argument is unknown or repeated, or a value is not a number above 0.
    """
    known_options(_NAME, kwargs, OPTIONS)
    given = all_by_name(_NAME, args, kwargs, OPTIONS)
    if not given:
        raise RuleError(f"{_NAME}() does not say what ends the test; it takes {', '.join(OPTIONS)}")
    return Limits(**{option: _CHECKS[option](_NAME, option, value) for option, value in given.items()})


_CHECKS: Mapping[str, Any] = {
    "requests": partial(count, low=1),
    "alike": partial(count, low=1),
    "time": positive_seconds,
    "silence": positive_seconds,
}
