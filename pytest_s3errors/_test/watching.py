"""What a test does besides requests: the states of its circuit breakers, and the reads that a cache served.

Breakers and fallbacks of this package report by themselves. A breaker of another library is watched through its
attributes: while the body runs, its class is replaced by a subclass that reads the state after each attribute
assignment. So no state is missed, however short, and nothing is polled.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import Any

_SPELLED = {"opened": "open", "half_opened": "half_open", "halfopen": "half_open"}


class Watching:
    """Collect observations from the start of a test's body to its end."""

    def __init__(self) -> None:
        self._states: dict[int, tuple[object, list[str]]] = {}  # by id: a breaker need not have a hash
        self._ends = contextlib.ExitStack()
        self._served: list[tuple[str, int]] = []

    @property
    def circuits(self) -> list[tuple[str | None, list[str]]]:
        """The name and the states of each breaker, in the order in which they were first seen."""
        return [(_name_of(breaker), states) for breaker, states in self._states.values()]

    @property
    def served(self) -> tuple[str, int] | None:
        """What last served a read in place of S3, and how many requests there were by then."""
        return self._served[-1] if self._served else None

    @contextlib.contextmanager
    def running(self, requests: Any) -> Iterator[None]:
        """Watch until the block ends. *requests* returns the number of requests so far."""
        from s3_asyncio_client.circuit import watch_circuits  # noqa: PLC0415 - aiohttp only where S3 is used
        from s3_asyncio_client.fallback import watch_fallbacks  # noqa: PLC0415

        self._states.clear()
        self._served.clear()
        self._requests = requests

        def answered(source: str, _bucket: str, _key: str) -> None:
            if source == "local_cache":  # the other two are S3, whose responses are in the journal
                self.note_served(source)

        with self._ends:
            self._ends.callback(watch_circuits(self._changed))
            self._ends.callback(watch_fallbacks(answered))
            yield

    def note_served(self, source: str) -> None:
        """Record that *source* served a read."""
        if not isinstance(source, str) or not source:
            raise TypeError(f's3_errors.served() takes what answered, such as "local_cache", not {source!r}')
        self._served.append((source, self._requests()))

    def follow(self, breaker: object, attribute: str) -> None:
        """Record each state in *attribute* of *breaker* from now on, starting with the current one.

        Raises:
            TypeError: *breaker* has no such attribute, or Python does not allow a change of its class.
        """
        kind = type(breaker).__name__
        if not hasattr(breaker, attribute):
            raise TypeError(
                f"s3_errors.watch(): a {kind} has no attribute {attribute!r};"
                f' name the one that holds its state: s3_errors.watch(breaker, state="current_state")'
            )
        if id(breaker) in self._states:
            return
        _, states = self._states[id(breaker)] = breaker, [_state(getattr(breaker, attribute))]
        if type(breaker).__module__ != "s3_asyncio_client.circuit":  # it reports by itself
            self._ends.callback(_following(breaker, attribute, states))

    def _changed(self, breaker: object, old: enum.Enum | None, new: enum.Enum) -> None:
        # A breaker created before the body began shows its state at its first change.
        first = [] if old is None else [_state(old)]
        self._states.setdefault(id(breaker), (breaker, first))[1].append(_state(new))


def _following(breaker: Any, attribute: str, states: list[str]) -> Any:
    """Append each value of *attribute* to *states*. Return a function that stops this."""
    kind: Any = type(breaker)
    looking = False

    def look() -> None:
        nonlocal looking
        if looking:
            return  # a property that sets attributes when read
        looking = True
        try:
            state = _state(getattr(breaker, attribute))
        finally:
            looking = False
        if state != states[-1]:
            states.append(state)

    def setting(self: Any, name: str, value: object) -> None:
        kind.__setattr__(self, name, value)
        look()

    followed = type(
        kind.__name__,
        (kind,),
        {
            "__setattr__": setting,
            "__slots__": (),
            "__module__": kind.__module__,
            "__qualname__": kind.__qualname__,
        },
    )
    try:
        breaker.__class__ = followed
    except TypeError as error:
        raise TypeError(
            f"s3_errors.watch() can't follow a {kind.__name__}: {error}; watch the Python object that has the state"
        ) from None

    def end() -> None:
        look()
        breaker.__class__ = kind

    return end


def _state(value: object) -> str:
    """Return a library's state in the spelling of `s3_expect(circuit=...)`."""
    while not isinstance(value, str | enum.Enum) and getattr(value, "state", None) is not None:
        value = value.state  # type: ignore[attr-defined]  # that of aiobreaker is an object with a state
    if isinstance(value, enum.Enum):
        value = value.value if isinstance(value.value, str) else value.name
    if not isinstance(value, str):
        value = getattr(value, "name", type(value).__name__)
    spelled = str(value).lower().replace("-", "_").replace(" ", "_")
    return _SPELLED.get(spelled, spelled)


def _name_of(breaker: object) -> str | None:
    name = getattr(breaker, "name", None)
    return name if isinstance(name, str) else None
