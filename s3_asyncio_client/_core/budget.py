"""How many retries everybody together may still make: a bucket of tokens, without a clock."""

from __future__ import annotations

__all__ = ["RetryBudget"]


class RetryBudget:
    """A stock of tokens that all who retry draw from, so that retries do not become the outage themselves.

    A retry takes *retry_cost* tokens, after a time-out *timeout_retry_cost*; where too few are left there is no retry.
    A success gives back what its last retry took, a success at the first attempt *success_refund*; a failure gives
    back nothing, and time gives back nothing either. While S3 is well the bucket is full and limits nobody. While it
    is away, a hundred retries empty it, and from then on each call is made once, until successes fill it again.

    Share one among all calls that go to one endpoint: a budget for each call limits nothing. It belongs to the tasks
    of one event loop; threads with loops of their own need one each.

    Attributes:
        capacity: Most tokens it holds, and how many it holds at first.
        available: Tokens it holds now.

    Args:
        capacity: Tokens; 0 forbids every retry.
        retry_cost: Tokens that a retry takes, 1 or more.
        timeout_retry_cost: Tokens that a retry after a TimeoutError takes, 1 or more.
        success_refund: Tokens that a success at the first attempt gives back.

    Raises:
        TypeError: An argument is not an int.
        ValueError: An argument is less than it may be.

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
        """Put *tokens* back; what is beyond the capacity is lost."""
        self.available = min(self.available + tokens, self.capacity)


def _check(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be {least} or more, not {value}")
