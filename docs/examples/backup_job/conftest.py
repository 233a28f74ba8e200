"""What the suite and the demonstrations share."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from backup_job import ATTEMPTS, AsyncWriter, Boto3Writer, Job
from boto3.s3.transfer import TransferConfig as Boto3TransferConfig
from botocore.config import Config

from s3_asyncio_client import S3Client, TransferConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = {"multipart_threshold": 5 * 1024 * 1024, "multipart_chunksize": 5 * 1024 * 1024}


@pytest.fixture(params=["boto3", "asyncio"])
def job(request: pytest.FixtureRequest, s3_client: S3Client) -> Iterator[Job]:
    """The job as it runs in production, with each of its writers."""
    if request.param == "asyncio":  # without a client of boto3, which takes long to make
        yield Job(writer=AsyncWriter(client=s3_client, transfer=TransferConfig(**PARTS)), bucket="backups")
        return
    retries = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    with closing(boto3.client("s3", config=retries)) as client:
        yield Job(writer=Boto3Writer(client=client, transfer=Boto3TransferConfig(**PARTS)), bucket="backups")
