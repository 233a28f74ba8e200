"""Running workers together and finishing what must be finished, cancellations included."""

from __future__ import annotations

import asyncio

import pytest

from s3_asyncio_client._workers import run_workers, uninterrupted


async def test_all_workers_run_to_their_end():
    """Each of them runs once, at the same time as the others."""
    together = asyncio.Barrier(3)
    done = []

    async def worker():
        await together.wait()
        done.append(1)

    await run_workers(worker, 3)
    assert done == [1, 1, 1]


async def test_the_first_error_stops_the_others_and_comes_out_as_it_is():
    """No ExceptionGroup; the workers still running are cancelled and have ended when it is raised."""
    started, ended = asyncio.Barrier(3), []
    numbers = iter(range(3))

    async def worker():
        number = next(numbers)
        await started.wait()
        if number == 1:
            raise KeyError("first")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    with pytest.raises(KeyError, match="first"):
        await run_workers(worker, 3)
    assert sorted(ended) == [0, 2]


async def test_further_errors_are_notes():
    """What fails while stopping is not lost."""
    numbers = iter([1, 2])

    async def worker():
        number = next(numbers)
        if number == 2:
            raise KeyError("first")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("while stopping") from None

    with pytest.raises(KeyError) as caught:
        await run_workers(worker, 2)
    assert caught.value.__notes__ == ["also failed: ValueError: while stopping"]


async def test_cancellation_stops_all_workers():
    """A cancelled caller leaves no worker behind."""
    started, ended = asyncio.Barrier(3), []

    async def worker():
        try:
            await started.wait()
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    task = asyncio.create_task(run_workers(worker, 2))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [1, 1]


async def test_results_and_errors_pass_through():
    """Without a cancellation `uninterrupted` is a plain await."""

    async def answer(value):
        if isinstance(value, Exception):
            raise value
        return value

    assert await uninterrupted(answer(5)) == 5
    with pytest.raises(KeyError):
        await uninterrupted(answer(KeyError("x")))


@pytest.mark.parametrize("failing", [False, True])
async def test_an_action_is_finished_before_the_cancellation_is_raised(failing):
    """Even several cancellations wait for it, and its own error gives way to them."""
    begun, go, steps = asyncio.Event(), asyncio.Event(), []

    async def action():
        begun.set()
        await go.wait()
        steps.append("finished")
        if failing:
            raise KeyError

    task = asyncio.create_task(uninterrupted(action()))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == ["finished"]


async def test_an_action_that_does_not_end_is_given_up_after_its_grace():
    """After a cancellation the action has grace_s seconds, then it is cancelled as well."""
    begun, ended = asyncio.Event(), []

    async def action():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    task = asyncio.create_task(uninterrupted(action(), grace_s=0.01))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [1]
