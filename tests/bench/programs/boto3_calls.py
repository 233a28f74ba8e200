"""A call of boto3 on `wire`, next to the same call to a process that does not think."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bare
import pytest
from turns import turns

boto3 = pytest.importorskip("boto3")
Config = pytest.importorskip("botocore.config").Config
ClientError = pytest.importorskip("botocore.exceptions").ClientError


def measure(kind: str, server: str, endpoint: str | None) -> None:
    config = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint, config=config, **keys)

    def send() -> None:
        if kind == "PUT":
            s3.put_object(Bucket="bucket", Key="key", Body=bare.BODY)
        else:
            s3.get_object(Bucket="bucket", Key="key")["Body"].read()

    def fail() -> None:
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            send()

    call = fail if kind == "503" else send
    for times in turns(f"{kind} boto3 {server}"):
        for _ in range(times):
            call()
    s3.close()


@pytest.mark.s3_object("bucket", "key", bare.BODY)
@pytest.mark.parametrize("kind", bare.ANSWERS)
def test_simulated(kind, s3_errors):
    if kind == "503":
        s3_errors.fail(503)
    measure(kind, "wire", "http://s3.us-east-1.amazonaws.com")


@pytest.mark.parametrize("kind", bare.ANSWERS)
def test_bare_process(kind):
    command = [sys.executable, Path(bare.__file__), bare.ANSWERS[kind].hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            measure(kind, "bare process", f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.kill()
