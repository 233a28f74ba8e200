"""Which test a piece of code works for, and what a test passes on to the threads and jobs that it starts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .door import Door


class Owner:
    """One test as the owner of work.

    `door` is where its S3 connections lead, None if they are let alone. `replaced` has what single seams do for it
    instead. `awaited` has the actions for modules that are imported later, see `seams`. `hermetic` says whether the
    plugin sets its AWS environment. `children` has what its child processes get.
    """

    __slots__ = ("__weakref__", "_before", "awaited", "children", "door", "hermetic", "name", "replaced")

    def __init__(self, name: str, *, hermetic: bool = False) -> None:
        self.name = name
        self.hermetic = hermetic
        self.children: Any = None
        self.door: Door | None = None
        self.replaced: dict[object, Callable[..., Any]] = {}
        self.awaited: list[tuple[tuple[str, ...], Callable[[Any], None]]] = []
        self._before: Owner | None = None

    def __repr__(self) -> str:
        return f"<owner {self.name}>"


_NOBODY = Owner("nobody")
_working_for: ContextVar[Owner | None] = ContextVar("s3errors_owner", default=None)
_running: list[Owner] = []
_after = Owner("a test that has ended")


def current() -> Owner | None:
    """Return the owner of the current work. None: it has no owner."""
    owner = _working_for.get()
    if owner is None:
        return _running[-1] if _running else None
    return owner


def own() -> Owner | None:
    """Return the owner that the context names. None: the running test."""
    return _working_for.get()


def begin(owner: Owner) -> None:
    """Make *owner*'s test the running one in this thread. A test inside a test takes its place."""
    owner._before = _working_for.get()  # noqa: SLF001 - of this module
    _running.append(owner)
    _working_for.set(owner)


def end(owner: Owner) -> None:
    """End the test of *owner*. From now on every seam does for it what `after` says."""
    owner.door, owner.replaced, owner.awaited = _after.door, {}, []
    _running.remove(owner)
    _working_for.set(owner._before)  # noqa: SLF001
    owner._before = None  # noqa: SLF001


def take_over(owner: Owner) -> Owner | None:
    """Do all work of this process for *owner* from now on: the process is a child of that test.

    Return the previous owner if the process was forked from a test.
    """
    inherited = current()
    for before in _running:
        before.door, before.replaced = owner.door, owner.replaced  # don't ask what a fork has copied
    _running[:] = [owner]
    _working_for.set(None)
    return inherited


@contextlib.contextmanager
def alone(owner: Owner | None) -> Iterator[None]:
    """Do all work of this process for *owner*, or for nobody, in the block: a pool's worker, for one job."""
    before, working = _running[:], _working_for.get()
    _running[:] = [] if owner is None else [owner]
    _working_for.set(None)
    try:
        yield
    finally:
        _running[:] = before
        _working_for.set(working)


def binding(submit: Callable[..., Any], bind: Callable[[Any, Callable[..., Any]], Any]) -> Callable[..., Any]:
    """Return *submit* of a pool with each job as *bind* returns it. multiprocessing takes it by name, too."""

    def submitting(pool: Any, /, *args: Any, **kwargs: Any) -> Any:
        if args:
            args = (bind(pool, args[0]), *args[1:])
        elif "func" in kwargs:
            kwargs["func"] = bind(pool, kwargs["func"])
        return submit(pool, *args, **kwargs)

    return submitting


def after() -> Owner:
    """Return the owner that represents all ended tests."""
    return _after


def running() -> tuple[Owner, ...]:
    """Return the owners whose tests run, each in the one before."""
    return tuple(_running)


@contextlib.contextmanager
def working_for(owner: Owner | None) -> Iterator[None]:
    """Do the work of the block for *owner*."""
    before = _working_for.get()
    _working_for.set(owner)
    try:
        yield
    finally:
        _working_for.set(before)


def shared() -> contextlib.AbstractContextManager[None]:
    """Wrap the start of something that outlives a test, such as a session fixture: it belongs to the running test."""
    return working_for(None)


def outside() -> contextlib.AbstractContextManager[None]:
    """Wrap work of the plugin itself, which no seam touches."""
    return working_for(_NOBODY)


def job_of(owner: Owner, job: Callable[..., Any]) -> Callable[..., Any]:
    """Return *job* wrapped so that it works for *owner*."""

    def owned(*args: Any, **kwargs: Any) -> Any:
        with working_for(owner):
            return job(*args, **kwargs)

    return owned
