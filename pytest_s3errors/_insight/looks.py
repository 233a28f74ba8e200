"""How far a test has checked the effect of its faults: its last look at the journal, the store or `pytest.raises`.

An error before such a look counts as checked if the test passes. A test with expectations checks everything.
This module is used only for a report about coverage.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._servers.process import RemoteStore
from pytest_s3errors._test.controller import S3Errors

if TYPE_CHECKING:
    from pytest_s3errors._test.lifetime import Run

_OF_THE_STORE = ("get", "keys", "exists", "versions", "unfinished_uploads")
_QUESTIONS = {
    S3Errors: ("attempts", "waits", "timeline", "requests"),
    S3Store: _OF_THE_STORE,
}


class Looks:
    """The number of requests when the test last looked."""

    def __init__(self) -> None:
        self.before = 0.0

    @contextlib.contextmanager
    def watching(self, run: Run) -> Iterator[None]:
        """Record each look of the test's body."""

        def note() -> None:
            self.before = len(run.simulator.entries)

        with pytest.MonkeyPatch.context() as patches:
            for kind, names in _QUESTIONS.items():
                for name in names:
                    patches.setattr(kind, name, _noting(kind.__dict__[name], note))
            patches.setattr(RemoteStore, "__getattr__", _noting_names(RemoteStore.__getattr__, note))
            raising = type(pytest.raises(KeyError))
            patches.setattr(raising, "__exit__", _noting_caught(raising.__exit__, note))
            yield
        if run.verdict.expectations:
            self.before = math.inf


def _noting(member: Any, note: Callable[[], None]) -> Any:
    if isinstance(member, property):
        read = member.fget
        assert read is not None  # Each can be read.
        return property(_noting(read, note))

    def asked(*args: Any, **kwargs: Any) -> Any:
        note()
        return member(*args, **kwargs)

    return asked


def _noting_names(read: Callable[[Any, str], Any], note: Callable[[], None]) -> Callable[[Any, str], Any]:
    def asked(store: Any, name: str) -> Any:
        if name in _OF_THE_STORE:
            note()
        return read(store, name)

    return asked


def _noting_caught(leave: Callable[..., bool], note: Callable[[], None]) -> Callable[..., bool]:
    def left(*args: Any) -> bool:
        caught = leave(*args)
        if caught:
            note()
        return caught

    return left
