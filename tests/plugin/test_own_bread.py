"""The client eats its own bread: no single fault at any of its operations loses data or leaves something behind."""

from __future__ import annotations

import pytest

import pytest_s3errors._insight.sweep  # noqa: F401 - pytester forgets what a run of its own imported

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
        (tmp_path / "file").write_bytes(b"x" * (5 * 2**20 + 1))
        config = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20, max_concurrency=2)
        await s3_client.upload_file("bucket", "old", tmp_path / "file", config)
        """,
    "download": """
        await s3_client.download_file("bucket", "old", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"old text"
        """,
}


@pytest.mark.parametrize("body", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_has_no_finding(run, body):
    lines = "\n".join(f"    {line.strip()}" for line in body.strip().splitlines())
    result = run(
        f"""
@pytest.mark.s3_object("bucket", "old", b"old text")
@pytest.mark.s3_object("bucket", "other", b"")
@pytest.mark.s3_layer("client")
@pytest.mark.s3_sweep
async def test_it(s3_client, s3_store, tmp_path):
{lines}
""",
        "-v",
        "--s3-sweep=full",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*runs with a fault: *"])
