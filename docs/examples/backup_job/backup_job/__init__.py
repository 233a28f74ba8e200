"""A backup job: every file below a directory goes to S3, and is read back before it counts as stored."""

from __future__ import annotations

from backup_job.job import Failed, Job, Report, Stored, back_up

__all__ = ["Failed", "Job", "Report", "Stored", "back_up"]
