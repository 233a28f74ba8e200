"""Match requests with a rule, field by field, and report the first field that differs."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_s3errors._core.s3.hosts import without_port
from pytest_s3errors._core.s3.messages import Call

from .counting import Ranges


@dataclass(frozen=True, slots=True)
class Glob:
    """A shell-style pattern; `*` crosses slashes. Matching is case-sensitive."""

    pattern: str
    _matches: Callable[[str], object]

    @classmethod
    def of(cls, pattern: str, *, ignore_case: bool = False) -> Glob:
        """Compile *pattern*; one without wildcards is a plain comparison."""
        if not ignore_case and not any(c in pattern for c in "*?["):
            return cls(pattern, pattern.__eq__)
        return cls(pattern, re.compile(fnmatch.translate(pattern), re.IGNORECASE if ignore_case else 0).match)

    def __call__(self, value: str | None) -> bool:
        """Return whether *value* is not None and matches."""
        return value is not None and self._matches(value) not in (None, False)


def host_glob(pattern: str) -> Callable[[str], bool]:
    """Return whether a host matches *pattern*, with its port or without it."""
    return partial(_on_host, Glob.of(pattern, ignore_case=True))


def _on_host(glob: Glob, host: str) -> bool:
    return glob(host) or glob(without_port(host))


@dataclass(frozen=True, slots=True)
class Difference:
    """The first field in which a request differs from a rule. `rank` counts the fields that agree."""

    field: str
    wanted: str
    came: str
    rank: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One field of a request that a rule checks. `wanted` is the value for messages."""

    field: str
    wanted: str
    read: Callable[[Call], Any]
    agrees: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """The requests that a rule matches: those that meet every condition, in this order.

    `nth_range` selects one of the ranges requested of one object, counted from 1. A repeated range keeps its number.
    """

    conditions: tuple[Condition, ...] = ()
    nth_range: int | None = None

    def difference(self, call: Call, ranges: Ranges | None = None) -> Difference | None:
        """Return the first field of *call* that differs. None: it matches.

        *ranges* has seen the requests that match apart from their range. The range is the last condition.
        """
        for rank, condition in enumerate(self.conditions):
            came = condition.read(call)
            if not condition.agrees(came):
                return Difference(condition.field, condition.wanted, repr(came), rank)
        if self.nth_range is not None and (number := (ranges or Ranges()).number(call)) != self.nth_range:
            came = "no Range" if number is None else f"number {number}"
            return Difference("range of the object", f"number {self.nth_range}", came, len(self.conditions))
        return None

    def operations(self, names: Iterable[str]) -> list[str]:
        """Return the operations of *names* that can match: all of them if the rule names no operation."""
        asked = [condition for condition in self.conditions if condition.field == "operation"]
        return [name for name in names if all(condition.agrees(name) for condition in asked)] if asked else list(names)


ANY = Match()
