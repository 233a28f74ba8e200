"""Whose processor time counts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from pytest_s3errors._time import kernel
from pytest_s3errors._time.originals import REAL
from pytest_s3errors._time.processor import processor_s, queued_s


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


@pytest.mark.skipif(not kernel.ASKED, reason="only this kernel tells")
def test_a_thread_that_shares_its_processor_has_waited_for_it():
    """With another process on the same one it runs half of the time."""
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{one}}}); print(flush=True)\nwhile os.times().user < 20: pass"
    burnt, seen = threading.Event(), threading.Event()

    def shares():
        os.sched_setaffinity(0, {one})
        burn(0.2)
        burnt.set()
        seen.wait()

    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        before = queued_s()
        other = threading.Thread(target=shares)
        other.start()
        burnt.wait()
        waited_s = queued_s() - before
        seen.set()
        other.join()
        child.kill()
    assert waited_s > 0.05
