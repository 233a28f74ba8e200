"""s3fs from blocking code, as pandas uses it: its own event loop in its own thread, rerouted by itself."""

from __future__ import annotations

import contextlib

import pytest
from client_matrix import BIG, BODY, BUCKET, KEYS, MIB, SCENARIOS, Client

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed; the extra `clients` has it")


@contextlib.contextmanager
def filesystem():
    """One file system, its session closed where the block ends."""
    made = s3fs.S3FileSystem(key="a", secret="b", skip_instance_cache=True, client_kwargs={"region_name": "us-east-1"})
    try:
        yield made
    finally:
        made.close_session(made.loop, made.s3)


def get(_context):
    with filesystem() as files:
        return files.cat_file(f"{BUCKET}/key")


def put(_context):
    with filesystem() as files:
        files.pipe_file(f"{BUCKET}/key", BODY)


def upload(_context):
    with filesystem() as files, files.open(f"{BUCKET}/key", "wb", block_size=5 * MIB) as file:
        file.write(BIG)


def delete(_context):
    with filesystem() as files:
        said = files.rm([f"{BUCKET}/{key}" for key in KEYS])
    # It asks S3 to name failures only, and drops them: the list that it returns is always empty.
    assert said == []
    return KEYS


S3FS = Client(
    name="s3fs",
    packages=("s3fs", "aiobotocore", "botocore"),
    setup="`AWS_RETRY_MODE=standard`. Read with `cat_file`, written with `pipe_file`, uploaded with `open`.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)

pytestmark = pytest.mark.usefixtures("standard_retries")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(S3FS, scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection_reset", "botocore.exceptions.EndpointConnectionError"),
        ("disconnect", "botocore.exceptions.ConnectionClosedError"),
        ("truncated_body", "aiohttp.client_exceptions.ClientPayloadError"),
        ("reset_body", "aiohttp.client_exceptions.ClientPayloadError"),
        ("connection_refused", "botocore.exceptions.EndpointConnectionError"),
        ("dns_failure", "botocore.exceptions.EndpointConnectionError"),
        ("tls_failure", "botocore.exceptions.SSLError"),
    ],
)
def test_broken_connection(observer, fault, error):
    """botocore's exception or aiohttp's, after the attempts of all three layers, each of which repeats the other's."""
    observer.broken(S3FS, fault, error)


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_sees_its_own_listing(number, s3_store):
    """The instance and its listings, which s3fs keeps for the process, end with the test."""
    s3_store.put("data", f"dir/{number}", b"")
    options = {"key": "a", "secret": "b", "client_kwargs": {"region_name": "us-east-1"}}
    assert s3fs.S3FileSystem(**options).ls("data/dir") == [f"data/dir/{number}"]
