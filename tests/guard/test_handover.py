"""What a test starts works for it; a pool's thread does so only for the job."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import multiprocessing.pool
import threading
from collections.abc import Callable, Iterator

import pytest

from pytest_s3errors._guard import handover, owner
from pytest_s3errors._guard.owner import Owner


@pytest.fixture
def test_owner() -> Iterator[Owner]:
    """A test that runs."""
    handover.install()
    test = Owner("the test")
    owner.begin(test)
    yield test
    if test in owner._running:
        owner.end(test)


def in_thread(look: Callable[[], None]) -> None:
    thread = threading.Thread(target=look)
    thread.start()
    thread.join(10)


def in_subclass(look: Callable[[], None]) -> None:
    class Worker(threading.Thread):
        def run(self) -> None:
            look()

    worker = Worker()
    worker.start()
    worker.join(10)
    assert "run" not in vars(worker)


def in_timer(look: Callable[[], None]) -> None:
    timer = threading.Timer(0, look)
    timer.start()
    timer.join(10)


def in_raw_thread(look: Callable[[], None]) -> None:
    done = threading.Event()
    _thread.start_new_thread(lambda: (look(), done.set()), ())
    assert done.wait(10)


def in_pool(look: Callable[[], None]) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(look).result(10)


def in_mapped_pool(look: Callable[[], None]) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda _: look(), [1]))


def in_thread_pool(look: Callable[[], None]) -> None:
    with multiprocessing.pool.ThreadPool(1) as pool:
        pool.apply(look)
        pool.map(lambda _: look(), [1])
        list(pool.imap_unordered(lambda _: look(), [1]))


def in_task(look: Callable[[], None]) -> None:
    async def main() -> None:
        async def task() -> None:
            look()

        await asyncio.create_task(task())
        await asyncio.to_thread(look)
        await asyncio.get_running_loop().run_in_executor(None, look)

    asyncio.run(main())


def in_another_threads_loop(look: Callable[[], None]) -> None:
    async def main() -> None:
        look()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    with owner.shared():
        thread.start()
    asyncio.run_coroutine_threadsafe(main(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


WAYS = [
    in_thread,
    in_subclass,
    in_timer,
    in_raw_thread,
    in_pool,
    in_mapped_pool,
    in_thread_pool,
    in_task,
    in_another_threads_loop,
]


@pytest.mark.parametrize("way", WAYS)
def test_it_works_for_the_test(test_owner, way):
    """However it was started."""
    found = []
    way(lambda: found.append(owner.own()))
    assert set(found) == {test_owner}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_shared_works_for_whoever_runs(test_owner, way):
    """As what a fixture of a session starts."""
    found = []
    with owner.shared():
        way(lambda: found.append((owner.own(), owner.current())))
    assert set(found) == {(None, test_owner)}


@pytest.mark.parametrize(
    ("pool", "submit"),
    [
        (concurrent.futures.ThreadPoolExecutor(1), lambda pool, job: pool.submit(job).result(10)),
        (multiprocessing.pool.ThreadPool(1), lambda pool, job: pool.apply_async(job).get(10)),
    ],
    ids=["executor", "ThreadPool"],
)
def test_a_pool_serves_the_next_test_as_ever(test_owner, pool, submit):
    """Its threads were made by the first one's jobs."""
    with pool:
        assert submit(pool, owner.current) is test_owner
        owner.end(test_owner)
        assert submit(pool, owner.current) is None
        second = Owner("second")
        owner.begin(second)
        assert submit(pool, owner.current) is second
        owner.end(second)


def test_a_thread_stays_its_tests(test_owner):
    """After the end too, and whatever runs then."""
    go, found = threading.Event(), []
    thread = threading.Thread(target=lambda: (go.wait(10), found.append(owner.current())))
    thread.start()
    owner.end(test_owner)
    second = Owner("second")
    owner.begin(second)
    go.set()
    thread.join(10)
    owner.end(second)
    assert found == [test_owner]


def test_nobodys_work_is_left_alone():
    """Without a test nothing is handed over, and a thread is as it was."""
    handover.install()
    found = []
    thread = threading.Thread(target=lambda: found.append(owner.current()))
    thread.start()
    assert "run" not in vars(thread)
    thread.join(10)
    assert found == [None]
