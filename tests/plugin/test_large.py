"""Objects larger than memory should be: made when they are read, spooled when they are written."""

from __future__ import annotations

import sys

import pytest

# Peak memory of a process of its own, in bytes: what the test's own process took before does not count.
MEASURED = """
import resource
import boto3, botocore.config

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

def boto():
    config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0})
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s", config=config)
"""
MEBIBYTE = 1024 * 1024
not_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")


@not_windows
def test_five_gibibytes_are_read_in_ranges(run):
    """An object of 5 GiB exists at once, in no memory: its size, and bytes from its end, are those of its pattern."""
    result = run(
        MEASURED
        + """
@pytest.mark.s3_object("data", "large", size=5 * 2**30, seed=7)
def test_it(s3_store):
    client, before, size = boto(), peak(), 5 * 2**30
    assert client.head_object(Bucket="data", Key="large")["ContentLength"] == size
    for first in (0, size // 2 + 1, size - 1000):
        got = client.get_object(Bucket="data", Key="large", Range=f"bytes={first}-{first + 999}")["Body"].read()
        stored = s3_store.get("data", "large").open()
        stored.seek(first)
        assert got == stored.read(1000) and len(got) == 1000
    part = client.get_object(Bucket="data", Key="large", PartNumber=3)
    assert part["PartsCount"] == 640 and part["ContentLength"] == 8 * 2**20
    part["Body"].close()
    assert peak() - before < 60 * 2**20
""",
        subprocess=True,
    )
    result.assert_outcomes(passed=1)


@not_windows
def test_a_large_download_is_made_while_it_is_read(run):
    """100 MiB come whole and right, a few of them in memory at a time."""
    result = run(
        MEASURED
        + """
import hashlib

@pytest.mark.s3_object("data", "large", size=100 * 2**20, seed=7)
def test_it(s3_store):
    body = boto().get_object(Bucket="data", Key="large")["Body"]
    before, got = peak(), hashlib.sha256()
    for piece in body.iter_chunks(2**20):
        got.update(piece)
    assert peak() - before < 60 * 2**20
    assert got.hexdigest() == s3_store.get("data", "large").sha256
    assert peak() - before < 60 * 2**20
""",
        subprocess=True,
    )
    result.assert_outcomes(passed=1)


@not_windows
def test_large_uploads_go_to_disk(run):
    """Three uploads of 64 MiB, plain, in parts and copied, are stored and read back; memory does not grow with them."""
    result = run(
        MEASURED
        + """
from boto3.s3.transfer import TransferConfig

def test_it(s3_store, tmp_path):
    file = tmp_path / "file"
    with file.open("wb") as made:
        made.truncate(64 * 2**20)
    client, before = boto(), peak()
    with file.open("rb") as body:
        client.put_object(Bucket="data", Key="plain", Body=body)
    client.upload_file(str(file), "data", "parts", Config=TransferConfig(multipart_chunksize=16 * 2**20))
    client.copy_object(Bucket="data", Key="copy", CopySource={"Bucket": "data", "Key": "parts"})
    for key in ("plain", "parts", "copy"):
        assert s3_store.get("data", key).size == 64 * 2**20
        stored = s3_store.get("data", key).open()
        stored.seek(-5, 2)
        assert stored.read() == bytes(5)
    assert peak() - before < 60 * 2**20
""",
        subprocess=True,
    )
    result.assert_outcomes(passed=1)


LONG = """
@pytest.mark.s3_object("data", "large", size=10_000_000)
@pytest.mark.s3_fail({fault}, times=1, operation="GetObject")
@pytest.mark.s3_expect(outcome={outcome})
async def test_{number}(s3_client, s3_store, s3_clock):
    body = s3_store.get("data", "large").body
    got = (await s3_client.get_object("data", "large"))["body"]
    assert {right}
"""
SPOILED = "[at for at in range(9_499_990, 9_500_010) if got[at] != body[at]] == [9_500_000]"
FAULTS = [
    ("'truncated_body', at=9_000_000", "S3ConnectionError", "False"),
    ("'reset_body', at=0.9", "S3ConnectionError", "False"),
    ("'short_body', at=9_000_000", "'success'", "got == body[:9_000_000]"),
    ("'corrupted_body', at=9_500_000", "'success'", SPOILED),
    ("'slow_body', bytes_per_second=1_000_000", "'success'", "got == body and s3_clock.now >= 9.9"),
    ("503", "S3ServerError", "False"),
]


@pytest.mark.parametrize("layer", ["client", "mock", "wire"])
def test_faults_of_bodies_do_the_same_to_long_ones(run, layer):
    """A body that is made on the way breaks, is short, slow or spoiled as one in memory, at every layer."""
    tests = [
        LONG.format(fault=fault, outcome=outcome, right=right, number=number)
        for number, (fault, outcome, right) in enumerate(FAULTS)
    ]
    run("".join(tests), f"--s3-layer={layer}").assert_outcomes(passed=len(FAULTS))


def test_another_writer_replaces_a_large_object(run):
    """After `replaced_object` every byte is another, so a mixture of the two can't pass for either."""
    result = run(
        """
        @pytest.mark.s3_object("data", "large", size=9_000_000)
        @pytest.mark.s3_fail("replaced_object", times=1)
        async def test_it(s3_client, s3_store):
            before = s3_store.get("data", "large").body
            with pytest.raises(S3ConnectionError):
                await s3_client.get_object("data", "large")
            after = s3_store.get("data", "large").body
            assert len(after) == len(before) == 9_000_000
            for at in (0, 4_500_000, 8_999_999):
                assert after[at] == before[at] ^ 0xFF
        """
    )
    result.assert_outcomes(passed=1)


WRONG_SIZES = [
    ("size=-1", "S3 allows objects of 0 to 54975581388800 bytes; size is -1"),
    ("size=2**60", "S3 allows objects of 0 to 54975581388800 bytes"),
    ("size='5'", "size is an int, not str"),
    ("size=5, seed=0.5", "seed is an int, not float"),
    ("body=b'x', size=5", "body= and size= exclude each other"),
]


def test_a_wrong_size_stops_collection(refused):
    """A mistake in a declared size is told with the test's name, before anything runs."""
    markers = [f's3_object("data", "key", {arguments})' for arguments, _ in WRONG_SIZES]
    for (_, text), said in zip(WRONG_SIZES, refused(markers), strict=True):
        assert text in said
