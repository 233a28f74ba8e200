"""The client eats its own bread: no single fault at any of its operations loses data or leaves something behind.

S3ERRORS_SWEEP=full tries each fault at each request in place of one of each class.
"""

from __future__ import annotations

import os

import pytest

from pytest_s3errors._core.s3 import multipart
from s3_asyncio_client import transfer

PART_BYTES = 2**18  # in place of 5 MiB; it still waits for its reader on the wire
HOW = os.environ.get("S3ERRORS_SWEEP", "quick")

OPERATIONS = {
    "put": 'await s3_client.put_object("bucket", "new", b"data")',
    "get": 'assert (await s3_client.get_object("bucket", "old"))["body"] == b"old text"',
    "head": 'assert (await s3_client.head_object("bucket", "old"))["content_length"] == 8',
    "delete": 'await s3_client.delete_object("bucket", "old")',
    "delete many": """
        if (await s3_client.delete_objects("bucket", ["old", "other"]))["errors"]: raise RuntimeError("not deleted")
        """,
    "copy": 'await s3_client.copy_object("bucket", "old", "bucket", "new")',
    "list": 'assert len((await s3_client.list_objects("bucket"))["objects"]) == 2',
    "create bucket": 'await s3_client.create_bucket("another")',
    "upload small": """
        (tmp_path / "file").write_bytes(b"data")
        await s3_client.upload_file("bucket", "old", tmp_path / "file")
        """,
    "upload large": """
        (tmp_path / "file").write_bytes(b"x" * (PART_BYTES + 1))
        config = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2)
        await s3_client.upload_file("bucket", "old", tmp_path / "file", config)
        """.replace("PART_BYTES", str(PART_BYTES)),
    "download": """
        await s3_client.download_file("bucket", "old", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"old text"
        """,
}


PATTERNS = {
    "retries": 'await retry_with_exponential_backoff(lambda: s3_client.put_object("bucket", "new", b"data"))',
    "decorated": """
        @s3_retry()
        async def put(): await s3_client.put_object("bucket", "new", b"data")
        await put()
        """,
    "robust": """
        robust = RobustS3Client(s3_client)
        assert (await robust.safe_get_object("bucket", "old"))["body"] == b"old text"
        await robust.call(lambda: s3_client.put_object("bucket", "new", b"data"))
        """,
    "fallback": """
        other = S3Client("access", "secret", endpoint_url="https://s3.eu-west-1.amazonaws.com")
        reader = S3WithFallback(s3_client, other)
        assert (await reader.get_object_with_fallback("bucket", "old"))["body"] == b"old text"
        await other.close()
        """,
    "head": 'assert (await safe_head_object(s3_client, "bucket", "old"))[0]',
    "get if there": 'assert (await get_object_if_exists(s3_client, "bucket", "old"))["body"] == b"old text"',
    "get": 'assert (await handle_get_object(s3_client, "bucket", "old"))["body"] == b"old text"',
    "batch": """
        done = await upload_files_with_error_handling(s3_client, "bucket", [("old", b"new"), ("new", b"data")])
        for one in done["successful"]:
            s3_sweep.acknowledge("bucket", one["key"], {"old": b"new", "new": b"data"}[one["key"]])
        """,
    "batch in two passes": """
        done = await resilient_batch_upload(s3_client, "bucket", [("old", b"new"), ("new", b"data")])
        for one in done["details"]["successful"]:
            s3_sweep.acknowledge("bucket", one["key"], {"old": b"new", "new": b"data"}[one["key"]])
        """,
}


TEST = """
@pytest.mark.s3_object("bucket", "old", b"old text")
@pytest.mark.s3_object("bucket", "other", b"")
@pytest.mark.s3_layer({layer!r})
@pytest.mark.s3_sweep(budget=300)
async def test_{name}(s3_client, s3_store, s3_sweep, tmp_path):
{lines}
"""


@pytest.fixture
def sweep(run, monkeypatch):
    """Sweep some of OPERATIONS and PATTERNS, each in a test of one run, and find nothing."""
    monkeypatch.setattr(transfer, "MIN_PART_SIZE", PART_BYTES)
    monkeypatch.setattr(multipart, "MIN_PART_BYTES", PART_BYTES)

    def sweep(bodies, layer):
        source = ""
        for name, body in bodies.items():
            lines = "\n".join(f"    {line.removeprefix(' ' * 8)}" for line in body.strip("\n").splitlines())
            source += TEST.format(layer=layer, name=name.replace(" ", "_"), lines=lines)
        result = run(source, "-v", f"--s3-sweep={HOW}")
        result.assert_outcomes(passed=len(bodies))
        swept = [line for line in result.outlines if " runs with a fault: " in line]
        assert len(swept) == len(bodies)
        result.stdout.no_fnmatch_line("*did not run*")

    return sweep


@pytest.mark.parametrize("bodies", [OPERATIONS, PATTERNS], ids=["operations", "patterns"])
def test_an_operation_or_a_pattern_has_no_finding(sweep, bodies):
    sweep(bodies, "client")


def test_an_operation_has_no_finding_on_the_wire(sweep):
    """With real connections, none of which stays open."""
    sweep({name: OPERATIONS[name] for name in ("put", "get", "list", "upload large", "download")}, "wire")
