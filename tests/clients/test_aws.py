"""The `aws` command, in a process of its own, which finds S3 by its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from client_matrix import BIG, BODY, BROKEN, BUCKET, KEYS, SCENARIOS, Client, Failed

pytest.importorskip("awscli", reason="awscli is not installed; the extra `clients` has it")

_PATIENCE_S = 60
TARGET = f"s3://{BUCKET}/key"


def aws(context, *arguments):
    """Run the command; an exit status that is not 0 is its failure."""
    done = subprocess.run(
        [sys.executable, "-m", "awscli", *arguments],
        env={**os.environ, **context.server.env},
        cwd=context.folder,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise Failed(f"exit status {done.returncode}", done.stderr)
    return done.stdout


def get(context):
    aws(context, "s3", "cp", TARGET, "copy", "--quiet")
    return (context.folder / "copy").read_bytes()


def put(context):
    (context.folder / "file").write_bytes(BODY)
    aws(context, "s3", "cp", "file", TARGET, "--quiet")


def upload(context):
    (context.folder / "file").write_bytes(BIG)
    aws(context, "s3", "cp", "file", TARGET, "--quiet")


def delete(context):
    wanted = json.dumps({"Objects": [{"Key": key} for key in KEYS]})
    said = aws(context, "s3api", "delete-objects", "--bucket", BUCKET, "--delete", wanted, "--output", "json")
    return [deleted["Key"] for deleted in json.loads(said).get("Deleted", [])]


AWS = Client(
    name="aws",
    packages=("awscli",),
    setup="`AWS_RETRY_MODE=standard`; its waits are real. `aws s3 cp` reads and writes, `aws s3api delete-objects`"
    " deletes.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)

pytestmark = pytest.mark.usefixtures("standard_retries")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(AWS, scenario)


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_connection(observer, fault):
    """It exits with status 1, and leaves no file behind."""
    observer.broken(AWS, fault, "exit status 1")
    assert list(observer.context.folder.iterdir()) == []
