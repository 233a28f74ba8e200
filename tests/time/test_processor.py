"""Whose processor time counts."""

from __future__ import annotations

import threading

from pytest_s3errors._time.originals import REAL
from pytest_s3errors._time.processor import processor_s


def burn(seconds):
    until = REAL.thread_time() + seconds
    while REAL.thread_time() < until:
        pass


def test_who_looks_does_not_count():
    """Or a watchdog that looks often would see itself work, and never find that nothing moves."""
    before = processor_s()
    burn(0.2)
    assert processor_s() - before < 0.1


def test_every_other_thread_counts():
    before = processor_s()
    other = threading.Thread(target=burn, args=(0.2,))
    other.start()
    other.join()
    assert processor_s() - before >= 0.2
