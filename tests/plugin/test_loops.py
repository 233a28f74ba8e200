"""What the clock knows of event loops, asked from another thread."""

from __future__ import annotations

import asyncio
import threading

import pytest

from pytest_s3errors._time.event_loops import Loops


@pytest.fixture
def loop():
    """An event loop that runs in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def told(loop, act):
    """Have *act* done in the loop's thread, whose identity is returned."""

    async def acting():
        act()
        return threading.get_ident()

    return asyncio.run_coroutine_threadsafe(acting(), loop).result(5)


def test_a_loop_works_unless_its_thread_waits(loop):
    """With a timer it waits as its thread does, without one in any case; who knows of none is idle."""
    loops = Loops()
    assert not loops.working(())
    thread = told(loop, lambda: loops.works(loop))
    assert loops.working(())
    assert not loops.working({thread})
    told(loop, lambda: loops.waits(loop, timed=True))
    assert loops.working(())
    assert not loops.working({thread})
    told(loop, lambda: loops.waits(loop, timed=False))
    assert not loops.working(())
    told(loop, lambda: loops.works(loop))
    loops.clear()
    assert not loops.working(())


def test_a_loop_that_begins_to_work_can_be_noticed(loop):
    """Also by who looks only when it waits again."""
    loops = Loops()
    told(loop, lambda: loops.waits(loop, timed=False))
    before = loops.woken
    assert loops.woken is before
    told(loop, lambda: loops.works(loop))
    told(loop, lambda: loops.waits(loop, timed=False))
    assert loops.woken is not before


def test_what_came_for_a_waiting_loop_is_news(loop):
    """Here a call from another thread, while its own is held up; not if it works, which says enough."""
    loops, held, go = Loops(), threading.Event(), threading.Event()

    def hold():
        loops.waits(loop, timed=False)
        held.set()
        go.wait(5)

    # Two rounds later, when the loop has read what woke it.
    loop.call_soon_threadsafe(loop.call_soon, loop.call_soon, hold)
    held.wait(5)
    try:
        assert not loops.news()
        loop.call_soon_threadsafe(int)
        assert loops.news()
        loops.works(loop)
        assert not loops.news()
    finally:
        go.set()


def test_a_loop_that_does_not_run_is_idle():
    """It neither works nor has news, before and after it is closed."""
    loops, loop = Loops(), asyncio.new_event_loop()
    loops.works(loop)
    assert not loops.working(())
    loops.waits(loop, timed=False)
    loop.call_soon_threadsafe(int)
    assert not loops.news()
    loop.close()
    assert not loops.news()
