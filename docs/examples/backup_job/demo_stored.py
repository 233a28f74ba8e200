"""Backs up the directory of this file under three failures, and prints what the simulated S3 holds then.

Not part of the suite: ``python -m pytest -s demo_stored.py``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backup_job import back_up

if TYPE_CHECKING:
    from backup_job import Job

HERE = Path(__file__).parent


@pytest.mark.parametrize("job", ["boto3"], indirect=True)
@pytest.mark.s3_script(503, "connection_reset", "lost_response", "ok", operation="PutObject")
async def test_this_directory_is_backed_up(job: Job, s3_errors, s3_store):
    """Print SHA-256, size and key of every stored object, then the requests that it took."""
    report = await back_up(job, HERE)
    assert not report.failed, str(report)
    print()
    for key in s3_store.keys("backups"):
        body = s3_store.get("backups", key).body
        print(f"{hashlib.sha256(body).hexdigest()}  {len(body):6} bytes  {key}")
    uploads, failed = s3_errors.attempts(operation="PutObject"), sum(bool(r.rule) for r in s3_errors.requests) - 1
    print(f"{len(report.stored)} files, {uploads} uploads: {failed} of them failed and were repeated")
