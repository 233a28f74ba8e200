"""How many retries all callers together may still make: a token bucket without a clock."""

from __future__ import annotations


class RetryBudget:
    """A token bucket that all retries share, so that retries do not become an outage themselves.

    A retry takes *retry_cost* tokens, after a timeout *timeout_retry_cost*. If too few are left, there is no retry. A
    success returns what its last retry took, a success at the first attempt *success_refund*. Failures and time return
    nothing. While S3 works, the bucket is full and limits no one. During an outage a hundred retries empty it; from
    then on each call is made once, until successes fill it again.

    Share one among all calls to one endpoint: a budget per call limits nothing. It belongs to the tasks of one event
    loop. Threads with their own loops need one each.

    Attributes:
        capacity: The maximum and initial number of tokens.
        available: The current number of tokens.

    Args:
        capacity: Tokens; 0 forbids every retry.
        retry_cost: Tokens that a retry takes, 1 or more.
        timeout_retry_cost: Tokens that a retry after a TimeoutError takes, 1 or more.
        success_refund: Tokens that a success at the first attempt returns.

    Raises:
        TypeError: An argument is not an int.
        ValueError: An argument is below its minimum.

    Source: the defaults are those of the "standard" retry mode of the AWS SDKs (AWS SDKs and Tools Reference Guide,
    retry behavior).
    """

    __slots__ = ("available", "capacity", "retry_cost", "success_refund", "timeout_retry_cost")

    def __init__(
        self, capacity: int = 500, *, retry_cost: int = 5, timeout_retry_cost: int = 10, success_refund: int = 1
    ) -> None:
        _check("capacity", capacity, 0)
        _check("retry_cost", retry_cost, 1)
        _check("timeout_retry_cost", timeout_retry_cost, 1)
        _check("success_refund", success_refund, 0)
        self.capacity = self.available = capacity
        self.retry_cost = retry_cost
        self.timeout_retry_cost = timeout_retry_cost
        self.success_refund = success_refund

    def __repr__(self) -> str:
        """Show how full it is."""
        return f"<RetryBudget {self.available} of {self.capacity}>"

    def take(self, error: BaseException) -> int:
        """Pay for the retry that follows *error*.

        Returns:
            The tokens taken; 0 if there are too few.
        """
        cost = self.timeout_retry_cost if isinstance(error, TimeoutError) else self.retry_cost
        if cost > self.available:
            return 0
        self.available -= cost
        return cost

    def refund(self, tokens: int) -> None:
        """Return *tokens* to the bucket. Those beyond the capacity are lost."""
        self.available = min(self.available + tokens, self.capacity)


def _check(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be {least} or more, not {value}")
