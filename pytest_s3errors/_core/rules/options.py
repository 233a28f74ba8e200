"""The options of rules and expectations with their types: the keywords of markers, for parsers and type checkers.

This is the only list of their names. The parsers take them from these classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

Names: TypeAlias = str | list[str] | tuple[str, ...] | set[str] | frozenset[str]
State: TypeAlias = Literal["closed", "open", "half_open"]


class MatchOptions(TypedDict, total=False):
    """Which requests a rule or a count is about."""

    operation: Names | None
    bucket: str | None
    key: str | None
    part: int | None
    method: str | None
    header: Mapping[str, str] | None
    absent: Names | None
    prefix: str | None
    query: Mapping[str, str] | None
    range: str | int | None
    endpoint: str | None


class FaultOptions(TypedDict, total=False):
    """Details of the fault, besides its name."""

    status: int | None
    code: str | None
    message: str | None
    headers: Mapping[str, str] | None
    body: bytes | str | None
    retry_after: float | None
    early: bool | None
    at: float | None
    chunked: bool | None
    bytes_per_second: float | None
    as_: str | None
    keys: str | None
    region: str | None


class PlanOptions(TypedDict, total=False):
    """Which matching requests fail, and when."""

    times: int | None
    after: int
    every: int
    probability: float
    rate: str
    delay: float
    optional: bool


class FailOptions(FaultOptions, MatchOptions, PlanOptions, total=False):
    """The keywords of `s3_fail`."""


class RuleOptions(MatchOptions, total=False):
    """The keywords of `s3_script` and `s3_slow`."""

    optional: bool


class OutageOptions(RuleOptions, total=False):
    """The keywords of `s3_outage`."""

    start: float
    what: str | int


class Expectations(TypedDict, total=False):
    """The keywords of `s3_expect`."""

    attempts: int | Mapping[str, int]
    backoff: Sequence[float]
    jitter: float
    elapsed: Sequence[float]
    outcome: type[Exception] | tuple[type[Exception], ...] | Literal["success"]
    circuit: Sequence[State]
    served_by: str
    stored: Mapping[str, bytes | str | None]
    unfinished_uploads: int
    max_in_flight: int
    quiet: Sequence[Sequence[float]]
    outlasts: float
