"""Operations that end as they are told, for the tests of the patterns around them."""

from __future__ import annotations

import asyncio

from s3_asyncio_client.exceptions import S3ServerError

TEMPORARY = S3ServerError("away", 503, "SlowDown")
DOWN = S3ServerError("down", 503)


class Script:
    """An operation that ends as it is told, attempt by attempt; exceptions are raised, the rest is returned."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


async def make(breaker, *outcomes):
    """Make one call for each outcome; return what each ended in."""
    ends = []
    for outcome in outcomes:
        try:
            ends.append(await breaker.call(Script(outcome)))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - all of them are looked at
            ends.append(error)
    return ends


class Held:
    """An operation that has begun and ends when the test says so."""

    def __init__(self, breaker):
        self.begun = False
        self.end = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(breaker.call(self._wait))

    async def _wait(self):
        self.begun = True
        return await self.end

    async def finish(self, outcome):
        """End it with a result, an exception or, for None, by cancelling its caller."""
        if outcome is None:
            self.task.cancel()
        elif isinstance(outcome, Exception):
            self.end.set_exception(outcome)
        else:
            self.end.set_result(outcome)
        return (await asyncio.gather(self.task, return_exceptions=True))[0]


async def hold(breaker):
    """Begin a call and let it come as far as it can."""
    held = Held(breaker)
    await asyncio.sleep(0)
    return held
