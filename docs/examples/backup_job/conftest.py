"""What the suite and the demonstrations share."""

from __future__ import annotations

import pytest
from backup_job import Job

from s3_asyncio_client import S3Client, TransferConfig

MIB = 1024 * 1024


@pytest.fixture
def job(s3_client: S3Client) -> Job:
    """The job as it runs in production, but for the pauses between its attempts."""
    return Job(
        client=s3_client,
        bucket="backups",
        base_delay_s=0,
        transfer=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB),
    )
