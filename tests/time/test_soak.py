"""Ten timing tests give one set of figures each; with the kernel's answers, and without them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("boto3")
SOAK = Path(__file__).with_name("soak.py")


@pytest.mark.parametrize("portable", [False, True], ids=["kernel", "portable"])
def test_each_has_one_set_of_figures(portable):
    """Three repetitions here; `python -m tests.time.soak` makes as many as one likes."""
    only = "" if _has_s3fs() else "not s3fs"
    environment = os.environ | ({"S3ERRORS_PORTABLE_CLOCK": "1"} if portable else {})
    command = [sys.executable, str(SOAK), "--times", "3", "--load", "1", "--only", only]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _has_s3fs() -> bool:
    try:
        import s3fs
    except ImportError:
        return False
    return bool(s3fs)
