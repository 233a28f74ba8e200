"""What a test's objects do beside its requests: the states of circuit breakers, and reads that a cache answered.

Breakers and fallbacks of this package report by themselves. A breaker of somebody else is followed by its attributes:
while the body runs its class is a subclass of its own, which looks at the state after each attribute that is set. So
no state is missed, however short, and nothing is polled.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import Any

__all__ = ["Watching"]

_SPELLED = {"opened": "open", "half_opened": "half_open", "halfopen": "half_open"}


class Watching:
    """Collects what is seen from the beginning of a test's body to its end."""

    def __init__(self) -> None:
        self._states: dict[int, tuple[object, list[str]]] = {}  # by id: a breaker need not have a hash
        self._ends = contextlib.ExitStack()
        self._served: list[tuple[str, int]] = []

    @property
    def circuits(self) -> list[tuple[str | None, list[str]]]:
        """Name and states of each breaker, in the order in which they were first seen."""
        return [(_name_of(breaker), states) for breaker, states in self._states.values()]

    @property
    def served(self) -> tuple[str, int] | None:
        """What last answered a read in place of S3, and how many requests had been made by then."""
        return self._served[-1] if self._served else None

    @contextlib.contextmanager
    def running(self, requests: Any) -> Iterator[None]:
        """Watch until the block ends; *requests* returns how many were made so far."""
        from s3_asyncio_client.circuit import watch_circuits  # noqa: PLC0415 - aiohttp only where S3 is used
        from s3_asyncio_client.fallback import watch_fallbacks  # noqa: PLC0415

        self._states.clear()
        self._served.clear()
        self._requests = requests

        def answered(source: str, _bucket: str, _key: str) -> None:
            if source == "local_cache":  # the other two are S3, whose answers are in the journal
                self.note_served(source)

        with self._ends:
            self._ends.callback(watch_circuits(self._changed))
            self._ends.callback(watch_fallbacks(answered))
            yield

    def note_served(self, source: str) -> None:
        """Write down that *source* answered a read."""
        if not isinstance(source, str) or not source:
            raise TypeError(f's3_errors.served() takes what answered, such as "local_cache", not {source!r}')
        self._served.append((source, self._requests()))

    def follow(self, breaker: object, attribute: str) -> None:
        """Write down each state that *breaker* has in *attribute* from now on, the present one first.

        Raises:
            TypeError: It has no such attribute, or Python does not let its class be replaced.
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
        if type(breaker).__module__ != "s3_asyncio_client.circuit":  # that reports by itself
            self._ends.callback(_following(breaker, attribute, states))

    def _changed(self, breaker: object, old: enum.Enum | None, new: enum.Enum) -> None:
        # One that was made before the body began shows its state with its first change.
        first = [] if old is None else [_state(old)]
        self._states.setdefault(id(breaker), (breaker, first))[1].append(_state(new))


def _following(breaker: Any, attribute: str, states: list[str]) -> Any:
    """Note in *states* what *attribute* becomes; what this returns ends that."""
    kind: Any = type(breaker)
    looking = False

    def look() -> None:
        nonlocal looking
        if looking:
            return  # a property that sets attributes when it is read
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
    """Spell a state as `s3_expect(circuit=...)` does, whatever a library keeps it in."""
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
