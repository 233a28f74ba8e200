"""`s3_retries`: measure how a client retries, and compare it with a specification.

`probing` defines the probes; this module makes their calls. In virtual time the waits of a whole profile cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.insight import retry_rules as rules
from pytest_s3errors._core.insight.retry_profile import CLASSES, LOST, PROBES, Lost, Profile
from pytest_s3errors._core.rules.arguments import count, span
from pytest_s3errors._failures import ExpectationError
from pytest_s3errors._time.real import RealClock

from .probing import Call, Probes, Subject, probes
from .specifications import specification, specifications

if TYPE_CHECKING:
    from pytest_s3errors._test.lifetime import Run


class RetryProfile:
    """How a client retries. `print` shows it. `attempts`, `waits_s`, `retries` and the others are its figures."""

    __module__ = "pytest_s3errors"

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._held_to: rules.Specification | None = None

    def __str__(self) -> str:
        """Return one screen: a line for each probe, compared with the last `check`, or else with the best fit."""
        known = specifications()
        best, found = self.fits
        wanted = self._held_to or known[best]
        chance = rules.wrong_by_chance(self._profile)
        lines = [
            *rules.report(self._profile, wanted, known.values()),
            f"{'held to':<28}{wanted.name}; a right client differs in a wait with a chance of {chance:.1g}",
            f"{'fits best':<28}{best}{_but_for(len(found))}",
        ]
        return "\n".join(lines)

    @property
    def attempts(self) -> Mapping[str, int]:
        """The number of requests of one call, by probe."""
        return self._profile.attempts

    @property
    def waits_s(self) -> Mapping[str, Sequence[Sequence[float]]]:
        """The waits in seconds between the attempts of several calls, by error class."""
        return self._profile.waits_s

    @property
    def header_waits_s(self) -> Mapping[str, float | None]:
        """The seconds before the first retry when a header asks for a wait, by probe. None: no retry."""
        return self._profile.header_waits_s

    @property
    def retries(self) -> Mapping[str, int | None]:
        """The number of retries until a client stops, by error class. None: no limit. Empty without a factory."""
        return self._profile.retries

    @property
    def refill(self) -> int | None:
        """The number of successes that restore one retry. 0: none do. None: there is no limit."""
        return self._profile.refill

    @property
    def refills_with_time(self) -> bool | None:
        """Whether an hour restores retries. None: there is no limit."""
        return self._profile.refills_with_time

    @property
    def lost(self) -> Mapping[str, Lost]:
        """What calls did when their response was lost: `attempts`, and whether they `returned`."""
        return self._profile.lost

    @property
    def outlasts_s(self) -> tuple[float, float]:
        """The seconds of an outage that a call outlasts, at least and at most."""
        return self._profile.outlasts_s

    def share_outlasting(self, seconds: float, error: str = "transient") -> float:
        """Return the share of the observed calls that outlast *seconds* of 500, or of SlowDown with "throttling"."""
        return self._profile.share_outlasting(seconds, error)

    def to_json(self) -> str:
        """Return the profile as JSON in a stable form: each probe under its name, null if it was skipped."""
        return self._profile.to_json()

    @property
    def fits(self) -> tuple[str, list[rules.Line]]:
        """The specification that fits best, and its differences."""
        found = {name: rules.differences(self._profile, wanted) for name, wanted in specifications().items()}
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
        self._held_to = wanted
        found = rules.differences(self._profile, self._held_to, patience, specifications().values())
        if found:
            lines = "\n".join(f"  {difference}" for difference in found)
            best, rest = self.fits
            told = f"this client is not {name}:\n{lines}\nIt fits {best} best{_but_for(len(rest))}."
            raise ExpectationError(told, pytrace=False)


def _but_for(count: int) -> str:
    return f", but for {count} difference{'s' * (count != 1)}" if count else ""


class S3Retries:
    """Measure clients in the running test."""

    __module__ = "pytest_s3errors"

    def __init__(self, run: Run, told: list[list[tuple[str, str]]]) -> None:
        self._run = run
        self._told = told

    def measure(
        self,
        call: Call | None = None,
        /,
        *,
        factory: Callable[[], Call] | None = None,
        write: Call | None = None,
        conditional_write: Call | None = None,
        create: Call | None = None,
        samples: int = 20,
        skip: str | Collection[str] = (),
    ) -> Any:
        """Measure the client that *call* uses, with about a hundred calls.

        Args:
            call: Makes one request that succeeds, such as ``lambda: client.get_object(Bucket="b", Key="k")``. If it
                returns an awaitable, so does `measure`: ``await s3_retries.measure(...)``.
            factory: Replaces *call*: creates a fresh client and returns such a call. The quota is then measured too.
            write: Writes an object, to measure what happens when the response is lost. It is called once. A *call*
                that writes is measured that way without it.
            conditional_write: Writes a key that does not exist yet, with ``If-None-Match: *``. It is called once.
            create: Makes a request that is not idempotent, such as CreateMultipartUpload. It is called once.
            samples: The number of calls whose waits are compared, per error class, at least 1. The chance that a
                conforming client is reported to differ in a wait is 2**-samples.
            skip: Name or names of `attempts` to leave out. 500 and SlowDown are required.

        Returns:
            A `RetryProfile`.

        Raises:
            TypeError: neither or both of *call* and *factory* were given, one of them can't be called, or what the
                factory returns can't be.
            ValueError: the call fails without a fault, a call makes no request, *samples* is no number from 1 up, or
                *skip* names an unknown probe.
        """
        skipped, known = frozenset((skip,) if isinstance(skip, str) else skip), PROBES.keys() - CLASSES.values()
        if unknown := [repr(name) for name in skipped if name not in known]:
            can = ", ".join(name for name in PROBES if name in known)
            raise ValueError(f"measure(skip=...) can't skip {', '.join(sorted(unknown))}; it can skip {can}")
        if (call is None) is (factory is None):
            raise TypeError("measure() takes a call, or factory=, which makes one with a fresh client")
        lost = dict(zip(LOST, (write, conditional_write, create), strict=True))
        make = factory if factory is not None else lambda: call
        subject = Subject(
            make=lambda: _callable(_callable(make)()),
            fresh=factory is not None,
            lost={name: _callable(made) for name, made in lost.items() if made is not None},
            samples=count("s3_retries.measure", "samples", samples, low=1),
            skipped=skipped,
            pass_time=None if isinstance(self._run.clock, RealClock) else self._run.clock.advance,
        )
        made = self._measured(probes(subject, self._run.simulator, self._run.add))
        return _drive_async(made) if _runs_loop() else _drive(made)

    def _measured(self, made: Probes) -> Probes:
        profile = yield from made
        self._told.append([(line.probe, line.seen) for line in rules.judged(profile, None)])
        return profile


def _drive(made: Probes) -> RetryProfile:
    error: BaseException | None = None
    with contextlib.closing(made), asyncio.Runner() as runner:
        while True:
            try:
                _, call = made.send(error)
            except StopIteration as end:
                return RetryProfile(end.value)
            error = None
            try:
                answer = call()
                if inspect.isawaitable(answer):
                    runner.run(_wait_for(answer))
            except Exception as failed:  # noqa: BLE001 - whatever the client makes of the fault
                error = failed


async def _drive_async(made: Probes) -> RetryProfile:
    error: BaseException | None = None
    with contextlib.closing(made):
        while True:
            try:
                _, call = made.send(error)
            except StopIteration as end:
                return RetryProfile(end.value)
            error = None
            try:
                answer = call()
                if inspect.isawaitable(answer):
                    await answer
            except Exception as failed:  # noqa: BLE001 - as above
                error = failed


def _runs_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _callable(made: Any) -> Call:
    """Return *made*, or name the usual slip: the result of a call in place of what makes it."""
    if callable(made):
        return made  # type: ignore[no-any-return]
    if inspect.iscoroutine(made):
        made.close()  # it will never run: without this it would complain about that, too
    raise TypeError(
        "s3_retries.measure() takes what makes the request, such as lambda: client.get_object(...), or factory=, a"
        f" function that returns that; {type(made).__name__} can't be called"
    )


async def _wait_for(answer: Awaitable[Any]) -> Any:
    return await answer
