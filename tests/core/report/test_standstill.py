"""Whether a test stands still."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.report.standstill import Sight, Standstill

STILL = Sight(waits=True, moved=(1, 1), cpu_s=5.0)


def looked(*sights, passed_s=1.0, limit_s=3.0):
    """What each look says."""
    still = Standstill(limit_s=limit_s, step_s=1.0)
    return [still.look(sight, passed_s) for sight in sights]


def test_the_limit_is_reached_when_nothing_has_moved_for_so_long():
    """Counted from the first look at it; a second less is not enough."""
    assert looked(*[STILL] * 5) == [False, False, False, True, True]


@pytest.mark.parametrize("change", [{"waits": False}, {"moved": (2, 1)}, {"moved": (1, 2)}, {"cpu_s": 5.2}])
def test_what_moves_begins_it_anew(change):
    """No client that waits, a request, a wait in test time, work."""
    moved = STILL._replace(**change)
    after = moved._replace(waits=True)
    assert looked(STILL, STILL, STILL, moved, after, after, after) == [False] * 6 + [True]


def test_polls_are_no_work():
    """A thread that looks a thousand times a second uses some of the processor."""
    sights = [STILL._replace(cpu_s=5 + 0.05 * n) for n in range(4)]
    assert looked(*sights)[-1]


@pytest.mark.parametrize(("queued_s", "stands"), [(0.0, True), (0.4, True), (0.9, False), (7.0, False)])
def test_work_that_waits_for_a_processor_is_work(queued_s, stands):
    """0.05 s of a second is a poll's share, and half of what is left of it after 0.9 s in the queue."""
    sights = [STILL._replace(cpu_s=5 + 0.05 * n, queued_s=queued_s * n) for n in range(4)]
    assert looked(*sights)[-1] is stands


def test_a_process_that_was_halted_has_not_stood_still():
    """An hour between two looks counts as one step: nobody could have moved."""
    assert not any(looked(*[STILL] * 3, passed_s=3600.0))
