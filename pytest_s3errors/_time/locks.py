"""The waits of `threading` and `queue`: on conditions, locks and simple queues.

`Condition.wait` is replaced as a method, so existing conditions are covered, and with them events, semaphores,
barriers, queues and futures. A lock in C can't be told that time has passed. So in a test that uses the plugin,
`threading.Lock`, `RLock` and `queue.SimpleQueue` create objects of ours, which wrap C's. Otherwise they create C's.
"""

from __future__ import annotations

import _queue
import contextlib
import functools
import math
import queue
import sys
import types
from collections import deque
from collections.abc import Callable
from typing import Any

from .originals import REAL
from .outsiders import keeps_real_time, package
from .registry import Registry
from .waits import Wait

_POLL_S = 0.0005


def waiting(registry: Registry, wait_: Callable[..., bool]) -> Callable[..., bool]:
    """Return a `Condition.wait` that parks."""

    @functools.wraps(wait_)
    def wait(self: Any, timeout: float | None = None) -> bool:
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        mine = Wait()
        self._waiters.append(mine)
        saved, got = self._release_save(), False
        try:
            if timeout is None or timeout > 0:
                got = _block(registry, mine, timeout, sys._getframe(1))  # noqa: SLF001 - who waits decides how
            elif registry.on and _asks_until_later(sys._getframe(1)):  # noqa: SLF001
                registry.nudge()
            return got or mine.result
        finally:
            _take(registry, self)(saved)
            if not got:
                with registry.mutex:
                    mine.done = True
                with contextlib.suppress(ValueError):
                    self._waiters.remove(mine)

    return wait


def _block(registry: Registry, wait: Wait, timeout: float | None, frame: Any) -> bool:
    if timeout is not None and registry.on and keeps_real_time(frame):
        return registry.block_really(wait, timeout)
    return bool(registry.block(wait, timeout))


def _asks_until_later(frame: Any) -> bool:
    """Return whether the caller is `concurrent.futures.as_completed`, which ends after its deadline, not on it."""
    return frame.f_back is not None and frame.f_back.f_code.co_name == "as_completed"


def _take(registry: Registry, condition: Any) -> Callable[[Any], object]:
    """Return a function that takes *condition*'s lock again without blocking in C while its holder sleeps."""
    lock = condition._lock  # noqa: SLF001
    if registry.on and isinstance(lock, _C_LOCKS):
        return functools.partial(_take_from_c, registry, lock)
    return condition._acquire_restore  # type: ignore[no-any-return]  # noqa: SLF001


class _PollingWait(Wait):
    """A wait for a lock in C. Such a lock is only taken under the GIL, so any thread can see whether it is free."""

    __slots__ = ("_lock",)

    def __init__(self, lock: Any) -> None:
        super().__init__()
        self._lock = lock

    def pause(self, timeout: float | None) -> bool:
        """Sleep for a moment and look. A lock in C can't notify us when it is free."""
        del timeout
        REAL.sleep(_POLL_S)
        self.came = self.ready()
        return True

    def ready(self) -> bool:
        """Return whether the lock is free."""
        if getattr(self._lock, "_is_owned", bool)() or not self._lock.acquire(blocking=False):
            return False
        self._lock.release()
        return True


def _take_from_c(registry: Registry, lock: Any, saved: Any) -> None:
    while not lock.acquire(blocking=False):
        registry.block(_PollingWait(lock), None)
    if saved is not None:
        _take_again(lock, saved)


def _take_again(lock: Any, saved: Any) -> None:
    """Take an RLock as many times as before, except once. *saved* is a count and an owner."""
    for _ in range(saved[0] - 1):
        lock.acquire()


class Lock:
    """`threading.Lock` with a queue of the parked threads that wait for it."""

    __slots__ = ("__weakref__", "_c", "_waits", "locked")
    _make: Callable[[], Any] = staticmethod(REAL.allocate_lock)

    def __init__(self) -> None:
        self._c = self._make()
        self._waits: deque[Wait] = deque()
        if hasattr(self._c, "locked"):  # an RLock has none before 3.14
            self.locked = self._c.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as Python's own
        """Take the lock; as `threading.Lock.acquire`."""
        if self._c.acquire(blocking=False):
            return True
        if not blocking or (timeout < 0 and timeout != -1):
            return bool(self._c.acquire(blocking, timeout))  # raises for invalid arguments
        registry: Registry = REAL.registry
        if timeout != -1 and registry.on and keeps_real_time(sys._getframe(1)):  # noqa: SLF001
            return bool(self._c.acquire(timeout=timeout))
        return self._acquire(registry, math.inf if timeout == -1 else registry.now() + timeout)

    def _acquire(self, registry: Registry, deadline: float) -> bool:
        wait = None
        try:
            while True:
                wait = Wait()
                self._waits.append(wait)
                if self._c.acquire(blocking=False):
                    return True
                left = deadline - registry.now()
                if left <= 0 or not registry.block(wait, None if left == math.inf else left):
                    return bool(self._c.acquire(blocking=False))
                if self._c.acquire(blocking=False):
                    return True
        finally:
            assert wait is not None  # the loop made one
            if wait.result and not self._held():
                self._wake()  # this thread was woken but did not take the lock; it is the next thread's turn
            with registry.mutex:
                wait.done = True
            with contextlib.suppress(ValueError):
                self._waits.remove(wait)

    def _held(self) -> bool:
        return bool(self._c.locked())

    def release(self) -> None:
        """Release the lock; as `threading.Lock.release`."""
        self._c.release()
        if self._waits:
            self._wake()

    def _wake(self) -> None:
        while self._waits:
            with contextlib.suppress(RuntimeError, IndexError):
                self._waits.popleft().release()
                return

    def __enter__(self) -> bool:
        return self._c.acquire(blocking=False) or self.acquire()

    def __exit__(self, *exc: object) -> None:
        self._c.release()
        if self._waits:
            self._wake()

    def __repr__(self) -> str:
        return repr(self._c)

    def _at_fork_reinit(self) -> None:
        self._c._at_fork_reinit()  # noqa: SLF001
        self._waits.clear()


