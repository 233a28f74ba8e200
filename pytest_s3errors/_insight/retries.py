"""`s3_retries`: measure how a client tries again, and hold it to a specification.

Each probe sets one rule, makes one call and counts the requests that the rule took. On virtual time the waits of a
whole profile cost nothing. A client that keeps a quota of retries would have none left after some probes: it gets
calls that succeed in between, which buy retries back, or, with *factory*, each probe has a fresh client.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest_s3errors._core.insight.retry_profile as core
from pytest_s3errors._core.report.attempts import logical_calls, waits_s
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._failures import ExpectationError

from .specifications import specification, specifications

if TYPE_CHECKING:
    from pytest_s3errors._test.lifetime import Run

__all__ = ["RetryProfile", "S3Retries"]

Call = Callable[[], Any]

_SAMPLES = 10
_REFILL = 28  # two retries of botocore 1.44 cost as many tokens, and a success at once gives one back
_MOST_CALLS = 60


class RetryProfile:
    """How a client tries again. `print` shows it, `attempts`, `waits_s` and `retries` are its figures."""

    __module__ = "pytest_s3errors"

    def __init__(self, profile: core.Profile) -> None:
        self._profile = profile

    def __str__(self) -> str:
        """Return one screen: a line for each probe, and which specification fits best."""
        best, found = self.fits
        fits = f"{best}, but for {len(found)} differences" if found else best
        return f"{self._profile}\n{'fits best':<28}{fits}"

    @property
    def attempts(self) -> Mapping[str, int]:
        """The requests of one call, by probe."""
        return self._profile.attempts

    @property
    def waits_s(self) -> Mapping[str, Any]:
        """The waits in seconds between the attempts of several calls, by class of error."""
        return self._profile.waits_s

    @property
    def retries(self) -> Mapping[str, int | None]:
        """The retries until a client stops trying, by class of error; empty without a factory."""
        return self._profile.retries

    @property
    def outlasts_s(self) -> tuple[float, float]:
        """How many seconds of an outage a call outlasts, at least and at most."""
        return self._profile.outlasts_s

    def to_json(self) -> str:
        """Return it as JSON of a stable form."""
        return self._profile.to_json()

    @property
    def fits(self) -> tuple[str, list[core.Difference]]:
        """The specification that fits best, and where it does not."""
        found = {name: core.differences(self._profile, wanted) for name, wanted in specifications().items()}
        return min(found.items(), key=lambda item: len(item[1]))

    def check(self, name: str, *, patience: tuple[float, float] | None = None) -> None:
        """Hold the client to the specification *name*, which may be ``path/to/file.toml:name``.

        Args:
            name: A specification of the package: legacy, aws-standard-2.0, aws-standard-2.1, none; or of a file.
            patience: How many seconds of an outage a call has to outlast, and may outlast.

        Raises:
            ValueError: there is no such specification.
            ExpectationError: the client differs; each probe at which it does is named.
        """
        found = core.differences(self._profile, specification(name), patience)
        if found:
            lines = "\n".join(f"  {difference}" for difference in found)
            raise ExpectationError(f"this client is not {name}:\n{lines}\nIt fits {self.fits[0]} best.", pytrace=False)


class S3Retries:
    """Measures clients in the running test."""

    __module__ = "pytest_s3errors"

    def __init__(self, run: Run, told: list[list[tuple[str, str]]]) -> None:
        self._run = run
        self._told = told

    def measure(self, call: Call | None = None, /, *, factory: Callable[[], Call] | None = None) -> Any:
        """Measure the client that *call* uses, some hundred calls long.

        Args:
            call: Makes one request that succeeds, such as ``lambda: client.get_object(Bucket="b", Key="k")``. If it
                returns an awaitable, `measure` does so too: ``await s3_retries.measure(...)``.
            factory: Instead of *call*: makes a fresh client, and returns such a call. The quota is measured then.

        Returns:
            A `RetryProfile`.

        Raises:
            TypeError: neither or both of *call* and *factory*.
            ValueError: the call fails without a fault, or makes no request.
        """
        if (call is None) is (factory is None):
            raise TypeError("measure() takes a call, or factory=, which makes one with a fresh client")
        probes = self._profile(factory or (lambda: call), fresh=factory is not None)  # type: ignore[arg-type,return-value]
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _drive(probes)
        return _drive_async(probes)

    def _profile(self, make: Callable[[], Call], *, fresh: bool) -> Generator[Call, BaseException | None, core.Profile]:
        before = self._run.simulator.pending()[0]
        error = yield make()
        if error is not None:
            raise ValueError(f"the call fails without a fault: {type(error).__name__}: {error}") from error
        if self._run.simulator.pending()[0] == before:
            raise ValueError("the call made no request to S3")
        attempts = {}
        for name in core.PROBES:
            attempts[name] = yield from self._probe(make(), name)
            yield from _refill(make, fresh=fresh)
        waits: dict[str, list[list[float]]] = {}
        for name, probe in core.CLASSES.items():
            waits[name] = []
            for _ in range(_SAMPLES):
                at = len(self._run.simulator.entries)
                yield from self._probe(make(), probe)
                entries = self._run.simulator.entries[at:]
                waits[name] += [waits_s(entries, one) for one in logical_calls(entries)[:1]]
                yield from _refill(make, fresh=fresh)
        retries: dict[str, int | None] = {}
        for name, probe in core.CLASSES.items() if fresh else ():
            retries[name] = yield from self._quota(make(), probe)
        profile = core.Profile(attempts=attempts, waits_s=waits, retries=retries)
        self._told.append(profile.lines)
        return profile

    def _probe(self, call: Call, name: str) -> Generator[Call, BaseException | None, int]:
        options = dict(core.PROBES[name])
        armed = self._run.add(fail_rule((options.pop("what"),), {**options, "times": core.MOST + 1, "optional": True}))
        yield call
        armed.cancelled = True
        return armed.fired

    def _quota(self, call: Call, probe: str) -> Generator[Call, BaseException | None, int | None]:
        """Return how many retries the client of *call* makes until a call is tried once, None if that never comes."""
        retries = 0
        for n in range(_MOST_CALLS):
            more = (yield from self._probe(call, probe)) - 1
            retries += more
            if not more:
                return retries if n else None
        return None


def _refill(make: Callable[[], Call], *, fresh: bool) -> Generator[Call, BaseException | None, None]:
    for _ in range(0 if fresh else _REFILL):
        yield make()


def _drive(probes: Generator[Call, BaseException | None, core.Profile]) -> RetryProfile:
    error: BaseException | None = None
    with contextlib.closing(probes), asyncio.Runner() as runner:
        while True:
            try:
                call = probes.send(error)
            except StopIteration as end:
                return RetryProfile(end.value)
            error = None
            try:
                answer = call()
                if inspect.isawaitable(answer):
                    runner.run(_wait_for(answer))
            except Exception as failed:  # noqa: BLE001 - whatever the client makes of the fault
                error = failed


async def _drive_async(probes: Generator[Call, BaseException | None, core.Profile]) -> RetryProfile:
    error: BaseException | None = None
    with contextlib.closing(probes):
        while True:
            try:
                call = probes.send(error)
            except StopIteration as end:
                return RetryProfile(end.value)
            error = None
            try:
                answer = call()
                if inspect.isawaitable(answer):
                    await answer
            except Exception as failed:  # noqa: BLE001 - as above
                error = failed


async def _wait_for(answer: Awaitable[Any]) -> Any:
    return await answer
