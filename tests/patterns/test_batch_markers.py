"""Batches of uploads under markers: the same at the `client` and the `wire` layer."""

from __future__ import annotations

import asyncio
import io

import pytest

from s3_asyncio_client.batch import (
    StreamSource,
    resilient_batch_upload,
    retry_failed_uploads,
    upload_files_with_error_handling,
)

pytestmark = pytest.mark.parametrize(
    "layer",
    [
        pytest.param("client", marks=pytest.mark.s3_layer("client")),
        pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
    ],
)

FILES = [(f"{name}.txt", name.encode() * 1000) for name in "abcdef"]


def stored(store):
    """What S3 holds, as the batch gave it."""
    return [(key, store.get("bucket", key).body) for key in store.keys("bucket")]


@pytest.mark.s3_fail("AccessDenied", key="c.txt")
async def test_one_refused_file_does_not_stop_the_others(layer, s3_client, s3_store):
    """It is named with S3's reason, the rest is stored."""
    result = await upload_files_with_error_handling(s3_client, "bucket", FILES)
    assert [entry["key"] for entry in result["successful"]] == ["a.txt", "b.txt", "d.txt", "e.txt", "f.txt"]
    assert [(entry["key"], entry["exception"].error_code) for entry in result["failed"]] == [("c.txt", "AccessDenied")]
    assert result["exceptions"] == []
    assert stored(s3_store) == [file for file in FILES if file[0] != "c.txt"]


@pytest.mark.s3_fail("SlowDown", times=4)
async def test_the_second_pass_mends_a_short_trouble(layer, s3_client, s3_store, s3_errors):
    """Every file has its own bytes under its own key, and the counts say so."""
    result = await resilient_batch_upload(s3_client, "bucket", FILES, base_delay=0)
    assert (result["successful"], result["failed"]) == (6, 0)
    assert stored(s3_store) == FILES
    assert s3_errors.attempts() == 10


@pytest.mark.s3_fail(503, key="b.txt")
async def test_what_fails_for_good_is_counted_after_the_second_pass(layer, s3_client, s3_store, s3_errors):
    """One attempt in the first pass, three in the second."""
    result = await resilient_batch_upload(s3_client, "bucket", FILES, base_delay=0)
    assert (result["successful"], result["failed"]) == (5, 1)
    assert [entry["key"] for entry in result["details"]["failed"]] == ["b.txt"]
    assert s3_errors.attempts(key="b.txt") == 4
    assert not s3_store.exists("bucket", "b.txt")


@pytest.mark.parametrize(
    "fault", ["connection_reset", "disconnect", "lost_response", "InternalError", "RequestTimeout"]
)
async def test_every_source_is_sent_anew_after_every_fault(layer, s3_client, s3_store, s3_errors, tmp_path, fault):
    """Bytes, a path, an open file from where it stood, and a stream: each four times, and whole."""

    async def pieces():
        for number in range(100):
            yield bytes([number]) * 1000

    body = b"".join([piece async for piece in pieces()])
    (tmp_path / "file").write_bytes(body)
    opened = io.BytesIO(b"head" + body)
    opened.seek(4)
    sources = {
        "bytes": body,
        "open": opened,
        "path": tmp_path / "file",
        "stream": StreamSource(factory=pieces, length=len(body)),
    }
    for key in sources:
        s3_errors.fail(fault, key=key, times=3)
    result = await resilient_batch_upload(s3_client, "bucket", sources.items(), base_delay=0)
    assert (result["successful"], result["failed"]) == (4, 0)
    assert stored(s3_store) == [(key, body) for key in sources]
    assert s3_errors.attempts() == 16
    assert opened.tell() == 4


@pytest.mark.s3_script("InternalError", "ok", "SlowDown", "ok", "ok", "InternalError")
async def test_what_failed_can_be_uploaded_later(layer, s3_client, s3_store):
    """From the entries of the first batch alone."""
    first = await upload_files_with_error_handling(s3_client, "bucket", FILES, max_concurrent=1)
    assert [entry["key"] for entry in first["failed"]] == ["a.txt", "c.txt", "f.txt"]
    again = await retry_failed_uploads(s3_client, "bucket", first["failed"], base_delay=0)
    assert [entry["key"] for entry in again] == ["a.txt", "c.txt", "f.txt"]
    assert stored(s3_store) == FILES


@pytest.mark.s3_fail(503, key="[d-f].txt", delay=60, optional=True)
async def test_a_cancelled_batch_says_what_s3_has(layer, s3_client, s3_store):
    """Stopped half-way, it leaves a list of what was stored, and one of what may be."""

    def progress(step):
        if step.stored == 3:
            batch.cancel()

    batch = asyncio.create_task(
        upload_files_with_error_handling(s3_client, "bucket", FILES, max_concurrent=6, progress=progress)
    )
    with pytest.raises(asyncio.CancelledError) as caught:
        await batch
    assert caught.value.stored == s3_store.keys("bucket") == ["a.txt", "b.txt", "c.txt"]
    assert sorted(caught.value.in_flight) == ["d.txt", "e.txt", "f.txt"]
