"""The retry profile of a client, seen from outside.

A profile says how many requests a call makes for each kind of error, how long it waits between them, and whether it
obeys a header. It also says how many retries a client has before it stops and what restores them, how long an outage a
call outlasts, and what it repeats if only the response was lost. `retry_rules` compares it with a specification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

PROBES: Final[Mapping[str, Mapping[str, Any]]] = {
    **{str(status): {"what": status} for status in (500, 502, 503, 504, 408, 429, 509, 400, 403, 404, 412)},
    **{
        code: {"what": code}
        for code in (
            "InternalError",
            "SlowDown",
            "ServiceUnavailable",
            "RequestTimeout",
            "RequestTimeTooSkewed",
            "ExpiredToken",
            "BadDigest",
            "OperationAborted",
            "ConditionalRequestConflict",
        )
    },
    "reset": {"what": "connection_reset"},
    "disconnect": {"what": "disconnect"},
    "stall": {"what": "stall"},
    "dns": {"what": "dns_failure"},
    "connect_timeout": {"what": "connect_timeout"},
    "truncated_body": {"what": "truncated_body"},
    "error_in_200": {"what": "error_in_200"},
}
"""What fails in each probe: its name, and the arguments of `s3_fail`."""

CLASSES: Final = {"transient": "500", "throttling": "SlowDown"}
"""For each class of errors, the probe that measures its waits."""

QUOTAS: Final = {**CLASSES, "timeout": "stall"}
"""For each class of errors, the probe that measures its quota."""

HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "retry_after_5": {"what": "SlowDown", "headers": {"Retry-After": "5"}},
    **{
        f"x_amz_retry_after_{value}": {"what": 500, "headers": {"x-amz-retry-after": value}}
        for value in ("0", "1500", "10000", "-1", "soon")
    },
}
"""Errors with a header that asks for a wait, in seconds or milliseconds. The first wait is measured."""

LOST: Final = ("lost_write", "lost_conditional_write", "lost_create")
"""Requests that S3 executes but whose response is lost: a plain write, a conditional write, and a request that is not
idempotent, such as CreateMultipartUpload."""

MOST: Final = 20
"""The number of requests of one call that fail. A client that continues has no known limit."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a call does after a lost response: the number of its requests, and whether it returned."""

    attempts: int
    returned: bool

    def __str__(self) -> str:
        """Return it as words."""
        return f"{attempts_text(self.attempts)}, {'returned' if self.returned else 'raised'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The observed behavior of one client. A skipped probe has no entry.

    `attempts` has the number of requests of one call by probe; MOST + 1 means more than MOST. `waits_s` has, by class,
    the waits in seconds between the attempts of several calls. `header_waits_s` has, for HEADERS, the seconds before
    the first retry; None: no retry. `retries` has, by class, the number of retries until a client stops; None: no limit
    was found. If there is one, `refill` is the number of successes that restore a retry (0: none do), and
    `refills_with_time` says whether an hour does. `lost` is for LOST.
    `slack_s` is how much the waits may be off.
    """

    attempts: Mapping[str, int]
    waits_s: Mapping[str, Sequence[Sequence[float]]]
    header_waits_s: Mapping[str, float | None] = field(default_factory=dict)
    retries: Mapping[str, int | None] = field(default_factory=dict)
    refill: int | None = None
    refills_with_time: bool | None = None
    lost: Mapping[str, Lost] = field(default_factory=dict)
    slack_s: float = 1e-3

    @property
    def outlasts_s(self) -> tuple[float, float]:
        """The seconds of an outage of 500s that the observed calls outlast, at least and at most."""
        lasted = [sum(waits) for waits in self.waits_s["transient"]]
        return min(lasted), max(lasted)

    def share_outlasting(self, seconds: float, error: str = "transient") -> float:
        """Return the share of the observed calls that outlast an outage of *seconds*. *error* is one of CLASSES."""
        calls = self.waits_s[error]
        return sum(sum(waits) >= seconds for waits in calls) / len(calls)

    def to_json(self) -> str:
        """Return the profile as JSON in a stable form: each probe under its name, null if it was skipped."""
        low, high = self.outlasts_s
        values = {
            "attempts": {name: self.attempts.get(name) for name in PROBES},
            "waits_s": {name: [list(waits) for waits in self.waits_s.get(name, ())] for name in CLASSES},
            "header_waits_s": {name: self.header_waits_s.get(name) for name in HEADERS},
            "retries": {
                name: ("no limit" if self.retries[name] is None else self.retries[name])
                if name in self.retries
                else None
                for name in QUOTAS
            },
            "refill": self.refill,
            "refills_with_time": self.refills_with_time,
            "outlasts_s": {"low": low, "high": high},
            "lost": {
                name: {"attempts": self.lost[name].attempts, "returned": self.lost[name].returned}
                if name in self.lost
                else None
                for name in LOST
            },
        }
        return json.dumps(values, indent=2, sort_keys=True)


def attempts_text(count: int) -> str:
    """Return the number of requests of one call as words."""
    if count > MOST:
        return f"more than {MOST} attempts"
    return f"{count} attempt{'s' * (count != 1)}"
