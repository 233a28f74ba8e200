"""`s3_retries`: measure how a client retries, and compare it with a specification.

`probing` defines the probes; this module makes their calls. In virtual time the waits of a whole profile cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

from pytest_s3errors._core.insight import retry_rules as rules
from pytest_s3errors._core.insight.retry_profile import CLASSES, LOST, PROBES
from pytest_s3errors._core.rules.arguments import count
from pytest_s3errors._time.real import RealClock

from .probing import Call, Probes, Subject, probes
from .retry_profile import RetryProfile

if TYPE_CHECKING:
    from pytest_s3errors._test.lifetime import Run


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
                return end.value  # type: ignore[no-any-return]
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
                return end.value  # type: ignore[no-any-return]
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
