"""A test that fails on purpose: S3 is slow for longer than the job is patient.

Not part of the suite: ``python -m pytest demo_failing.py``. With ``--s3-control``, which switches every fault off, it
passes: it fails because of S3 and for no other reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backup_job import back_up

if TYPE_CHECKING:
    from pathlib import Path

    from backup_job import Job


@pytest.mark.parametrize("job", ["boto3"], indirect=True)
@pytest.mark.s3_fail("SlowDown", operation="PutObject", key="notes.txt", times=5)
async def test_backup_outlasts_five_throttles(job: Job, tmp_path: Path):
    """The job gives up after four attempts, with growing pauses between them."""
    (tmp_path / "notes.txt").write_text("buy milk\n")
    report = await back_up(job, tmp_path)
    assert [item.reason for item in report.failed] == []
