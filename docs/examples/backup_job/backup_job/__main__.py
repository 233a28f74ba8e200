"""The command line: ``python -m backup_job DIRECTORY BUCKET``. Exit status 1 if anything is not backed up."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.s3.transfer import TransferConfig as Boto3TransferConfig
from botocore.config import Config

from backup_job.job import Job, Report, back_up
from backup_job.writers import ATTEMPTS, AsyncWriter, Boto3Writer
from s3_asyncio_client import S3Client, TransferConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backup_job.writers import Writer


def main(argv: Sequence[str] | None = None) -> int:
    """Back up a directory with the credentials of an AWS profile, print the report, return the exit status."""
    parser = argparse.ArgumentParser(prog="backup_job", description="Back up a directory to S3, verified.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("bucket")
    parser.add_argument("--prefix", default="", help="what keys begin with")
    parser.add_argument("--profile", default="default", help="profile of the AWS configuration files")
    parser.add_argument("--client", choices=("boto3", "asyncio"), default="boto3")
    parser.add_argument("--max-in-flight", type=int, default=4, help="files under way at one time")
    options = parser.parse_args(argv)
    if not options.directory.is_dir():
        parser.error(f"{options.directory} is not a directory")
    if options.max_in_flight < 1:
        parser.error("--max-in-flight must be at least 1")
    report = asyncio.run(_run(options))
    print(report)
    return 1 if report.failed else 0


async def _run(options: argparse.Namespace) -> Report:
    if options.client == "boto3":
        retries = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        with closing(boto3.Session(profile_name=options.profile).client("s3", config=retries)) as client:
            return await _back_up(options, Boto3Writer(client=client, transfer=Boto3TransferConfig()))
    async with S3Client.from_aws_config(options.profile) as client:
        return await _back_up(options, AsyncWriter(client=client, transfer=TransferConfig()))


async def _back_up(options: argparse.Namespace, writer: Writer) -> Report:
    job = Job(writer=writer, bucket=options.bucket, prefix=options.prefix, max_in_flight=options.max_in_flight)
    return await back_up(job, options.directory)


if __name__ == "__main__":
    sys.exit(main())
