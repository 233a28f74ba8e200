"""A retry profile that a test can print and compare with a specification."""

from __future__ import annotations

from pytest_s3errors._core.insight import retry_rules as rules
from pytest_s3errors._core.insight.retry_profile import Profile
from pytest_s3errors._core.rules.arguments import span
from pytest_s3errors._failures import ExpectationError

from .specifications import specification, specifications


class RetryProfile(Profile):
    """How a client retries. `print` shows it. A skipped probe has no entry in a figure.

    Attributes:
        attempts: The number of requests of one call, by probe.
        waits_s: The waits in seconds between the attempts of several calls, by error class.
        header_waits_s: The seconds before the first retry when a header asks for a wait, by probe. None: no retry.
        retries: The number of retries until a client stops, by error class. None: no limit. Empty without a factory.
        refill: The number of successes that restore one retry. 0: none do. None: there is no limit.
        refills_with_time: Whether an hour restores retries. None: there is no limit.
        lost: What calls did when their response was lost: `attempts`, and whether they `returned`.
        slack_s: How much the waits may be off, in seconds.
    """

    __module__ = "pytest_s3errors"
    _held_to: rules.Specification | None = None

    def __str__(self) -> str:
        """Return one screen: a line for each probe, compared with the last `check`, or else with the best fit."""
        known = specifications()
        best, found = self.fits
        wanted = self._held_to or known[best]
        chance = rules.wrong_by_chance(self)
        lines = [
            *rules.report(self, wanted, known.values()),
            f"{'held to':<28}{wanted.name}; a right client differs in a wait with a chance of {chance:.1g}",
            f"{'fits best':<28}{best}{_but_for(len(found))}",
        ]
        return "\n".join(lines)

    @property
    def fits(self) -> tuple[str, list[rules.Line]]:
        """The specification that fits best, and its differences."""
        found = {name: rules.differences(self, wanted) for name, wanted in specifications().items()}
        return min(found.items(), key=lambda item: len(item[1]))

    def check(self, name: str, *, patience: tuple[float, float] | None = None, attempts: int | None = None) -> None:
        """Compare the client with the specification *name*, which may be ``path/to/file.toml:name``.

        Args:
            name: legacy, aws-standard-2.0, aws-standard-2.1, google or none; or one of a file.
            patience: The seconds of an outage that a call must outlast at least, and may outlast at most.
            attempts: The configured number of attempts, if it is not the specification's.

        Raises:
            ValueError: the specification does not exist, or an argument is not of its form.
            ExpectationError: the client differs. The message names each probe with a difference.
        """
        wanted = rules.asked(specification(name), attempts, name="check")
        patience = None if patience is None else span("check", "patience", patience)
        object.__setattr__(self, "_held_to", wanted)  # the figures are frozen; this is how to show them
        found = rules.differences(self, wanted, patience, specifications().values())
        if found:
            lines = "\n".join(f"  {difference}" for difference in found)
            best, rest = self.fits
            told = f"this client is not {name}:\n{lines}\nIt fits {best} best{_but_for(len(rest))}."
            raise ExpectationError(told, pytrace=False)


def _but_for(count: int) -> str:
    return f", but for {count} difference{'s' * (count != 1)}" if count else ""
