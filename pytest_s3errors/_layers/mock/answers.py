"""The common part of the two halves of the `mock` layer: play a request, and get its response."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from pytest_s3errors._core.play.answer import answer_of, taken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_s3errors._core.body import Body
    from pytest_s3errors._core.play.answer import Answer
    from pytest_s3errors._core.play.exchange import Exchange
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.messages import Call
    from pytest_s3errors._scene import Scene


class Played(NamedTuple):
    """One request and the simulator's decision. `answer` is None if there is no response with a status."""

    entry: Entry
    exchange: Exchange
    answer: Answer | None


def play(scene: Scene, call: Call, body: Body) -> Played:
    """Let the simulator decide *call*. The caller ends the entry.

    Raises:
        SimulationError: the test's plan is broken.
    """
    scene.check_playable()
    entry = scene.simulator.begin(call)
    read, whole = taken(entry, body)
    try:
        exchange = scene.simulator.answer(entry, read)
        if scene.simulator.problems:
            scene.check_playable()
    except BaseException:
        scene.simulator.end(entry)
        raise
    return Played(entry, exchange, answer_of(exchange, call, now_s=time.time(), whole=whole))


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return *headers* with names in lower case. The values of a repeated header are joined with a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        low = name.lower()
        found[low] = f"{found[low]}, {value}" if low in found else value
    return found
