"""Looking at threads from outside disturbs nobody."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading

import pytest

from pytest_s3errors._time.unseen import current_frames

PROGRAM = """
import gc, os, threading, time
from pytest_s3errors._time.unseen import current_frames

class Cycle:
    def __init__(self): self.me = self
    def __del__(self): time.sleep(0)  # another thread may run

def start_and_end():
    while True:
        thread = threading.Thread(target=int); thread.start(); thread.join()

for _ in range(3): threading.Thread(target=start_and_end, daemon=True).start()
gc.set_threshold(1, 1, 1)
for _ in range(300):
    Cycle()
    current_frames()
os._exit(0)
"""


def test_a_finalizer_does_not_run_under_the_interpreters_lock_of_threads():
    """It would wait for ever for a thread that starts or ends, in CPython 3.11."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_is_as_it_was(collects):
    try:
        (gc.enable if collects else gc.disable)()
        assert current_frames()[threading.get_ident()].f_code.co_name == "current_frames"
        assert gc.isenabled() is collects
    finally:
        gc.enable()
