"""What to do after a failed attempt: a decision as a pure value.

There is no clock and no randomness here. The random share is an argument, the delay is the result, and the caller
waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from s3_asyncio_client.exceptions import S3ClientError, S3Error, S3ServerError

JITTER = 0.1
"""The maximum share that jitter adds to a delay, so that clients that failed together do not retry together."""

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Codes that ask for fewer requests whatever the status: those of botocore's standard mode, and R2's."""

RETRYABLE_CODES = THROTTLING_CODES | {"RequestTimeout", "RequestTimeoutException"}
"""Codes that say "later" whatever the status: throttling, and the time-outs of botocore's standard mode."""

_RETRYABLE_CLIENT_STATUSES = frozenset({408, 429, 503, 504})
_NOT_IMPLEMENTED = 501


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often to retry and how long to wait; see `retry_with_exponential_backoff` for the meaning of each.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A number is negative, NaN or infinite.
    """

    max_retries: int = 3
    base_delay_s: float = 1.0
    max_delay_s: float = 60.0
    exponential_base: float = 2.0
    jitter: bool = True
    retryable: tuple[type[BaseException], ...] | None = None
    deadline_s: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_retries, int) or isinstance(self.max_retries, bool):
            raise TypeError(f"max_retries must be an int, not {type(self.max_retries).__name__}")
        if self.max_retries < 0:
            raise ValueError(f"max_retries must be 0 or more, not {self.max_retries}; 0 means one attempt")
        _check_number("base_delay", self.base_delay_s)
        _check_number("max_delay", self.max_delay_s)
        _check_number("exponential_base", self.exponential_base)
        if self.deadline_s is not None:
            _check_number("deadline", self.deadline_s)
        for kind in self.retryable or ():
            if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                raise TypeError(f"retryable_exceptions must be exception classes, not {kind!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Retry after *delay_s* seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Raise the error; *reason* says why if it is neither the error itself nor the number of attempts."""

    reason: str | None = None


def is_retryable(error: BaseException, classes: tuple[type[BaseException], ...] | None = None) -> bool:
    """Return whether another attempt may succeed.

    An S3ClientError with status 408, 429, 503 or 504 or a code of RETRYABLE_CODES always may. Of the others, those of
    *classes* may. The default is ConnectionError, TimeoutError, S3ServerError except 501 (S3 will not learn the
    operation meanwhile) and any S3Error with a code of RETRYABLE_CODES.
    An error that is not an Exception (cancellation, KeyboardInterrupt) never may, whatever *classes* says.
    """
    if not isinstance(error, Exception):
        return False
    if isinstance(error, S3ClientError) and (
        error.status_code in _RETRYABLE_CLIENT_STATUSES or error.error_code in RETRYABLE_CODES
    ):
        return True
    if classes is not None:
        return isinstance(error, classes)
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, S3ServerError):
        return error.status_code != _NOT_IMPLEMENTED and error.error_code != "NotImplemented"
    return isinstance(error, S3Error) and error.error_code in RETRYABLE_CODES


def next_step(
    attempt: int, error: BaseException, *, policy: RetryPolicy, random_share: float, elapsed_s: float = 0.0
) -> Retry | GiveUp:
    """Decide what follows a failed attempt.

    The delay is ``min(base_delay * exponential_base**attempt, max_delay)`` or, if longer, the server's Retry-After up
    to max_delay. Jitter adds up to a tenth. A delay that would end after the deadline does not start, and at the
    deadline there is no further attempt even without a delay.

    Args:
        attempt: Number of the attempt that failed, from 0.
        error: The error that it raised.
        policy: The limits.
        random_share: A random number, 0 <= share < 1.
        elapsed_s: Seconds since the first attempt began.
    """
    if attempt >= policy.max_retries or not is_retryable(error, policy.retryable):
        return GiveUp()
    delay_s = min(max(_backoff_s(attempt, policy), _asked_s(error)), policy.max_delay_s)
    if policy.jitter:
        delay_s *= 1 + JITTER * random_share
    if policy.deadline_s is not None and (elapsed_s + delay_s > policy.deadline_s or elapsed_s >= policy.deadline_s):
        return GiveUp(reason=f"the next would begin after the deadline of {policy.deadline_s:g} s")
    return Retry(delay_s=delay_s)


def _backoff_s(attempt: int, policy: RetryPolicy) -> float:
    try:
        return policy.base_delay_s * float(policy.exponential_base) ** attempt
    except OverflowError:  # 0 times anything stays 0
        return policy.max_delay_s if policy.base_delay_s else 0.0


def _asked_s(error: BaseException) -> float:
    asked = getattr(error, "retry_after", None)  # on a hand-made error it may be anything
    return asked if isinstance(asked, int | float) and asked >= 0 else 0.0  # NaN is not >= 0


def _check_number(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be 0 or more and finite, not {value}")
