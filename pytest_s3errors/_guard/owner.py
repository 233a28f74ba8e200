"""For which test a piece of code works, and what a test hands on to the threads and jobs that it starts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

__all__ = ["Owner", "begin", "current", "end", "outside", "own", "shared", "working_for"]


class Owner:
    """One test, as the one that work is done for.

    `replaced` is what each seam does for it, `awaited` what is to be done to modules that come, see `seams`.
    `hermetic` says whether its AWS environment is the plugin's; `children` has what its child processes are given.
    """

    __slots__ = ("__weakref__", "_before", "awaited", "children", "hermetic", "name", "replaced")

    def __init__(self, name: str, *, hermetic: bool = False) -> None:
        self.name = name
        self.hermetic = hermetic
        self.children: Any = None
        self.replaced: dict[object, Callable[..., Any]] = {}
        self.awaited: dict[str, Callable[[Any], None]] = {}
        self._before: Owner | None = None

    def __repr__(self) -> str:
        return f"<owner {self.name}>"


_NOBODY = Owner("nobody")
_working_for: ContextVar[Owner | None] = ContextVar("s3errors_owner", default=None)
_running: list[Owner] = []
_after = Owner("a test that has ended")


def current() -> Owner | None:
    """Return the owner of what is being done, None if that is nobody's."""
    owner = _working_for.get()
    if owner is None:
        return _running[-1] if _running else None
    return owner


def own() -> Owner | None:
    """Return the owner that the context names. None: whichever test runs."""
    return _working_for.get()


def begin(owner: Owner) -> None:
    """Let *owner*'s test run in this thread; a test inside a test runs instead of that one."""
    owner._before = _working_for.get()  # noqa: SLF001 - of this module
    _running.append(owner)
    _working_for.set(owner)


def end(owner: Owner) -> None:
    """End the test of *owner*: from now on every seam does for it what `after` says."""
    owner.replaced, owner.awaited = _after.replaced, {}
    _running.remove(owner)
    _working_for.set(owner._before)  # noqa: SLF001
    owner._before = None  # noqa: SLF001


def take_over(owner: Owner) -> Owner | None:
    """Do all of this process's work for *owner* from now on: it is a child of that test.

    Return the one for whom it worked, where the process was forked from a test's.
    """
    inherited = current()
    for before in _running:
        before.replaced = owner.replaced  # what a fork has copied is not to be asked any more
    _running[:] = [owner]
    _working_for.set(None)
    return inherited


def after() -> Owner:
    """Return the owner that stands for all tests that have ended."""
    return _after


def waiting() -> tuple[Owner, ...]:
    """Return those for whom a module that is imported now has to be prepared."""
    return (*_running, _after)


@contextlib.contextmanager
def working_for(owner: Owner | None) -> Iterator[None]:
    """Do the block's work for *owner*."""
    before = _working_for.get()
    _working_for.set(owner)
    try:
        yield
    finally:
        _working_for.set(before)


def shared() -> contextlib.AbstractContextManager[None]:
    """Around what outlives a test, such as a fixture of a session: it belongs to whichever test runs."""
    return working_for(None)


def outside() -> contextlib.AbstractContextManager[None]:
    """Around work of the plugin's own, which no seam touches."""
    return working_for(_NOBODY)


def job_of(owner: Owner, job: Callable[..., Any]) -> Callable[..., Any]:
    """Return *job* as one that works for *owner*."""

    def owned(*args: Any, **kwargs: Any) -> Any:
        with working_for(owner):
            return job(*args, **kwargs)

    return owned
