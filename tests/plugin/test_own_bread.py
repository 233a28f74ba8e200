"""The client eats its own bread: no single fault at any of its operations loses data or leaves something behind.

S3ERRORS_SWEEP=full tries each fault at each request in place of one of each class.
"""

from __future__ import annotations

import os

import pytest

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
        (tmp_path / "file").write_bytes(b"x" * (5 * 2**20 + 1))
        config = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20, max_concurrency=2)
        await s3_client.upload_file("bucket", "old", tmp_path / "file", config)
        """,
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


def sweep(run, body, layer, how):
    lines = "\n".join(f"    {line.removeprefix(' ' * 8)}" for line in body.strip("\n").splitlines())
    result = run(
        f"""
@pytest.mark.s3_object("bucket", "old", b"old text")
@pytest.mark.s3_object("bucket", "other", b"")
@pytest.mark.s3_layer({layer!r})
@pytest.mark.s3_sweep(budget=300)
async def test_it(s3_client, s3_store, s3_sweep, tmp_path):
{lines}
""",
        "-v",
        f"--s3-sweep={how}",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*runs with a fault: *"])
    result.stdout.no_fnmatch_line("*did not run*")


@pytest.mark.parametrize("body", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_has_no_finding(run, body):
    sweep(run, body, "client", HOW)


@pytest.mark.parametrize("body", PATTERNS.values(), ids=PATTERNS)
def test_a_pattern_has_no_finding(run, body):
    sweep(run, body, "client", HOW)


@pytest.mark.parametrize("name", ["put", "get", "list", "upload large", "download"])
def test_an_operation_has_no_finding_on_the_wire(run, name):
    """With real connections, none of which stays open."""
    sweep(run, OPERATIONS[name], "wire", HOW)
