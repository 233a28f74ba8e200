"""A large PUT of boto3 on `wire`, next to the same to a process that throws the bytes away."""

from __future__ import annotations

import subprocess
import sys

import fixed_s3
import pytest
from turns import turns

boto3 = pytest.importorskip("boto3")

MIB = 1024 * 1024


def measure(server: str, endpoint: str | None) -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    s3, body = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint, **keys), bytes(64 * MIB)
    for times in turns(f"PUT of 64 MiB boto3 {server}"):
        for _ in range(times):
            s3.put_object(Bucket="bucket", Key="key", Body=body)
    s3.close()


@pytest.mark.usefixtures("s3_errors")
def test_simulated():
    measure("wire", None)


def test_bare_process():
    command = [sys.executable, fixed_s3.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            measure("bare process", f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.kill()