class RLock(Lock):
    """`threading.RLock` with a queue of the parked threads that wait for it."""

    __slots__ = ()
    _make: Callable[[], Any] = staticmethod(REAL.rlock)

    def _held(self) -> bool:
        if self._c._is_owned() or not self._c.acquire(blocking=False):  # noqa: SLF001
            return True
        self._c.release()
        return False

    def _is_owned(self) -> bool:
        return bool(self._c._is_owned())  # noqa: SLF001

    def _recursion_count(self) -> int:
        return int(self._c._recursion_count())  # noqa: SLF001

    def _release_save(self) -> Any:
        saved = self._c._release_save()  # noqa: SLF001
        if self._waits:
            self._wake()
        return saved

    def _acquire_restore(self, saved: Any) -> None:
        self.acquire()
        _take_again(self._c, saved)


class SimpleQueue:
    """`queue.SimpleQueue` with parked readers. A finalizer may still call `put` at any time."""

    __slots__ = ("__weakref__", "_c", "_waits", "empty", "get_nowait", "qsize")

    def __init__(self) -> None:
        self._c: Any = _queue.SimpleQueue()
        self._waits: deque[Wait] = deque()
        self.empty, self.qsize, self.get_nowait = self._c.empty, self._c.qsize, self._c.get_nowait

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002
        """Add *item*; as `queue.SimpleQueue.put`."""
        self._c.put(item, block, timeout)
        self._wake()

    def _wake(self) -> None:
        while self._waits:
            with contextlib.suppress(RuntimeError, IndexError):
                self._waits.popleft().release()
                return

    def put_nowait(self, item: Any) -> None:
        """Add *item*."""
        self.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002
        """Take an item; as `queue.SimpleQueue.get`."""
        if not block or not self._c.empty():
            with contextlib.suppress(queue.Empty):
                return self._c.get_nowait()
            if not block:
                raise queue.Empty
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        registry: Registry = REAL.registry
        deadline = math.inf if timeout is None else registry.now() + timeout
        while True:
            wait = Wait()
            self._waits.append(wait)
            try:
                return self._c.get_nowait()
            except queue.Empty:
                left = deadline - registry.now()
                if left <= 0 or not _block(registry, wait, None if left == math.inf else left, sys._getframe(1)):  # noqa: SLF001
                    return self._c.get_nowait()
            finally:
                with registry.mutex:
                    wait.done = True
                with contextlib.suppress(ValueError):
                    self._waits.remove(wait)
                if wait.result and not self._c.empty():
                    self._wake()  # this thread was woken for an item after the one that it took; that is another's


_C_LOCKS = (type(REAL.allocate_lock()), type(REAL.rlock()))


class _Maker(type):
    """A class that creates objects of several types. All of them are its instances."""

    kinds: tuple[type, ...]

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.kinds) or super().__instancecheck__(instance)


class LockMaker(metaclass=_Maker):
    """Replaces `threading.Lock`."""

    kinds = (Lock, _C_LOCKS[0])

    def __new__(cls) -> Any:
        """Create a lock of ours in a test that uses the plugin, otherwise one in C."""
        return Lock() if REAL.registry.making else REAL.allocate_lock()


class RLockMaker(metaclass=_Maker):
    """Replaces `threading.RLock`."""

    kinds = (RLock, _C_LOCKS[1])

    def __new__(cls) -> Any:
        """Create a lock of ours in a test that uses the plugin, otherwise one in C."""
        return RLock() if REAL.registry.making else REAL.rlock()


class SimpleQueueMaker(SimpleQueue, metaclass=_Maker):
    """Replaces `queue.SimpleQueue`."""

    __slots__ = ()
    kinds = (SimpleQueue, _queue.SimpleQueue)
    __class_getitem__: Any = classmethod(types.GenericAlias)

    def __new__(cls) -> Any:
        """Create a queue of ours in a test that uses the plugin, for an executor, and for a subclass."""
        if cls is not SimpleQueueMaker:
            return super().__new__(cls)
        ours = REAL.registry.making or package(sys._getframe(1)) == "concurrent"  # noqa: SLF001 - who makes it decides
        return SimpleQueue() if ours else _queue.SimpleQueue()


def _named(maker: type, home: str, name: str) -> None:
    """Give *maker* the public name, under which pickle finds it too."""
    maker.__name__ = maker.__qualname__ = name
    maker.__module__ = home


_named(LockMaker, "threading", "Lock")
_named(RLockMaker, "threading", "RLock")
_named(SimpleQueueMaker, "queue", "SimpleQueue")
