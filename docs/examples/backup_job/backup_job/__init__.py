"""A backup job: every file below a directory goes to S3, and is read back before it counts as stored."""

from __future__ import annotations

from backup_job.job import Failed, Job, Report, Stored, back_up
from backup_job.writers import ATTEMPTS, AsyncWriter, Boto3Writer, NotStoredError, Writer

__all__ = [
    "ATTEMPTS",
    "AsyncWriter",
    "Boto3Writer",
    "Failed",
    "Job",
    "NotStoredError",
    "Report",
    "Stored",
    "Writer",
    "back_up",
]
